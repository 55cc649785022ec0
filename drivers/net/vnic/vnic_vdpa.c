/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_memory.h>

#include <vhost_kernel.h>
#include <virtio_net.h>
#include <virtio_ring.h>

#include "vnic_device.h"
#include "vnic_kernel.h"
#include "vnic_log.h"
#include "vnic_vhost_msg.h"

/*
 * A vDPA device of the kernel through /dev/vhost-vdpa-N: registers by ioctl,
 * memory by messages to its IOTLB, rings that the device itself works on.
 */

#define RESET_TIMEOUT_MS 5000
#define VIRTIO_ID_NET 1
#define VDPA_CLOSE_TRIES 1000

#define BACKEND_IOTLB_MSG_V2 (UINT64_C(1) << VHOST_BACKEND_F_IOTLB_MSG_V2)
#define BACKEND_IOTLB_BATCH (UINT64_C(1) << VHOST_BACKEND_F_IOTLB_BATCH)
#define BACKEND_IOTLB_PERSIST (UINT64_C(1) << VHOST_BACKEND_F_IOTLB_PERSIST)
#define BACKEND_USED (BACKEND_IOTLB_MSG_V2 | BACKEND_IOTLB_BATCH | \
		      BACKEND_IOTLB_PERSIST)

/* Queues are taken back by a reset of the device only. */
#define VDPA_MASK (~(UINT64_C(1) << VIRTIO_F_RING_RESET))

static int
vdpa_status_read(struct vnic_kernel *k, uint8_t *status)
{
	return VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_GET_STATUS, status);
}

static int
vdpa_status_get(struct vnic_dev *dev, uint8_t *status)
{
	return vdpa_status_read(vnic_kernel(dev), status);
}

static int
vdpa_status_set(struct vnic_dev *dev, uint8_t status)
{
	struct vnic_kernel *k = vnic_kernel(dev);

	return VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_SET_STATUS, &status);
}

static int
vdpa_wait_reset(struct vnic_kernel *k)
{
	uint64_t end = rte_get_timer_cycles() +
		rte_get_timer_hz() * RESET_TIMEOUT_MS / 1000;
	uint8_t status = 0;
	int ret;

	while ((ret = vdpa_status_read(k, &status)) == 0 && status != 0) {
		if (rte_get_timer_cycles() > end) {
			VNIC_LOG(ERR, "%s: device status is %#x, not 0, %u ms after the reset: its memory must not be reused",
				 k->dev->name, status, RESET_TIMEOUT_MS);
			return -ETIMEDOUT;
		}
		rte_delay_us_sleep(100);
	}
	return ret;
}

/* ---- memory ---- */

static int
vdpa_iotlb(struct vnic_kernel *k, uint8_t type, uint64_t addr, uint64_t size)
{
	struct vhost_msg_v2 msg = { .type = VHOST_IOTLB_MSG_V2 };
	ssize_t done;
	int err;

	/* Descriptors hold our own addresses: they are the device's. */
	msg.iotlb.iova = addr;
	msg.iotlb.uaddr = addr;
	msg.iotlb.size = size;
	msg.iotlb.perm = VHOST_ACCESS_RW;
	msg.iotlb.type = type;
	done = write(k->fd, &msg, sizeof(msg));
	if (done == (ssize_t)sizeof(msg))
		return 0;
	err = done < 0 ? errno : EIO;
	VNIC_LOG(ERR, "%s: %s: memory %#" PRIx64 ", length %" PRIu64 ", cannot be %s: %s%s",
		 k->dev->name, k->dev->args.path, addr, size,
		 type == VHOST_IOTLB_INVALIDATE ? "unmapped" : "mapped",
		 strerror(err), err == ENOMEM ?
		 "; the device locks it, see ulimit -l" : "");
	return -err;
}

static int
vdpa_batch(struct vnic_kernel *k, bool begin)
{
	if (!(k->backend & BACKEND_IOTLB_BATCH))
		return 0;
	return vdpa_iotlb(k, begin ? VHOST_IOTLB_BATCH_BEGIN :
			  VHOST_IOTLB_BATCH_END, 0, 0);
}

