/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_ip.h>

#include <vring_chain.h>

#include "vnic_tx.h"
#include "vnic_tx_chain.h"

/*
 * Frames that are not plain: several segments, shared or external buffers,
 * offloads, no headroom. Flags are a run-time value here.
 */

/* Section 5.1.6.2.1. */
int
vnic_tx_check(const struct vnic_txq *txq, const struct rte_mbuf *m)
{
	const struct rte_mbuf *seg;
	uint16_t nr = 0;

	if (m->nb_segs > txq->max_segs || m->pkt_len == 0)
		return -EINVAL;
	if (m->pkt_len > txq->max_len && !(m->ol_flags & VNIC_TX_GSO_MASK))
		return -EINVAL;
	/* As many as it says: there is no room for others. */
	for (seg = m; seg != NULL; seg = seg->next)
		if (seg->data_len == 0 || ++nr > m->nb_segs)
			return -EINVAL;
	return 0;
}

static bool
tx_header_fits(const struct vnic_txq *txq, const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) &&
		m->data_off >= txq->hdr_len;
}

/*
 * No virtio device writes a checksum into an IPv4 header: done here. Clones of
 * the frame may be on their way through other ports, so their devices never
 * see it without its sum, and one that is right is not written to.
 */
static int
tx_ip_sum(struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	const uint32_t at = offsetof(struct rte_ipv4_hdr, hdr_checksum);
	const uint32_t rest = offsetof(struct rte_ipv4_hdr, src_addr);
	struct rte_ipv4_hdr *ip;
	uint32_t sum;
	uint16_t done;

	if (len < sizeof(*ip) || off + len > m->data_len)
		return -EINVAL;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, off);
	sum = rte_raw_cksum(ip, at);
	sum += rte_raw_cksum(RTE_PTR_ADD(ip, rest), len - rest);
	done = ~(sum + (sum >> 16));
	if (ip->hdr_checksum != done)
		ip->hdr_checksum = done;
	return 0;
}

int
vnic_tx_ip_sums(struct rte_mbuf *m)
{
	struct vnic_hdr_offsets o = vnic_hdr_tx_offsets(m);
	int ret = 0;

	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM)
		ret = tx_ip_sum(m, o.l3, m->l3_len);
	if (ret == 0 && m->ol_flags & RTE_MBUF_F_TX_OUTER_IP_CKSUM)
		ret = tx_ip_sum(m, o.outer_l3, m->outer_l3_len);
	return ret;
}

/* The header into @p hdr; as vnic_hdr_from_mbuf. */
static int
tx_header_fill(const struct vnic_txq *txq, void *hdr, struct rte_mbuf *m,
	       uint32_t flags)
{
	int ret;

	vnic_hdr_clear(hdr, txq->hdr_len);
	if (!(flags & VNIC_PATH_OFFLOAD) ||
	    !(m->ol_flags & VNIC_TX_OFFLOAD_MASK))
		return 0;
	ret = vnic_hdr_from_mbuf(hdr, txq->hdr_can, m);
	if (ret == 0 && m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM |
				       RTE_MBUF_F_TX_OUTER_IP_CKSUM))
		ret = vnic_tx_ip_sums(m);
	return ret;
}

/*
 * Elements of a frame: header and first segment as one where the header can
 * be pushed before the data, else the header from the slot's own memory.
 * Negative for a frame that must not be sent.
 */
static int
tx_segs(struct vnic_txq *txq, uint16_t slot, struct rte_mbuf *m,
	uint32_t flags, struct vring_seg *segs)
{
	const struct rte_mbuf *seg;
	bool fits = tx_header_fits(txq, m);
	void *hdr = fits ? rte_pktmbuf_mtod_offset(m, void *, -txq->hdr_len) :
		txq->extra[slot].hdr;
	int ret = tx_header_fill(txq, hdr, m, flags);
	uint16_t n = 0;

	if (ret != 0)
		return ret;
	/* Until the next start: which of the frames in the ring is not of one
	 * mbuf, or shared after all, is written down nowhere. */
	if (m->nb_segs > 1 || rte_mbuf_refcnt_read(m) != 1 ||
	    !RTE_MBUF_DIRECT(m))
		txq->fast_free = false;
	if (!fits) {
		segs[n].addr = txq->extra_dma + slot * sizeof(*txq->extra) +
			offsetof(struct vnic_tx_extra, hdr);
		segs[n++].len = txq->hdr_len;
	}
	for (seg = m; seg != NULL; seg = seg->next) {
		segs[n].addr = vnic_tx_addr(txq, seg);
		segs[n++].len = seg->data_len;
	}
	if (fits) {
		segs[0].addr -= txq->hdr_len;
		segs[0].len += txq->hdr_len;
	}
	return n;
}

