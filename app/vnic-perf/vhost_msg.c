/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "device_ring.h"
#include "vhost_msg.h"

#define BIT64(n) (1ULL << (n))

#define PROTOCOL_FEATURES \
	(BIT64(VHOST_USER_PROTOCOL_F_MQ) | BIT64(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
	 BIT64(VHOST_USER_PROTOCOL_F_CONFIG) | BIT64(VHOST_USER_PROTOCOL_F_STATUS) | \
	 BIT64(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))

uint64_t
vhost_features_offered(const struct perf_options *opt)
{
	uint64_t f = BIT64(VIRTIO_F_VERSION_1) | BIT64(VHOST_USER_F_PROTOCOL_FEATURES) |
		     BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS);

	if (opt->layout->mergeable)
		f |= BIT64(VIRTIO_NET_F_MRG_RXBUF);
	if (opt->layout->packed)
		f |= BIT64(VIRTIO_F_RING_PACKED);
	if (opt->layout->in_order)
		f |= BIT64(VIRTIO_F_IN_ORDER);
	if (opt->event_idx)
		f |= BIT64(VIRTIO_F_EVENT_IDX);
	if (opt->indirect)
		f |= BIT64(VIRTIO_F_INDIRECT_DESC);
	if (opt->queues > 1)
		f |= BIT64(VIRTIO_NET_F_MQ) | BIT64(VIRTIO_NET_F_CTRL_VQ);
	if (opt->ctrl_queue)
		f |= BIT64(VIRTIO_NET_F_CTRL_VQ) | BIT64(VIRTIO_NET_F_CTRL_RX);
	return f;
}

struct perf_vq *
vhost_ctrl_vq(struct perf_device *dev)
{
	return &dev->vq[dev->features & BIT64(VIRTIO_NET_F_MQ) ? 2 * dev->opt->queues : 2];
}

static bool
vq_is_ctrl(struct perf_device *dev, const struct perf_vq *vq)
{
	return (dev->features & BIT64(VIRTIO_NET_F_CTRL_VQ)) &&
	       vq == vhost_ctrl_vq(dev);
}

/** Ask for no kicks on a data queue, for every kick on the control queue. */
static void
vq_suppress(struct perf_device *dev, struct perf_vq *vq)
{
	bool ctrl = vq_is_ctrl(dev, vq);

	if (dev->packed) {
		((struct vring_packed_desc_event *)vq->used)->flags = ctrl ?
			VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE;
		return;
	}
	vq->used->flags = ctrl ? 0 : VRING_USED_F_NO_NOTIFY;
	if (dev->event_idx)
		perf_avail_event_set(vq, ctrl ? vq->next : vq->next - 1);
	vq->event_age = 0;
}

static uint64_t
desc_bytes(const struct perf_vq *vq)
{
	return (uint64_t)vq->size * sizeof(struct vring_desc);
}

/** A queue can be played once it is addressed, kicked and enabled. */
static void
vq_update(struct perf_device *dev, struct perf_vq *vq)
{
	uint64_t areas = dev->packed ? 4 : 4 + 8 * (uint64_t)vq->size;

	__atomic_store_n(&vq->ready, false, __ATOMIC_RELEASE);
	if (!vq->enabled || vq->kick_fd < 0 || vq->size == 0)
		return;
	vq->desc.split = perf_mem_user(dev, vq->user_desc, desc_bytes(vq));
	vq->avail = perf_mem_user(dev, vq->user_avail, 4);
	vq->used = perf_mem_user(dev, vq->user_used, areas);
	if (vq->desc.split == NULL || vq->avail == NULL || vq->used == NULL)
		return;
	vq_suppress(dev, vq);
	__atomic_store_n(&vq->ready, true, __ATOMIC_RELEASE);
	if (vq_is_ctrl(dev, vq))
		perf_ctrl_serve(dev, vq);
}

static void
fd_replace(int *held, int fd)
{
	if (*held >= 0)
		close(*held);
	*held = fd;
}

static void
vq_reset(struct perf_vq *vq)
{
	__atomic_store_n(&vq->ready, false, __ATOMIC_RELEASE);
	vq->enabled = false;
	fd_replace(&vq->kick_fd, -1);
	fd_replace(&vq->call_fd, -1);
}

