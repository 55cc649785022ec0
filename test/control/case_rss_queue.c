/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_port.h"

/*
 * Queues that are stopped: the device is told of others instead, at every
 * moment (NCV-13), and the application's table stays what it is.
 */

#define PAIRS 4
#define TABLE 128
#define CTRL_VQ (PAIRS * 2)
#define IPV4 RTE_ETH_RSS_IPV4
#define TCP4 RTE_ETH_RSS_NONFRAG_IPV4_TCP

static const struct sim_options with_rss = {
	.pairs = PAIRS, .nb_rxd = 64, .nb_txd = 64, .rss_hf = IPV4 | TCP4,
	.ctrl_timeout_ms = 5000,
};

static const struct devsim_rss *
told(struct sim_port *port)
{
	return &devsim_net_state(port->dev)->rss;
}

/* Entry i is for queue i % PAIRS, but the device has @p in_place of @p stopped. */
static void
table_check(struct sim_port *port, uint16_t stopped, uint16_t in_place)
{
	struct rte_eth_rss_reta_entry64 got[2] = {
		{ .mask = UINT64_MAX }, { .mask = UINT64_MAX } };
	uint16_t i, queue;

	assert_int_equal(rte_eth_dev_rss_reta_query(port->id, got, TABLE), 0);
	assert_int_equal(told(port)->table_len, TABLE);
	for (i = 0; i < TABLE; i++) {
		queue = i % PAIRS;
		assert_int_equal(got[i / 64].reta[i % 64], queue);
		assert_int_equal(told(port)->table[i],
				 queue == stopped ? in_place : queue);
	}
}

static int
entry_set(struct sim_port *port, uint16_t entry, uint16_t queue)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 0 } };

	reta[entry / 64].mask = UINT64_C(1) << (entry % 64);
	reta[entry / 64].reta[entry % 64] = queue;
	return rte_eth_dev_rss_reta_update(port->id, reta, TABLE);
}

static int
hash_set(struct sim_port *port, uint8_t seed, uint64_t rss_hf)
{
	uint8_t key[40];
	struct rte_eth_rss_conf conf = {
		.rss_key = key, .rss_key_len = sizeof(key), .rss_hf = rss_hf };

	memset(key, seed, sizeof(key));
	return rte_eth_dev_rss_hash_update(port->id, &conf);
}

/* Every flow has a queue, and none of them is @p stopped. */
static void
flows_check(struct sim_port *port, uint16_t stopped)
{
	uint8_t data[100] = {
		2, [12] = 8, [14] = 0x45, [17] = 86, [23] = 6, [26] = 1,
		[30] = 2, [46] = 0x50 };
	struct rte_mbuf *m;
	uint16_t queue;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		data[35] = i;
		assert_true(devsim_rx_deliver(port->dev, data, sizeof(data),
					      &queue) > 0);
		assert_int_not_equal(queue, stopped);
		assert_int_equal(rte_eth_rx_burst(port->id, queue, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
}

/* The device asks for a reset, which is no violation of the driver's. */
static void
recover(struct sim_port *port, uint64_t nb)
{
	sim_honest(port);
	devsim_status_set(port->dev, devsim_status_get(port->dev) |
			  VIRTIO_STATUS_NEEDS_RESET);
	devsim_violations_clear(port->dev);
	vnic_event_config_changed(port->vnic);
	control_await(port, "recoveries", nb);
}

/* What may be changed while queue 2 is stopped and 3 stands in for it. */
static void
change_others(struct sim_port *port)
{
	control_log_start();
	assert_int_equal(entry_set(port, 5, 2), -EINVAL);
	control_log_has("RSS cannot steer to queue 2, which is stopped");
	table_check(port, 2, 3);
	assert_int_equal(entry_set(port, 0, 1), 0);
	assert_int_equal(told(port)->table[0], 1);
	assert_int_equal(told(port)->table[2], 3);
	assert_int_equal(entry_set(port, 0, 0), 0);
	assert_int_equal(hash_set(port, 77, TCP4), 0);
	assert_int_equal(told(port)->key[0], 77);
	assert_int_equal(told(port)->hash_types, VIRTIO_NET_HASH_TYPE(TCPv4));
	assert_int_equal(hash_set(port, 3, IPV4 | TCP4), 0);
	table_check(port, 2, 3);
}

void
case_rss_stopped_queue(void **state)
{
	struct sim_port *port = control_open(&with_rss);

	(void)state;
	table_check(port, PAIRS, 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 2), 0);
	table_check(port, 2, 3);
	change_others(port);
	flows_check(port, 2);
	recover(port, 1);
	table_check(port, 2, 3);
	flows_check(port, 2);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 2), 0);
	table_check(port, PAIRS, 0);
	flows_check(port, PAIRS);
	assert_int_equal(entry_set(port, 5, 2), 0);
	/* Around the end. */
	assert_int_equal(entry_set(port, 5, 1), 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 3), 0);
	table_check(port, 3, 0);
	/* A transmit queue is none of this. */
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, 1), 0);
	table_check(port, 3, 0);
	control_traffic(port);
	sim_close(port, true);
}