struct vdpa_walk {
	struct vnic_kernel *k;
	uint64_t from;
	uint64_t to;
};

/* A segment is a mapping of its own, so that each can be freed alone. */
static int
vdpa_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms,
	     void *arg)
{
	const struct vdpa_walk *walk = arg;
	struct vnic_kernel *k = walk->k;

	RTE_SET_USED(msl);
	if (ms->addr_64 < walk->from || ms->addr_64 >= walk->to)
		return 0;
	if (ms->addr_64 < k->iova_first ||
	    ms->addr_64 + ms->len - 1 > k->iova_last) {
		VNIC_LOG(ERR, "%s: EAL's memory at %p is outside of what the device can address, %#" PRIx64 " to %#" PRIx64 ": start EAL with --base-virtaddr inside",
			 k->dev->name, ms->addr, k->iova_first, k->iova_last);
		return -ENOTSUP;
	}
	return vdpa_iotlb(k, VHOST_IOTLB_UPDATE, ms->addr_64, ms->len);
}

static int
vdpa_map(struct vnic_kernel *k, uint64_t from, uint64_t to)
{
	struct vdpa_walk walk = { .k = k, .from = from, .to = to };
	int ret = vdpa_batch(k, true);

	if (ret == 0)
		ret = rte_memseg_walk_thread_unsafe(vdpa_segment, &walk);
	/* The end belongs to the begin, whatever happened. */
	return RTE_MIN(vdpa_batch(k, false), ret);
}

static int
vdpa_unmap(struct vnic_kernel *k, uint64_t addr, uint64_t len)
{
	int ret = vdpa_batch(k, true);

	if (ret == 0)
		ret = vdpa_iotlb(k, VHOST_IOTLB_INVALIDATE, addr, len);
	return RTE_MIN(vdpa_batch(k, false), ret);
}

/* Devices may forget their mappings in a reset; then nothing may be left. */
static int
vdpa_forget(struct vnic_kernel *k)
{
	uint64_t len = k->iova_last - k->iova_first;
	int ret = 0;

	if (!k->mapped || (k->backend & BACKEND_IOTLB_PERSIST))
		return 0;
	ret = vdpa_unmap(k, k->iova_first, len);
	k->mapped = ret < 0;
	return ret;
}

/* All of it or nothing: what it has of it is not mapped twice. */
static int
vdpa_map_all(struct vnic_kernel *k)
{
	int ret;

	if (k->mapped)
		return 0;
	k->mapped = true;
	ret = vdpa_map(k, 0, UINT64_MAX);
	if (ret < 0 && vdpa_unmap(k, k->iova_first,
				  k->iova_last - k->iova_first) == 0)
		k->mapped = false;
	return ret;
}

int
vnic_vdpa_memory(struct vnic_kernel *k, bool freed, const void *addr,
		 size_t len)
{
	uint64_t from = (uintptr_t)addr;

	if (!k->mapped)
		return 0;
	return freed ? vdpa_unmap(k, from, len) : vdpa_map(k, from, from + len);
}

/* ---- operations ---- */

static int
vdpa_reset(struct vnic_dev *dev)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint8_t status = VIRTIO_STATUS_RESET;
	uint16_t i;
	int ret;

	vnic_kernel_mem_lock(k);
	ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_SET_STATUS, &status);
	if (ret == 0)
		ret = vdpa_wait_reset(k);
	if (ret == 0)
		ret = vdpa_forget(k);
	for (i = 0; i < k->nr_rings && ret == 0; i++)
		k->rings[i].owned = false;
	vnic_kernel_mem_unlock(k);
	return ret;
}

static int
vdpa_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint64_t offered = 0;
	int ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_GET_FEATURES, &offered);

	*f = (struct virtio_features){ .w = { offered & VDPA_MASK } };
	return ret;
}

static int
vdpa_features_set(struct vnic_dev *dev, const struct virtio_features *f)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint64_t agreed = f->w[0];

	if (f->w[1] != 0)
		return -ENOTSUP;
	return VNIC_KERNEL_IOCTL(k, k->fd, VHOST_SET_FEATURES, &agreed);
}

