/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "vnic_args.h"
#include "vnic_device.h"

/* Receive filters as the device applies them to frames (5.1.6.5.1 ff). */

#define RX_EXTRA (UINT64_C(1) << VIRTIO_NET_F_CTRL_RX_EXTRA)

static const struct rte_ether_addr own = { { 2, 0, 0, 0, 0, 1 } };
static const struct rte_ether_addr other = { { 2, 0, 0, 0, 0, 0x77 } };
static const struct rte_ether_addr group = { { 1, 0, 0x5e, 0, 0, 1 } };
static const struct rte_ether_addr all = {
	{ 255, 255, 255, 255, 255, 255 } };

/* A frame from the network to @p dst: does the application get it? */
static bool
arrives(struct sim_port *port, const struct rte_ether_addr *dst)
{
	uint8_t frame[64] = { 0 };
	struct rte_mbuf *m;

	memcpy(frame, dst, sizeof(*dst));
	if (devsim_rx_wire(port->dev, 0, frame, sizeof(frame)) == 0)
		return false;
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), dst, 6);
	rte_pktmbuf_free(m);
	return true;
}

static void
small_table(struct devsim *dev)
{
	devsim_mac_room(dev, 2);
}

static struct sim_port *
open_small(uint64_t features)
{
	struct sim_options o = {
		.ctrl = true, .extra = { features, 0 },
		.prepare = small_table };

	return control_open(&o);
}

static void
add_unicast(struct sim_port *port, uint8_t last)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, last } };

	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &mac, 0), 0);
	assert_true(arrives(port, &mac));
}

static void
remove_unicast(struct sim_port *port, uint8_t last)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, last } };

	assert_int_equal(rte_eth_dev_mac_addr_remove(port->id, &mac), 0);
}

/* exact > allmulti > alluni (or promisc), and back. */
static void
ladder(uint64_t features)
{
	struct sim_port *port = open_small(features);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr mc = group;

	assert_true(arrives(port, &own));
	assert_true(arrives(port, &all));
	assert_false(arrives(port, &other));
	add_unicast(port, 1);
	add_unicast(port, 2);
	assert_false(arrives(port, &other));
	assert_false(arrives(port, &group));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, &mc, 1), 0);
	assert_true(net->allmulti);
	assert_true(arrives(port, &group));
	assert_false(arrives(port, &other));
	add_unicast(port, 3);
	assert_true(arrives(port, &other));
	assert_int_equal(net->promisc, features == 0);
	/* The application's own wishes do not take the rung away. */
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_int_equal(rte_eth_promiscuous_disable(port->id), 0);
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	assert_int_equal(rte_eth_allmulticast_disable(port->id), 0);
	assert_true(arrives(port, &other));
	assert_true(arrives(port, &group));
	/* As after a recovery. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	assert_true(arrives(port, &other));
	remove_unicast(port, 3);
	remove_unicast(port, 2);
	assert_false(arrives(port, &other));
	assert_true(arrives(port, &group));
	assert_false(net->allmulti);
	assert_false(net->promisc);
	assert_int_equal(net->rx_extra & (1 << VIRTIO_NET_CTRL_RX_ALLUNI), 0);
	sim_close(port, true);
}

void
filter_ladder(void **state)
{
	(void)state;
	ladder(RX_EXTRA);
	ladder(0);
}

static bool
unicast_arrives(struct sim_port *port, uint8_t last)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, last } };

	return arrives(port, &mac);
}

/* @p nb commands are refused, from the one after @p after on. */
static void
ladder_refused(struct sim_port *port, uint32_t after, uint32_t nb)
{
	struct devsim_fault fault = { .kind = DEVSIM_FAULT_CTRL_ERR, .vq = 2,
		.after = after, .value = nb - 1 };
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr third = { { 2, 0, 0, 0, 1, 3 } };
	int ret;

	devsim_fault_set(port->dev, &fault);
	ret = rte_eth_dev_mac_addr_add(port->id, &third, 0);
	assert_true(unicast_arrives(port, 1) && unicast_arrives(port, 2));
	assert_true(arrives(port, &all));
	if (nb == 1 && ret < 0) {
		assert_false(unicast_arrives(port, 3));
		assert_false(arrives(port, &group));
		assert_int_equal(net->nr_unicast, 2);
	}
	if (ret == 0)
		assert_true(unicast_arrives(port, 3));
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	/* Refused or not: one that is taken makes all of it right. */
	if (ret < 0)
		add_unicast(port, 3);
	devsim_fault_set(port->dev, &fault);
	remove_unicast(port, 3);
	assert_true(unicast_arrives(port, 1) && unicast_arrives(port, 2));
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	add_unicast(port, 3);
	remove_unicast(port, 3);
	assert_false(unicast_arrives(port, 3));
	assert_int_equal(net->nr_unicast, 2);
	assert_false(net->allmulti || net->promisc);
}

