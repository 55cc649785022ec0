/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "hostile.h"

/*
 * A device that lies, on every row of the path table. What must hold: no
 * crash, no endless loop, no frame delivered while the application still has
 * it, and after stop every mbuf is back. What the driver can know to be a lie
 * must be noticed: the queue is stopped or a counter says so.
 *
 * Usage: test_hostile [CASE]; VNIC_TEST_SEED sets the first seed.
 */

#define BURST 32

uint64_t
hostile_seed(void)
{
	const char *s = getenv("VNIC_TEST_SEED");

	return s != NULL ? strtoull(s, NULL, 0) : 20261122;
}

static void
release_oldest(struct victim *v, unsigned int nb)
{
	rte_pktmbuf_free_bulk(v->held, nb);
	v->nb_held -= nb;
	memmove(v->held, v->held + nb, v->nb_held * sizeof(v->held[0]));
}

void
victim_keep(struct victim *v, struct rte_mbuf *m)
{
	struct rte_mbuf *seg;
	unsigned int i;
	uint32_t len = 0;

	for (i = 0; i < v->nb_held; i++)
		assert_ptr_not_equal(v->held[i], m);
	for (seg = m, i = 0; seg != NULL; seg = seg->next, i++) {
		assert_true(seg->data_len <= seg->buf_len - seg->data_off);
		assert_int_equal(rte_mbuf_refcnt_read(seg), 1);
		assert_ptr_equal(seg->pool, v->port->pool);
		len += seg->data_len;
	}
	assert_int_equal(i, m->nb_segs);
	assert_int_equal(len, m->pkt_len);
	if (v->nb_held == HELD_MAX)
		release_oldest(v, HELD_MAX / 2);
	v->held[v->nb_held++] = m;
}

static void
send_some(struct victim *v, uint16_t nb)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t i, sent;

	for (i = 0; i < nb; i++) {
		uint32_t seq = v->seq++;

		pkts[i] = frame_mbuf(v->port->pool, seq, 60 + seq % 1400,
				     1 + seq % 3);
		if (pkts[i] == NULL)
			break;
	}
	sent = rte_eth_tx_burst(v->port->id, 0, pkts, i);
	assert_true(sent <= i);
	rte_pktmbuf_free_bulk(&pkts[sent], i - sent);
}

static void
one_round(struct victim *v)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t nb, i;

	send_some(v, BURST);
	devsim_poll(v->port->dev, 64);
	nb = rte_eth_rx_burst(v->port->id, 0, pkts, BURST);
	assert_true(nb <= BURST);
	for (i = 0; i < nb; i++)
		victim_keep(v, pkts[i]);
}

static void
victim_open(struct victim *v, const struct sim_row *row, bool out_of_order)
{
	struct sim_options o = {
		.nb_rxd = 64, .nb_txd = 64, .nb_mbufs = 1023,
	};

	if (out_of_order) {
		o.policy.order = DEVSIM_ORDER_RANDOM;
		o.policy.window = 8;
		o.policy.seed = 3;
	}
	memset(v, 0, sizeof(*v));
	v->port = sim_open(row, &o);
}

void
victim_close(struct victim *v)
{
	release_oldest(v, v->nb_held);
	/* sim_close asserts that the pool is full again. */
	sim_close(v->port, false);
}

/* Noticed: a ring stopped by a fault, or an error counted. */
static bool
noticed(struct victim *v, uint16_t vq)
{
	if (vq == 1)
		return sim_txq(v->port, 0)->vr.fault != VRING_FAULT_NONE;
	return sim_rxq(v->port, 0)->vr.fault != VRING_FAULT_NONE ||
		sim_rxq(v->port, 0)->stats.errors > 0;
}

/** Lies that a driver can always tell from the truth. */
struct lie {
	enum devsim_fault_kind kind;
	uint32_t value;
	bool rx;
	bool tx;
	bool rx_sure;		/**< must be noticed on receive */
	bool tx_sure;
	uint32_t only;		/**< path flags that it needs */
	uint32_t never;		/**< path flags where it does not exist */
};