static int
vdpa_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	union {
		struct vhost_vdpa_config head;
		uint8_t room[sizeof(struct vhost_vdpa_config) +
			     sizeof(struct virtio_net_config)];
	} buf;
	struct vhost_vdpa_config *config = &buf.head;
	int ret;

	if (len > sizeof(struct virtio_net_config) ||
	    off > sizeof(struct virtio_net_config) - len)
		return -EINVAL;
	config->off = off;
	config->len = len;
	/* The kernel reads under one generation (2.5.3). */
	ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_GET_CONFIG, config);
	if (ret == 0)
		memcpy(dst, config->buf, len);
	return ret == -E2BIG ? -EINVAL : ret;
}

static int
vdpa_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	struct vnic_kernel *k = vnic_kernel(dev);

	*max = index < k->nr_rings ? k->ring_max : 0;
	return 0;
}

static int
vdpa_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
		  struct vnic_notify *notify)
{
	struct vhost_vring_state state = { .index = vq->index, .num = 1 };
	struct vnic_kernel *k = vnic_kernel(dev);
	int ret;

	if (vq->index >= k->nr_rings)
		return -EINVAL;
	vnic_kernel_mem_lock(k);
	ret = vdpa_map_all(k);
	if (ret == 0)
		ret = vnic_kernel_ring_set(k, k->fd, vq->index, vq, notify);
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_SET_VRING_ENABLE,
					&state);
	vnic_kernel_mem_unlock(k);
	return ret;
}

static int
vdpa_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(index);
	return -ENOTSUP;
}

static int
vdpa_queues_active(struct vnic_dev *dev, uint16_t nb_pairs)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(nb_pairs);
	return 0;
}

/* Without VIRTIO_NET_F_STATUS the link is always up (section 5.1.4). */
static int
vdpa_link_get(struct vnic_dev *dev)
{
	RTE_SET_USED(dev);
	return 1;
}

/* ---- configuration changes ---- */

static void
vdpa_interrupt(void *arg)
{
	struct vnic_dev *dev = arg;
	eventfd_t count;

	if (eventfd_read(vnic_kernel(dev)->config_fd, &count) == 0)
		vnic_event_config_changed(dev);
}

static int
vdpa_event_enable(struct vnic_dev *dev, bool on)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	int fd = on ? k->config_fd : -1;

	if (k->intr == NULL)
		return on ? -ENOTSUP : 0;
	return VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_SET_CONFIG_CALL, &fd);
}

/* Without it the health timer asks. */
static void
vdpa_events_open(struct vnic_kernel *k)
{
	k->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->intr = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (k->config_fd >= 0 && k->intr != NULL &&
	    rte_intr_fd_set(k->intr, k->config_fd) == 0 &&
	    rte_intr_type_set(k->intr, RTE_INTR_HANDLE_EXT) == 0 &&
	    rte_intr_callback_register(k->intr, vdpa_interrupt, k->dev) == 0)
		return;
	rte_intr_instance_free(k->intr);
	k->intr = NULL;
	VNIC_LOG(NOTICE, "%s: no interrupt for configuration changes: link state will be polled",
		 k->dev->name);
}

static void
vdpa_events_close(struct vnic_kernel *k)
{
	unsigned int i;

	if (k->intr == NULL)
		return;
	for (i = 0; i < VDPA_CLOSE_TRIES; i++) {
		if (rte_intr_callback_unregister(k->intr, vdpa_interrupt,
						 k->dev) != -EAGAIN)
			break;
		rte_delay_us_sleep(1000);
	}
	rte_intr_instance_free(k->intr);
	k->intr = NULL;
}

static void
vdpa_close(struct vnic_dev *dev)
{
	struct vnic_kernel *k = vnic_kernel(dev);

	if (k == NULL)
		return;
	if (k->fd >= 0 && k->intr != NULL)
		vdpa_event_enable(dev, false);
	vdpa_events_close(k);
	vnic_kernel_free(k);
}

/* ---- opening ---- */