static void
deferred_run(bool ring_reset)
{
	struct rte_eth_rxconf deferred = { .rx_deferred_start = 1 };
	struct sim_options o = with_rss;
	struct sim_port *port;

	o.no_ring_reset = !ring_reset;
	port = control_open(&o);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 2, 64, SOCKET_ID_ANY,
						&deferred, port->pool), 0);
	sim_start(port);
	table_check(port, 2, 3);
	change_others(port);
	flows_check(port, 2);
	recover(port, 1);
	table_check(port, 2, 3);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 2), 0);
	table_check(port, PAIRS, 0);
	flows_check(port, PAIRS);
	recover(port, 2);
	table_check(port, PAIRS, 0);
	sim_close(port, true);
}

void
rss_deferred_queue(void **state)
{
	(void)state;
	deferred_run(true);
	deferred_run(false);
}

/* No table is right, so none is sent; the first that starts gets all. */
void
rss_all_stopped(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	uint16_t i;

	(void)state;
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, i), 0);
	assert_int_equal(hash_set(port, 9, TCP4), 0);
	assert_int_not_equal(told(port)->key[0], 9);
	recover(port, 1);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 1), 0);
	assert_int_equal(told(port)->key[0], 9);
	assert_int_equal(told(port)->unclassified, 1);
	for (i = 0; i < TABLE; i++)
		assert_int_equal(told(port)->table[i], 1);
	flows_check(port, PAIRS);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(rte_eth_dev_rx_queue_start(port->id, i), 0);
	table_check(port, PAIRS, 0);
	assert_int_equal(told(port)->unclassified, 0);
	sim_close(port, true);
}

static uint8_t
rx_state(struct sim_port *port, uint16_t queue)
{
	struct rte_eth_rxq_info info;

	assert_int_equal(rte_eth_rx_queue_info_get(port->id, queue, &info), 0);
	return info.queue_state;
}

/* A device that refuses another table: the queue is as it was. */
void
rss_steer_refused(void **state)
{
	struct sim_port *port = control_open(&with_rss);

	(void)state;
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 2), -EIO);
	assert_int_equal(rx_state(port, 2), RTE_ETH_QUEUE_STATE_STARTED);
	table_check(port, PAIRS, 0);
	flows_check(port, PAIRS);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 2), 0);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 2), -EIO);
	assert_int_equal(rx_state(port, 2), RTE_ETH_QUEUE_STATE_STOPPED);
	assert_false(devsim_queue_enabled(port->dev, 4));
	table_check(port, 2, 3);
	flows_check(port, 2);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 2), 0);
	table_check(port, PAIRS, 0);
	flows_check(port, PAIRS);
	sim_close(port, true);
}

static void
shape_contexts(struct devsim_config *c)
{
	c->rss_contexts = 4;
	virtio_features_add(&c->offered, VIRTIO_NET_F_RSS_CONTEXT);
}

/* Further sets of parameters follow as well. */
void
rss_context_stopped_queue(void **state)
{
	static struct vnic_rss_params params;
	struct sim_options o = with_rss;
	const struct devsim_rss *ctx;
	struct sim_port *port;

	(void)state;
	o.shape = shape_contexts;
	port = control_open(&o);
	ctx = &devsim_net_state(port->dev)->contexts[1];
	params = *port->vnic->rss.params;
	params.table_len = 2;
	params.table[0] = params.table[1] = 2;
	params.unclassified = 2;
	assert_int_equal(vnic_rss_context_set(port->vnic, 2, &params), 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 2), 0);
	assert_int_equal(ctx->table[0], 3);
	assert_int_equal(ctx->unclassified, 3);
	recover(port, 1);
	assert_int_equal(ctx->table[1], 3);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 2), 0);
	assert_int_equal(ctx->table[1], 2);
	assert_int_equal(ctx->unclassified, 2);
	sim_close(port, true);
}
