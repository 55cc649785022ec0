/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"
#include "vnic_device.h"

#define SIZE 128

/* ---- receive: what is counted is what the next burst delivers ---- */

static uint16_t
rx_done(struct sim_port *port)
{
	int count = rte_eth_rx_queue_count(port->id, 0);
	uint16_t posted = vring_outstanding(&sim_rxq(port, 0)->vr);
	uint16_t i;

	assert_in_range(count, 0, posted);
	for (i = 0; i < SIZE; i++) {
		int want = i < count ? RTE_ETH_RX_DESC_DONE :
			i < posted ? RTE_ETH_RX_DESC_AVAIL :
			RTE_ETH_RX_DESC_UNAVAIL;

		assert_int_equal(rte_eth_rx_descriptor_status(port->id, 0, i),
				 want);
	}
	assert_int_equal(rte_eth_rx_descriptor_status(port->id, 0, SIZE),
			 -EINVAL);
	return count;
}

/* @return buffers of the frames received. */
static uint16_t
rx_take(struct sim_port *port, uint16_t nb)
{
	struct rte_mbuf *pkts[SIZE];
	uint16_t i, bufs = 0;

	nb = rte_eth_rx_burst(port->id, 0, pkts, nb);
	for (i = 0; i < nb; i++)
		bufs += pkts[i]->nb_segs;
	rte_pktmbuf_free_bulk(pkts, nb);
	return bufs;
}

static void
rx_round(struct sim_port *port, unsigned int round)
{
	/* Mergeable: also frames of two and three buffers. */
	uint32_t len = port->row.flags & VNIC_PATH_MRG ?
		60 + round % 3 * 2000 : 60 + round % 1400;
	uint16_t nb = round % 41, i, done, got;
	static uint8_t data[8192];
	int used = 0;

	for (i = 0; i < nb; i++) {
		int ret = devsim_rx_inject(port->dev, 0, data, len, NULL);

		assert_true(ret >= 0);
		used += ret;
	}
	done = rx_done(port);
	/* A device that batches may keep back the last ones. */
	assert_true(done <= used + SIZE);
	if (port->opts.policy.batch <= 1)
		assert_int_equal(done, used);
	got = rx_take(port, 1 + round % 5);
	assert_int_equal(rx_done(port), done - got);
	while (got < done) {
		uint16_t n = rx_take(port, 32);

		assert_true(n > 0);
		got += n;
	}
	assert_int_equal(got, done);
	assert_int_equal(rx_done(port), 0);
}

static void
status_rx_run(const struct sim_row *row, uint16_t batch)
{
	struct sim_options o = {
		.nb_rxd = SIZE, .policy = { .batch = batch },
	};
	struct sim_port *port = sim_open(row, &o);
	unsigned int round;

	assert_int_equal(rx_done(port), 0);
	for (round = 0; round < 100; round++)
		rx_round(port, round);
	/* Parked: nothing is done, nothing is available. */
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	assert_int_equal(rte_eth_rx_queue_count(port->id, 0), 0);
	assert_int_equal(rte_eth_rx_descriptor_status(port->id, 0, 0),
			 RTE_ETH_RX_DESC_UNAVAIL);
	sim_close(port, true);
}

static void
status_rx_row(const struct sim_row *row)
{
	status_rx_run(row, 0);
	status_rx_run(row, 3);
}

void
case_status_rx(void **state)
{
	(void)state;
	sim_for_rows(status_rx_row);
}

/* ---- transmit: what is done is what a cleanup frees ---- */

static uint16_t
tx_free(struct sim_port *port)
{
	const struct vring *vr = &sim_txq(port, 0)->vr;

	return port->row.flags & VNIC_PATH_CHAIN ? vr->nr_free :
		vring_free(vr);
}

static uint16_t
tx_done(struct sim_port *port)
{
	uint16_t i, done = 0;

	for (i = 0; i < SIZE; i++) {
		int s = rte_eth_tx_descriptor_status(port->id, 0, i);

		assert_true(s == RTE_ETH_TX_DESC_DONE ||
			    s == RTE_ETH_TX_DESC_FULL);
		/* First all that are done, then all that are not. */
		if (s == RTE_ETH_TX_DESC_DONE)
			assert_int_equal(done++, i);
	}
	assert_int_equal(rte_eth_tx_descriptor_status(port->id, 0, SIZE),
			 -EINVAL);
	return done;
}