static int
vdpa_identify(struct vnic_kernel *k)
{
	uint32_t id = 0;
	int ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_GET_DEVICE_ID, &id);

	if (ret < 0 || id == VIRTIO_ID_NET)
		return ret;
	VNIC_LOG(ERR, "%s: %s is a virtio device of kind %u, a network device is %u",
		 k->dev->name, k->dev->args.path, id, VIRTIO_ID_NET);
	return -ENOTSUP;
}

static int
vdpa_backend_features(struct vnic_kernel *k)
{
	uint64_t offered = 0;
	int ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_GET_BACKEND_FEATURES,
				    &offered);

	if (ret < 0)
		return ret;
	k->backend = offered & BACKEND_USED;
	if (k->backend & BACKEND_IOTLB_MSG_V2)
		return VNIC_KERNEL_IOCTL(k, k->fd, VHOST_SET_BACKEND_FEATURES,
					 &k->backend);
	VNIC_LOG(ERR, "%s: %s does not offer IOTLB_MSG_V2: a kernel from 5.9 on is needed",
		 k->dev->name, k->dev->args.path);
	return -ENOTSUP;
}

/* Older kernels know no such question, and no limit: *@p arg stays as it is. */
static int
vdpa_limit(const struct vnic_kernel *k, unsigned long request, void *arg,
	   const char *what)
{
	int err;

	if (ioctl(k->fd, request, arg) >= 0 || errno == ENOTTY)
		return 0;
	err = errno;
	VNIC_LOG(ERR, "%s: %s: %s gave: %s", k->dev->name, k->dev->args.path,
		 what, strerror(err));
	return -err;
}

static int
vdpa_limits(struct vnic_kernel *k)
{
	struct vhost_vdpa_iova_range range = { .last = UINT64_MAX };
	uint32_t nr = 0;
	uint16_t size = 0;
	int ret;

	/* Since Linux 5.11; since 5.18, and 0 is no answer. */
	ret = vdpa_limit(k, VHOST_VDPA_GET_IOVA_RANGE, &range, "IOVA_RANGE");
	if (ret == 0)
		ret = vdpa_limit(k, VHOST_VDPA_GET_VQS_COUNT, &nr,
				 "VQS_COUNT");
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_VDPA_GET_VRING_NUM,
					&size);
	if (ret < 0)
		return ret;
	if (nr == 0)
		nr = UINT32_MAX;
	k->iova_first = range.first;
	k->iova_last = range.last;
	k->ring_max = RTE_MIN(size, VNIC_DESC_MAX);
	return vnic_kernel_rings_alloc(k, RTE_MIN(nr,
		VNIC_QUEUE_PAIRS_MAX * 2u + 1));
}

int
vnic_vdpa_create(struct vnic_kernel *k)
{
	int ret = vnic_kernel_open(k, k->dev->args.path);

	if (ret < 0)
		return ret;
	k->fd = ret;
	ret = vdpa_identify(k);
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, k->fd, VHOST_SET_OWNER, NULL);
	if (ret == 0)
		ret = vdpa_backend_features(k);
	if (ret == 0)
		ret = vdpa_limits(k);
	if (ret == 0)
		vdpa_events_open(k);
	return ret;
}

static const struct vnic_transport_ops vdpa_ops = {
	.name = "vhost-vdpa",
	.status_register = true,
	.addr_is_va = true,
	.reset = vdpa_reset,
	.status_get = vdpa_status_get,
	.status_set = vdpa_status_set,
	.features_get = vdpa_features_get,
	.features_set = vdpa_features_set,
	.config_read = vdpa_config_read,
	.queue_max = vdpa_queue_max,
	.queue_enable = vdpa_queue_enable,
	.queue_reset = vdpa_queue_reset,
	.queues_active = vdpa_queues_active,
	.event_enable = vdpa_event_enable,
	.link_get = vdpa_link_get,
	.notify_attach = vnic_kernel_notify_attach,
	.notify_detach = vnic_kernel_notify_detach,
	.close = vdpa_close,
};

RTE_INIT(vnic_vdpa_register)
{
	vnic_transport_register(VNIC_TRANSPORT_VDPA, &vdpa_ops);
}
