/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_RX_H
#define VNIC_RX_H

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "vnic_gate.h"
#include "vnic_hash.h"
#include "vnic_hdr.h"
#include "vnic_notify.h"
#include "vnic_path.h"
#include "vnic_queue.h"

/**
 * @file
 * The one receive body. @p flags (VNIC_PATH_*) is a compile-time constant of
 * each instance. A burst goes:
 *
 *   take     what the device gave back, each slot proven
 *   straight if every frame of the batch is one buffer, has a sane length and
 *            nothing to report: fill the mbufs, nothing else
 *   general  otherwise: chain, bound and translate frame by frame
 *   refill   post fresh buffers, publish; the doorbell is for the next burst
 */

/** Slots looked at in one go, and most buffers of one frame. */
#define VNIC_RX_BATCH VNIC_RX_SEGS_MAX

/** Batches whose headers are read at first, and then one in so many. */
#define VNIC_RX_LOOKS 64
#define VNIC_RX_LOOKS_ALL UINT16_MAX
#define VNIC_RX_LOOK 64

/** A frame shorter than an Ethernet header is none. */
#define VNIC_RX_LEN_MIN RTE_ETHER_HDR_LEN

typedef uint64_t vnic_v2u64
	__attribute__((vector_size(16), may_alias, aligned(16)));

static_assert(offsetof(struct rte_mbuf, data_off) == 16 &&
	      offsetof(struct rte_mbuf, ol_flags) == 24 &&
	      offsetof(struct rte_mbuf, packet_type) == 32 &&
	      offsetof(struct rte_mbuf, pkt_len) == 36 &&
	      offsetof(struct rte_mbuf, data_len) == 40 &&
	      offsetof(struct rte_mbuf, hash.rss) == 44,
	      "vnic_rx_fill writes bytes 16 to 47 as two stores");

/**
 * By port: frames received there have been sent again, by any vnic port of
 * this process. Sending writes the net header, so the line is fetched while
 * the frame is on its way; a program that only receives and looks at few
 * frames is spared the traffic. Written once, by the first such burst.
 */
extern uint8_t vnic_rx_forwards[RTE_MAX_ETHPORTS];

/** Start of what was posted: the net header. */
static __rte_always_inline void *
vnic_rx_hdr(const struct vnic_rxq *rxq, const struct rte_mbuf *m)
{
	if (likely(rxq->hdr_delta != 0))
		return RTE_PTR_ADD(m, rxq->hdr_delta);
	return RTE_PTR_ADD(m->buf_addr, rxq->data_off - rxq->hdr_len);
}

/** What all mbufs of a queue begin with: its rearm and ol_flags. */
static __rte_always_inline vnic_v2u64
vnic_rx_rearm(const struct vnic_rxq *rxq)
{
	return (vnic_v2u64){ rxq->rearm, rxq->ol_flags };
}

/** An mbuf from vnic_rx_rearm and the frame's length, without the net header. */
static __rte_always_inline void
vnic_rx_fill(struct rte_mbuf *m, vnic_v2u64 rearm, uint64_t frame)
{
	*(vnic_v2u64 *)RTE_PTR_ADD(m, 16) = rearm;
	*(vnic_v2u64 *)RTE_PTR_ADD(m, 32) = (vnic_v2u64){
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
		frame << 32, frame
#else
		frame, frame << 48
#endif
	};
}

/** The same with a hash. */
static __rte_always_inline void
vnic_rx_fill_hash(struct rte_mbuf *m, vnic_v2u64 rearm, uint64_t frame,
		  struct vnic_hash hash)
{
	const uint64_t ptype = hash.report.packet_type, value = hash.value;

	*(vnic_v2u64 *)RTE_PTR_ADD(m, 16) =
		rearm | (vnic_v2u64){ 0, hash.report.ol_flags };
	*(vnic_v2u64 *)RTE_PTR_ADD(m, 32) = (vnic_v2u64){
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
		frame << 32 | ptype, frame | value << 32
#else
		ptype << 32 | frame, frame << 48 | value
#endif
	};
}

