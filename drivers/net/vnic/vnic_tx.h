/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_TX_H
#define VNIC_TX_H

#include <rte_mbuf.h>

#include "vnic_gate.h"
#include "vnic_hdr.h"
#include "vnic_notify.h"
#include "vnic_path.h"
#include "vnic_queue.h"
#include "vnic_rx.h"

/**
 * @file
 * The one transmit body. @p flags (VNIC_PATH_*) is a compile-time constant
 * of each instance. A burst goes:
 *
 *   reclaim  free what the device has sent, when slots run low
 *   write    one slot a frame: header pushed before the frame and one
 *            descriptor, or (vnic_tx_special.c) an indirect table
 *   publish  once, and one doorbell at most
 */

/** Slots freed in one go. */
#define VNIC_TX_BATCH 64

/* The two 16-bit fields of rearm_data that decide whether a frame is plain,
 * read as one word: refcnt and nb_segs. */
static_assert(offsetof(struct rte_mbuf, refcnt) == 18 &&
	      offsetof(struct rte_mbuf, nb_segs) == 20, "vnic_tx_plain");

/** ol_flags of a frame that needs more than a zero header before it. */
#define VNIC_TX_SPECIAL (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL | \
			 VNIC_TX_OFFLOAD_MASK)

/**
 * One segment that nobody shares, room for the header, nothing for the
 * device to compute, no longer than the device takes.
 */
static __rte_always_inline bool
vnic_tx_plain(const struct vnic_txq *txq, const struct rte_mbuf *m,
	      const uint32_t flags)
{
	const uint64_t special = flags & VNIC_PATH_OFFLOAD ? VNIC_TX_SPECIAL :
		RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	uint32_t ref_segs;

	memcpy(&ref_segs, RTE_PTR_ADD(m, 18), sizeof(ref_segs));
	return ref_segs == 0x00010001 && (m->ol_flags & special) == 0 &&
		m->data_off >= txq->hdr_len && m->data_len - 1u < txq->max_len;
}

static __rte_always_inline uint64_t
vnic_tx_addr(const struct vnic_txq *txq, const struct rte_mbuf *m)
{
	return *(const uint64_t *)RTE_PTR_ADD(m, txq->dma_field) + m->data_off;
}

/**
 * Anything that is not plain into slot @p j of @p run.
 *
 * @return 0; -EINVAL for a frame that cannot be sent at all (too many
 *   segments, too long, empty segment, wrong header lengths), -ENOTSUP for
 *   one that asks for what was not negotiated: nothing was posted.
 */
int
vnic_tx_special(struct vnic_txq *txq, const struct vring_run *run, uint16_t j,
		struct rte_mbuf *m, uint32_t flags);

/** Write @p m into slot @p j of @p run; returns as vnic_tx_special. */
static __rte_always_inline int
vnic_tx_write(struct vnic_txq *txq, const struct vring_run *run, uint16_t j,
	      struct rte_mbuf *m, const uint32_t flags)
{
	if (unlikely(!vnic_tx_plain(txq, m, flags)))
		return vnic_tx_special(txq, run, j, m, flags);
	vnic_hdr_clear(rte_pktmbuf_mtod_offset(m, void *, -txq->hdr_len),
		       txq->hdr_len);
	vring_post_run(flags & VNIC_PATH_PACKED, run, j,
		       vnic_tx_addr(txq, m) - txq->hdr_len,
		       m->data_len + txq->hdr_len, 0);
	return 0;
}

/**
 * Free the mbufs of @p n slots from used_idx on, which must not cross the
 * ring's end: in bulk for as long as they are alone, unshared and of one
 * pool.
 */
static __rte_always_inline void
vnic_tx_free_run(struct vnic_txq *txq, struct rte_mbuf **m, uint16_t n)
{
	uint16_t from = 0, i;

	if (txq->fast_free) {
		rte_mempool_put_bulk(m[0]->pool, (void **)m, n);
		return;
	}
	for (i = 0; i < n; i++) {
		uint32_t ref_segs;

		memcpy(&ref_segs, RTE_PTR_ADD(m[i], 18), sizeof(ref_segs));
		if (likely(ref_segs == 0x00010001 && RTE_MBUF_DIRECT(m[i]) &&
			   m[i]->pool == m[from]->pool))
			continue;
		if (i > from)
			rte_mempool_put_bulk(m[from]->pool,
					     (void **)&m[from], i - from);
		rte_pktmbuf_free(m[i]);
		from = i + 1;
		if (from < n)
			rte_prefetch0(m[from]);
	}
	if (n > from)
		rte_mempool_put_bulk(m[from]->pool, (void **)&m[from],
				     n - from);
}

/** Free up to @p max frames that the device is done with. */
static __rte_always_inline uint16_t
vnic_tx_reclaim(struct vnic_txq *txq, uint16_t max, const uint32_t flags)
{
	struct vring *vr = &txq->vr;
	uint16_t done = 0;

	while (done < max) {
		uint16_t slot = vr->used_idx & vr->mask;
		uint16_t run = RTE_MIN(max - done, vring_size(vr) - slot);
		uint16_t n = vring_take_done(vr, flags & VNIC_PATH_PACKED,
					     flags & VNIC_PATH_IN_ORDER,
					     RTE_MIN(run, VNIC_TX_BATCH));

		if (n == 0)
			break;
		vnic_tx_free_run(txq, (struct rte_mbuf **)&vr->cookie[slot],
				 n);
		vring_release(vr, n);
		done += n;
	}
	txq->stats.completed += done;
	return done;
}

/** Bursts in a row without a doorbell after which a device is taken to poll. */
#define VNIC_TX_POLLING 256