static void
status_tx_run(const struct sim_row *row, const struct devsim_policy *p)
{
	struct sim_options o = { .nb_txd = SIZE, .policy = *p };
	struct sim_port *port = sim_open(row, &o);
	struct loop l = {
		.port = port, .len_min = 60, .len_max = 600, .segs_max = 3,
	};
	unsigned int round, collected = 0;

	assert_int_equal(tx_done(port), SIZE);
	for (round = 0; round < 150; round++) {
		uint16_t before, done;
		int nr;

		loop_send(&l, 1 + round % 31);
		before = tx_free(port);
		done = tx_done(port);
		assert_true(done >= before);
		nr = devsim_tx_collect(port->dev, 1, round % 37, NULL, NULL);
		assert_true(nr >= 0);
		collected += nr;
		if (round % 3 == 0)
			continue;
		done = tx_done(port);
		assert_true(rte_eth_tx_done_cleanup(port->id, 0, 1) >= 0);
		assert_int_equal(tx_done(port), done);
		assert_true(rte_eth_tx_done_cleanup(port->id, 0, 0) >= 0);
		assert_int_equal(tx_free(port), done);
		assert_int_equal(tx_done(port), done);
	}
	assert_true(collected > SIZE);
	devsim_tx_collect(port->dev, 1, SIZE, NULL, NULL);
	devsim_tx_flush(port->dev, 1);
	assert_int_equal(tx_done(port), SIZE);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

static void
status_tx_row(const struct sim_row *row)
{
	static const struct devsim_policy policies[] = {
		{ .order = DEVSIM_ORDER_FIFO },
		{ .order = DEVSIM_ORDER_FIFO, .delay = 9, .batch = 4 },
		{ .order = DEVSIM_ORDER_REVERSE, .window = 5 },
		{ .order = DEVSIM_ORDER_RANDOM, .window = 16, .seed = 3 },
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(policies); i++)
		status_tx_run(row, &policies[i]);
}

void
case_status_tx(void **state)
{
	(void)state;
	sim_for_rows(status_tx_row);
}

/* ---- a device that lies about how much it has done ---- */

static void
lies_check(struct sim_port *port)
{
	uint16_t i;

	assert_in_range(rte_eth_rx_queue_count(port->id, 0), 0, SIZE);
	for (i = 0; i < SIZE; i++) {
		assert_in_range(rte_eth_rx_descriptor_status(port->id, 0, i),
				RTE_ETH_RX_DESC_AVAIL, RTE_ETH_RX_DESC_UNAVAIL);
		assert_in_range(rte_eth_tx_descriptor_status(port->id, 0, i),
				RTE_ETH_TX_DESC_FULL, RTE_ETH_TX_DESC_UNAVAIL);
	}
}

static void
lies_run(const struct sim_row *row, enum devsim_fault_kind kind, uint16_t vq)
{
	struct sim_options o = { .nb_rxd = SIZE, .nb_txd = SIZE };
	struct sim_port *port = sim_open(row, &o);
	struct devsim_fault fault = {
		.kind = kind, .vq = vq, .after = 3, .value = 1000, .seed = 1,
	};
	struct loop l = { .port = port, .len_min = 60, .len_max = 60 };
	uint8_t data[60] = { 0 };
	unsigned int i;

	devsim_fault_set(port->dev, &fault);
	for (i = 0; i < 20; i++) {
		loop_send(&l, 4);
		devsim_tx_collect(port->dev, 1, 3, NULL, NULL);
		devsim_rx_inject(port->dev, 0, data, sizeof(data), NULL);
		lies_check(port);
		if (i % 6 == 0)
			rx_take(port, 32);
	}
	sim_close(port, false);
}

static void
status_lies_row(const struct sim_row *row)
{
	uint16_t vq;
	unsigned int kind;

	/* Everything that a device can do wrong on a ring. */
	for (kind = DEVSIM_FAULT_USED_IDX_AHEAD; kind < DEVSIM_FAULT_RING_MAX;
	     kind++)
		for (vq = 0; vq < 2; vq++)
			lies_run(row, kind, vq);
}

void
case_status_lies(void **state)
{
	(void)state;
	sim_for_rows(status_lies_row);
}
