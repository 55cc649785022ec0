/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include <vring_chain.h>

#include "vnic.h"
#include "vnic_ctrl.h"
#include "vnic_log.h"
#include "vnic_notify.h"
#include "vnic_queue.h"
#include "vnic_queue_mem.h"

#define CTRL_RING_SIZE 64
#define CTRL_POLL_US 20
#define CTRL_TIMEOUT_MS 1000

/** What the device reads and writes of one exchange. */
struct ctrl_shared {
	struct virtio_net_ctrl_hdr hdr;
	uint8_t ack;
	uint8_t result[VNIC_CTRL_RESULT_MAX];	/**< right behind ack */
	uint8_t data[];		/**< as long as the device's longest command */
};

struct vnic_ctrlq {
	struct vring vr;
	const struct rte_memzone *mz;	/**< ring, then struct ctrl_shared */
	void *priv;
	struct ctrl_shared *shared;
	uint64_t mem_dma;
	uint64_t shared_dma;
	size_t room;		/**< of shared->data */
	uint16_t index;
	uint16_t size;
	bool live;	/**< the device has the ring */
	bool dead;	/**< an exchange failed; only a reset helps */
};

static bool
ctrl_packed(const struct vnic_dev *dev)
{
	return vnic_dev_has(dev, VIRTIO_F_RING_PACKED);
}

/* A legacy device's ring has the size that it has. */
static uint16_t
ctrl_ring_max(const struct vnic_dev *dev)
{
	return vnic_transport_ops(dev)->legacy ? VNIC_CTRL_RING_LEGACY :
		CTRL_RING_SIZE;
}

/* Virtqueue number and size; -EPROTO if the device has no such queue. */
static int
ctrl_identify(struct vnic_dev *dev, uint16_t *index, uint16_t *size)
{
	uint16_t max = 0;
	int ret;

	*index = vnic_vq_ctrl(dev);
	ret = vnic_transport_ops(dev)->queue_max(dev, *index, &max);
	if (ret < 0)
		return ret;
	*size = RTE_MIN(max == 0 ? 0 : rte_align32prevpow2(max),
			(uint32_t)ctrl_ring_max(dev));
	if (*size < 4) {
		VNIC_LOG(ERR, "%s: control queue %u has %u descriptors, 4 are needed",
			 dev->name, *index, max);
		return -EPROTO;
	}
	return 0;
}

static size_t
ctrl_room(const struct vnic_dev *dev)
{
	return RTE_MAX((size_t)VNIC_CTRL_DATA_MAX,
		       vnic_ctrl_rss_max(&dev->rss.caps));
}

/* Room for either layout, so that a new configuration needs no new memory. */
static int
ctrl_reserve(struct vnic_dev *dev, struct vnic_ctrlq *cq)
{
	uint16_t size = ctrl_ring_max(dev);
	size_t bytes = RTE_MAX(vring_layout(size, false).bytes,
			       vring_layout(size, true).bytes);

	cq->room = ctrl_room(dev);
	cq->mz = vnic_queue_mz(dev, "ctrl", 0, bytes +
			       sizeof(struct ctrl_shared) + cq->room,
			       SOCKET_ID_ANY);
	cq->priv = rte_zmalloc("vnic_ctrl",
			       vring_private_bytes(size), 8);
	if (cq->mz == NULL || cq->priv == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the control queue: give EAL more huge pages",
			 dev->name);
		return -ENOMEM;
	}
	cq->shared = RTE_PTR_ADD(cq->mz->addr, bytes);
	cq->mem_dma = vnic_queue_mz_dma(dev, cq->mz);
	cq->shared_dma = cq->mem_dma + bytes;
	return 0;
}

static void
ctrl_free(struct vnic_ctrlq *cq)
{
	if (cq == NULL)
		return;
	rte_memzone_free(cq->mz);
	rte_free(cq->priv);
	rte_free(cq);
}

