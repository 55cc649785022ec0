/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_device_stats.h"
#include "vnic_port.h"

/* DEVICE_STATS (5.1.6.5.9). */

#define STATS (UINT64_C(1) << VIRTIO_NET_F_DEVICE_STATS)
#define BASIC ((UINT64_C(1) << VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC) | \
	       (UINT64_C(1) << VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC))

static const struct sim_options with_stats = {
	.ctrl = true, .extra = { STATS, 0 }, .ctrl_timeout_ms = 5000 };

/* An answer is kept for 100 ms. */
static void
age(void)
{
	rte_delay_us_sleep(120000);
}

/* The first row that has offloads, whose features bring further types. */
static struct sim_row
offload_row(void)
{
	const struct sim_row *row;
	unsigned int i;

	for (i = 0; (row = sim_row_get(i)) != NULL; i++)
		if (row->flags & VNIC_PATH_OFFLOAD)
			return *row;
	fail_msg("no row with offloads");
	return (struct sim_row){ 0 };
}

/* What the device drops is imissed and oerrors; all else is an xstat. */
void
device_stats_feed_counters(void **state)
{
	struct sim_options o = with_stats;
	const struct sim_row row = offload_row();
	struct rte_eth_stats stats;
	struct sim_port *port;

	(void)state;
	o.pairs = 2;
	port = sim_open(&row, &o);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 7);
	devsim_stat_set(port->dev, 2, DEVSIM_STAT_DROPS, 4);
	devsim_stat_set(port->dev, 2, DEVSIM_STAT_DROP_CAUSE, 3);
	devsim_stat_set(port->dev, 3, DEVSIM_STAT_DROPS, 5);
	devsim_stat_set(port->dev, 1, DEVSIM_STAT_GSO + 5, 99);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_CSUM + 3, 1);
	age();
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.imissed, 11);
	assert_int_equal(stats.oerrors, 5);
	control_xstat_is(port, "device_rx_drops", 11);
	control_xstat_is(port, "device_q0_rx_drops", 7);
	control_xstat_is(port, "device_q1_rx_drop_overruns", 3);
	control_xstat_is(port, "device_q1_tx_drops", 5);
	control_xstat_is(port, "device_q0_tx_gso_bytes_noseg", 99);
	control_xstat_is(port, "device_rx_csum_bad", 1);
	assert_true(control_xstat(port, "device_cvq_command_num") > 0);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 9);
	age();
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.imissed, 2);
	sim_close(port, true);
}

/* Frames that come while no buffer is there, as the device counts them. */
void
device_stats_count_overruns(void **state)
{
	struct sim_options o = with_stats;
	uint8_t frame[100] = { 2, 0, 0, 0, 0, 1 };
	struct rte_eth_stats stats;
	struct rte_mbuf *pkts[64];
	struct sim_port *port;
	unsigned int i, nb = 0;
	uint16_t n;

	(void)state;
	o.nb_rxd = 64;
	port = control_open(&o);
	for (i = 0; i < 100; i++)
		nb += devsim_rx_wire(port->dev, 0, frame, sizeof(frame)) > 0;
	assert_int_equal(nb, 64);
	control_await_more(port, "rx_ring_empty", 1);
	age();
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.imissed, 36);
	while ((n = rte_eth_rx_burst(port->id, 0, pkts, 64)) > 0)
		rte_pktmbuf_free_bulk(pkts, n);
	control_xstat_is(port, "device_rx_drop_overruns", 36);
	age();
	control_xstat_is(port, "device_rx_packets", 64);
	sim_close(port, true);
}

/* Between two questions lies a tenth of a second. */
void
device_stats_are_kept(void **state)
{
	struct sim_port *port = control_open(&with_stats);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_eth_stats stats;
	uint32_t before;
	unsigned int i;

	(void)state;
	age();
	before = net->stats_gets;
	for (i = 0; i < 1000; i++)
		assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_true(net->stats_gets > before);
	assert_true(net->stats_gets < before + 500);
	sim_close(port, true);
}

/* Counters go on over a reset of the device, which counts from 0 again. */
void
device_stats_over_restart(void **state)
{
	struct sim_port *port = control_open(&with_stats);

	(void)state;
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 10);
	age();
	control_xstat_is(port, "device_rx_drops", 10);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 3);
	sim_start(port);
	control_xstat_is(port, "device_rx_drops", 13);
	/* The same with one queue that is reset alone. */
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 0), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 2);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 0), 0);
	age();
	control_xstat_is(port, "device_rx_drops", 15);
	sim_close(port, true);
}

static uint64_t
imissed(struct sim_port *port)
{
	struct rte_eth_stats stats;

	age();
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	return stats.imissed;
}

