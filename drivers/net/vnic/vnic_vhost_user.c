/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <rte_common.h>

#include <virtio_ring.h>

#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_vhost_user.h"

/** Rings that any back end takes; a user may ask for larger ones. */
#define RING_SIZE_MAX 1024

/** True if messages can be sent; else what is asked for is remembered. */
static bool
vhost_user_live(const struct vnic_user *user)
{
	return user->connected && !user->conn.chan.broken;
}

static uint16_t
vhost_user_ring_max(const struct vnic_user *user)
{
	return RTE_MAX(user->dev->args.queue_size, RING_SIZE_MAX);
}

static int
vhost_user_stop_ring(struct vnic_user *user, uint16_t index)
{
	struct vnic_user_ring *ring = &user->rings[index];
	uint32_t base;
	int ret;

	if (!ring->owned)
		return 0;
	ret = vnic_vhost_get_base(&user->conn.chan, index, &base);
	if (ret == 0)
		*ring = (struct vnic_user_ring){
			.kick_fd = ring->kick_fd, .call_fd = ring->call_fd };
	return ret;
}

/** Every ring taken back, then the device's status forgotten. */
static int
vhost_user_quiesce(struct vnic_user *user)
{
	struct vnic_vhost_chan *chan = &user->conn.chan;
	uint16_t i;
	int ret = 0;

	for (i = 0; i < user->nr_rings && ret == 0; i++)
		ret = vhost_user_stop_ring(user, i);
	if (ret != 0)
		return ret;
	user->conn.inflight_set = false;
	if (vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_STATUS))
		return vnic_vhost_set_u64(chan, VHOST_USER_SET_STATUS,
			VIRTIO_STATUS_RESET);
	if (vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_RESET_DEVICE))
		return vnic_vhost_set(chan, VHOST_USER_RESET_DEVICE, NULL, 0,
			NULL, 0);
	return 0;
}

static int
vhost_user_reset(struct vnic_dev *dev)
{
	struct vnic_user *user = vnic_user(dev);
	int ret = 0;

	pthread_mutex_lock(&user->lock);
	user->status = VIRTIO_STATUS_RESET;
	/* A back end that hung up has let go of everything. */
	if (vhost_user_live(user))
		ret = vhost_user_quiesce(user);
	pthread_mutex_unlock(&user->lock);
	return ret;
}

static int
vhost_user_status_get(struct vnic_dev *dev, uint8_t *status)
{
	struct vnic_user *user = vnic_user(dev);
	uint64_t value = 0;
	int ret = 0;

	pthread_mutex_lock(&user->lock);
	if (vhost_user_live(user) && vnic_vhost_has(&user->conn.chan,
			VHOST_USER_PROTOCOL_F_STATUS))
		ret = vnic_vhost_get_u64(&user->conn.chan,
			VHOST_USER_GET_STATUS, UINT8_MAX, &value);
	else
		value = user->status;
	pthread_mutex_unlock(&user->lock);
	if (ret == 0)
		*status = value;
	return ret;
}

static int
vhost_user_status_set(struct vnic_dev *dev, uint8_t status)
{
	struct vnic_user *user = vnic_user(dev);
	int ret = 0;

	pthread_mutex_lock(&user->lock);
	if (vhost_user_live(user) && vnic_vhost_has(&user->conn.chan,
			VHOST_USER_PROTOCOL_F_STATUS))
		ret = vnic_vhost_set_u64(&user->conn.chan,
			VHOST_USER_SET_STATUS, status);
	if (ret == 0)
		user->status = status;
	pthread_mutex_unlock(&user->lock);
	return ret;
}

static int
vhost_user_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_user *user = vnic_user(dev);

	pthread_mutex_lock(&user->lock);
	*f = (struct virtio_features){ .w = { user->offered } };
	if (user->connected)
		f->w[0] = vnic_user_features_offer(user, &user->conn);
	pthread_mutex_unlock(&user->lock);
	return 0;
}

static int
vhost_user_features_set(struct vnic_dev *dev, const struct virtio_features *f)
{
	struct vnic_user *user = vnic_user(dev);
	int ret = 0;

	if (f->w[1] != 0)
		return -ENOTSUP;
	pthread_mutex_lock(&user->lock);
	if (vhost_user_live(user))
		ret = vnic_vhost_set_u64(&user->conn.chan,
			VHOST_USER_SET_FEATURES,
			vnic_user_features_sent(f->w[0], &user->conn));
	if (ret == 0)
		user->agreed = f->w[0];
	pthread_mutex_unlock(&user->lock);
	return ret;
}

