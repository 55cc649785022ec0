/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_port.h"

/* Receive filters: what the device was told, read from the device. */

static const struct sim_options with_ctrl = { .ctrl = true };

static void
restart(struct sim_port *port)
{
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
}

void
case_modes(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct devsim_net_state *net = devsim_net_state(port->dev);

	(void)state;
	assert_false(net->promisc);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	assert_true(net->promisc);
	assert_true(net->allmulti);
	restart(port);
	assert_true(net->promisc);
	assert_true(net->allmulti);
	assert_int_equal(rte_eth_promiscuous_disable(port->id), 0);
	assert_int_equal(rte_eth_allmulticast_disable(port->id), 0);
	assert_false(net->promisc);
	assert_false(net->allmulti);
	sim_close(port, true);
}

void
case_addresses(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr own = { { 2, 1, 1, 1, 1, 1 } };
	struct rte_ether_addr a = { { 2, 0, 0, 0, 0, 0xa } };
	struct rte_ether_addr b = { { 2, 0, 0, 0, 0, 0xb } };
	struct rte_ether_addr c = { { 2, 0, 0, 0, 0, 0xc } };
	struct rte_ether_addr mc[2] = {
		{ { 1, 0, 0x5e, 0, 0, 1 } }, { { 1, 0, 0x5e, 0, 0, 2 } } };

	(void)state;
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &own), 0);
	assert_memory_equal(net->mac, &own, sizeof(own));
	/* The port has it, so there is nothing to add. */
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &own, 0), 0);
	assert_int_equal(net->nr_unicast, 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &a, 0), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &b, 0), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &c, 0), 0);
	assert_int_equal(net->nr_unicast, 3);
	/* The hole that a removal leaves does not end the list. */
	assert_int_equal(rte_eth_dev_mac_addr_remove(port->id, &a), 0);
	assert_int_equal(net->nr_unicast, 2);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, mc, 2), 0);
	assert_int_equal(net->nr_multicast, 2);
	restart(port);
	assert_int_equal(net->nr_unicast, 2);
	assert_int_equal(net->nr_multicast, 2);
	assert_memory_equal(net->mac, &own, sizeof(own));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, NULL, 0), 0);
	assert_int_equal(net->nr_multicast, 0);
	sim_close(port, true);
}

void
case_vlan(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	const struct devsim_net_state *net = devsim_net_state(port->dev);

	(void)state;
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 100, 1), 0);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 4095, 1), 0);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 100, 0), 0);
	restart(port);
	assert_int_equal(net->vlan[100 / 64], 0);
	assert_true(net->vlan[4095 / 64] == UINT64_C(1) << (4095 % 64));
	sim_close(port, true);
	/* Not asked for: not accepted, or the device would drop every tag. */
	port = control_open(&with_ctrl);
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_CTRL_VLAN));
	sim_close(port, true);
}

/* NCF-01, NCV-01, NCV-03: no control queue, so nothing filters. */
void
case_no_filter(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_ether_addr own = { { 2, 1, 1, 1, 1, 1 } };
	struct rte_ether_addr before, now;

	(void)state;
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_int_equal(rte_eth_promiscuous_disable(port->id), 0);
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	assert_int_equal(rte_eth_macaddr_get(port->id, &before), 0);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &own),
			 -ENOTSUP);
	assert_int_equal(rte_eth_macaddr_get(port->id, &now), 0);
	assert_memory_equal(&before, &now, sizeof(now));
	sim_close(port, true);
}

/* The list of multicast addresses takes no others, running or stopped. */
void
case_multicast_only(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr list[VNIC_MAC_MAX], mac = { { 2, 0, 0, 0, 9 } };
	unsigned int i;

	(void)state;
	for (i = 1; i < VNIC_MAC_MAX; i++) {
		mac.addr_bytes[5] = i;
		assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &mac, 0),
				 0);
	}
	for (i = 0; i < VNIC_MAC_MAX; i++)
		list[i] = (struct rte_ether_addr){ { 1, 0, 0x5e, 0, 0, i } };
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, list, 2), 0);
	list[2].addr_bytes[0] = 2;
	control_log_start();
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, list, 4),
			 -EINVAL);
	control_log_has("02:00:5E:00:00:02 is no multicast address");
	assert_int_equal(net->nr_multicast, 2);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, list,
						      VNIC_MAC_MAX), -EINVAL);
	sim_start(port);
	assert_int_equal(net->nr_unicast, VNIC_MAC_MAX - 1);
	assert_int_equal(net->nr_multicast, 2);
	control_traffic(port);
	sim_close(port, true);
}