int
vnic_ctrl_create(struct vnic_dev *dev)
{
	struct vnic_ctrlq *cq;
	int ret;

	if (dev->ctrlq != NULL && dev->ctrlq->room >= ctrl_room(dev))
		return 0;
	cq = rte_zmalloc("vnic_ctrl", sizeof(*cq), RTE_CACHE_LINE_SIZE);
	if (cq == NULL)
		return -ENOMEM;
	ret = ctrl_reserve(dev, cq);
	if (ret < 0) {
		ctrl_free(cq);
		return ret;
	}
	vnic_ctrl_free(dev);
	dev->ctrlq = cq;
	return 0;
}

void
vnic_ctrl_free(struct vnic_dev *dev)
{
	ctrl_free(dev->ctrlq);
	dev->ctrlq = NULL;
}

int
vnic_ctrl_start(struct vnic_dev *dev)
{
	struct vnic_ctrlq *cq = dev->ctrlq;
	struct vnic_vq_setup vq;
	struct vring_layout l;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VQ))
		return 0;
	ret = ctrl_identify(dev, &cq->index, &cq->size);
	if (ret < 0)
		return ret;
	l = vring_layout(cq->size, ctrl_packed(dev));
	vring_init(&cq->vr, cq->mz->addr, cq->priv, cq->size, ctrl_packed(dev),
		   vnic_dev_has(dev, VIRTIO_F_EVENT_IDX), 0);
	vring_chain_init(&cq->vr);
	vq = (struct vnic_vq_setup){
		.index = cq->index, .size = cq->size, .vector = UINT16_MAX,
		.desc = cq->mem_dma, .driver = cq->mem_dma + l.driver,
		.device = cq->mem_dma + l.device,
	};
	ret = vnic_transport_ops(dev)->queue_enable(dev, &vq,
			vnic_notify_slot(dev->port_id, cq->index));
	if (ret < 0) {
		VNIC_LOG(ERR, "%s: the device does not take control queue %u: %s",
			 dev->name, cq->index, strerror(-ret));
		return ret;
	}
	cq->live = true;
	cq->dead = false;
	return 0;
}

void
vnic_ctrl_stop(struct vnic_dev *dev)
{
	if (dev->ctrlq == NULL)
		return;
	dev->ctrlq->live = false;
	dev->ctrlq->dead = false;
}

bool
vnic_ctrl_is_dead(const struct vnic_dev *dev)
{
	return dev->ctrlq != NULL && dev->ctrlq->dead;
}

/* ---- time ---- */

static uint64_t
ctrl_cycles(const struct vnic_dev *dev)
{
	unsigned int ms = dev->args.ctrl_timeout_ms;

	return rte_get_timer_hz() * (ms != 0 ? ms : CTRL_TIMEOUT_MS) / 1000;
}

void
vnic_ctrl_restore_begin(struct vnic_dev *dev)
{
	dev->restore_until = rte_get_timer_cycles() +
		ctrl_cycles(dev) * VNIC_CTRL_RESTORE_TIMES;
}

void
vnic_ctrl_restore_end(struct vnic_dev *dev)
{
	dev->restore_until = 0;
}

void
vnic_ctrl_restore_cancel(struct vnic_dev *dev, bool cancel)
{
	/* Nothing else follows from it: seen soon is enough. */
	__atomic_store_n(&dev->restore_cancel, cancel, __ATOMIC_RELAXED);
}

int
vnic_ctrl_restore_check(const struct vnic_dev *dev)
{
	if (dev->restore_until == 0)
		return 0;
	if (__atomic_load_n(&dev->restore_cancel, __ATOMIC_RELAXED))
		return -ECANCELED;
	return rte_get_timer_cycles() > dev->restore_until ? -ETIMEDOUT : 0;
}

/* ---- one exchange ---- */

