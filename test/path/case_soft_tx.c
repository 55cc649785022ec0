/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "packet.h"
#include "path.h"
#include "vnic_tx_soft.h"
#include "wire.h"

/* VLAN tags by the processor on transmit, on every row of the path table. */

#define INSERTS (RTE_ETH_TX_OFFLOAD_VLAN_INSERT | \
		 RTE_ETH_TX_OFFLOAD_QINQ_INSERT)

static const uint8_t tags_bytes[8] = {
	0x88, 0xa8, 0x20, 0x64, 0x81, 0x00, 0x61, 0x23
};

struct expect {
	const struct wire *f;
	unsigned int tags;
	unsigned int seen;
};

static void
seen(void *arg, const struct devsim_frame *frame)
{
	struct expect *e = arg;
	uint32_t more = 4 * e->tags;

	assert_int_equal(frame->len, e->f->len + more);
	assert_memory_equal(frame->data, e->f->data, 12);
	assert_memory_equal(frame->data + 12, tags_bytes + 8 - more, more);
	assert_memory_equal(frame->data + 12 + more, e->f->data + 12,
			    e->f->len - 12);
	e->seen++;
}

static void
collect(struct sim_port *port, const struct wire *f, unsigned int tags,
	unsigned int nb)
{
	struct expect e = { .f = f, .tags = tags };

	assert_int_equal(devsim_tx_collect(port->dev, 1, nb + 1, seen, &e),
			 nb);
	assert_int_equal(e.seen, nb);
}

/* The frame in segments of which the first has @p first bytes. */
static struct rte_mbuf *
mbuf_of(struct rte_mempool *pool, const struct wire *f, uint32_t first)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *next;

	assert_non_null(m);
	first = RTE_MIN(first, f->len);
	memcpy(rte_pktmbuf_append(m, first), f->data, first);
	if (first < f->len) {
		next = rte_pktmbuf_alloc(pool);
		assert_non_null(next);
		memcpy(rte_pktmbuf_append(next, f->len - first),
		       f->data + first, f->len - first);
		assert_int_equal(rte_pktmbuf_chain(m, next), 0);
	}
	m->vlan_tci = 0x6123;
	m->vlan_tci_outer = 0x2064;
	return m;
}

static const uint64_t asks[3] = {
	0, RTE_MBUF_F_TX_VLAN, RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_QINQ,
};

/* Plain and segmented frames, tagged where they are. */
static void
tx_plain(struct sim_port *port, const struct wire *f, unsigned int tags)
{
	static const uint32_t firsts[] = { UINT32_MAX, 12, 13, 14, 60 };
	unsigned int i;

	for (i = 0; i < RTE_DIM(firsts); i++) {
		struct rte_mbuf *m = mbuf_of(port->pool, f, firsts[i]);

		m->ol_flags = asks[tags];
		assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
		collect(port, f, tags, 1);
	}
}

/* Frames that may not be written to: the original stays as it was. */
static void
tx_shared(struct sim_port *port, struct rte_mempool *clones,
	  const struct wire *f, unsigned int tags)
{
	struct rte_mbuf *m = mbuf_of(port->pool, f, 40), *clone;

	m->ol_flags = asks[tags];
	rte_pktmbuf_refcnt_update(m, 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_int_equal(m->pkt_len, f->len);
	assert_int_equal(m->ol_flags, asks[tags]);
	collect(port, f, tags, 1);

	clone = rte_pktmbuf_clone(m, clones);
	assert_non_null(clone);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &clone, 1), 1);
	collect(port, f, tags, 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), f->data, m->data_len);
	rte_pktmbuf_free(m);
}

/* A first segment that is short, or begins its buffer. */
static void
tx_tight(struct sim_port *port, const struct wire *f, unsigned int tags)
{
	struct rte_mbuf *m = mbuf_of(port->pool, f, 5);

	m->ol_flags = asks[tags];
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	collect(port, f, tags, 1);

	m = mbuf_of(port->pool, f, f->len);
	memmove(m->buf_addr, rte_pktmbuf_mtod(m, void *), f->len);
	m->data_off = 4 * tags - 1;
	memmove(rte_pktmbuf_mtod(m, void *), m->buf_addr, f->len);
	m->ol_flags = asks[tags];
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	collect(port, f, tags, 1);
}