/* What the device counted between the last question and the reset is gone. */
void
device_stats_reset(void **state)
{
	struct sim_port *port = control_open(&with_stats);

	(void)state;
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 10);
	assert_int_equal(imissed(port), 10);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 1000);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	assert_int_equal(imissed(port), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 1005);
	assert_int_equal(imissed(port), 5);
	/* It cannot be asked: the next answer is what is taken off. */
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 2000);
	assert_int_equal(vnic_dev_lock(port->vnic, 3000), 0);
	assert_int_equal(rte_eth_xstats_reset(port->id), 0);
	control_xstat_is(port, "device_rx_drops", 0);
	vnic_dev_unlock(port->vnic);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 2001);
	assert_int_equal(imissed(port), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 2004);
	assert_int_equal(imissed(port), 3);
	sim_close(port, true);
}

/* A secondary's question is asked by the primary, and nobody's is not. */
void
device_stats_in_secondary(void **state)
{
	struct sim_port *port = control_open(&with_stats);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	uint32_t before;
	unsigned int i;

	(void)state;
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	before = net->stats_gets;
	rte_delay_us_sleep(500000);
	assert_int_equal(net->stats_gets, before);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 5);
	control_await(port, "device_rx_drops", 5);
	assert_true(net->stats_gets > before);
	before = net->stats_gets;
	for (i = 0; i < 1000; i++)
		control_xstat(port, "device_rx_drops");
	assert_true(net->stats_gets < before + 500);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 50);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	before = net->stats_gets;
	for (i = 0; net->stats_gets == before; i++) {
		assert_true(i < 600);
		assert_int_equal(imissed(port), 0);
	}
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 53);
	control_await(port, "device_rx_drops", 3);
	/* The primary is there no more: the last answer, after a while. */
	vnic_event_health_stop(port->vnic);
	before = net->stats_gets;
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 60);
	for (i = 0; i < 3; i++)
		assert_int_equal(imissed(port), 3);
	assert_int_equal(net->stats_gets, before);
	eth_dev->dev_ops = &vnic_ethdev_ops;
	sim_close(port, true);
}

/* 64 bits end somewhere, and the device goes on at 0 (5.1.6.5.9). */
void
device_stats_wrap(void **state)
{
	struct sim_port *port = control_open(&with_stats);

	(void)state;
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, UINT64_MAX - 9);
	imissed(port);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 5);
	assert_int_equal(imissed(port), 15);
	sim_close(port, true);
}

static unsigned int
names_of_device(struct sim_port *port)
{
	struct rte_eth_xstat_name names[512];
	int i, nb = rte_eth_xstats_get_names(port->id, names, 512);
	unsigned int found = 0;

	assert_in_range(nb, 1, 512);
	for (i = 0; i < nb; i++)
		found += strncmp(names[i].name, "device_", 7) == 0;
	return found;
}

#define NAMES_MAX 512

struct names {
	struct rte_eth_xstat_name name[NAMES_MAX];
	int nb;
};

static void
names_read(struct sim_port *port, struct names *n)
{
	memset(n, 0, sizeof(*n));
	n->nb = rte_eth_xstats_get_names(port->id, n->name, NAMES_MAX);
	assert_in_range(n->nb, 1, NAMES_MAX);
}

/* As many as there were, in their order, and nothing written behind them. */
static void
names_check(struct sim_port *port, const struct names *before)
{
	const struct rte_eth_xstat guard = { .id = 77, .value = 88 };
	struct rte_eth_xstat values[NAMES_MAX + 1];
	struct names now;
	int i;

	names_read(port, &now);
	assert_int_equal(now.nb, before->nb);
	assert_memory_equal(&now, before, sizeof(now));
	for (i = 0; i <= NAMES_MAX; i++)
		values[i] = guard;
	assert_int_equal(rte_eth_xstats_get(port->id, values, now.nb), now.nb);
	for (i = 0; i < now.nb; i++)
		assert_int_equal(values[i].id, i);
	for (; i <= NAMES_MAX; i++)
		assert_memory_equal(&values[i], &guard, sizeof(guard));
}

/* While a recovery waits for STATS_QUERY's answer, and after it. */
void
device_stats_keep_ids(void **state)
{
	struct sim_options o = with_stats;
	struct devsim_fault fault = { .kind = DEVSIM_FAULT_CTRL_SILENT,
				      .vq = 4 };
	static struct names before;
	const struct devsim_net_state *net;
	struct sim_port *port;
	unsigned int i;

	(void)state;
	o.pairs = 2;
	o.ctrl_timeout_ms = 2000;
	port = control_open(&o);
	net = devsim_net_state(port->dev);
	names_read(port, &before);
	/* The last two are STATS_QUERY and STATS_GET. */
	fault.after = net->commands - 2;
	devsim_fault_set(port->dev, &fault);
	devsim_status_set(port->dev, devsim_status_get(port->dev) |
			  VIRTIO_STATUS_NEEDS_RESET);
	vnic_event_config_changed(port->vnic);
	while (net->commands != fault.after) {
		names_check(port, &before);
		rte_delay_us_sleep(1000);
	}
	for (i = 0; i < 100; i++)
		names_check(port, &before);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	control_await(port, "recoveries", 1);
	names_check(port, &before);
	/* Asked no more, and shown all the same. */
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, 4);
	age();
	names_check(port, &before);
	assert_true(devsim_fault_done(port->dev));
	names_check(port, &before);
	sim_close(port, false);
}

