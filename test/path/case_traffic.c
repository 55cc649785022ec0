/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"

/* ---- transmit: the device sees what was sent ---- */

struct tx_expect {
	uint32_t seq;
	uint32_t len;
	unsigned int seen;
};

static void
tx_seen(void *arg, const struct devsim_frame *frame)
{
	struct tx_expect *e = arg;

	assert_int_equal(frame->len, e->len);
	assert_int_equal(frame_diff(frame->data, e->seq, e->len), 0);
	e->seen++;
}

static const uint32_t tx_lens[] = {
	60, 61, 64, 127, 128, 512, 1500, 1514, 2047, 4000, 8999, 9000,
};

static void
transmit_one(struct sim_port *port, uint32_t seq, uint32_t len, uint16_t segs)
{
	struct tx_expect e = { seq, len, 0 };
	struct rte_mbuf *m = frame_mbuf(port->pool, seq, len, segs);

	assert_non_null(m);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, tx_seen, &e), 1);
	assert_int_equal(e.seen, 1);
}

/* A transmit ring may keep a whole ring of frames until it needs the room,
 * so the pool must hold as many; mbufs are large or segments are many. */
static void
transmit_run(const struct sim_row *row, const struct sim_options *o,
	     uint16_t segs_min, uint16_t segs_max)
{
	static const uint16_t segs[] = { 1, 2, 3, 5, 8, 17, 32, 60, 61 };
	struct sim_port *port = sim_open(row, o);
	struct rte_eth_stats stats;
	uint32_t seq = 0;
	unsigned int i, j;

	for (i = 0; i < RTE_DIM(tx_lens); i++)
		for (j = 0; j < RTE_DIM(segs); j++)
			if (segs[j] >= segs_min && segs[j] <= segs_max &&
			    segs[j] <= tx_lens[i] / 22)
				transmit_one(port, seq++, tx_lens[i], segs[j]);
	sim_ledger_check(port, 0);
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.opackets, seq);
	assert_int_equal(stats.oerrors, 0);
	sim_close(port, true);
}

static void
transmit_row(const struct sim_row *row)
{
	struct sim_options big = {
		.mtu = 9000, .nb_txd = 64, .room = 9600, .nb_mbufs = 1023,
	};
	struct sim_options many = {
		.nb_txd = 64, .nb_mbufs = 8191, .nb_rxd = 64,
	};

	transmit_run(row, &big, 1, 8);
	transmit_run(row, &many, 8, 61);
}

void
case_transmit(void **state)
{
	(void)state;
	sim_for_rows(transmit_row);
}

/* ---- receive: what the device wrote arrives ---- */

static void
receive_one(struct sim_port *port, uint32_t seq, uint32_t len)
{
	static uint8_t data[65536];
	struct rte_mbuf *m = NULL;
	int nr;

	frame_write(data, seq, len);
	nr = devsim_rx_inject(port->dev, 0, data, len, NULL);
	assert_true(nr >= 1);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(m->nb_segs, nr);
	frame_check(m, seq, len);
	assert_int_equal(m->ol_flags, 0);
	rte_pktmbuf_free(m);
}

static void
receive_row(const struct sim_row *row)
{
	bool mrg = row->flags & VNIC_PATH_MRG;
	struct sim_options o = {
		.mtu = 9000, .room = mrg ? 2048 : 9600, .nb_mbufs = 1023,
	};
	struct sim_port *port = sim_open(row, &o);
	struct rte_eth_stats stats;
	uint32_t len, seq = 0;
	uint64_t bytes = 0;

	for (len = 60; len <= 9014; len += len < 200 ? 1 : 97) {
		receive_one(port, seq++, len);
		bytes += len;
	}
	/* Around the place where a second buffer begins. */
	for (len = 2020; len <= 2060; len++) {
		receive_one(port, seq++, len);
		bytes += len;
	}
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, seq);
	assert_int_equal(stats.ibytes, bytes);
	assert_int_equal(stats.ierrors, 0);
	sim_close(port, true);
}

void
case_receive(void **state)
{
	(void)state;
	sim_for_rows(receive_row);
}

/* ---- more frames than 16-bit indexes count ---- */

static void
wrap_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 64, .nb_txd = 64 };
	struct loop l = {
		.port = sim_open(row, &o), .len_min = 60, .len_max = 200,
	};
	uint32_t left = 70000;
	uint16_t burst = 1;

	/* Odd bursts, so that batches meet the ring's end everywhere. */
	for (; left > 0; burst = burst % 61 + 4) {
		uint32_t n = RTE_MIN(left, burst * 16u);

		loop_run(&l, n, burst);
		left -= n;
	}
	sim_close(l.port, true);
}

void
case_wrap(void **state)
{
	(void)state;
	sim_for_rows(wrap_row);
}

static void
bursts_row(const struct sim_row *row)
{
	struct loop l = {
		.port = sim_open(row, NULL), .len_min = 60, .len_max = 1514,
		.segs_max = 3,
	};
	uint16_t burst;

	for (burst = 1; burst <= 128; burst++)
		loop_run(&l, burst * 2 + 1, burst);
	sim_close(l.port, true);
}

void
case_bursts(void **state)
{
	(void)state;
	sim_for_rows(bursts_row);
}

static void
ring_sizes_row(const struct sim_row *row)
{
	uint16_t size;

	for (size = 8; size <= 1024; size *= 2) {
		struct sim_options o = {
			.nb_rxd = size, .nb_txd = size, .nb_mbufs = 8191,
		};
		struct loop l = {
			.port = sim_open(row, &o), .len_min = 60,
			.len_max = 1514, .segs_max = 4,
		};

		loop_run(&l, size * 5 + 3, RTE_MIN(size, 37));
		sim_close(l.port, true);
	}
}

void
case_ring_sizes(void **state)
{
	(void)state;
	sim_for_rows(ring_sizes_row);
}

/* Mbufs that cannot hold a frame without merging are refused, and the queue
 * that was set up before stays. */
static void
small_mbufs_refused(const struct sim_row *row)
{
	struct sim_options o = { .room = 256 };
	struct loop l = { .len_min = 60, .len_max = 1514 };
	struct rte_mempool *small;

	l.port = sim_open(row, NULL);
	small = rte_mempool_lookup("small");
	if (small == NULL)
		small = rte_pktmbuf_pool_create("small", 63, 0, 0,
			o.room + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	assert_non_null(small);
	assert_int_equal(rte_eth_dev_stop(l.port->id), 0);
	assert_true(rte_eth_rx_queue_setup(l.port->id, 0, 64, SOCKET_ID_ANY,
					   NULL, small) < 0);
	assert_int_equal(rte_eth_rx_queue_setup(l.port->id, 0, 64,
			 SOCKET_ID_ANY, NULL, l.port->pool), 0);
	sim_start(l.port);
	loop_run(&l, 100, 32);
	sim_close(l.port, true);
}

/* Frames over up to 36 buffers, where buffers can be merged. */
static void
small_mbufs_row(const struct sim_row *row)
{
	struct sim_options o = {
		.mtu = 9000, .room = 256, .nb_mbufs = 4095, .nb_rxd = 512,
	};
	struct sim_port *port;
	uint32_t len;

	if (!(row->flags & VNIC_PATH_MRG)) {
		small_mbufs_refused(row);
		return;
	}
	port = sim_open(row, &o);
	for (len = 60; len <= 9014; len += 53)
		receive_one(port, len, len);
	sim_close(port, true);
}

void
case_small_mbufs(void **state)
{
	(void)state;
	sim_for_rows(small_mbufs_row);
}