/** What the back end says, or said while it was there. */
static int
vhost_user_config_fetch(struct vnic_user *user, size_t off, void *dst,
			size_t len)
{
	uint64_t want = RTE_LEN2MASK(len, uint64_t) << off;
	int ret;

	if (vhost_user_live(user)) {
		ret = vnic_vhost_get_config(&user->conn.chan, off, dst, len);
		if (ret != 0)
			return ret;
		memcpy(user->config + off, dst, len);
		user->config_known |= want;
		return 0;
	}
	if ((user->config_known & want) != want)
		return -ENODEV;
	memcpy(dst, user->config + off, len);
	return 0;
}

/** Put a field of ours over that of a read of [off, off + len). */
static void
vhost_user_config_overlay(size_t off, uint8_t *dst, size_t len,
			  size_t field_off, const void *field,
			  size_t field_len)
{
	const uint8_t *src = field;
	size_t i;

	for (i = 0; i < field_len; i++) {
		if (field_off + i >= off && field_off + i < off + len)
			dst[field_off + i - off] = src[i];
	}
}

#define CONFIG_OVERLAY(off, dst, len, name, value) \
	vhost_user_config_overlay(off, dst, len, \
		offsetof(struct virtio_net_config, name), value, \
		sizeof(((struct virtio_net_config *)0)->name))

static void
vhost_user_config_ours(const struct vnic_user *user, bool config, size_t off,
		       uint8_t *dst, size_t len)
{
	rte_le16_t pairs = rte_cpu_to_le_16(user->pairs);
	rte_le16_t status = user->connected ?
		rte_cpu_to_le_16(VIRTIO_NET_S_LINK_UP) : 0;

	CONFIG_OVERLAY(off, dst, len, max_virtqueue_pairs, &pairs);
	if (!config || user->dev->args.has_mac)
		CONFIG_OVERLAY(off, dst, len, mac, user->mac.addr_bytes);
	if (!config || !user->connected)
		CONFIG_OVERLAY(off, dst, len, status, &status);
}

static int
vhost_user_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	struct vnic_user *user = vnic_user(dev);
	bool config;
	int ret = 0;

	if (off >= VNIC_USER_CONFIG_LEN || len > VNIC_USER_CONFIG_LEN - off ||
	    len == 0)
		return -EINVAL;
	pthread_mutex_lock(&user->lock);
	config = user->connected ? vnic_vhost_has(&user->conn.chan,
		VHOST_USER_PROTOCOL_F_CONFIG) : user->config_known != 0;
	if (config)
		ret = vhost_user_config_fetch(user, off, dst, len);
	else if (off + len > sizeof(struct virtio_net_config))
		ret = -EINVAL;
	else
		memset(dst, 0, len);
	if (ret == 0)
		vhost_user_config_ours(user, config, off, dst, len);
	pthread_mutex_unlock(&user->lock);
	return ret;
}

static int
vhost_user_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	struct vnic_user *user = vnic_user(dev);

	*max = index < user->nr_rings ? vhost_user_ring_max(user) : 0;
	return 0;
}

int
vnic_user_ring_fds(struct vnic_user *user, uint16_t index)
{
	struct vnic_user_ring *ring = &user->rings[index];

	if (ring->kick_fd < 0)
		ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->call_fd < 0)
		ring->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->kick_fd >= 0 && ring->call_fd >= 0)
		return 0;
	VNIC_LOG(ERR, "%s: no eventfd for virtqueue %u: %s; two are needed for each, see ulimit -n",
		user->dev->name, index, strerror(errno));
	return -EMFILE;
}

/**
 * The back end's log of what it has in flight, for it to find after a crash.
 * After a reset nothing is, so each time it is a new, empty area, as the
 * protocol wants it. Our own records rebuild the rings: we never look into it.
 */
static int
vhost_user_inflight(struct vnic_user *user)
{
	struct vnic_user_conn *conn = &user->conn;
	struct vhost_user_inflight area = {
		.num_queues = user->nr_rings,
		.queue_size = vhost_user_ring_max(user),
	};
	int fd, ret;

	if (conn->inflight_set || !vnic_vhost_has(&conn->chan,
			VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD))
		return 0;
	ret = vnic_vhost_get_inflight(&conn->chan, &area, &fd);
	if (ret != 0)
		return ret;
	ret = vnic_vhost_set(&conn->chan, VHOST_USER_SET_INFLIGHT_FD, &area,
		sizeof(area), &fd, 1);
	vnic_vhost_close(&fd);
	conn->inflight_set = ret == 0;
	return ret;
}

/** Packed: wrap counter in bit 15, for available and used alike. */
static uint32_t
vhost_user_base(const struct vnic_user *user, const struct vnic_vq_setup *vq)
{
	uint32_t half;

	if (((user->agreed >> VIRTIO_F_RING_PACKED) & 1) == 0)
		return vq->base;
	half = vq->base % vq->size;
	if ((vq->base / vq->size) % 2 == 0)
		half |= 1u << VRING_PACKED_EVENT_WRAP_BIT;
	return half << 16 | half;
}