static void
only_basic(struct devsim *dev)
{
	devsim_stats_types(dev, BASIC);
}

/* More queues than one command is answered for. */
void
device_stats_of_many(void **state)
{
	struct sim_options o = with_stats;
	struct sim_port *port;
	uint64_t sum = 0;
	uint32_t gets;
	char name[64];
	uint16_t q;

	(void)state;
	o.pairs = 50;
	o.nb_rxd = 16;
	o.nb_txd = 16;
	port = control_open(&o);
	gets = devsim_net_state(port->dev)->stats_gets;
	/* Two commands hold 24 pairs each, the last one the rest. */
	assert_int_equal(gets % 3, 0);
	for (q = 0; q < o.pairs; q++) {
		devsim_stat_set(port->dev, q * 2, DEVSIM_STAT_DROPS, 100 + q);
		sum += 100 + q;
	}
	assert_int_equal(imissed(port), sum);
	assert_true(devsim_net_state(port->dev)->stats_gets >= gets + 3);
	for (q = 0; q < o.pairs; q++) {
		snprintf(name, sizeof(name), "device_q%u_rx_drops", q);
		control_xstat_is(port, name, 100 + q);
	}
	control_xstat_is(port, "violation_ctrl", 0);
	assert_int_equal(rte_eth_stats_reset(port->id), 0);
	devsim_stat_set(port->dev, 98, DEVSIM_STAT_DROPS, 151);
	assert_int_equal(imissed(port), 2);
	sim_close(port, true);
}

/* Types that the device lacks are not asked for, and are no xstats. */
void
device_stats_by_type(void **state)
{
	struct sim_options o = with_stats;
	struct sim_port *port;

	(void)state;
	o.prepare = only_basic;
	port = control_open(&o);
	assert_int_equal(names_of_device(port), 24);
	sim_close(port, true);
	o.extra[0] = 0;
	port = control_open(&o);
	assert_int_equal(names_of_device(port), 0);
	sim_close(port, true);
}

/* A queue that does not answer slows nobody but the one who finds it out. */
void
device_stats_of_dead_queue(void **state)
{
	struct sim_options o = with_stats;
	struct rte_eth_stats stats;
	struct sim_port *port;
	uint64_t start, ms;
	unsigned int i;

	(void)state;
	o.ctrl_timeout_ms = 200;
	port = control_open(&o);
	age();
	control_fault(port, DEVSIM_FAULT_CTRL_SILENT, 2);
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	start = rte_get_timer_cycles();
	for (i = 0; i < 50; i++)
		assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	ms = (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
	/* 50 deadlines are 10 s. */
	assert_in_range(ms, 0, 5000);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	control_await(port, "recoveries", 1);
	control_traffic(port);
	sim_close(port, false);
}

/*
 * Every length, queue and type of an answer is bounded, and an answer without
 * what was asked for is none: it counts as far as it is right, and never again.
 */
static void
malformed(enum devsim_fault_kind kind, uint32_t value, uint32_t after)
{
	struct devsim_fault fault = {
		.kind = kind, .vq = 2, .value = value, .after = after };
	struct sim_port *port = control_open(&with_stats);

	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 7);
	assert_int_equal(imissed(port), 7);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 100);
	age();
	devsim_fault_set(port->dev, &fault);
	/* All was there, and more than there was room for is not looked at. */
	control_xstat_is(port, "device_rx_drops", kind == DEVSIM_FAULT_LEN_MAX ? 100 : 7);
	assert_true(devsim_fault_done(port->dev));
	control_xstat_is(port, "violation_ctrl", 1);
	devsim_stat_set(port->dev, 0, DEVSIM_STAT_DROPS, 200);
	assert_in_range(imissed(port), 7, 100);
	control_traffic(port);
	sim_close(port, true);
}

void
device_stats_malformed(void **state)
{
	static const struct {
		enum devsim_fault_kind kind;
		uint32_t value;
	} lies[] = {
		{ DEVSIM_FAULT_STATS_SIZE, 0 },
		{ DEVSIM_FAULT_STATS_SIZE, 7 },
		{ DEVSIM_FAULT_STATS_SIZE, 9 },
		{ DEVSIM_FAULT_STATS_SIZE, 57 },
		{ DEVSIM_FAULT_STATS_SIZE, 65535 },
		{ DEVSIM_FAULT_STATS_VQ, 3 },
		{ DEVSIM_FAULT_STATS_VQ, 65535 },
		{ DEVSIM_FAULT_STATS_TYPE, 16 },
		{ DEVSIM_FAULT_STATS_TYPE, 255 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(lies); i++) {
		/* The control queue's entry, then the receive queue's. */
		malformed(lies[i].kind, lies[i].value, 0);
		if (lies[i].value != 57)
			malformed(lies[i].kind, lies[i].value, 1);
	}
	malformed(DEVSIM_FAULT_LEN_MAX, 0, 0);
	malformed(DEVSIM_FAULT_LEN_ZERO, 0, 0);
}
