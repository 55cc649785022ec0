/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>

#include <rte_version.h>

#include "control.h"
#include "vnic_port.h"

/* Counters that the driver keeps itself. */

/* Each counter of /vnic/queues is an xstat, and each queue's in rte_eth_stats. */
void
counters_per_queue(void **state)
{
	static const char *const rx[] = {
		"packets", "bytes", "bursts", "empty", "kicks", "kicks_saved",
		"nombuf", "errors", "slow", "too_long" };
	static const char *const tx[] = {
		"packets", "bytes", "bursts", "full", "kicks", "kicks_saved",
		"rekicks", "errors", "completed", "returned", "slow" };
	struct sim_options o = {
		.pairs = RTE_ETHDEV_QUEUE_STAT_CNTRS + 2, .nb_rxd = 16,
		.nb_txd = 16 };
	struct sim_port *port = control_open(&o);
	struct rte_eth_stats stats;
	struct rte_mbuf *m;
	char name[64];
	unsigned int i;
	uint16_t q;

	(void)state;
	for (q = 0; q < o.pairs; q++)
		for (i = 0; i <= q; i++) {
			m = frame_mbuf(port->pool, i, 100, 1);
			assert_int_equal(rte_eth_tx_burst(port->id, q, &m, 1),
					 1);
			devsim_poll(port->dev, 4);
			assert_int_equal(rte_eth_rx_burst(port->id, q, &m, 1),
					 1);
			rte_pktmbuf_free(m);
		}
	for (q = 0; q < o.pairs; q++) {
		snprintf(name, sizeof(name), "rx_q%u_packets", q);
		control_xstat_is(port, name, q + 1);
		snprintf(name, sizeof(name), "tx_q%u_bytes", q);
		control_xstat_is(port, name, 100 * (q + 1));
		for (i = 0; i < RTE_DIM(rx); i++) {
			snprintf(name, sizeof(name), "rx_q%u_%s", q, rx[i]);
			control_xstat(port, name);
		}
		for (i = 0; i < RTE_DIM(tx); i++) {
			snprintf(name, sizeof(name), "tx_q%u_%s", q, tx[i]);
			control_xstat(port, name);
		}
	}
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, o.pairs * (o.pairs + 1) / 2);
#if RTE_VERSION < RTE_VERSION_NUM(25, 11, 0, 0)
	for (q = 0; q < RTE_ETHDEV_QUEUE_STAT_CNTRS; q++) {
		assert_int_equal(stats.q_ipackets[q], q + 1);
		assert_int_equal(stats.q_obytes[q], 100 * (q + 1));
	}
#endif
	sim_close(port, true);
}

/* Frames counted since a reset, on queues that are set up anew meanwhile. */
void
counters_over_setup(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_eth_stats stats;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++)
		control_traffic(port);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 128,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, 128,
		SOCKET_ID_ANY, NULL), 0);
	sim_start(port);
	for (i = 1; i <= 14; i++) {
		control_traffic(port);
		assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
		assert_int_equal(stats.ipackets, i);
		assert_int_equal(stats.opackets, i);
		control_xstat_is(port, "rx_q0_packets", i);
		control_xstat_is(port, "tx_q0_bytes", i * 200);
	}
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	control_traffic(port);
	control_xstat_is(port, "rx_q0_packets", 1);
	sim_close(port, true);
}

/*
 * Nor do they stop at a queue that ethdev has released and not taken another
 * for: a set-up that it refuses itself leaves its slot empty.
 */
void
counters_over_refused_setup(void **state)
{
	struct rte_eth_rxconf of_port = {
		.offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = control_open(NULL);
	struct rte_eth_stats stats;

	(void)state;
	/* Which puts the queue back. */
	vnic_event_health_stop(port->vnic);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 0), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 128,
		SOCKET_ID_ANY, &of_port, port->pool), -EINVAL);
	assert_null(rte_eth_devices[port->id].data->rx_queues[0]);
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, 1);
	control_xstat_is(port, "rx_q0_packets", 1);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	control_xstat_is(port, "rx_q0_packets", 0);
	sim_close(port, true);
}

/* Queues beyond those that rte_eth_stats has are counted where one asks. */
void
counters_mapped(void **state)
{
	struct sim_options o = {
		.pairs = RTE_ETHDEV_QUEUE_STAT_CNTRS + 2, .nb_rxd = 16,
		.nb_txd = 16 };
	struct sim_port *port = control_open(&o);
	const uint16_t last = o.pairs - 1;
	struct rte_eth_stats stats;
	struct rte_mbuf *m;
	uint16_t q;

	(void)state;
	assert_int_equal(rte_eth_dev_set_rx_queue_stats_mapping(port->id,
		last, 1), 0);
	assert_int_equal(rte_eth_dev_set_tx_queue_stats_mapping(port->id,
		last, 2), 0);
	assert_int_equal(rte_eth_dev_set_rx_queue_stats_mapping(port->id,
		last + 1, 1), -EINVAL);
	assert_int_equal(rte_eth_dev_set_rx_queue_stats_mapping(port->id, 0,
		RTE_ETHDEV_QUEUE_STAT_CNTRS), -EINVAL);
	for (q = 0; q < o.pairs; q++) {
		m = frame_mbuf(port->pool, q, 100, 1);
		assert_int_equal(rte_eth_tx_burst(port->id, q, &m, 1), 1);
		devsim_poll(port->dev, 4);
		assert_int_equal(rte_eth_rx_burst(port->id, q, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, o.pairs);
#if RTE_VERSION < RTE_VERSION_NUM(25, 11, 0, 0)
	for (q = 0; q < RTE_ETHDEV_QUEUE_STAT_CNTRS; q++) {
		assert_int_equal(stats.q_ipackets[q], q == 1 ? 2 : 1);
		assert_int_equal(stats.q_ibytes[q], q == 1 ? 200 : 100);
		assert_int_equal(stats.q_opackets[q], q == 2 ? 2 : 1);
		assert_int_equal(stats.q_obytes[q], q == 2 ? 200 : 100);
	}
#endif
	sim_close(port, true);
}
