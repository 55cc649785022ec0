/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_random.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_port.h"

/*
 * Operations of several threads, and frames, while the device asks for one
 * reset after the other. An operation may be refused, for the port is busy or
 * the device does not answer; nothing may be lost by it.
 */

#define RESETS 15

struct caller {
	struct sim_port *port;
	pthread_t id;
	void (*call)(struct caller *c, unsigned int turn);
	const bool *stop;
	unsigned int calls;
	unsigned int wrong;	/**< answers that nothing explains */
	int last_wrong;
};

static void
judge(struct caller *c, int ret)
{
	c->calls++;
	if (ret >= 0 || ret == -EBUSY || ret == -ETIMEDOUT || ret == -EIO)
		return;
	c->wrong++;
	c->last_wrong = ret;
}

static void
call_filters(struct caller *c, unsigned int turn)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 4, turn % 50 } };
	struct rte_ether_addr group = { { 1, 0, 0x5e, 0, 4, turn % 50 } };
	uint16_t id = c->port->id;

	judge(c, turn % 2 ? rte_eth_promiscuous_enable(id) :
	      rte_eth_promiscuous_disable(id));
	judge(c, turn % 3 ? rte_eth_allmulticast_enable(id) :
	      rte_eth_allmulticast_disable(id));
	judge(c, turn / 50 % 2 ? rte_eth_dev_mac_addr_remove(id, &mac) :
	      rte_eth_dev_mac_addr_add(id, &mac, 0));
	judge(c, rte_eth_dev_set_mc_addr_list(id, &group, turn % 2));
	judge(c, rte_eth_dev_vlan_filter(id, turn % 100, turn / 100 % 2));
}

/* The second pair's; frames flow by the first. */
static void
call_queues(struct caller *c, unsigned int turn)
{
	uint16_t id = c->port->id;

	judge(c, rte_eth_dev_rx_queue_stop(id, 1));
	judge(c, rte_eth_dev_tx_queue_stop(id, 1));
	judge(c, rte_eth_dev_set_mtu(id, 1400 + turn % 100));
	judge(c, rte_eth_dev_rx_queue_start(id, 1));
	judge(c, rte_eth_dev_tx_queue_start(id, 1));
}

static void
call_counters(struct caller *c, unsigned int turn)
{
	struct rte_eth_xstat xstats[512];
	struct rte_eth_dev_info info;
	struct rte_eth_stats stats;
	struct rte_eth_link link;
	uint16_t id = c->port->id;

	judge(c, rte_eth_stats_get(id, &stats));
	judge(c, rte_eth_xstats_get(id, xstats, RTE_DIM(xstats)));
	judge(c, rte_eth_link_get_nowait(id, &link));
	judge(c, rte_eth_dev_info_get(id, &info));
	judge(c, rte_eth_dev_is_removed(id));
	if (turn % 16 == 0)
		judge(c, rte_eth_xstats_reset(id));
}

static void *
caller_main(void *arg)
{
	struct caller *c = arg;
	unsigned int turn;

	for (turn = 0; !__atomic_load_n(c->stop, __ATOMIC_RELAXED); turn++) {
		c->call(c, turn);
		rte_delay_us_sleep(500);
	}
	return NULL;
}

/* Each of them helps: a row of them is not counted as one that does not. */
static void
resets(struct sim_port *port, const struct control_events *seen,
       unsigned int nb)
{
	unsigned int i;

	for (i = seen->success + 1; nb-- > 0; i++) {
		assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
		port->vnic->recover_tries = 0;
		vnic_dev_unlock(port->vnic);
		devsim_needs_reset(port->dev);
		vnic_event_config_changed(port->vnic);
		control_events_await(&seen->success, i);
	}
}

/* What the port has after all of that is what it says. */
static void
check_agreement(struct sim_port *port)
{
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr macs[VNIC_MAC_MAX];
	int i, nb = rte_eth_macaddrs_get(port->id, macs, RTE_DIM(macs));
	uint16_t others = 0;

	for (i = 1; i < nb; i++)
		others += !rte_is_zero_ether_addr(&macs[i]);
	assert_int_equal(net->promisc, rte_eth_promiscuous_get(port->id));
	assert_int_equal(net->allmulti, rte_eth_allmulticast_get(port->id));
	assert_int_equal(net->nr_unicast, others);
	assert_memory_equal(net->vlan, rte_eth_devices[port->id].data->
			    vlan_filter_conf.ids, sizeof(net->vlan));
}

void
case_threads(void **state)
{
	static void (*const calls[])(struct caller *, unsigned int) = {
		call_filters, call_queues, call_counters };
	struct sim_options o = { .pairs = 2, .ctrl = true,
		.ctrl_timeout_ms = 300,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	const struct control_events *seen = control_events_watch(port);
	struct caller callers[RTE_DIM(calls)];
	struct control_flow *flow;
	bool stop = false;
	unsigned int i;

	(void)state;
	control_traffic(port);
	flow = control_flow_start(port, 0);
	for (i = 0; i < RTE_DIM(callers); i++) {
		callers[i] = (struct caller){ .port = port, .call = calls[i],
			.stop = &stop };
		assert_int_equal(pthread_create(&callers[i].id, NULL,
						caller_main, &callers[i]), 0);
	}
	resets(port, seen, RESETS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < RTE_DIM(callers); i++) {
		pthread_join(callers[i].id, NULL);
		if (callers[i].wrong > 0)
			print_error("caller %u: %u wrong answers of %u, one is %d\n",
				    i, callers[i].wrong, callers[i].calls,
				    callers[i].last_wrong);
		assert_int_equal(callers[i].wrong, 0);
		assert_true(callers[i].calls > RESETS);
	}
	/* A last one, with nobody beside it, and what it brings back. */
	resets(port, seen, 1);
	check_agreement(port);
	control_flow_await(flow, 100);
	control_flow_end(flow, false);
	assert_int_equal(seen->failed, 0);
	assert_int_equal(seen->recovering, seen->success);
	sim_close(port, false);
}