/**
 * Whether the headers of this batch are to be read.
 *
 * Offload rows need them. A mergeable row wants num_buffers alone, and a
 * length below that of the buffer says as much: all buffers of a frame but
 * the last are used to their full length (5.1.6.3.1), so each buffer is a
 * frame. That saves a cache line a frame. The promise is checked on the first
 * batches and then on one in VNIC_RX_LOOK; a device that breaks it is read
 * for good (rx_count in vnic_rx_general.c).
 */
static __rte_always_inline bool
vnic_rx_look(struct vnic_rxq *rxq, const uint32_t flags)
{
	if (flags & VNIC_PATH_OFFLOAD)
		return true;
	if (!(flags & VNIC_PATH_MRG) || likely(rxq->look_in > 0)) {
		rxq->look_in--;
		return false;
	}
	if (rxq->looks == 0)
		rxq->look_in = VNIC_RX_LOOK;
	else if (rxq->looks != VNIC_RX_LOOKS_ALL)
		rxq->looks--;
	return true;
}

/** Every frame of a batch one buffer, and nothing in its header to report. */
static __rte_always_inline bool
vnic_rx_hdrs_plain(const struct vnic_rxq *rxq, struct rte_mbuf **m, uint16_t n,
		   const uint32_t flags)
{
	uint32_t bad = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct virtio_net_hdr *hdr = vnic_rx_hdr(rxq, m[i]);

		if (flags & VNIC_PATH_MRG)
			bad |= hdr->num_buffers ^ rte_cpu_to_le_16(1);
		if (flags & VNIC_PATH_OFFLOAD)
			bad |= !vnic_hdr_plain(hdr);
	}
	return bad == 0;
}

/**
 * The straight path on the slots up to the ring's end.
 *
 * @return frames delivered; 0 if the batch needs the general path.
 */
static __rte_always_inline uint16_t
vnic_rx_straight(struct vnic_rxq *rxq, struct rte_mbuf **pkts, uint16_t n,
		 const uint32_t flags)
{
	struct vring *vr = &rxq->vr;
	uint16_t slot = vr->used_idx & vr->mask;
	struct rte_mbuf **m = (struct rte_mbuf **)&vr->cookie[slot];
	const uint32_t *len = &vr->slot_len[slot];
	const uint32_t hdr_len = rxq->hdr_len;
	const vnic_v2u64 rearm = vnic_rx_rearm(rxq);
	uint64_t bytes = 0;
	uint16_t i;

	n = RTE_MIN(n, vring_size(vr) - slot);
	if (unlikely(vr->odd != 0))
		return 0;
	if (__atomic_load_n(&vnic_rx_forwards[rxq->port_id], __ATOMIC_RELAXED))
		for (i = 0; i < n; i++)
			rte_prefetch0(vnic_rx_hdr(rxq, m[i]));
	if (vnic_rx_look(rxq, flags) &&
	    unlikely(!vnic_rx_hdrs_plain(rxq, m, n, flags)))
		return 0;
	for (i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = m[i];
		uint64_t frame = len[i] - hdr_len;

		if (flags & VNIC_PATH_HASH)
			vnic_rx_fill_hash(mbuf, rearm, frame, vnic_hash_read(
				vnic_rx_hdr(rxq, mbuf), rxq->ptype_mask));
		else
			vnic_rx_fill(mbuf, rearm, frame);
		pkts[i] = mbuf;
		bytes += frame;
	}
	rxq->stats.bytes += bytes;
	vring_release(vr, n);
	return n;
}

/** The general path; see vnic_rx_general.c. Returns frames delivered. */
uint16_t
vnic_rx_general(struct vnic_rxq *rxq, struct rte_mbuf **pkts, uint16_t nb,
		uint32_t flags);