void
vhost_state_reset(struct perf_device *dev)
{
	for (unsigned int i = 0; i < PERF_VQS; i++)
		vq_reset(&dev->vq[i]);
	dev->status = 0;
}

static void
answer_u64(struct vhost_call *call, uint64_t value)
{
	call->replied = true;
	call->payload.u64 = value;
	call->hdr.size = sizeof(uint64_t);
}

static int
features_set(struct perf_device *dev, uint64_t wanted)
{
	if (wanted & ~dev->offered)
		return -EINVAL;
	dev->features = wanted;
	dev->packed = wanted & BIT64(VIRTIO_F_RING_PACKED);
	dev->in_order = wanted & BIT64(VIRTIO_F_IN_ORDER);
	dev->event_idx = wanted & BIT64(VIRTIO_F_EVENT_IDX);
	dev->skip_used = dev->in_order && dev->opt->inorder_batch;
	return 0;
}

static int
mem_table_set(struct perf_device *dev, struct vhost_call *call)
{
	const struct vhost_user_mem_table *t = &call->payload.table;
	int ret = 0;

	if (t->nregions > VHOST_USER_MEM_TABLE_REGIONS || t->nregions != call->nr_fds)
		return -EINVAL;
	perf_mem_clear(dev);
	for (unsigned int i = 0; i < t->nregions && ret == 0; i++) {
		ret = perf_mem_add(dev, &t->regions[i], call->fd[i]);
		call->fd[i] = -1;
	}
	for (unsigned int i = 0; i < PERF_VQS; i++)
		vq_update(dev, &dev->vq[i]);
	return ret;
}

static int
mem_slot_add(struct perf_device *dev, struct vhost_call *call)
{
	int fd;

	if (call->nr_fds != 1)
		return -EINVAL;
	fd = call->fd[0];
	call->fd[0] = -1;
	return perf_mem_add(dev, &call->payload.reg.region, fd);
}

static int
vring_num_set(struct perf_device *dev, const struct vhost_user_vring_state *s)
{
	if (s->num == 0 || s->num > VIRTIO_RING_SIZE_MAX ||
	    (!dev->packed && (s->num & (s->num - 1)) != 0))
		return -EINVAL;
	dev->vq[s->index].size = s->num;
	return 0;
}

static void
vring_base_set(struct perf_device *dev, const struct vhost_user_vring_state *s)
{
	struct perf_vq *vq = &dev->vq[s->index];

	vq->next = dev->packed ? s->num & 0x7fff : s->num;
	vq->wrap = s->num >> 15 & 1;
}

static void
vring_base_get(struct perf_device *dev, struct vhost_call *call)
{
	struct vhost_user_vring_state *s = &call->payload.state;
	struct perf_vq *vq = &dev->vq[s->index];
	uint32_t at = vq->next;

	if (dev->packed)
		at |= (uint32_t)vq->wrap << 15 | at << 16 | (uint32_t)vq->wrap << 31;
	s->num = at;
	call->replied = true;
	call->hdr.size = sizeof(*s);
	vq_reset(vq);
}

static int
vring_addr_set(struct perf_device *dev, const struct vhost_user_vring_addr *a)
{
	struct perf_vq *vq;

	if (a->index >= PERF_VQS)
		return -EINVAL;
	vq = &dev->vq[a->index];
	vq->user_desc = a->desc;
	vq->user_avail = a->avail;
	vq->user_used = a->used;
	vq_update(dev, vq);
	return 0;
}

static int
vring_fd_set(struct perf_device *dev, struct vhost_call *call)
{
	uint32_t index = call->payload.u64 & VHOST_USER_VRING_IDX_MASK;
	int fd = call->nr_fds > 0 ? call->fd[0] : -1;
	struct perf_vq *vq;

	if (index >= PERF_VQS)
		return -EINVAL;
	vq = &dev->vq[index];
	call->fd[0] = -1;
	if (call->hdr.request == VHOST_USER_SET_VRING_KICK) {
		fd_replace(&vq->kick_fd, fd);
		/* Without protocol features the kick enables the ring. */
		if (!(dev->features & BIT64(VHOST_USER_F_PROTOCOL_FEATURES)))
			vq->enabled = true;
		vq_update(dev, vq);
	} else if (call->hdr.request == VHOST_USER_SET_VRING_CALL) {
		fd_replace(&vq->call_fd, fd);
	} else if (fd >= 0) {
		close(fd);
	}
	return 0;
}