/* A change of addresses that the device refuses half way loses none. */
static void
ladder_half_way(uint64_t features)
{
	struct sim_port *port = open_small(features);
	uint32_t nb, after;

	add_unicast(port, 1);
	add_unicast(port, 2);
	/* No change takes more commands than that, with those to undo it. */
	for (nb = 1; nb <= 3; nb++)
		for (after = 0; after < 10; after++)
			ladder_refused(port, after, nb);
	sim_close(port, true);
}

void
filter_half_way(void **state)
{
	(void)state;
	ladder_half_way(RX_EXTRA);
	ladder_half_way(0);
}

static struct sim_port *
open_suppressed(uint64_t features, const char *text)
{
	struct sim_options o = { .ctrl = true, .extra = { features, 0 } };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = sim_open_stopped(&row, &o);
	struct vnic_args args;

	assert_int_equal(vnic_args_parse("test", text, VNIC_TRANSPORT_PCI,
					 &args), 0);
	port->vnic->args.rx_suppress = args.rx_suppress;
	sim_start(port);
	return port;
}

static void
check_suppressed(struct sim_port *port)
{
	assert_false(arrives(port, &all));
	assert_false(arrives(port, &group));
	assert_true(arrives(port, &own));
}

/* rx_suppress=: NOMULTI, NOBCAST; in force again after a recovery. */
void
rx_suppress(void **state)
{
	struct sim_port *port = open_suppressed(RX_EXTRA,
		"rx_suppress=[broadcast,multicast]");

	(void)state;
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	check_suppressed(port);
	devsim_status_set(port->dev, devsim_status_get(port->dev) |
			  VIRTIO_STATUS_NEEDS_RESET);
	vnic_event_config_changed(port->vnic);
	control_await(port, "recoveries", 1);
	check_suppressed(port);
	sim_close(port, false);
	port = open_suppressed(RX_EXTRA, "rx_suppress=unicast");
	assert_false(arrives(port, &own));
	assert_true(arrives(port, &all));
	sim_close(port, true);
	control_log_start();
	port = open_suppressed(0, "rx_suppress=unicast");
	control_log_has("rx_suppress has no effect: the device does not offer CTRL_RX_EXTRA");
	assert_true(arrives(port, &own));
	sim_close(port, true);
}

/* Tags that the filter knows get in, others do not. */
void
vlan_filter_is_applied(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	uint8_t frame[64] = { 2, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0,
		100 };
	struct rte_mbuf *m;

	(void)state;
	assert_int_equal(devsim_rx_wire(port->dev, 0, frame, 64), 0);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 100, 1), 0);
	assert_int_equal(devsim_rx_wire(port->dev, 0, frame, 64), 1);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
	sim_close(port, true);
}

/* STANDBY is taken only by a user who has a primary. */
void
standby_when_asked(void **state)
{
	struct sim_options o = {
		.extra = { UINT64_C(1) << VIRTIO_NET_F_STANDBY, 0 } };
	const struct sim_row row = *sim_row_get(0);
	struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	struct sim_port *port = control_open(&o);

	(void)state;
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_STANDBY));
	sim_close(port, true);
	assert_int_equal(sim_probe(&row, &o, &port), 0);
	port->vnic->args.standby = true;
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_true(vnic_dev_has(port->vnic, VIRTIO_NET_F_STANDBY));
	sim_close(port, true);
}

/* SPEED_DUPLEX may change while the port runs. */
void
speed_is_followed(void **state)
{
	struct sim_options o = {
		.extra = { UINT64_C(1) << VIRTIO_NET_F_SPEED_DUPLEX, 0 } };
	struct sim_port *port = control_open(&o);
	static const uint32_t speeds[] = { 10000, 25000, 0x7fffffff + 2u };
	struct rte_eth_link link;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(speeds); i++) {
		rte_le32_t raw = rte_cpu_to_le_32(speeds[i]);

		devsim_config_poke(port->dev, offsetof(struct
			virtio_net_config, speed), &raw, sizeof(raw));
		vnic_event_config_changed(port->vnic);
		assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
		assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
		assert_int_equal(link.link_speed, i < 2 ? speeds[i] :
				 RTE_ETH_SPEED_NUM_UNKNOWN);
	}
	sim_close(port, true);
}