/** Post the mbufs that a run's slots hold as cookies. */
static __rte_always_inline void
vnic_rx_post(struct vnic_rxq *rxq, const struct vring_run *run,
	     const bool packed)
{
	void **m = &rxq->vr.cookie[run->slot];
	uint32_t len = rxq->buf_len;
	uint16_t j;

	/* A regular pool and virtual addresses: no need to touch the mbuf. */
	if (likely(rxq->hdr_delta != 0 && rxq->dma_field == 0)) {
		uint64_t delta = rxq->hdr_delta;

		for (j = 0; j < run->len; j++)
			vring_post_run(packed, run, j,
				       (uintptr_t)m[j] + delta, len,
				       VRING_DESC_F_WRITE);
		return;
	}
	for (j = 0; j < run->len; j++)
		vring_post_run(packed, run, j,
			       *(uint64_t *)RTE_PTR_ADD(m[j], rxq->dma_field) +
			       rxq->data_off - rxq->hdr_len, len,
			       VRING_DESC_F_WRITE);
}

/** As many of @p want mbufs as the pool has, into @p m; counts the rest. */
static __rte_always_inline uint16_t
vnic_rx_alloc(struct vnic_rxq *rxq, void **m, uint16_t want)
{
	uint16_t n = want;

	while (unlikely(rte_mempool_get_bulk(rxq->pool, m, n) != 0)) {
		n /= 2;
		if (n == 0)
			break;
	}
	rxq->stats.nombuf += want - n;
	return n;
}

static __rte_always_inline void
vnic_rx_refill(struct vnic_rxq *rxq, const bool packed)
{
	struct vring *vr = &rxq->vr;
	uint16_t missing = rxq->depth - vring_outstanding(vr);

	if (missing < rxq->refill_min)
		return;
	while (missing > 0) {
		struct vring_run run = vring_run(vr, packed, 0, missing);
		uint16_t want = run.len;

		run.len = vnic_rx_alloc(rxq, &vr->cookie[run.slot], want);
		if (run.len == 0)
			break;
		vnic_rx_post(rxq, &run, packed);
		vring_publish(vr, packed, run.len);
		if (run.len < want)
			break;
		missing -= want;
	}
	rxq->stats.kicks_saved++;
}

/**
 * The doorbell for buffers posted by earlier bursts. A receive queue is
 * polled, so what this look misses the next one sees: no fence is needed,
 * and the stores have had a whole burst's time to get out.
 */
static __rte_always_inline void
vnic_rx_kick(struct vnic_rxq *rxq, const bool packed)
{
	if (likely(!vring_kick_peek(&rxq->vr, packed)))
		return;
	rxq->stats.kicks++;
	rxq->stats.kicks_saved -= rxq->stats.kicks_saved > 0;
	vnic_notify(rxq->port_id, rxq->vq_index, &rxq->vr, packed);
}

static __rte_always_inline uint16_t
vnic_rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb,
	      const uint32_t flags)
{
	const bool packed = flags & VNIC_PATH_PACKED;
	const bool in_order = flags & VNIC_PATH_IN_ORDER;
	struct vnic_rxq *rxq = queue;
	uint16_t got = 0;

	nb = vnic_gate_enter(&rxq->gate, nb);
	if (likely(nb > 0))
		vnic_rx_kick(rxq, packed);
	while (got < nb) {
		uint16_t want = RTE_MIN(nb - got, VNIC_RX_BATCH);
		uint16_t n = vring_take(&rxq->vr, packed, in_order, want);
		uint16_t done;

		if (n == 0)
			break;
		done = vnic_rx_straight(rxq, &pkts[got], n, flags);
		if (unlikely(done == 0)) {
			rxq->stats.slow++;
			done = vnic_rx_general(rxq, &pkts[got], want, flags);
			got += done;
			break;
		}
		got += done;
	}
	rxq->stats.packets += got;
	rxq->stats.bursts += got > 0;
	rxq->stats.empty += got == 0;
	if (unlikely(rxq->vr.fault != VRING_FAULT_NONE))
		vnic_gate_fault(&rxq->gate);
	else if (nb > 0)
		vnic_rx_refill(rxq, packed);
	vnic_gate_leave(&rxq->gate);
	return got;
}

#endif /* VNIC_RX_H */