static struct rte_mempool *
clones_pool(void)
{
	struct rte_mempool *pool = rte_mempool_lookup("clones");

	if (pool == NULL)
		pool = rte_pktmbuf_pool_create("clones", 63, 0, 0, 0,
					       SOCKET_ID_ANY);
	assert_non_null(pool);
	return pool;
}

static void
insert_row(const struct sim_row *row)
{
	struct sim_options o = { .tx_offloads = INSERTS };
	struct sim_port *port = sim_open(row, &o);
	struct rte_mempool *clones = clones_pool();
	unsigned int tags;
	struct wire f;

	for (tags = 0; tags < 3; tags++) {
		wire_simple(&f, 0, false, 17, 200);
		tx_plain(port, &f, tags);
		if (tags == 0)
			continue;
		tx_shared(port, clones, &f, tags);
		tx_tight(port, &f, tags);
		/* So long that a copy needs two mbufs. */
		wire_simple(&f, 0, true, 17, 1500);
		tx_shared(port, clones, &f, tags);
	}
	assert_int_equal(sim_txq(port, 0)->stats.errors, 0);
	assert_int_equal(rte_mempool_avail_count(clones), 63);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
case_soft_insert(void **state)
{
	(void)state;
	sim_for_rows(insert_row);
}

/* The checksum that the device is to make is found behind the tag. */
static void
sum_seen(void *arg, const struct devsim_frame *frame)
{
	const struct virtio_net_hdr *hdr = (const void *)frame->hdr;

	*(uint16_t *)arg = rte_le_to_cpu_16(hdr->csum_start);
}

/* A tunnel is a tunnel by its outer headers, also if its kind is not said. */
static void
insert_tunnel(struct sim_port *port, bool typed)
{
	const struct packet sent = { .tunnel = PACKET_VXLAN, .payload = 300 };
	struct packet tagged = sent;
	struct packet_seen s = { .k = &tagged };
	struct rte_mbuf *m = packet_mbuf(port->pool, &sent, 300,
		RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_VLAN, 0);

	tagged.vlan = true;
	m->vlan_tci = 5;
	if (!typed)
		m->ol_flags &= ~RTE_MBUF_F_TX_TUNNEL_MASK;
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 2, packet_see, &s), 1);
	assert_int_equal(s.payload, sent.payload);
}

static void
insert_csum_row(const struct sim_row *row)
{
	struct sim_options o = { .tx_offloads = INSERTS };
	struct sim_port *port;
	struct rte_mbuf *m;
	uint16_t start = 0;
	struct wire f;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, &o);
	wire_simple(&f, 0, false, 6, 200);
	m = mbuf_of(port->pool, &f, f.len);
	m->ol_flags = asks[2] | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l2_len = 14;
	m->l3_len = 20;
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 2, sum_seen, &start),
			 1);
	assert_int_equal(start, 14 + 8 + 20);
	insert_tunnel(port, true);
	insert_tunnel(port, false);
	sim_close(port, true);
}

void
case_soft_insert_csum(void **state)
{
	(void)state;
	sim_for_rows(insert_csum_row);
}

/*
 * A full ring: what was not accepted is the caller's, as it was or tagged
 * once, and shared frames are never lost or sent twice.
 */
