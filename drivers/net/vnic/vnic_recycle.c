/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic.h"
#include "vnic_port.h"
#include "vnic_recycle.h"
#include "vnic_rx.h"
#include "vnic_tx.h"

/*
 * mbuf_ring is not the receive ring's own record of mbufs: the control plane
 * rewrites that one at a restart, which may come between the two halves. It
 * is indexed alike, so that refill_head and receive_tail can be the ring's.
 */

/* Room in the receive ring, as any driver's transmit half works it out. */
static uint16_t
recycle_room(const struct rte_eth_recycle_rxq_info *info)
{
	uint16_t mask = info->mbuf_ring_size - 1;

	return (info->mbuf_ring_size -
		(*info->refill_head - *info->receive_tail)) & mask;
}

/* Whether @p m can be received into as it is, by a queue of pool @p mp. */
static bool
recycle_fits(const struct rte_mbuf *m, const struct rte_mempool *mp)
{
	uint32_t ref_segs;

	memcpy(&ref_segs, RTE_PTR_ADD(m, 18), sizeof(ref_segs));
	return ref_segs == 0x00010001 && RTE_MBUF_DIRECT(m) && m->pool == mp;
}

/* The mbufs of a run of completed slots; returns how many were taken over. */
static uint16_t
recycle_run(struct rte_mbuf **m, uint16_t n, uint16_t head,
	    struct rte_eth_recycle_rxq_info *info)
{
	uint16_t mask = info->mbuf_ring_size - 1;
	uint16_t taken = 0, i;

	for (i = 0; i < n; i++) {
		if (likely(recycle_fits(m[i], info->mp)))
			info->mbuf_ring[(head + taken++) & mask] = m[i];
		else
			rte_pktmbuf_free(m[i]);
	}
	return taken;
}

static __rte_always_inline uint16_t
recycle_reuse(struct vnic_txq *txq, struct rte_eth_recycle_rxq_info *info,
	      const bool packed, const bool in_order)
{
	struct vring *vr = &txq->vr;
	uint16_t room = recycle_room(info), taken = 0, done = 0;

	if (vnic_gate_enter(&txq->gate, 1) == 0)
		room = 0;
	while (taken < room) {
		uint16_t slot = vr->used_idx & vr->mask;
		uint16_t run = RTE_MIN(room - taken, vring_size(vr) - slot);
		uint16_t n = vring_take_done(vr, packed, in_order,
					     RTE_MIN(run, VNIC_TX_BATCH));

		if (n == 0)
			break;
		taken += recycle_run((struct rte_mbuf **)&vr->cookie[slot], n,
				     *info->refill_head + taken, info);
		vring_release(vr, n);
		done += n;
	}
	txq->stats.completed += done;
	vnic_gate_leave(&txq->gate);
	return taken;
}

void
vnic_recycle_drain(struct vnic_rxq *rxq)
{
	uint16_t i;

	for (i = 0; i < rxq->ring_size; i++) {
		if (rxq->recycle[i] == NULL)
			continue;
		rte_mempool_put(rxq->pool, rxq->recycle[i]);
		rxq->recycle[i] = NULL;
	}
}

/* Move up to @p nb mbufs into the slots of one run and post them. */
static __rte_always_inline uint16_t
recycle_post(struct vnic_rxq *rxq, uint16_t nb, const bool packed)
{
	struct vring *vr = &rxq->vr;
	struct vring_run run = vring_run(vr, packed, 0, nb);
	uint16_t i;

	for (i = 0; i < run.len && rxq->recycle[run.slot + i] != NULL; i++) {
		vr->cookie[run.slot + i] = rxq->recycle[run.slot + i];
		rxq->recycle[run.slot + i] = NULL;
	}
	run.len = i;
	if (run.len == 0)
		return 0;
	vnic_rx_post(rxq, &run, packed);
	vring_publish(vr, packed, run.len);
	return run.len;
}

/* A ring may have more slots than buffers are kept in it (legacy devices). */
static __rte_always_inline uint16_t
recycle_missing(const struct vnic_rxq *rxq)
{
	uint16_t outstanding = vring_outstanding(&rxq->vr);

	return outstanding < rxq->depth ? rxq->depth - outstanding : 0;
}

static __rte_always_inline void
recycle_refill(struct vnic_rxq *rxq, uint16_t nb, const bool packed)
{
	if (likely(vnic_gate_enter(&rxq->gate, 1) > 0)) {
		while (nb > 0) {
			uint16_t n = recycle_post(rxq, RTE_MIN(nb,
					recycle_missing(rxq)), packed);

			if (n == 0)
				break;
			nb -= n;
		}
	}
	/* More than are missing, a ring begun anew since they were written, or
	 * a queue that is shut. */
	if (unlikely(nb > 0))
		vnic_recycle_drain(rxq);
	vnic_gate_leave(&rxq->gate);
}

#define RECYCLE(name, packed, in_order) \
static uint16_t \
reuse_##name(void *txq, struct rte_eth_recycle_rxq_info *info) \
{ \
	return recycle_reuse(txq, info, packed, in_order); \
} \
static void \
refill_##name(void *rxq, uint16_t nb) \
{ \
	recycle_refill(rxq, nb, packed); \
}

RECYCLE(split, false, false)
RECYCLE(split_inorder, false, true)
RECYCLE(packed, true, false)
RECYCLE(packed_inorder, true, true)

const struct vnic_recycle *
vnic_recycle_select(const struct vnic_dev *dev)
{
	static const struct vnic_recycle table[2][2] = {
		{ { reuse_split, refill_split },
		  { reuse_split_inorder, refill_split_inorder } },
		{ { reuse_packed, refill_packed },
		  { reuse_packed_inorder, refill_packed_inorder } },
	};

	if (!vnic_dev_has(dev, VIRTIO_F_INDIRECT_DESC))
		return NULL;
	return &table[vnic_dev_has(dev, VIRTIO_F_RING_PACKED)]
		[vnic_dev_has(dev, VIRTIO_F_IN_ORDER)];
}

void
vnic_recycle_info(struct rte_eth_dev *eth_dev, uint16_t queue_id,
		  struct rte_eth_recycle_rxq_info *info)
{
	struct vnic_rxq *rxq = eth_dev->data->rx_queues[queue_id];

	rxq->recycles = true;
	__atomic_store_n(&rxq->refill_min, vnic_rxq_refill_min(rxq),
			 __ATOMIC_RELAXED);
	info->mbuf_ring = rxq->recycle;
	info->mp = rxq->pool;
	info->refill_head = &rxq->vr.avail_idx;
	info->receive_tail = &rxq->vr.used_idx;
	info->mbuf_ring_size = rxq->ring_size;
	info->refill_requirement = 0;
}
