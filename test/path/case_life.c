/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"
#include "vnic_device.h"

/* ---- a pool that runs dry, and recovers ---- */

static void
exhausted_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_mbufs = 511, .nb_rxd = 256 };
	struct loop l = {
		.port = sim_open(row, &o), .len_min = 60, .len_max = 1514,
	};
	struct rte_mbuf *held[512];
	struct rte_eth_stats stats;
	unsigned int nb = 0, round;

	loop_run(&l, 300, 32);
	for (round = 0; round < 3; round++) {
		/* Take all there is, traffic eats what is posted. */
		while ((held[nb] = rte_pktmbuf_alloc(l.port->pool)) != NULL)
			nb++;
		while (nb > 16)
			rte_pktmbuf_free(held[--nb]);
		loop_run(&l, 400, 16);
		while ((held[nb] = rte_pktmbuf_alloc(l.port->pool)) != NULL)
			nb++;
		loop_receive(&l, 32);
		while (nb > 0)
			rte_pktmbuf_free(held[--nb]);
		loop_run(&l, 400, 32);
	}
	/* Starve it: everything posted is used, nothing refills. */
	while ((held[nb] = rte_pktmbuf_alloc(l.port->pool)) != NULL)
		nb++;
	for (round = 0; round < 600; round++) {
		uint8_t data[64];

		frame_write(data, l.got, 60);
		l.len_min = l.len_max = 60;
		if (devsim_rx_inject(l.port->dev, 0, data, 60, NULL) == 0)
			break;
		l.sent++;
		struct rte_mbuf *m;

		assert_int_equal(rte_eth_rx_burst(l.port->id, 0, &m, 1), 1);
		frame_check(m, l.got++, 60);
		held[nb++] = m;
	}
	assert_true(round < 600);
	assert_int_equal(rte_eth_stats_get(l.port->id, &stats), 0);
	assert_true(stats.rx_nombuf > 0);
	while (nb > 0)
		rte_pktmbuf_free(held[--nb]);
	loop_receive(&l, 32);
	loop_run(&l, 1000, 32);
	sim_close(l.port, true);
}

void
case_exhausted(void **state)
{
	(void)state;
	sim_for_rows(exhausted_row);
}

/* ---- a device that takes nothing ---- */

static void
ring_full_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_txd = 64 };
	struct loop l = {
		.port = sim_open(row, &o), .len_min = 60, .len_max = 100,
	};
	uint32_t full;

	while (loop_send(&l, 17) == 17)
		;
	full = l.sent;
	/* Each frame takes at least one descriptor and at most two. */
	assert_in_range(full, 32, 64);
	assert_int_equal(loop_send(&l, 1), 0);
	assert_int_equal(loop_send(&l, 32), 0);
	sim_ledger_check(l.port, 0);
	loop_run(&l, full, 32);
	loop_run(&l, 1000, 32);
	sim_close(l.port, true);
}

void
case_ring_full(void **state)
{
	(void)state;
	sim_for_rows(ring_full_row);
}

/* ---- start and stop, with frames on both sides ---- */

static void
start_stop_row(const struct sim_row *row)
{
	struct sim_options o = {
		.nb_mbufs = 511, .nb_rxd = 64, .nb_txd = 64,
	};
	struct sim_port *port = sim_open_stopped(row, &o);
	struct loop l = { .port = port, .len_min = 60, .len_max = 1514 };
	/* Nothing of a stop depends on the vector width: there, a few. */
	unsigned int cycles = row->simd == sim_simd_max() ? 100 : 10, i;

	for (i = 0; i < cycles; i++) {
		sim_start(port);
		loop_run(&l, 1 + i, 32);
		/* Left behind: sent and not collected, injected, not taken. */
		loop_send(&l, i % 23);
		devsim_poll(port->dev, i % 7);
		assert_int_equal(rte_eth_dev_stop(port->id), 0);
		sim_ledger_check(port, 0);
		assert_int_equal(rte_mempool_avail_count(port->pool),
				 o.nb_mbufs);
		l.got = l.sent;
	}
	sim_close(port, true);
}

void
case_start_stop(void **state)
{
	(void)state;
	sim_for_rows(start_stop_row);
}

/* ---- each frame sent is accounted for at every moment ---- */

static void
ledger_row(const struct sim_row *row)
{
	struct sim_options o = {
		.nb_txd = 32,
		.policy = { .order = DEVSIM_ORDER_RANDOM, .window = 5,
			    .delay = 4, .seed = 7 },
	};
	struct sim_port *port = sim_open(row, &o);
	struct loop l = {
		.port = port, .len_min = 60, .len_max = 600, .segs_max = 5,
	};
	struct rte_mbuf *m;
	unsigned int i;

	for (i = 0; i < 500; i++) {
		loop_send(&l, 1 + i % 40);
		sim_ledger_check(port, 0);
		devsim_tx_collect(port->dev, 1, i % 19, NULL, NULL);
		sim_ledger_check(port, 0);
	}
	/* What can never be sent is dropped and counted, not sent. */
	devsim_tx_collect(port->dev, 1, 64, NULL, NULL);
	devsim_tx_flush(port->dev, 1);
	m = frame_mbuf(port->pool, 1, 64 * 25, VNIC_TX_SEGS_MAX + 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(sim_txq(port, 0)->stats.errors, 1);
	m = rte_pktmbuf_alloc(port->pool);
	assert_non_null(m);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(sim_txq(port, 0)->stats.errors, 2);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 64, NULL, NULL), 0);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