static void
full_row(const struct sim_row *row)
{
	struct sim_options o = {
		.tx_offloads = INSERTS, .nb_txd = 16, .nb_rxd = 16,
	};
	struct sim_port *port = sim_open(row, &o);
	unsigned int done = 0, i;
	struct rte_mbuf *pkts[64], *kept[64];
	struct wire f;

	wire_simple(&f, 0, false, 17, 100);
	for (i = 0; i < RTE_DIM(pkts); i++) {
		pkts[i] = mbuf_of(port->pool, &f, f.len);
		pkts[i]->ol_flags = asks[1];
		/* Every third is somebody else's too. */
		if (i % 3 == 0)
			rte_pktmbuf_refcnt_update(pkts[i], 1);
	}
	memcpy(kept, pkts, sizeof(kept));
	for (i = 0; i < 100 && done < RTE_DIM(pkts); i++) {
		uint16_t n = rte_eth_tx_burst(port->id, 0, &pkts[done],
					      RTE_DIM(pkts) - done);

		collect(port, &f, 1, n);
		done += n;
	}
	assert_int_equal(done, RTE_DIM(pkts));
	assert_memory_equal(kept, pkts, sizeof(kept));
	for (i = 0; i < RTE_DIM(pkts); i += 3) {
		assert_int_equal(rte_mbuf_refcnt_read(pkts[i]), 1);
		assert_int_equal(pkts[i]->pkt_len, f.len);
		rte_pktmbuf_free(pkts[i]);
	}
	assert_int_equal(sim_txq(port, 0)->stats.packets, RTE_DIM(pkts));
	sim_close(port, true);
}

void
case_soft_full(void **state)
{
	(void)state;
	sim_for_rows(full_row);
}

/* No mbuf for a copy: the frame is dropped, counted, and the next one goes. */
static void
no_mbuf_row(const struct sim_row *row)
{
	struct sim_options o = {
		.tx_offloads = INSERTS, .nb_txd = 16, .nb_rxd = 16,
		.nb_mbufs = 63,
	};
	struct sim_port *port = sim_open(row, &o);
	struct rte_mbuf *pkts[2], *hoard[64];
	unsigned int nb = 0;
	struct wire f;

	wire_simple(&f, 0, false, 17, 100);
	pkts[0] = mbuf_of(port->pool, &f, f.len);
	pkts[1] = mbuf_of(port->pool, &f, f.len);
	pkts[0]->ol_flags = asks[1];
	pkts[1]->ol_flags = asks[1];
	rte_pktmbuf_refcnt_update(pkts[0], 1);
	while (nb < RTE_DIM(hoard) &&
	       (hoard[nb] = rte_pktmbuf_alloc(port->pool)) != NULL)
		nb++;
	assert_int_equal(rte_eth_tx_burst(port->id, 0, pkts, 2), 2);
	assert_int_equal(sim_txq(port, 0)->stats.errors, 1);
	collect(port, &f, 1, 1);
	assert_int_equal(rte_mbuf_refcnt_read(pkts[0]), 1);
	rte_pktmbuf_free(pkts[0]);
	rte_pktmbuf_free_bulk(hoard, nb);
	sim_close(port, true);
}

void
case_soft_no_mbuf(void **state)
{
	(void)state;
	sim_for_rows(no_mbuf_row);
}

/* ---- asked of a queue that was not configured for it ---- */

static void
unasked_one(struct sim_port *port, uint64_t ol_flags, bool had)
{
	const struct packet k = { .payload = 100 };
	struct rte_mbuf *m = packet_mbuf(port->pool, &k, 100, 0, 0);

	m->ol_flags = ol_flags;
	if (!had) {
		packet_refused(port, m, ENOTSUP, false);
		return;
	}
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
}

static void
unasked_row(const struct sim_row *row)
{
	static const uint64_t offloads[] = {
		0, RTE_ETH_TX_OFFLOAD_VLAN_INSERT,
		RTE_ETH_TX_OFFLOAD_QINQ_INSERT, INSERTS,
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(offloads); i++) {
		struct sim_options o = { .tx_offloads = offloads[i] };
		struct sim_port *port = sim_open(row, &o);

		unasked_one(port, asks[1],
			    offloads[i] & RTE_ETH_TX_OFFLOAD_VLAN_INSERT);
		unasked_one(port, asks[2],
			    offloads[i] & RTE_ETH_TX_OFFLOAD_QINQ_INSERT);
		/* Rows that hand sums to the device make these as well. */
		unasked_one(port, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM,
			    row->flags & VNIC_PATH_OFFLOAD);
		sim_close(port, true);
	}
}

void
case_soft_unasked(void **state)
{
	(void)state;
	sim_for_rows(unasked_row);
}
