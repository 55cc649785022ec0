/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_TX_CHAIN_H
#define VNIC_TX_CHAIN_H

#include <vring_chain.h>

#include "vnic_tx.h"

/**
 * @file
 * The transmit body for a device without indirect descriptors: frames of
 * several segments are chains of descriptors, so completions are not slot by
 * slot, and descriptors come from a list. Otherwise as vnic_tx.h.
 */

/** Free up to @p max completed frames; returns how many. */
static __rte_always_inline uint16_t
vnic_tx_chain_reclaim(struct vnic_txq *txq, uint16_t max, const uint32_t flags)
{
	struct rte_mbuf *m[VNIC_TX_BATCH];
	uint16_t done = 0, n;

	do {
		n = vring_chain_take_bulk(&txq->vr, flags & VNIC_PATH_PACKED,
					  flags & VNIC_PATH_IN_ORDER,
					  (void **)m, RTE_MIN(max - done,
							      VNIC_TX_BATCH));
		if (n > 0)
			vnic_tx_free_run(txq, m, n);
		done += n;
	} while (n == VNIC_TX_BATCH && done < max);
	txq->stats.completed += done;
	return done;
}

/** One frame; 0, -EINVAL (cannot be sent), -ENOSPC (too few descriptors). */
static __rte_always_inline int
vnic_tx_chain_put(struct vnic_txq *txq, struct rte_mbuf *m,
		  const uint32_t flags)
{
	struct vring *vr = &txq->vr;

	if (unlikely(!vnic_tx_plain(txq, m, flags)))
		return vnic_tx_chain_write(txq, m, flags);
	if (unlikely(vr->nr_free == 0))
		return -ENOSPC;
	vnic_hdr_clear(rte_pktmbuf_mtod_offset(m, void *, -txq->hdr_len),
		       txq->hdr_len);
	vring_chain_post_one(vr, flags & VNIC_PATH_PACKED,
			     vnic_tx_addr(txq, m) - txq->hdr_len,
			     m->data_len + txq->hdr_len, m);
	return 0;
}

/** As vnic_tx_fill, for as long as there are descriptors. */
static __rte_always_inline uint16_t
vnic_tx_chain_fill(struct vnic_txq *txq, struct rte_mbuf **pkts, uint16_t nb,
		   const uint32_t flags, uint16_t *nr)
{
	uint16_t i, n = 0;

	for (i = 0; i < nb; i++) {
		uint32_t len = pkts[i]->pkt_len;
		int ret = vnic_tx_chain_put(txq, pkts[i], flags);

		/* A frame of many segments may want more than was kept free. */
		if (unlikely(ret == -ENOSPC) &&
		    vnic_tx_chain_reclaim(txq, vring_size(&txq->vr), flags) > 0)
			ret = vnic_tx_chain_put(txq, pkts[i], flags);
		if (ret == -ENOSPC)
			break;
		if (unlikely(ret != 0)) {
			vnic_tx_refuse(txq, pkts[i]);
			continue;
		}
		txq->stats.bytes += len;
		n++;
	}
	*nr = n;
	return i;
}

static __rte_always_inline uint16_t
vnic_tx_chain_burst(struct vnic_txq *txq, struct rte_mbuf **pkts, uint16_t nb,
		    const uint32_t flags)
{
	const bool packed = flags & VNIC_PATH_PACKED;
	struct vring *vr = &txq->vr;
	uint16_t i, n;

	nb = vnic_gate_enter(&txq->gate, nb);
	if (nb > 0 && vr->nr_free < RTE_MAX(nb, txq->free_min))
		vnic_tx_chain_reclaim(txq, vring_size(vr), flags);
	if (likely(nb > 0))
		vnic_tx_hint(pkts[0]);
	i = vnic_tx_chain_fill(txq, pkts, nb, flags, &n);
	if (n > 0) {
		vring_chain_publish(vr, packed);
		vnic_tx_commit(txq, 0, packed);
	}
	txq->stats.packets += n;
	txq->stats.bursts += n > 0;
	txq->stats.full += i < nb;
	if (unlikely(vr->fault != VRING_FAULT_NONE))
		vnic_gate_fault(&txq->gate);
	vnic_gate_leave(&txq->gate);
	return i;
}

/** Free up to @p max (0 = all) completed frames; returns how many. */
static __rte_always_inline int
vnic_tx_cleanup(struct vnic_txq *txq, uint32_t max, const uint32_t flags)
{
	int done = 0;

	if (vnic_gate_enter(&txq->gate, 1) > 0) {
		if (max == 0 || max > vring_size(&txq->vr))
			max = vring_size(&txq->vr);
		done = flags & VNIC_PATH_CHAIN ?
			vnic_tx_chain_reclaim(txq, max, flags) :
			vnic_tx_reclaim(txq, max, flags);
	}
	vnic_gate_leave(&txq->gate);
	return done;
}

#endif /* VNIC_TX_CHAIN_H */