#define P VNIC_PATH_PACKED
#define I VNIC_PATH_IN_ORDER
#define M VNIC_PATH_MRG

static const struct lie lies[] = {
	{ DEVSIM_FAULT_USED_IDX_AHEAD, 1000, 1, 1, 1, 1, 0, P },
	{ DEVSIM_FAULT_USED_IDX_AHEAD, 0x8000, 1, 1, 1, 1, 0, P },
	{ DEVSIM_FAULT_USED_IDX_AHEAD, 3, 1, 1, 0, 0, 0, P },
	{ DEVSIM_FAULT_USED_IDX_BACK, 1, 1, 1, 0, 0, 0, P },
	{ DEVSIM_FAULT_USED_IDX_BACK, 100, 1, 1, 1, 1, 0, P },
	{ DEVSIM_FAULT_ID_RANGE, 0, 1, 1, 1, 1, 0, 0 },
	{ DEVSIM_FAULT_ID_RANGE, 0x7000, 1, 1, 1, 1, 0, 0 },
	{ DEVSIM_FAULT_ID_HUGE, 0, 1, 1, 1, 1, 0, P },
	{ DEVSIM_FAULT_ID_REPEAT, 0, 1, 1, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_ID_OTHER, 0, 1, 1, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_ID_OTHER, 31, 1, 1, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_LEN_ZERO, 0, 1, 1, 1, 0, 0, 0 },
	{ DEVSIM_FAULT_LEN_SHORT, 0, 1, 1, 1, 0, 0, 0 },
	{ DEVSIM_FAULT_LEN_LONG, 0, 1, 1, 1, 0, 0, 0 },
	{ DEVSIM_FAULT_LEN_MAX, 0, 1, 1, 1, 0, 0, 0 },
	{ DEVSIM_FAULT_LEN_WRAP16, 0, 1, 1, 1, 0, 0, 0 },
	{ DEVSIM_FAULT_NUM_BUFFERS, 0, 1, 0, 1, 0, M, 0 },
	{ DEVSIM_FAULT_NUM_BUFFERS, 2, 1, 0, 0, 0, M, 0 },
	{ DEVSIM_FAULT_NUM_BUFFERS, 255, 1, 0, 1, 0, M, 0 },
	{ DEVSIM_FAULT_NUM_BUFFERS, 65535, 1, 0, 1, 0, M, 0 },
	{ DEVSIM_FAULT_NUM_BUFFERS, 7, 1, 0, 0, 0, 0, M },
	{ DEVSIM_FAULT_HDR_GARBAGE, 0, 1, 0, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_USED_FLAGS, 0, 1, 1, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_EVENT_GARBAGE, 0, 1, 1, 0, 0, 0, 0 },
	{ DEVSIM_FAULT_PACKED_FLAGS, 0, 1, 1, 0, 0, P, 0 },
};

/* A split ring IN_ORDER: sent frames are counted by the used index alone, so
 * a lie about their ids changes nothing. */
static bool
id_unread(const struct sim_row *row, enum devsim_fault_kind kind)
{
	return (row->flags & I) && !(row->flags & (P | VNIC_PATH_CHAIN)) &&
		(kind == DEVSIM_FAULT_ID_RANGE || kind == DEVSIM_FAULT_ID_HUGE);
}

static void
lie_run(const struct sim_row *row, const struct lie *lie, uint16_t vq,
	uint64_t seed)
{
	struct devsim_fault f = {
		.kind = lie->kind, .vq = vq, .after = 40 + seed % 61,
		.value = lie->value, .seed = seed,
	};
	bool sure = vq == 1 ? lie->tx_sure && !id_unread(row, lie->kind) :
		lie->rx_sure;
	bool out_of_order = (seed & 1) && !(row->flags & I);
	struct victim v;
	unsigned int i;

	victim_open(&v, row, out_of_order);
	devsim_fault_set(v.port->dev, &f);
	for (i = 0; i < 1000 && !devsim_fault_done(v.port->dev); i++)
		one_round(&v);
	assert_true(devsim_fault_done(v.port->dev));
	for (i = 0; i < 8; i++)
		one_round(&v);
	if (sure && !noticed(&v, vq))
		print_error("%s: %s (%u) on vq %u, seed %lu, not noticed\n",
			    row->rx->name, devsim_fault_name(lie->kind),
			    lie->value, vq, seed);
	assert_true(!sure || noticed(&v, vq));
	victim_close(&v);
}