/* Header and data to read, ack and result to write (5.1.6.5). */
static int
ctrl_post(struct vnic_dev *dev, struct vnic_ctrlq *cq, size_t len, size_t max)
{
	struct vring_seg segs[3] = {
		{ cq->shared_dma, sizeof(cq->shared->hdr) },
		{ cq->shared_dma + offsetof(struct ctrl_shared, data), len },
	};
	uint16_t nr_read = len > 0 ? 2 : 1;
	bool packed = ctrl_packed(dev);
	int ret;

	segs[nr_read].addr = cq->shared_dma + offsetof(struct ctrl_shared, ack);
	segs[nr_read].len = sizeof(cq->shared->ack) + max;
	ret = vring_chain_post(&cq->vr, packed, segs, nr_read, 1, cq->shared);
	if (ret < 0)
		return ret;
	vring_chain_publish(&cq->vr, packed);
	if (vring_chain_kick_needed(&cq->vr, packed))
		vnic_notify(dev->port_id, cq->index, &cq->vr, packed);
	return 0;
}

/* 0 once the buffer is back; -ETIMEDOUT, -ECANCELED; -EPROTO on a lie. */
static int
ctrl_wait(struct vnic_dev *dev, struct vnic_ctrlq *cq, uint32_t *len)
{
	uint64_t end = rte_get_timer_cycles() + ctrl_cycles(dev);
	bool packed = ctrl_packed(dev);
	bool in_order = vnic_dev_has(dev, VIRTIO_F_IN_ORDER);
	int ret;

	while (vring_chain_take(&cq->vr, packed, in_order, len) == NULL) {
		if (cq->vr.fault != VRING_FAULT_NONE)
			return -EPROTO;
		if (rte_get_timer_cycles() > end)
			return -ETIMEDOUT;
		ret = vnic_ctrl_restore_check(dev);
		if (ret < 0)
			return ret;
		rte_delay_us_sleep(CTRL_POLL_US);
	}
	return 0;
}

static int
ctrl_fail(struct vnic_dev *dev, uint8_t class, uint8_t command, int err)
{
	dev->ctrlq->dead = true;
	if (err == -ECANCELED)
		return err;
	dev->violations[VNIC_VIOLATION_CTRL]++;
	VNIC_LOG(ERR, "%s: control command %u/%u: %s; the queue is dead until the port is restarted",
		 dev->name, class, command,
		 err == -ETIMEDOUT ? "no answer in time" : "broken used ring");
	return err;
}

static int
ctrl_check(const struct vnic_dev *dev, size_t len, size_t max)
{
	const struct vnic_ctrlq *cq = dev->ctrlq;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VQ))
		return -ENOTSUP;
	if (!cq->live || cq->dead)
		return -EIO;
	return len > cq->room || max > VNIC_CTRL_RESULT_MAX ?
		-EINVAL : vnic_ctrl_restore_check(dev);
}

int
vnic_ctrl_begin(struct vnic_dev *dev, size_t len, uint8_t **data)
{
	int ret = ctrl_check(dev, len, 0);

	if (ret == 0)
		*data = dev->ctrlq->shared->data;
	return ret;
}

int
vnic_ctrl_query(struct vnic_dev *dev, uint8_t class, uint8_t command,
		const void *data, size_t len, void *result, size_t max,
		size_t *got)
{
	struct vnic_ctrlq *cq = dev->ctrlq;
	uint32_t written = 0;
	int ret = ctrl_check(dev, len, max);
	uint8_t ack;

	if (ret < 0)
		return ret;
	cq->shared->hdr.class = class;
	cq->shared->hdr.command = command;
	/* A device that gives the buffer back unwritten has not said OK. */
	cq->shared->ack = 0xff;
	if (len > 0 && data != cq->shared->data)
		memcpy(cq->shared->data, data, len);
	ret = ctrl_post(dev, cq, len, max);
	if (ret == 0)
		ret = ctrl_wait(dev, cq, &written);
	if (ret < 0)
		return ctrl_fail(dev, class, command, ret);
	ack = __atomic_load_n(&cq->shared->ack, __ATOMIC_RELAXED);
	if (ack != VIRTIO_NET_OK) {
		VNIC_LOG(WARNING, "%s: the device refused control command %u/%u (ack %u)",
			 dev->name, class, command, ack);
		return -EIO;
	}
	/* The length counts the ack; no more than there was room for. */
	*got = RTE_MIN(written > 0 ? written - 1 : 0, max);
	if (*got > 0)
		memcpy(result, cq->shared->result, *got);
	return 0;
}