static int
vhost_user_send_fd(struct vnic_user *user, uint32_t request, uint16_t index,
		   int fd)
{
	uint64_t value = index;

	return vnic_vhost_set(&user->conn.chan, request, &value,
		sizeof(value), &fd, 1);
}

static int
vhost_user_enable_ring(struct vnic_user *user, uint16_t index, bool enable)
{
	int ret = 0;

	/* Without protocol features a ring runs from its kick on. */
	if (vnic_user_features_sent(0, &user->conn) != 0)
		ret = vnic_vhost_set_state(&user->conn.chan,
			VHOST_USER_SET_VRING_ENABLE, index, enable);
	if (ret == 0)
		user->rings[index].enabled = enable;
	return ret;
}

static int
vhost_user_hand_over(struct vnic_user *user, const struct vnic_vq_setup *vq)
{
	struct vnic_vhost_chan *chan = &user->conn.chan;
	struct vnic_user_ring *ring = &user->rings[vq->index];
	struct vhost_user_vring_addr addr = {
		.index = vq->index,
		.desc = vq->desc, .avail = vq->driver, .used = vq->device,
	};
	int ret;

	/* From here on it may touch the ring, whatever fails. */
	ring->owned = true;
	ret = vnic_vhost_set_state(chan, VHOST_USER_SET_VRING_NUM, vq->index,
		vq->size);
	if (ret == 0)
		ret = vnic_vhost_set_state(chan, VHOST_USER_SET_VRING_BASE,
			vq->index, vhost_user_base(user, vq));
	if (ret == 0)
		ret = vnic_vhost_set(chan, VHOST_USER_SET_VRING_ADDR, &addr,
			sizeof(addr), NULL, 0);
	if (ret == 0)
		ret = vhost_user_send_fd(user, VHOST_USER_SET_VRING_CALL,
			vq->index, ring->call_fd);
	if (ret == 0)
		ret = vhost_user_send_fd(user, VHOST_USER_SET_VRING_KICK,
			vq->index, ring->kick_fd);
	if (ret == 0)
		ret = vhost_user_enable_ring(user, vq->index,
			vnic_life_wants(user->dev, vq->index));
	return ret;
}

static int
vhost_user_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
			struct vnic_notify *notify)
{
	struct vnic_user *user = vnic_user(dev);
	int ret;

	if (vq->index >= user->nr_rings || vq->size == 0)
		return -EINVAL;
	vnic_user_mem_lock(user);
	ret = vnic_user_ring_fds(user, vq->index);
	if (ret == 0 && vhost_user_live(user)) {
		ret = vnic_user_mem_sync(user);
		if (ret == 0)
			ret = vhost_user_inflight(user);
		if (ret == 0)
			ret = vhost_user_hand_over(user, vq);
	}
	if (ret == 0)
		*notify = (struct vnic_notify){
			.kind = VNIC_NOTIFY_EVENTFD, .value = vq->index,
			.fd = user->rings[vq->index].kick_fd };
	vnic_user_mem_unlock(user);
	return ret;
}

static int
vhost_user_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	struct vnic_user *user = vnic_user(dev);
	int ret = 0;

	if (index >= user->nr_rings)
		return -EINVAL;
	pthread_mutex_lock(&user->lock);
	if (vhost_user_live(user))
		ret = vhost_user_stop_ring(user, index);
	/* DPDK's vhost ends its device when it gives a ring back, and begins
	 * it anew with all rings off: it has to hear of the others again. */
	if (ret == 0 && vhost_user_live(user))
		ret = vnic_user_rings_pause(user, true);
	if (ret == 0 && vhost_user_live(user))
		ret = vnic_user_rings_pause(user, false);
	pthread_mutex_unlock(&user->lock);
	return ret;
}

static int
vhost_user_queues_active(struct vnic_dev *dev, uint16_t nb_pairs)
{
	struct vnic_user *user = vnic_user(dev);
	int ret = 0;
	bool enable;
	uint16_t i;

	pthread_mutex_lock(&user->lock);
	for (i = 0; i < user->pairs * 2 && ret == 0; i++) {
		enable = i < nb_pairs * 2 && vnic_life_wants(dev, i);
		if (vhost_user_live(user) && user->rings[i].owned &&
		    user->rings[i].enabled != enable)
			ret = vhost_user_enable_ring(user, i, enable);
	}
	pthread_mutex_unlock(&user->lock);
	return ret;
}

/** The monitor always runs: nothing to turn on. */
static int
vhost_user_event_enable(struct vnic_dev *dev, bool on)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(on);
	return 0;
}