static void
lies_row(const struct sim_row *row)
{
	uint64_t seed = hostile_seed();
	unsigned int i;

	for (i = 0; i < RTE_DIM(lies); i++) {
		const struct lie *lie = &lies[i];

		if ((row->flags & lie->only) != lie->only ||
		    (row->flags & lie->never))
			continue;
		if (lie->rx)
			lie_run(row, lie, 0, seed + i);
		if (lie->tx)
			lie_run(row, lie, 1, seed + i);
	}
}

static void
case_lies(void **state)
{
	(void)state;
	sim_for_rows(lies_row);
}

/* ---- any header at all, on rows that index by what it says ---- */

static void
hash_seen(const struct virtio_net_hdr_tunnel *hdr, const struct rte_mbuf *m)
{
	uint16_t report = rte_le_to_cpu_16(hdr->hash.hash_report);
	bool known = report >= 1 && report <= 9;

	assert_int_equal((m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0, known);
	if (known)
		assert_int_equal(m->hash.rss,
				 rte_le_to_cpu_32(hdr->hash.hash_value));
}

static void
hash_row(const struct sim_row *row)
{
	static uint8_t frame[200];
	uint64_t x = hostile_seed();
	struct victim v;
	unsigned int i, j, got = 0;

	if (!(row->flags & VNIC_PATH_HASH))
		return;
	victim_open(&v, row, false);
	for (i = 0; i < 4000; i++) {
		struct virtio_net_hdr_tunnel hdr;
		struct rte_mbuf *m;

		for (j = 0; j < sizeof(hdr); j++) {
			x = x * UINT64_C(6364136223846793005) + 1;
			((uint8_t *)&hdr)[j] = x >> 56;
		}
		/* Half of them would pass as plain, and half as near. */
		if (i & 1)
			memset(&hdr, 0, sizeof(hdr.hash.hdr));
		if (i & 2)
			hdr.hash.hash_report &= rte_cpu_to_le_16(15);
		assert_true(devsim_rx_inject(v.port->dev, 0, frame,
					     sizeof(frame), &hdr) > 0);
		if (rte_eth_rx_burst(v.port->id, 0, &m, 1) == 0)
			continue;
		hash_seen(&hdr, m);
		victim_keep(&v, m);
		got++;
	}
	assert_true(got >= 2000);
	assert_int_equal(sim_rxq(v.port, 0)->vr.fault, VRING_FAULT_NONE);
	victim_close(&v);
}

static void
case_hash(void **state)
{
	(void)state;
	sim_for_rows(hash_row);
}

/* ---- any byte of shared memory, at any moment ---- */

static void
scribble_run(const struct sim_row *row, uint64_t seed, unsigned int only)
{
	const uint64_t first = seed;
	struct victim v;
	unsigned int i;

	victim_open(&v, row, !(row->flags & I));
	for (i = 0; i < 6; i++)
		one_round(&v);
	for (i = 0; i < 60; i++) {
		/* One area alone in most runs: what stops the queue at once
		 * would hide the others. */
		enum devsim_fault_kind area = DEVSIM_FAULT_SCRIBBLE_DESC +
			(only < 4 ? only : (first + i) % 4);

		devsim_scribble(v.port->dev, i & 1, area, &seed, 1 + i % 9);
		one_round(&v);
		send_some(&v, 1 + i % BURST);
		devsim_scribble(v.port->dev, (i >> 1) & 1, area, &seed, 2);
	}
	victim_close(&v);
}

static void
scribble_row(const struct sim_row *row)
{
	uint64_t seed = hostile_seed();
	unsigned int i;

	for (i = 0; i < 10; i++)
		scribble_run(row, seed + i * 7919, i % 5);
}

static void
case_scribble(void **state)
{
	(void)state;
	sim_for_rows(scribble_row);
}

/* ---- registers that lie: start is refused, nothing leaks ---- */

static const struct sim_row *
any_row(void)
{
	static struct sim_row row;

	row = *sim_row_get(0);
	return &row;
}

static void
prepare_stuck(struct devsim *dev)
{
	devsim_fault_set(dev, &(struct devsim_fault){
			 .kind = DEVSIM_FAULT_RESET_STUCK });
}

static void
prepare_gone(struct devsim *dev)
{
	devsim_fault_set(dev, &(struct devsim_fault){
			 .kind = DEVSIM_FAULT_GONE });
}

static void
case_probe_refused(void **state)
{
	struct sim_options o = { .prepare = prepare_stuck };
	struct sim_port *port;

	(void)state;
	assert_true(sim_probe(any_row(), &o, &port) < 0);
	assert_null(port);
	o.prepare = prepare_gone;
	assert_true(sim_probe(any_row(), &o, &port) < 0);
	assert_null(port);
}

static void
case_start_refused(void **state)
{
	static const enum devsim_fault_kind kinds[] = {
		DEVSIM_FAULT_FEATURES_REFUSED, DEVSIM_FAULT_GONE,
	};
	struct devsim_fault none = { .kind = DEVSIM_FAULT_NONE };
	struct sim_port *port;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(kinds); i++) {
		struct devsim_fault f = { .kind = kinds[i] };

		port = sim_open_stopped(any_row(), NULL);
		devsim_fault_set(port->dev, &f);
		assert_true(rte_eth_dev_start(port->id) < 0);
		assert_int_equal(rte_mempool_avail_count(port->pool),
				 port->opts.nb_mbufs);
		devsim_fault_set(port->dev, &none);
		/* What was gone once is not waited for. */
		if (kinds[i] == DEVSIM_FAULT_GONE)
			assert_true(rte_eth_dev_start(port->id) < 0);
		else
			sim_start(port);
		sim_close(port, false);
	}
}