int
vnic_ctrl_exec(struct vnic_dev *dev, uint8_t class, uint8_t command,
	       const void *data, size_t len)
{
	size_t got;

	return vnic_ctrl_query(dev, class, command, data, len, NULL, 0, &got);
}

int
vnic_ctrl_rx_mode(struct vnic_dev *dev, uint8_t command, bool on)
{
	uint8_t flag = on;

	if (!vnic_dev_has(dev, command >= VIRTIO_NET_CTRL_RX_ALLUNI ?
			  VIRTIO_NET_F_CTRL_RX_EXTRA : VIRTIO_NET_F_CTRL_RX))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_RX, command, &flag,
			      sizeof(flag));
}

int
vnic_ctrl_mac_set(struct vnic_dev *dev, const struct rte_ether_addr *mac)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_MAC_ADDR))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_MAC,
			      VIRTIO_NET_CTRL_MAC_ADDR_SET, mac->addr_bytes,
			      RTE_ETHER_ADDR_LEN);
}

/* le32 count and the addresses (5.1.6.5.2); returns the bytes written. */
static size_t
mac_list_write(uint8_t *dst, const struct rte_ether_addr *addrs, uint32_t nb)
{
	rte_le32_t count = rte_cpu_to_le_32(nb);

	memcpy(dst, &count, sizeof(count));
	if (nb > 0)
		memcpy(dst + sizeof(count), addrs,
		       (size_t)nb * RTE_ETHER_ADDR_LEN);
	return sizeof(count) + (size_t)nb * RTE_ETHER_ADDR_LEN;
}

int
vnic_ctrl_mac_table(struct vnic_dev *dev,
		    const struct rte_ether_addr *unicast, uint32_t nb_unicast,
		    const struct rte_ether_addr *multicast,
		    uint32_t nb_multicast)
{
	uint8_t data[2 * (sizeof(rte_le32_t) +
			  VNIC_MAC_MAX * RTE_ETHER_ADDR_LEN)];
	size_t len;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX))
		return -ENOTSUP;
	if (nb_unicast > VNIC_MAC_MAX || nb_multicast > VNIC_MAC_MAX)
		return -EINVAL;
	len = mac_list_write(data, unicast, nb_unicast);
	len += mac_list_write(data + len, multicast, nb_multicast);
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_MAC,
			      VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
}

int
vnic_ctrl_vlan(struct vnic_dev *dev, uint16_t vlan_id, bool add)
{
	rte_le16_t id = rte_cpu_to_le_16(vlan_id);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VLAN))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_VLAN, add ?
			      VIRTIO_NET_CTRL_VLAN_ADD :
			      VIRTIO_NET_CTRL_VLAN_DEL, &id, sizeof(id));
}

int
vnic_ctrl_guest_offloads(struct vnic_dev *dev, struct virtio_features set)
{
	static const struct {
		uint8_t feature;
		uint8_t bit;
	} moved[] = {
		{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO,
		  VIRTIO_NET_GUEST_OFFLOAD_UDP_TUNNEL_GSO },
		{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM,
		  VIRTIO_NET_GUEST_OFFLOAD_UDP_TUNNEL_GSO_CSUM },
	};
	uint64_t bits = set.w[0];
	rte_le64_t offloads;
	unsigned int i;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		return -ENOTSUP;
	if (!virtio_features_subset(set, dev->accepted))
		return -EINVAL;
	for (i = 0; i < RTE_DIM(moved); i++)
		if (virtio_features_has(&set, moved[i].feature))
			bits |= UINT64_C(1) << moved[i].bit;
	offloads = rte_cpu_to_le_64(bits);
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
			      VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads,
			      sizeof(offloads));
}

int
vnic_ctrl_pairs_set(struct vnic_dev *dev, uint16_t nb_pairs)
{
	rte_le16_t pairs = rte_cpu_to_le_16(nb_pairs);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_MQ))
		return -ENOTSUP;
	if (nb_pairs == 0 || nb_pairs > dev->max_pairs)
		return -EINVAL;
	if (dev->rss.nb_contexts > 0)
		return -EBUSY;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_MQ,
			      VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs,
			      sizeof(pairs));
}