case_ledger(void **state)
{
	(void)state;
	sim_for_rows(ledger_row);
}

/* ---- FAST_FREE: mbufs of one pool, yet frames may have several ---- */

static void
pool_check(struct sim_port *port, unsigned int expect)
{
	struct rte_mbuf *m[2048];
	unsigned int nb = 0;

	assert_int_equal(rte_mempool_avail_count(port->pool), expect);
	while (rte_mempool_get(port->pool, (void **)&m[nb]) == 0) {
		assert_null(m[nb]->next);
		assert_int_equal(m[nb]->nb_segs, 1);
		assert_int_equal(rte_mbuf_refcnt_read(m[nb]), 1);
		nb++;
	}
	assert_int_equal(nb, expect);
	rte_mempool_put_bulk(port->pool, (void **)m, nb);
}

static void
fast_free_row(const struct sim_row *row)
{
	struct sim_options o = {
		.nb_rxd = 64, .nb_txd = 64, .nb_mbufs = 511,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE,
	};
	struct sim_port *port = sim_open(row, &o);
	struct loop l = { .port = port, .len_min = 60, .len_max = 1514 };

	loop_run(&l, 500, 32);
	assert_true(sim_txq(port, 0)->fast_free);
	l.segs_max = 3;
	loop_run(&l, 500, 32);
	l.segs_max = 1;
	loop_run(&l, 500, 32);
	assert_true(rte_eth_tx_done_cleanup(port->id, 0, 0) >= 0);
	pool_check(port, o.nb_mbufs - devsim_posted(port->dev, 0));
	sim_close(port, true);
}

void
case_fast_free(void **state)
{
	(void)state;
	sim_for_rows(fast_free_row);
}

/* ---- the back end is lost and comes back ---- */

static void
count_frame(void *arg, const struct devsim_frame *frame)
{
	uint32_t *next = arg, seq;

	memcpy(&seq, frame->data + 14, sizeof(seq));
	assert_int_equal(seq, *next);
	assert_int_equal(frame_diff(frame->data, seq, frame->len), 0);
	(*next)++;
}

static void
restart_round(struct loop *l, unsigned int round)
{
	struct sim_port *port = l->port;
	uint32_t next = l->sent, lost_at;
	uint8_t data[64];
	unsigned int i;

	/* Sent: some seen by the old device, the rest only by the new one. */
	loop_send(l, 20 + round % 13);
	devsim_tx_collect(port->dev, 1, round % 11, count_frame, &next);
	lost_at = next;
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	/* Parked: nothing is accepted, nothing is delivered. */
	assert_int_equal(loop_send(l, 8), 0);
	assert_int_equal(loop_receive(l, 8), 0);
	/* A back end that knows nothing of the old one's life. */
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	sim_ledger_check(port, 0);
	while (next < l->sent)
		if (devsim_tx_collect(port->dev, 1, 64, count_frame,
				      &next) <= 0)
			break;
	assert_int_equal(next, l->sent);
	assert_true(lost_at <= next);
	for (i = 0; i < 40; i++) {
		frame_write(data, l->sent + i, 60);
		assert_true(devsim_rx_inject(port->dev, 0, data, 60, NULL) > 0);
	}
	l->got = l->sent;
	l->sent += 40;
	while (l->got < l->sent)
		assert_true(loop_receive(l, 32) > 0);
}

static void
restart_row(const struct sim_row *row)
{
	struct loop l = {
		.port = sim_open(row, &(struct sim_options){ .nb_rxd = 64,
				 .nb_txd = 64, .nb_mbufs = 511 }),
		.len_min = 60, .len_max = 60,
	};
	unsigned int round;

	for (round = 0; round < 30; round++) {
		restart_round(&l, round);
		loop_run(&l, round * 7, 16);
	}
	sim_close(l.port, true);
}

void
case_restart(void **state)
{
	(void)state;
	sim_for_rows(restart_row);
}

/* ---- several pairs; the control queue sets their number ---- */

static void
queues_row(const struct sim_row *row)
{
	struct sim_options o = {
		.pairs = 3, .nb_rxd = 64, .nb_txd = 64, .nb_mbufs = 1023,
	};
	struct sim_port *port = sim_open(row, &o);
	uint16_t q;

	assert_int_equal(devsim_net_state(port->dev)->pairs, 3);
	for (q = 0; q < 3; q++) {
		struct loop l = {
			.port = port, .queue = q, .len_min = 60,
			.len_max = 1514,
		};

		loop_run(&l, 300, 32);
	}
	sim_close(port, true);
}

void
case_queues(void **state)
{
	(void)state;
	sim_for_rows(queues_row);
}