static int
vhost_user_link_get(struct vnic_dev *dev)
{
	const struct vnic_user *user = vnic_user(dev);

	/* Secondary processes see what the primary wrote to the port. */
	return user != NULL && vhost_user_live(user);
}

static int
vhost_user_notify_attach(struct vnic_dev *dev, uint16_t index,
			 struct vnic_notify *notify)
{
	int fd, ret;

	ret = vnic_user_mp_kick_fd(dev, index, &fd);
	if (ret == 0)
		*notify = (struct vnic_notify){
			.kind = VNIC_NOTIFY_EVENTFD, .value = index,
			.fd = fd };
	return ret;
}

static void
vhost_user_free(struct vnic_user *user)
{
	unsigned int i;

	vnic_user_conn_close(&user->conn);
	vnic_vhost_unlisten(user->dev->args.path, &user->listener);
	for (i = 0; i < user->nr_rings; i++) {
		vnic_vhost_close(&user->rings[i].kick_fd);
		vnic_vhost_close(&user->rings[i].call_fd);
	}
	free(user->rings);
	vnic_vhost_close(&user->wake_fd);
	pthread_mutex_destroy(&user->lock);
	user->dev->priv = NULL;
	free(user);
}

static void
vhost_user_close(struct vnic_dev *dev)
{
	struct vnic_user *user = vnic_user(dev);

	if (user == NULL)
		return;
	vnic_user_monitor_stop(user);
	vnic_user_mem_stop(user);
	vnic_user_mp_del(dev->port_id);
	vhost_user_free(user);
}

static int
vhost_user_rings_alloc(struct vnic_user *user)
{
	uint16_t i, nr = user->pairs * 2 + 1;

	user->rings = calloc(nr, sizeof(user->rings[0]));
	if (user->rings == NULL)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		user->rings[i] = (struct vnic_user_ring){
			.kick_fd = -1, .call_fd = -1 };
	user->nr_rings = nr;
	return 0;
}

static struct vnic_user *
vhost_user_alloc(struct vnic_dev *dev, bool cq)
{
	struct vnic_user *user = calloc(1, sizeof(*user));

	if (user == NULL)
		return NULL;
	user->dev = dev;
	user->cq = cq;
	user->pairs = RTE_MAX(dev->args.queues, 1);
	user->listener.fd = -1;
	user->mac = dev->args.mac;
	if (!dev->args.has_mac)
		rte_eth_random_addr(user->mac.addr_bytes);
	pthread_mutex_init(&user->lock, NULL);
	vnic_user_conn_init(user, &user->conn);
	user->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (user->wake_fd < 0 || vhost_user_rings_alloc(user) != 0) {
		vnic_vhost_close(&user->wake_fd);
		free(user);
		return NULL;
	}
	dev->priv = user;
	return user;
}

int
vnic_user_create(struct vnic_dev *dev, bool cq)
{
	struct vnic_user *user = vhost_user_alloc(dev, cq);
	int ret;

	if (user == NULL) {
		VNIC_LOG(ERR, "%s: no memory or no eventfd for the front end",
			dev->name);
		return -ENOMEM;
	}
	ret = vnic_user_open(user);
	if (ret == 0) {
		user->offered = vnic_user_features_offer(user, &user->conn);
		ret = vnic_user_mem_start(user);
	}
	if (ret == 0) {
		ret = vnic_user_mp_add(dev, vnic_user_kick_fd);
		if (ret != 0)
			vnic_user_mem_stop(user);
	}
	if (ret != 0)
		vhost_user_free(user);
	return ret;
}

static const struct vnic_transport_ops vhost_user_ops = {
	.name = "vhost-user",
	.addr_is_va = true,
	.resets_queues = true,
	.needs_first_pair = true,
	.reset = vhost_user_reset,
	.status_get = vhost_user_status_get,
	.status_set = vhost_user_status_set,
	.features_get = vhost_user_features_get,
	.features_set = vhost_user_features_set,
	.config_read = vhost_user_config_read,
	.queue_max = vhost_user_queue_max,
	.queue_enable = vhost_user_queue_enable,
	.queue_reset = vhost_user_queue_reset,
	.queues_active = vhost_user_queues_active,
	.event_enable = vhost_user_event_enable,
	.intr_max = vnic_user_intr_max,
	.intr_fd = vnic_user_intr_fd,
	.link_get = vhost_user_link_get,
	.notify_attach = vhost_user_notify_attach,
	.notify_detach = vnic_user_mp_forget,
	.close = vhost_user_close,
};

RTE_INIT(vnic_vhost_user_register)
{
	vnic_transport_register(VNIC_TRANSPORT_USER, &vhost_user_ops);
}