/* ---- control queue ---- */

static void
ctrl_fault(enum devsim_fault_kind kind, uint32_t max_ms)
{
	struct sim_options o = {
		.ctrl = true, .ctrl_timeout_ms = 100, .nb_mbufs = 1023,
	};
	struct sim_port *port = sim_open(any_row(), &o);
	struct devsim_fault f = { .kind = kind, .vq = 2 };
	uint64_t start = rte_get_timer_cycles(), ms;

	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	devsim_fault_set(port->dev, &f);
	assert_true(rte_eth_promiscuous_disable(port->id) < 0);
	ms = (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
	if (ms > max_ms)
		print_error("%s took %lu ms\n", devsim_fault_name(kind), ms);
	assert_true(ms <= max_ms);
	sim_close(port, false);
}

static void
case_ctrl(void **state)
{
	(void)state;
	/* The deadline is 100 ms; the rest is room for a busy machine. */
	ctrl_fault(DEVSIM_FAULT_CTRL_SILENT, 3000);
	ctrl_fault(DEVSIM_FAULT_CTRL_ERR, 3000);
	ctrl_fault(DEVSIM_FAULT_CTRL_GARBAGE, 3000);
	ctrl_fault(DEVSIM_FAULT_CTRL_ID, 3000);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_probe_refused),
		cmocka_unit_test(case_start_refused),
		cmocka_unit_test(case_ctrl),
		cmocka_unit_test(case_hash),
		cmocka_unit_test(case_lies),
		cmocka_unit_test(case_scribble),
		cmocka_unit_test(case_header),
	};

	/* An endless loop ends here. */
	alarm(250);
	sim_eal_init(argv[0]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