/* An indirect table (2.7.5.3, 2.8.7): packed ones link by position. */
static void
tx_table_fill(struct vring_desc *table, const struct vring_seg *segs,
	      uint16_t n, bool packed)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		bool next = !packed && i + 1 < n;

		table[i].addr = rte_cpu_to_le_64(segs[i].addr);
		table[i].len = rte_cpu_to_le_32(segs[i].len);
		table[i].flags = rte_cpu_to_le_16(next ?
						  VRING_DESC_F_NEXT : 0);
		table[i].next = rte_cpu_to_le_16(next ? i + 1 : 0);
	}
}

int
vnic_tx_special(struct vnic_txq *txq, const struct vring_run *run, uint16_t j,
		struct rte_mbuf *m, uint32_t flags)
{
	bool packed = flags & VNIC_PATH_PACKED;
	/* By id: after completion out of order another frame, posted from
	 * this slot before, may still be with the device. */
	uint16_t slot = run->ids[j];
	struct vring_seg segs[VNIC_TX_SEGS_MAX + 1];
	int n;

	if (vnic_tx_check(txq, m) != 0)
		return -EINVAL;
	n = tx_segs(txq, slot, m, flags, segs);
	if (n < 0)
		return n;
	if (n == 1) {
		vring_post_run(packed, run, j, segs[0].addr, segs[0].len, 0);
		return 0;
	}
	txq->stats.slow++;
	tx_table_fill(txq->extra[slot].table, segs, n, packed);
	vring_post_run(packed, run, j, txq->extra_dma + slot *
		       sizeof(*txq->extra), n * sizeof(struct vring_desc),
		       VRING_DESC_F_INDIRECT);
	return 0;
}

int
vnic_tx_chain_write(struct vnic_txq *txq, struct rte_mbuf *m, uint32_t flags)
{
	struct vring_seg segs[VNIC_TX_SEGS_MAX + 1];
	uint16_t slot;
	int n;

	if (vnic_tx_check(txq, m) != 0)
		return -EINVAL;
	if (m->nb_segs + 1 > txq->vr.nr_free)
		return -ENOSPC;
	/* The first descriptor's number names the slot's own memory. */
	slot = vring_chain_next_id(&txq->vr);
	n = tx_segs(txq, slot, m, flags, segs);
	if (n < 0)
		return n;
	return vring_chain_post(&txq->vr, flags & VNIC_PATH_PACKED, segs, n,
				0, m);
}

uint16_t
vnic_tx_insert(struct vnic_txq *txq, struct rte_mbuf **pkts, uint16_t nb,
	       uint32_t flags)
{
	const bool packed = flags & VNIC_PATH_PACKED;
	struct vring *vr = &txq->vr;
	uint16_t i, n;

	if (flags & VNIC_PATH_CHAIN) {
		vnic_tx_chain_reclaim(txq, vring_size(vr), flags);
		i = vnic_tx_chain_fill(txq, pkts, nb, flags, &n);
		if (n > 0)
			vring_chain_publish(vr, packed);
	} else {
		vnic_tx_reclaim(txq, vring_size(vr), flags);
		i = vnic_tx_fill(txq, pkts, nb, vring_free(vr), flags, &n);
	}
	if (n > 0)
		vnic_tx_commit(txq, flags & VNIC_PATH_CHAIN ? 0 : n, packed);
	txq->stats.packets += n;
	return i;
}
