/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic_rx.h"

uint8_t vnic_rx_forwards[RTE_MAX_ETHPORTS];

/*
 * Frames one by one: several buffers each, offload results, or something
 * wrong. Off the straight path, so flags are a run-time value here and one
 * copy serves all rows.
 */

static void
rx_drop(struct vnic_rxq *rxq, uint16_t pos, uint16_t nr)
{
	struct vring *vr = &rxq->vr;
	uint16_t i;

	for (i = 0; i < nr; i++) {
		uint16_t slot = (vr->used_idx + pos + i) & vr->mask;

		rte_mempool_put(rxq->pool, vr->cookie[slot]);
	}
	rxq->stats.errors++;
}

/* Give raw mbufs of a frame being dropped back in the state a pool wants. */
static void
rx_unchain(struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		m->next = NULL;
		m->nb_segs = 1;
		m = next;
	}
}

/* Chain @p nr buffers from slot @p pos on; -EPROTO if a length is a lie. */
static int
rx_chain(struct vnic_rxq *rxq, uint16_t pos, uint16_t nr,
	 struct rte_mbuf *head)
{
	struct vring *vr = &rxq->vr;
	struct rte_mbuf *last = head;
	uint16_t i;

	for (i = 1; i < nr; i++) {
		uint16_t slot = (vr->used_idx + pos + i) & vr->mask;
		struct rte_mbuf *m = vr->cookie[slot];
		uint32_t len = vr->slot_len[slot];

		if (len > rxq->buf_len)
			return -EPROTO;
		vnic_rx_fill(m, vnic_rx_rearm(rxq), len);
		m->data_off = rxq->data_off - rxq->hdr_len;
		last->next = m;
		last = m;
		head->pkt_len += len;
	}
	head->nb_segs = nr;
	return 0;
}

/*
 * Buffers of a frame whose first one has @p len bytes; 0 is a lie. A device
 * that goes on after a buffer it did not fill must be read frame by frame.
 */
static uint16_t
rx_count(struct vnic_rxq *rxq, const struct virtio_net_hdr *hdr, uint32_t len,
	 uint32_t flags)
{
	uint16_t nr;

	if (!(flags & VNIC_PATH_MRG))
		return 1;
	nr = rte_le_to_cpu_16(hdr->num_buffers);
	if (nr != 1 && len < rxq->buf_len) {
		rxq->look_in = 0;
		rxq->looks = VNIC_RX_LOOKS_ALL;
	}
	return nr;
}

/*
 * One frame at slot used_idx + pos out of n slots known.
 * Returns the buffers it takes, 0 if more must be seen first; *out is NULL
 * for a frame that was dropped; -EPROTO with a fault recorded.
 */
static int
rx_frame(struct vnic_rxq *rxq, uint16_t pos, uint16_t n, uint32_t flags,
	 struct rte_mbuf **out)
{
	struct vring *vr = &rxq->vr;
	uint16_t slot = (vr->used_idx + pos) & vr->mask;
	struct rte_mbuf *m = vr->cookie[slot];
	uint32_t len = vr->slot_len[slot];
	struct virtio_net_hdr_outer hdr;
	uint16_t nr;

	*out = NULL;
	if (len > rxq->buf_len) {
		vring_set_fault(vr, VRING_FAULT_USED_LEN);
		return -EPROTO;
	}
	if (len < rxq->hdr_len) {
		rx_drop(rxq, pos, 1);
		return 1;
	}
	memcpy(&hdr, vnic_rx_hdr(rxq, m), RTE_MIN(sizeof(hdr), rxq->hdr_len));
	nr = rx_count(rxq, &hdr.tunnel.hash.hdr, len, flags);
	if (nr == 0) {
		rx_drop(rxq, pos, 1);
		return 1;
	}
	if (nr > n - pos) {
		/* The rest may just lie beyond this look at the ring. */
		if (pos > 0 && n == VNIC_RX_BATCH)
			return 0;
		vring_set_fault(vr, VRING_FAULT_NUM_BUFFERS);
		return -EPROTO;
	}
	if (len < rxq->hdr_len + (uint32_t)VNIC_RX_LEN_MIN) {
		rx_drop(rxq, pos, nr);
		return nr;
	}
	/* The application did not say that it follows chains. */
	if (nr > rxq->segs_max) {
		rx_drop(rxq, pos, nr);
		rxq->stats.too_long++;
		return nr;
	}
	if (flags & VNIC_PATH_HASH)
		vnic_rx_fill_hash(m, vnic_rx_rearm(rxq), len - rxq->hdr_len,
			vnic_hash_read(vnic_rx_hdr(rxq, m), rxq->ptype_mask));
	else
		vnic_rx_fill(m, vnic_rx_rearm(rxq), len - rxq->hdr_len);
	if (rx_chain(rxq, pos, nr, m) != 0) {
		rx_unchain(m);
		vring_set_fault(vr, VRING_FAULT_USED_LEN);
		return -EPROTO;
	}
	if ((flags & VNIC_PATH_OFFLOAD) &&
	    !vnic_hdr_plain(&hdr.tunnel.hash.hdr) &&
	    vnic_hdr_to_mbuf(m, &hdr, rxq->hdr_can) != 0) {
		rx_unchain(m);
		rx_drop(rxq, pos, nr);
		return nr;
	}
	*out = m;
	return nr;
}

uint16_t
vnic_rx_general(struct vnic_rxq *rxq, struct rte_mbuf **pkts, uint16_t nb,
		uint32_t flags)
{
	struct vring *vr = &rxq->vr;
	uint16_t n = vring_take(vr, flags & VNIC_PATH_PACKED,
				flags & VNIC_PATH_IN_ORDER, VNIC_RX_BATCH);
	uint16_t pos = 0, got = 0;

	while (got < nb && pos < n) {
		struct rte_mbuf *m;
		int nr = rx_frame(rxq, pos, n, flags, &m);

		if (nr <= 0)
			break;
		pos += nr;
		if (m == NULL)
			continue;
		rxq->stats.bytes += m->pkt_len;
		pkts[got++] = m;
	}
	vring_release(vr, pos);
	return got;
}