static __rte_always_inline void
vnic_tx_ring(struct vnic_txq *txq, const bool packed)
{
	txq->stats.kicks++;
	txq->quiet = 0;
	vnic_notify(txq->port_id, txq->vq_index, &txq->vr, packed);
}

/** Tell the port where these frames came from, if any, that it forwards. */
static __rte_always_inline void
vnic_tx_hint(const struct rte_mbuf *m)
{
	if (m->port < RTE_MAX_ETHPORTS &&
	    unlikely(!__atomic_load_n(&vnic_rx_forwards[m->port],
				      __ATOMIC_RELAXED)))
		__atomic_store_n(&vnic_rx_forwards[m->port], 1,
				 __ATOMIC_RELAXED);
}

/**
 * Publish and ring. The fence that makes the look at the device's wishes sure
 * waits for all stores of the burst, a sixth of its time. A device that has
 * wanted no doorbell for long polls, so the look goes without: if it goes to
 * sleep at just this moment, the next burst or the health timer (behind a
 * barrier on all processors) sees avail_idx != kick_idx and rings.
 */
static __rte_always_inline void
vnic_tx_commit(struct vnic_txq *txq, uint16_t n, const bool packed)
{
	struct vring *vr = &txq->vr;

	vring_publish(vr, packed, n);
	if (likely(txq->quiet == VNIC_TX_POLLING)) {
		if (unlikely(vring_kick_peek(vr, packed)))
			vnic_tx_ring(txq, packed);
		else
			txq->stats.kicks_saved++;
	} else if (vring_kick_needed(vr, packed)) {
		vnic_tx_ring(txq, packed);
	} else {
		txq->stats.kicks_saved++;
		txq->quiet++;
	}
}

static __rte_always_inline void
vnic_tx_refuse(struct vnic_txq *txq, struct rte_mbuf *m)
{
	txq->stats.errors++;
	rte_pktmbuf_free(m);
}

/**
 * Write frames into the @p room free slots; a refused one takes none.
 *
 * @param[out] nr slots written
 * @return frames taken
 */
static __rte_always_inline uint16_t
vnic_tx_fill(struct vnic_txq *txq, struct rte_mbuf **pkts, uint16_t nb,
	     uint16_t room, const uint32_t flags, uint16_t *nr)
{
	struct vring *vr = &txq->vr;
	uint64_t bytes = 0;
	uint16_t i = 0, n = 0;

	while (i < nb && n < room) {
		struct vring_run run = vring_run(vr, flags & VNIC_PATH_PACKED,
						 n, RTE_MIN(room - n, nb - i));
		void **cookie = &vr->cookie[run.slot];
		uint16_t j = 0;

		while (j < run.len && i < nb) {
			struct rte_mbuf *m = pkts[i++];

			if (unlikely(vnic_tx_write(txq, &run, j, m, flags))) {
				vnic_tx_refuse(txq, m);
				continue;
			}
			cookie[j++] = m;
			bytes += m->pkt_len;
		}
		n += j;
	}
	txq->stats.bytes += bytes;
	*nr = n;
	return i;
}

static __rte_always_inline uint16_t
vnic_tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb,
	      const uint32_t flags)
{
	struct vnic_txq *txq = queue;
	struct vring *vr = &txq->vr;
	uint16_t i, n;

	nb = vnic_gate_enter(&txq->gate, nb);
	/* Behind a shut gate (nb is 0) nothing of the ring is touched. */
	if (likely(nb > 0)) {
		if (vring_free(vr) < RTE_MAX(nb, txq->free_min))
			vnic_tx_reclaim(txq, vring_size(vr), flags);
		vnic_tx_hint(pkts[0]);
	}
	i = vnic_tx_fill(txq, pkts, nb, vring_free(vr), flags, &n);
	if (n > 0) {
		vnic_tx_commit(txq, n, flags & VNIC_PATH_PACKED);
		vring_prefetch_post(vr, flags & VNIC_PATH_PACKED,
				    vr->avail_idx, RTE_MIN(n, vring_free(vr)));
	}
	txq->stats.packets += n;
	txq->stats.bursts += n > 0;
	txq->stats.full += i < nb;
	if (unlikely(vr->fault != VRING_FAULT_NONE))
		vnic_gate_fault(&txq->gate);
	vnic_gate_leave(&txq->gate);
	return i;
}

/** One frame as a chain; 0, -EINVAL (cannot be sent), -ENOSPC (ring full). */
int
vnic_tx_chain_write(struct vnic_txq *txq, struct rte_mbuf *m, uint32_t flags);

/**
 * Frames of the control plane, on a queue that it has borrowed or whose gate
 * is shut; reclaims first, and does only that if @p nb is 0.
 *
 * @return frames taken, the first ones of @p pkts
 */
uint16_t
vnic_tx_insert(struct vnic_txq *txq, struct rte_mbuf **pkts, uint16_t nb,
	       uint32_t flags);

/** Whether the device takes a frame of this shape: 0 or -EINVAL. */
int
vnic_tx_check(const struct vnic_txq *txq, const struct rte_mbuf *m);

/**
 * The IPv4 header checksums that ol_flags ask for.
 *
 * @return 0; -EINVAL for a header that is not whole in the first segment.
 */
int
vnic_tx_ip_sums(struct rte_mbuf *m);

/**
 * Checks and pseudo-header sums before a burst (rte_eth_tx_prepare); see
 * vnic_tx_prepare.c. rte_errno: EINVAL for a frame that contradicts itself,
 * ENOTSUP for what was not negotiated.
 */
uint16_t
vnic_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t nb);

#endif /* VNIC_TX_H */