static int
vring_state_serve(struct perf_device *dev, struct vhost_call *call)
{
	const struct vhost_user_vring_state *s = &call->payload.state;

	if (s->index >= PERF_VQS)
		return -EINVAL;
	switch (call->hdr.request) {
	case VHOST_USER_SET_VRING_NUM:
		return vring_num_set(dev, s);
	case VHOST_USER_SET_VRING_BASE:
		vring_base_set(dev, s);
		return 0;
	case VHOST_USER_GET_VRING_BASE:
		vring_base_get(dev, call);
		return 0;
	default:
		dev->vq[s->index].enabled = s->num != 0;
		vq_update(dev, &dev->vq[s->index]);
		return 0;
	}
}

static int
config_get(struct perf_device *dev, struct vhost_call *call)
{
	struct vhost_user_config *c = &call->payload.config;
	struct virtio_net_config net = {
		.status = VIRTIO_NET_S_LINK_UP,
		.max_virtqueue_pairs = dev->opt->queues,
	};

	if (c->offset > sizeof(c->payload) || c->size > sizeof(c->payload) - c->offset)
		return -EINVAL;
	memcpy(net.mac, dev->mac, sizeof(net.mac));
	memset(c->payload, 0, sizeof(c->payload));
	if (c->offset < sizeof(net))
		memcpy(c->payload, (uint8_t *)&net + c->offset,
		       RTE_MIN(sizeof(net) - c->offset, (size_t)c->size));
	call->replied = true;
	return 0;
}

static int
status_set(struct perf_device *dev, uint8_t status)
{
	dev->status = status;
	if (status == VIRTIO_STATUS_RESET)
		vhost_state_reset(dev);
	return 0;
}

/** Requests about the device as a whole. */
static int
device_serve(struct perf_device *dev, struct vhost_call *call)
{
	switch (call->hdr.request) {
	case VHOST_USER_GET_FEATURES:
		answer_u64(call, dev->offered);
		return 0;
	case VHOST_USER_SET_FEATURES:
		return features_set(dev, call->payload.u64);
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		answer_u64(call, PROTOCOL_FEATURES);
		return 0;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		dev->protocol_features = call->payload.u64;
		return dev->protocol_features & ~PROTOCOL_FEATURES ? -EINVAL : 0;
	case VHOST_USER_GET_QUEUE_NUM:
		answer_u64(call, dev->opt->queues);
		return 0;
	case VHOST_USER_GET_STATUS:
		answer_u64(call, dev->status);
		return 0;
	case VHOST_USER_SET_STATUS:
		return status_set(dev, call->payload.u64);
	case VHOST_USER_GET_CONFIG:
		return config_get(dev, call);
	case VHOST_USER_SET_OWNER:
	case VHOST_USER_SET_CONFIG:
		return 0;
	case VHOST_USER_RESET_OWNER:
		vhost_state_reset(dev);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int
vhost_call_serve(struct perf_device *dev, struct vhost_call *call)
{
	switch (call->hdr.request) {
	case VHOST_USER_SET_MEM_TABLE:
		return mem_table_set(dev, call);
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		answer_u64(call, PERF_MEM_SLOTS);
		return 0;
	case VHOST_USER_ADD_MEM_REG:
		return mem_slot_add(dev, call);
	case VHOST_USER_REM_MEM_REG:
		return perf_mem_remove(dev, &call->payload.reg.region);
	case VHOST_USER_SET_VRING_NUM:
	case VHOST_USER_SET_VRING_BASE:
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_ENABLE:
		return vring_state_serve(dev, call);
	case VHOST_USER_SET_VRING_ADDR:
		return vring_addr_set(dev, &call->payload.addr);
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
		return vring_fd_set(dev, call);
	default:
		return device_serve(dev, call);
	}
}

bool
perf_device_ready(const struct perf_device *dev, unsigned int pairs)
{
	for (unsigned int i = 0; i < 2 * pairs; i++) {
		if (!__atomic_load_n(&dev->vq[i].ready, __ATOMIC_ACQUIRE))
			return false;
	}
	return true;
}
