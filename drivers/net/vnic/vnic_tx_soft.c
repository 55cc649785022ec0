/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>

#include "vnic_hdr.h"
#include "vnic_queue.h"
#include "vnic_tx_soft.h"

eth_tx_burst_t vnic_tx_soft_rows[RTE_MAX_ETHPORTS];

#define TAG_LEN RTE_VLAN_HLEN
#define MACS_LEN (2 * RTE_ETHER_ADDR_LEN)
#define ASKS (RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_QINQ)

/* Bytes of tags that a frame is to get. */
static uint16_t
tag_len(const struct rte_mbuf *m, uint32_t soft)
{
	if ((m->ol_flags & RTE_MBUF_F_TX_QINQ) && (soft & VNIC_TX_SOFT_QINQ))
		return 2 * TAG_LEN;
	if ((m->ol_flags & RTE_MBUF_F_TX_VLAN) && (soft & VNIC_TX_SOFT_VLAN))
		return TAG_LEN;
	return 0;
}

static void
tag_write(uint8_t *p, const struct rte_mbuf *m, uint16_t len)
{
	rte_be16_t tag[4] = {
		RTE_BE16(RTE_ETHER_TYPE_QINQ),
		rte_cpu_to_be_16(m->vlan_tci_outer),
		RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(m->vlan_tci),
	};

	memcpy(p, RTE_PTR_ADD(tag, sizeof(tag) - len), len);
}

/* The request is done; the headers behind have moved. */
static void
tag_done(struct rte_mbuf *m, uint16_t len)
{
	m->ol_flags &= ~ASKS;
	if (m->ol_flags & VNIC_TX_TUNNEL_MASK)
		m->outer_l2_len += len;
	else
		m->l2_len += len;
}

/* Nobody else reads the data: its own, or pinned to the mbuf for good. */
static bool
is_private(const struct rte_mbuf *m)
{
	if (rte_mbuf_refcnt_read(m) != 1)
		return false;
	return RTE_MBUF_DIRECT(m) || (RTE_MBUF_HAS_EXTBUF(m) &&
		RTE_MBUF_HAS_PINNED_EXTBUF(m) &&
		rte_mbuf_ext_refcnt_read(m->shinfo) == 1);
}

int
vnic_tx_soft_tag(struct rte_mbuf *m, uint32_t soft)
{
	uint16_t len = tag_len(m, soft);
	uint8_t *p;

	if (len == 0)
		return 0;
	if (!is_private(m) || m->data_off < len || m->data_len < MACS_LEN ||
	    m->data_len > UINT16_MAX - len)
		return -EROFS;
	m->data_off -= len;
	m->data_len += len;
	m->pkt_len += len;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(p, p + len, MACS_LEN);
	tag_write(p + MACS_LEN, m, len);
	tag_done(m, len);
	return 0;
}

/* ---- a copy ---- */

/* A pool with room for data; a pool of clones has none. */
static struct rte_mempool *
copy_pool(const struct rte_mbuf *m)
{
	const uint16_t room = RTE_PKTMBUF_HEADROOM + RTE_ETHER_MIN_LEN;

	if (rte_pktmbuf_data_room_size(m->pool) >= room)
		return m->pool;
	if (RTE_MBUF_CLONED(m))
		m = rte_mbuf_from_indirect((struct rte_mbuf *)(uintptr_t)m);
	return rte_pktmbuf_data_room_size(m->pool) >= room ? m->pool : NULL;
}

/* Bytes [off, pkt_len) of @p m behind the data of @p head. */
static bool
copy_rest(struct rte_mbuf *head, const struct rte_mbuf *m, uint32_t off,
	  struct rte_mempool *pool)
{
	struct rte_mbuf *seg = head;

	while (off < m->pkt_len) {
		uint16_t len = RTE_MIN(m->pkt_len - off,
				       (uint32_t)rte_pktmbuf_tailroom(seg));
		void *to = rte_pktmbuf_mtod_offset(seg, void *, seg->data_len);
		const void *from = rte_pktmbuf_read(m, off, len, to);

		if (from == NULL)
			return false;
		if (from != to)
			memcpy(to, from, len);
		seg->data_len += len;
		head->pkt_len += len;
		off += len;
		if (off == m->pkt_len)
			break;
		seg->next = rte_pktmbuf_alloc(pool);
		if (seg->next == NULL)
			return false;
		seg = seg->next;
		head->nb_segs++;
	}
	return true;
}

struct rte_mbuf *
vnic_tx_soft_copy(const struct rte_mbuf *m, uint32_t soft)
{
	const uint64_t own = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	struct rte_mempool *pool = copy_pool(m);
	uint16_t len = tag_len(m, soft);
	struct rte_mbuf *head;
	const void *macs;
	uint8_t *p;

	if (pool == NULL || m->pkt_len < RTE_ETHER_HDR_LEN)
		return NULL;
	head = rte_pktmbuf_alloc(pool);
	if (head == NULL)
		return NULL;
	p = rte_pktmbuf_mtod(head, uint8_t *);
	macs = rte_pktmbuf_read(m, 0, MACS_LEN, p);
	if (macs != NULL && macs != p)
		memcpy(p, macs, MACS_LEN);
	tag_write(p + MACS_LEN, m, len);
	head->data_len = MACS_LEN + len;
	head->pkt_len = head->data_len;
	if (macs == NULL || !copy_rest(head, m, MACS_LEN, pool)) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	head->port = m->port;
	head->ol_flags |= m->ol_flags & ~own;
	head->tx_offload = m->tx_offload;
	head->vlan_tci = m->vlan_tci;
	head->vlan_tci_outer = m->vlan_tci_outer;
	head->packet_type = m->packet_type;
	memcpy(&head->dynfield1, &m->dynfield1, sizeof(m->dynfield1));
	tag_done(head, len);
	return head;
}

/* ---- the burst ---- */

/* Send a copy in place of @p m; false if the ring has no room for it. */
static bool
soft_replace(struct vnic_txq *txq, struct rte_mbuf *m, uint32_t soft)
{
	struct rte_mbuf *copy = vnic_tx_soft_copy(m, soft);

	/* What a clone is attached to may be of another pool. */
	if (copy != NULL && copy->pool != m->pool)
		txq->fast_free = false;
	if (copy == NULL) {
		txq->stats.errors++;
	} else if (vnic_tx_soft_rows[txq->port_id](txq, &copy, 1) == 0) {
		rte_pktmbuf_free(copy);
		return false;
	}
	rte_pktmbuf_free(m);
	return true;
}

uint16_t
vnic_tx_soft_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb)
{
	struct vnic_txq *txq = queue;
	eth_tx_burst_t row = vnic_tx_soft_rows[txq->port_id];
	uint32_t soft = __atomic_load_n(&txq->soft, __ATOMIC_RELAXED);
	uint16_t done = 0, i;

	if (soft == 0)
		return row(queue, pkts, nb);
	for (i = 0; i < nb; i++) {
		if (likely(vnic_tx_soft_tag(pkts[i], soft) == 0))
			continue;
		if (i > done)
			done += row(queue, &pkts[done], i - done);
		if (done < i || !soft_replace(txq, pkts[i], soft))
			return done;
		done++;
	}
	if (done == nb && nb > 0)
		return done;
	return done + row(queue, &pkts[done], nb - done);
}