void
case_refused_changes_nothing(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	uint16_t mtu;

	(void)state;
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 67), -EINVAL);
	assert_int_equal(rte_eth_dev_get_mtu(port->id, &mtu), 0);
	assert_int_equal(mtu, 1500);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 300,
		SOCKET_ID_ANY, NULL, port->pool), -EINVAL);
	assert_int_equal(rte_eth_dev_start(port->id), -EINVAL);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_not_equal(rte_eth_dev_configure(port->id, 2, 2, &conf), 0);
	assert_int_equal(devsim_status_get(port->dev), 0);
	sim_close(port, true);
}

/* ---- ethdev writes its own arrays after an operation, at any later time ---- */

static struct {
	const struct eth_dev_ops *ops;
	struct sim_port *port;
	uint64_t recoveries;
} late;

/* The thread is held up right behind the driver's operation. */
static int
late_wait(int ret)
{
	control_await(late.port, "recoveries", late.recoveries);
	return ret;
}

static int
late_promisc(struct rte_eth_dev *eth_dev)
{
	return late_wait(late.ops->promiscuous_enable(eth_dev));
}

static int
late_allmulti(struct rte_eth_dev *eth_dev)
{
	return late_wait(late.ops->allmulticast_enable(eth_dev));
}

static int
late_mac_add(struct rte_eth_dev *eth_dev, struct rte_ether_addr *mac,
	     uint32_t index, uint32_t pool)
{
	return late_wait(late.ops->mac_addr_add(eth_dev, mac, index, pool));
}

static int
late_vlan(struct rte_eth_dev *eth_dev, uint16_t vlan_id, int on)
{
	return late_wait(late.ops->vlan_filter_set(eth_dev, vlan_id, on));
}

static void
late_begin(void)
{
	late.recoveries++;
	devsim_needs_reset(late.port->dev);
	vnic_event_config_changed(late.port->vnic);
}

static void
late_each(struct sim_port *port)
{
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr a = { { 2, 0, 0, 0, 0, 0xa } };

	late_begin();
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_true(net->promisc);
	late_begin();
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	assert_true(net->allmulti);
	late_begin();
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &a, 0), 0);
	assert_int_equal(net->nr_unicast, 1);
	late_begin();
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 7, 1), 0);
	assert_true(net->vlan[0] == UINT64_C(1) << 7);
}

/* What was asked for while the port recovers is there when it has. */
void
case_filter_late(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	struct eth_dev_ops ops = *eth_dev->dev_ops;

	(void)state;
	late.ops = eth_dev->dev_ops;
	late.port = port;
	late.recoveries = 0;
	ops.promiscuous_enable = late_promisc;
	ops.allmulticast_enable = late_allmulti;
	ops.mac_addr_add = late_mac_add;
	ops.vlan_filter_set = late_vlan;
	eth_dev->dev_ops = &ops;
	late_each(port);
	eth_dev->dev_ops = late.ops;
	/* And it is the port's, however often that recovers or restarts. */
	control_recover(port, late.recoveries + 1);
	assert_true(devsim_net_state(port->dev)->promisc);
	assert_int_equal(devsim_net_state(port->dev)->nr_unicast, 1);
	restart(port);
	assert_true(devsim_net_state(port->dev)->allmulti);
	assert_int_equal(devsim_net_state(port->dev)->nr_unicast, 1);
	assert_true(devsim_net_state(port->dev)->vlan[0] == UINT64_C(1) << 7);
	sim_close(port, false);
}
