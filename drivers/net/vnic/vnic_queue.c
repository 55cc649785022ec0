/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <ethdev_driver.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include <virtio_pci.h>
#include <vring_chain.h>

#include "vnic.h"
#include "vnic_intr.h"
#include "vnic_log.h"
#include "vnic_path.h"
#include "vnic_queue_mem.h"
#include "vnic_recycle.h"
#include "vnic_rx.h"
#include "vnic_tx_chain.h"

/** Offset in rte_mbuf of the address that the device is to be given. */
static uint16_t
queue_dma_field(const struct vnic_dev *dev)
{
	return vnic_transport_ops(dev)->addr_is_va ?
		offsetof(struct rte_mbuf, buf_addr) : VNIC_MBUF_IOVA_OFFSET;
}

uint64_t
vnic_queue_mz_dma(const struct vnic_dev *dev, const struct rte_memzone *mz)
{
	return vnic_transport_ops(dev)->addr_is_va ?
		(uintptr_t)mz->addr : mz->iova;
}

const struct rte_memzone *
vnic_queue_mz(const struct vnic_dev *dev, const char *what, uint16_t queue_id,
	      size_t bytes, int socket_id)
{
	static uint16_t serial;	/* a queue is replaced by one of its number */
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *mz;

	snprintf(name, sizeof(name), "vnic_p%u_%s%u_%u", dev->port_id, what,
		 queue_id, __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
	mz = rte_memzone_reserve_aligned(name, bytes, socket_id,
			RTE_MEMZONE_IOVA_CONTIG, 4096);
	if (mz == NULL && socket_id != SOCKET_ID_ANY)
		mz = rte_memzone_reserve_aligned(name, bytes, SOCKET_ID_ANY,
				RTE_MEMZONE_IOVA_CONTIG, 4096);
	if (mz == NULL)
		VNIC_LOG(ERR, "%s: no %zu KiB of contiguous huge-page memory for %s of queue %u (%s): give EAL more memory (-m) or use a smaller ring",
			 dev->name, bytes >> 10, what, queue_id,
			 rte_strerror(rte_errno));
	return mz;
}

int
vnic_queue_hand_over(struct vnic_dev *dev, const struct vring *vr,
		     const struct rte_memzone *mz, uint16_t vq_index,
		     uint16_t base)
{
	bool packed = vnic_dev_has(dev, VIRTIO_F_RING_PACKED);
	struct vring_layout l = vring_layout(vring_size(vr), packed);
	uint64_t dma = vnic_queue_mz_dma(dev, mz);
	struct vnic_vq_setup vq = {
		.index = vq_index,
		.size = vring_size(vr),
		.base = base,
		.desc = dma,
		.driver = dma + l.driver,
		.device = dma + l.device,
		.vector = vnic_intr_vector(dev, vq_index),
	};
	struct vnic_notify *notify = vnic_notify_slot(dev->port_id, vq_index);

	if (notify == NULL)
		return -EINVAL;
	return vnic_transport_ops(dev)->queue_enable(dev, &vq, notify);
}

static size_t
ring_bytes(uint16_t size)
{
	size_t split = vring_layout(size, false).bytes;
	size_t packed = vring_layout(size, true).bytes;

	return RTE_MAX(split, packed);
}

int
vnic_queue_ring_size(struct vnic_dev *dev, uint16_t vq_index,
		     uint16_t nb_desc, uint16_t *size)
{
	*size = nb_desc;
	if (!vnic_transport_ops(dev)->legacy)
		return 0;
	return vnic_transport_ops(dev)->queue_max(dev, vq_index, size);
}

/* ---- receive ---- */

int
vnic_rxq_create(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		unsigned int socket_id, uint64_t offloads,
		struct rte_mempool *pool, struct vnic_rxq **out)
{
	struct vnic_rxq *rxq;
	uint16_t size;
	int ret = vnic_queue_ring_size(dev, vnic_vq_rx(queue_id), nb_desc,
				       &size);

	if (ret < 0)
		return ret;
	rxq = rte_zmalloc_socket("vnic_rxq", sizeof(*rxq) +
				 vring_private_bytes(size) +
				 size * sizeof(rxq->recycle[0]),
				 RTE_CACHE_LINE_SIZE, socket_id);
	if (rxq == NULL) {
		VNIC_LOG(ERR, "%s: no memory for receive queue %u", dev->name,
			 queue_id);
		return -ENOMEM;
	}
	rxq->mz = vnic_queue_mz(dev, "rxq", queue_id, ring_bytes(size),
				socket_id);
	if (rxq->mz == NULL) {
		rte_free(rxq);
		return -ENOMEM;
	}
	rxq->dev = dev;
	rxq->port_id = dev->port_id;
	rxq->queue_id = queue_id;
	rxq->vq_index = vnic_vq_rx(queue_id);
	rxq->socket_id = socket_id;
	rxq->offloads = offloads;
	rxq->pool = pool;
	rxq->depth = nb_desc;
	rxq->recycle = RTE_PTR_ADD(VNIC_QUEUE_PRIV(rxq),
				   vring_private_bytes(size));
	rxq->ring_size = size;
	*out = rxq;
	return 0;
}

void
vnic_rxq_free(struct vnic_rxq *rxq)
{
	if (rxq == NULL)
		return;
	vnic_recycle_drain(rxq);
	rte_memzone_free(rxq->mz);
	rte_free(rxq);
}

/* What every received mbuf starts with: one 8-byte store. */
static uint64_t
rx_rearm(const struct vnic_rxq *rxq)
{
	struct rte_mbuf m = {
		.data_off = rxq->data_off,
		.nb_segs = 1,
		.port = rxq->port_id,
	};
	uint64_t rearm;

	rte_mbuf_refcnt_set(&m, 1);
	memcpy(&rearm, &m.data_off, sizeof(rearm));
	return rearm;
}

/* Fields that follow from the negotiated features and the mempool. */
static void
rxq_prepare(struct vnic_rxq *rxq)
{
	const struct vnic_dev *dev = rxq->dev;
	uint16_t priv = rte_pktmbuf_priv_size(rxq->pool);
	uint16_t room = rte_pktmbuf_data_room_size(rxq->pool);
	bool pinned = rte_pktmbuf_priv_flags(rxq->pool) &
		RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF;

	rxq->hdr_len = dev->hdr_len;
	rxq->hdr_can = vnic_hdr_rx_can(&dev->accepted);
	rxq->segs_max = rxq->offloads & VNIC_RX_OFFLOAD_CHAINS ?
		VNIC_RX_SEGS_MAX : 1;
	rxq->ptype_mask = vnic_rss_ptype_mask(&dev->rss);
	/* The header behind the usual headroom, so that it begins a cache
	 * line and shares it with the start of the frame. */
	rxq->data_off = RTE_PKTMBUF_HEADROOM + dev->hdr_len;
	rxq->buf_len = room - RTE_PKTMBUF_HEADROOM;
	rxq->dma_field = queue_dma_field(dev);
	rxq->hdr_delta = pinned ? 0 : sizeof(struct rte_mbuf) + priv +
		RTE_PKTMBUF_HEADROOM;
	rxq->rearm = rx_rearm(rxq);
	/* Who clones or frees such an mbuf must see that it is one. */
	rxq->ol_flags = pinned ? RTE_MBUF_F_EXTERNAL : 0;
	rxq->refill_min = vnic_rxq_refill_min(rxq);
}

/* First fill; partial is fine, nothing at all is not. */
static int
rxq_fill(struct vnic_rxq *rxq, bool packed)
{
	struct vring *vr = &rxq->vr;
	struct vring_run run = vring_run(vr, packed, 0, rxq->depth);

	run.len = vnic_rx_alloc(rxq, vr->cookie, run.len);
	if (run.len == 0) {
		VNIC_LOG(ERR, "%s: mempool %s has no mbuf for receive queue %u of %u descriptors: make the pool larger",
			 rxq->dev->name, rxq->pool->name, rxq->queue_id,
			 rxq->depth);
		return -ENOMEM;
	}
	vnic_rx_post(rxq, &run, packed);
	vring_publish(vr, packed, run.len);
	return 0;
}

int
vnic_rxq_fill(struct vnic_rxq *rxq)
{
	return rxq_fill(rxq, vnic_dev_has(rxq->dev, VIRTIO_F_RING_PACKED));
}

int
vnic_rxq_start(struct vnic_rxq *rxq)
{
	struct vnic_dev *dev = rxq->dev;
	bool packed = vnic_dev_has(dev, VIRTIO_F_RING_PACKED);
	int ret;

	rxq_prepare(rxq);
	vring_init(&rxq->vr, rxq->mz->addr, VNIC_QUEUE_PRIV(rxq), rxq->ring_size,
		   packed, vnic_dev_has(dev, VIRTIO_F_EVENT_IDX),
		   VRING_DESC_F_WRITE);
	rxq->vr.full_len = rxq->buf_len;
	rxq->vr.len_low = rxq->hdr_len + VNIC_RX_LEN_MIN;
	rxq->vr.len_range = rxq->buf_len - rxq->vr.len_low;
	/* A full buffer may have others behind it. */
	if (vnic_dev_has(dev, VIRTIO_NET_F_MRG_RXBUF))
		rxq->vr.len_range--;
	rxq->look_in = 0;
	rxq->looks = VNIC_RX_LOOKS;
	ret = rxq->stopped ? 0 : rxq_fill(rxq, packed);
	if (ret != 0)
		return ret;
	/* From here on the device may have it, whatever comes of it. */
	rxq->enabled = true;
	return vnic_queue_hand_over(dev, &rxq->vr, rxq->mz, rxq->vq_index, 0);
}

void
vnic_rxq_drain(struct vnic_rxq *rxq)
{
	struct vring *vr = &rxq->vr;

	while (vr->cookie != NULL && vring_outstanding(vr) > 0) {
		uint16_t slot = vr->used_idx++ & vr->mask;

		rte_mempool_put(rxq->pool, vr->cookie[slot]);
		vr->cookie[slot] = NULL;
	}
	vr->known = 0;
	rxq->enabled = false;
}

/* ---- transmit ---- */

int
vnic_txq_create(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		unsigned int socket_id, uint64_t offloads, uint16_t free_thresh,
		struct vnic_txq **out)
{
	struct vnic_txq *txq;
	int ret = vnic_queue_ring_size(dev, vnic_vq_tx(queue_id), nb_desc,
				       &nb_desc);

	if (ret < 0)
		return ret;
	txq = rte_zmalloc_socket("vnic_txq", sizeof(*txq) +
				 vring_private_bytes(nb_desc),
				 RTE_CACHE_LINE_SIZE, socket_id);
	if (txq == NULL) {
		VNIC_LOG(ERR, "%s: no memory for transmit queue %u", dev->name,
			 queue_id);
		return -ENOMEM;
	}
	txq->mz = vnic_queue_mz(dev, "txq", queue_id, ring_bytes(nb_desc),
				socket_id);
	txq->extra_mz = vnic_queue_mz(dev, "txx", queue_id, nb_desc *
				      sizeof(struct vnic_tx_extra), socket_id);
	if (txq->mz == NULL || txq->extra_mz == NULL) {
		vnic_txq_free(txq);
		return -ENOMEM;
	}
	txq->extra = txq->extra_mz->addr;
	txq->dev = dev;
	txq->port_id = dev->port_id;
	txq->queue_id = queue_id;
	txq->vq_index = vnic_vq_tx(queue_id);
	txq->socket_id = socket_id;
	txq->offloads = offloads;
	/* With the header no more than the ring has, in a table too (2.7.5.3.1,
	 * 2.8.5). */
	txq->max_segs = RTE_MIN(VNIC_TX_SEGS_MAX, nb_desc - 1);
	txq->fast_free = offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	txq->nb_desc = nb_desc;
	txq->free_min = free_thresh != 0 ? free_thresh : nb_desc / 4;
	*out = txq;
	return 0;
}

void
vnic_txq_free(struct vnic_txq *txq)
{
	if (txq == NULL)
		return;
	rte_memzone_free(txq->mz);
	rte_memzone_free(txq->extra_mz);
	rte_free(txq);
}

/* No longer frames than the device's MTU, but two VLAN tags (5.1.4.2). */
static uint32_t
tx_max_len(const struct vnic_dev *dev)
{
	return vnic_dev_has(dev, VIRTIO_NET_F_MTU) ?
		(uint32_t)dev->max_mtu + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN :
		UINT32_MAX;
}

static void
txq_prepare(struct vnic_txq *txq)
{
	const struct vnic_dev *dev = txq->dev;

	txq->hdr_len = dev->hdr_len;
	txq->hdr_can = vnic_hdr_tx_can(&dev->accepted);
	txq->dma_field = queue_dma_field(dev);
	txq->extra_dma = vnic_queue_mz_dma(dev, txq->extra_mz);
	/* Off since the port was announced with mbufs of another pool. */
	txq->fast_free = txq->offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	txq->max_len = tx_max_len(dev);
}

int
vnic_txq_start(struct vnic_txq *txq)
{
	struct vnic_dev *dev = txq->dev;

	txq_prepare(txq);
	vring_init(&txq->vr, txq->mz->addr, VNIC_QUEUE_PRIV(txq),
		   txq->nb_desc, vnic_dev_has(dev, VIRTIO_F_RING_PACKED),
		   vnic_dev_has(dev, VIRTIO_F_EVENT_IDX), 0);
	if (!vnic_dev_has(dev, VIRTIO_F_INDIRECT_DESC))
		vring_chain_init(&txq->vr);
	txq->enabled = true;
	txq->nudged = false;
	txq->seen_avail = 0;
	txq->rest_looks = 0;
	txq->stall_place = 0;
	txq->stall_since = 0;
	return vnic_queue_hand_over(dev, &txq->vr, txq->mz, txq->vq_index, 0);
}

static void
txq_drain_chain(struct vnic_txq *txq)
{
	struct rte_mbuf *m;

	while ((m = vring_chain_reclaim(&txq->vr)) != NULL) {
		rte_pktmbuf_free(m);
		txq->stats.returned++;
	}
}

void
vnic_txq_drain(struct vnic_txq *txq)
{
	struct vring *vr = &txq->vr;

	if (vr->cookie == NULL)
		return;
	if (txq->enabled && !vnic_dev_has(txq->dev, VIRTIO_F_INDIRECT_DESC)) {
		txq_drain_chain(txq);
		vr->used_idx = vr->avail_idx;
	}
	while (vring_outstanding(vr) > 0) {
		uint16_t slot = vr->used_idx++ & vr->mask;

		rte_pktmbuf_free(vr->cookie[slot]);
		vr->cookie[slot] = NULL;
		txq->stats.returned++;
	}
	vr->known = 0;
	txq->enabled = false;
}

void
vnic_txq_reclaim(struct vnic_txq *txq)
{
	uint32_t flags = vnic_tx_path_select(txq->dev)->flags;

	if (flags & VNIC_PATH_CHAIN)
		vnic_tx_chain_reclaim(txq, vring_size(&txq->vr), flags);
	else
		vnic_tx_reclaim(txq, vring_size(&txq->vr), flags);
}

void
vnic_txq_nudge(struct vnic_txq *txq)
{
	struct vring_view now = vring_peek(&txq->vr);
	bool moved = now.avail_idx != txq->seen_avail;

	txq->seen_avail = now.avail_idx;
	if (moved)
		txq->nudged = false;
	if (moved || txq->nudged || !txq->enabled ||
	    now.avail_idx == now.used_idx)
		return;
	/* A whole period after the last publish: it has long been visible. */
	txq->nudged = true;
	vnic_txq_ring(txq);
}

void
vnic_txq_ring(struct vnic_txq *txq)
{
	txq->stats.rekicks++;
	vnic_notify(txq->port_id, txq->vq_index, &txq->vr,
		    vnic_dev_has(txq->dev, VIRTIO_F_RING_PACKED));
}

/* ---- back end lost and found ---- */

/*
 * Slots that the lost device gave back stay as they are, to be taken by the
 * next burst; the others are written again from our own records, in place,
 * and the new device begins at the first of them.
 */
static uint16_t
ring_resume(struct vring *vr, bool packed, bool in_order)
{
	uint16_t known = vring_take(vr, packed, in_order, vring_size(vr));

	vr->fault = VRING_FAULT_NONE;
	if (!packed) {
		/* What it wrote last may be a lie; the next one begins here. */
		vr->used_seen = vr->used_idx + known;
		vring_store16(&vr->split.used->idx,
			      rte_cpu_to_le_16(vr->used_seen));
		vring_store16(&vr->split.used->flags, 0);
		vr->dirty = vring_size(vr);
	}
	vring_intr_set(vr, packed, false);
	return vr->used_idx + known;
}

/* Rewind to @p base so that post and publish write slots [base, avail). */
static uint16_t
ring_rewind(struct vring *vr, uint16_t base)
{
	uint16_t n = vr->avail_idx - base;

	vr->avail_idx = base;
	vr->kick_idx = base;
	return n;
}

int
vnic_rxq_restart(struct vnic_rxq *rxq)
{
	struct vnic_dev *dev = rxq->dev;
	struct vring *vr = &rxq->vr;
	bool packed = vnic_dev_has(dev, VIRTIO_F_RING_PACKED);
	uint16_t base = ring_resume(vr, packed,
				    vnic_dev_has(dev, VIRTIO_F_IN_ORDER));
	uint16_t n = ring_rewind(vr, base);

	while (n > 0) {
		struct vring_run run = vring_run(vr, packed, 0, n);

		vnic_rx_post(rxq, &run, packed);
		vring_publish(vr, packed, run.len);
		n -= run.len;
	}
	return vnic_queue_hand_over(dev, vr, rxq->mz, rxq->vq_index, base);
}

/* Chains have no slots of their own: lay the ring out afresh. */
static int
txq_restart_chain(struct vnic_txq *txq, uint32_t flags)
{
	struct vring *vr = &txq->vr;
	uint16_t nb = 0, i, size = vring_size(vr);
	struct rte_mbuf **m;
	int ret;

	vnic_tx_chain_reclaim(txq, size, flags);
	m = rte_malloc("vnic_restart", size * sizeof(*m), 0);
	if (m == NULL)
		return -ENOMEM;
	while (nb < size && (m[nb] = vring_chain_reclaim(vr)) != NULL)
		nb++;
	vring_init(vr, txq->mz->addr, VNIC_QUEUE_PRIV(txq), size,
		   flags & VNIC_PATH_PACKED,
		   vnic_dev_has(txq->dev, VIRTIO_F_EVENT_IDX), 0);
	vring_chain_init(vr);
	for (i = 0; i < nb; i++)
		if (vnic_tx_chain_write(txq, m[i], flags) != 0) {
			rte_pktmbuf_free(m[i]);
			txq->stats.returned++;
		}
	vring_chain_publish(vr, flags & VNIC_PATH_PACKED);
	rte_free(m);
	ret = vnic_queue_hand_over(txq->dev, vr, txq->mz, txq->vq_index, 0);
	return ret;
}

int
vnic_txq_restart(struct vnic_txq *txq)
{
	struct vnic_dev *dev = txq->dev;
	struct vring *vr = &txq->vr;
	uint32_t flags = vnic_tx_path_select(dev)->flags;
	bool packed = flags & VNIC_PATH_PACKED;
	uint16_t base, n, i;

	txq->max_len = tx_max_len(dev);
	if (flags & VNIC_PATH_CHAIN)
		return txq_restart_chain(txq, flags);
	base = ring_resume(vr, packed, flags & VNIC_PATH_IN_ORDER);
	n = ring_rewind(vr, base);
	while (n > 0) {
		struct vring_run run = vring_run(vr, packed, 0, n);

		for (i = 0; i < run.len; i++)
			vnic_tx_write(txq, &run, i, vr->cookie[run.slot + i],
				      flags);
		vring_publish(vr, packed, run.len);
		n -= run.len;
	}
	return vnic_queue_hand_over(dev, vr, txq->mz, txq->vq_index, base);
}
