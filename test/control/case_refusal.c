/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev_info.h>
#include <rte_power_intrinsics.h>

#include "control.h"
#include "vnic_port.h"

/*
 * Bad input: each refusal is one error and one log line that says what is
 * missing, and the port goes on as before. Frames flow before and after each.
 */

#define CTRL_VQ 4	/* with two pairs and MQ or RSS, section 5.1.2 */

static const struct sim_options with_ctrl = { .ctrl = true };

static struct rte_eth_conf
good_conf(void)
{
	return (struct rte_eth_conf){ .rxmode = { .mtu = 1500 } };
}

/* A configuration that is refused leaves the one before in force. */
static void
configure_refused(struct sim_port *port, uint16_t nb,
		  const struct rte_eth_conf *conf, int error, const char *why)
{
	control_log_start();
	assert_int_equal(rte_eth_dev_configure(port->id, nb, nb, conf),
			 error);
	if (why != NULL)
		control_log_has(why);
}

/* ethdev refuses these by numbers, the driver says what is missing. */
static void
refused_offloads(struct sim_port *port)
{
	static const struct {
		uint64_t rx;
		uint64_t tx;
		const char *why;
	} rows[] = {
		{ RTE_ETH_RX_OFFLOAD_MACSEC_STRIP, 0,
		  "receive offload MACSEC_STRIP" },
		{ RTE_ETH_RX_OFFLOAD_TCP_LRO, 0,
		  "receive offload TCP_LRO needs GUEST_TSO4: not offered by the device" },
		{ RTE_ETH_RX_OFFLOAD_RSS_HASH, 0,
		  "receive offload RSS_HASH needs HASH_REPORT: not offered by the device" },
		{ 0, RTE_ETH_TX_OFFLOAD_TCP_TSO,
		  "transmit offload TCP_TSO needs HOST_TSO4: not offered by the device" },
		{ 0, RTE_ETH_TX_OFFLOAD_UDP_TSO,
		  "transmit offload UDP_TSO needs HOST_USO: not offered by the device" },
		{ 0, RTE_ETH_TX_OFFLOAD_SECURITY,
		  "transmit offload SECURITY" },
	};
	struct rte_eth_conf conf;
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		conf = good_conf();
		conf.rxmode.offloads = rows[i].rx;
		conf.txmode.offloads = rows[i].tx;
		configure_refused(port, 1, &conf, -EINVAL, rows[i].why);
	}
	/* Nor is it said again when somebody only asks. */
	control_log_start();
	assert_int_equal(rte_eth_dev_info_get(port->id,
			 &(struct rte_eth_dev_info){ 0 }), 0);
	control_log_none();
}

void
refused_configuration(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	struct rte_eth_conf conf;

	(void)state;
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	conf = good_conf();
	conf.dcb_capability_en = 1;
	configure_refused(port, 1, &conf, -ENOTSUP, "DCB is not supported");
	conf = good_conf();
	conf.txmode.mq_mode = RTE_ETH_MQ_TX_DCB;
	configure_refused(port, 1, &conf, -ENOTSUP,
			  "use RTE_ETH_MQ_TX_NONE");
	conf = good_conf();
	conf.rxmode.mq_mode = RTE_ETH_MQ_RX_DCB;
	configure_refused(port, 1, &conf, -ENOTSUP, "receive mode");
	conf = good_conf();
	conf.rxmode.mtu = 60;
	/* ethdev knows the bounds from the driver and says so itself. */
	configure_refused(port, 1, &conf, -EINVAL, NULL);
	conf = good_conf();
	assert_int_equal(rte_eth_dev_configure(port->id, 2, 2, &conf),
			 -EINVAL);
	refused_offloads(port);
	conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4;
	configure_refused(port, 1, &conf, -EINVAL,
			  "rss_hf 0x4 needs RSS: not offered by the device");
	/* ethdev gave the queues back; the port takes what is right. */
	conf = good_conf();
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, 256,
		SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	control_traffic(port);
	sim_close(port, true);
}

static void
no_udp6(struct devsim_config *c)
{
	c->hash_types &= ~VIRTIO_NET_HASH_TYPE(UDPv6);
}

/* RSS is there, one of the functions is not. */
void
refused_hash_function(void **state)
{
	const struct sim_options o = { .ctrl = true, .shape = no_udp6,
		.rss_hf = RTE_ETH_RSS_IPV4 };
	struct sim_port *port = control_open(&o);
	struct rte_eth_conf conf = good_conf();

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4 |
		RTE_ETH_RSS_NONFRAG_IPV6_UDP;
	configure_refused(port, 1, &conf, -EINVAL,
			  "hash functions 0x800 are not supported: the device has");
	conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4 |
		RTE_ETH_RSS_LEVEL_INNERMOST;
	configure_refused(port, 1, &conf, -EINVAL,
			  "RTE_ETH_RSS_LEVEL_INNERMOST needs HASH_TUNNEL: not offered by the device");
	sim_close(port, false);
}

static bool
warned(struct sim_port *port, uint32_t link_speeds, uint32_t lpbk_mode,
       const char *text)
{
	struct rte_eth_conf conf = good_conf();

	conf.link_speeds = link_speeds;
	conf.lpbk_mode = lpbk_mode;
	control_log_start();
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	return control_log_count(text) == 1;
}

/* What is taken and changes nothing is said, each in its own words. */
void
configured_in_vain(void **state)
{
	const char *speeds = "mean nothing to virtio-net: the link has the speed";
	struct sim_port *port = control_open(&with_ctrl);

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	port->vnic->link_speed = RTE_ETH_SPEED_NUM_10G;
	assert_true(warned(port, 0, 1, "loopback mode 1 means nothing"));
	assert_true(warned(port, RTE_ETH_LINK_SPEED_25G, 0, speeds));
	assert_true(warned(port, RTE_ETH_LINK_SPEED_FIXED |
			   RTE_ETH_LINK_SPEED_25G, 0, speeds));
	assert_false(warned(port, RTE_ETH_LINK_SPEED_FIXED |
			    RTE_ETH_LINK_SPEED_10G, 0, speeds));
	assert_false(warned(port, RTE_ETH_LINK_SPEED_AUTONEG, 0, speeds));
	sim_close(port, true);
}

void
refused_while_running(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 0 } };
	struct rte_ether_addr many[VNIC_MAC_MAX + 1];
	struct rte_eth_conf conf = good_conf();
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(many); i++)
		many[i] = (struct rte_ether_addr){
			{ 1, 0, 0x5e, 0, 0, i } };
	control_traffic(port);
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf),
			 -EBUSY);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 60), -EINVAL);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 4096, 1), -EINVAL);
	control_traffic(port);
	control_log_start();
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, many,
						      RTE_DIM(many)), -ENOSPC);
	control_log_has("use all-multicast");
	assert_int_equal(devsim_net_state(port->dev)->nr_multicast, 0);
	for (i = 1; i < VNIC_MAC_MAX; i++) {
		mac.addr_bytes[5] = i;
		assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &mac, 0),
				 0);
	}
	mac.addr_bytes[5] = i;
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &mac, 0),
			 -ENOSPC);
	assert_int_equal(devsim_net_state(port->dev)->nr_unicast,
			 VNIC_MAC_MAX - 1);
	control_traffic(port);
	sim_close(port, true);
}

/* ---- while frames flow through the first pair ---- */

static void
refuse_port(struct sim_port *port)
{
	struct rte_eth_conf conf = good_conf();

	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf),
			 -EBUSY);
	conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_MACSEC_STRIP;
	assert_int_equal(rte_eth_dev_configure(port->id, 2, 2, &conf),
			 -EBUSY);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 60), -EINVAL);
	/* As much as the device takes, but not the mbufs. */
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 9000), -EINVAL);
	assert_int_equal(rte_eth_dev_set_vlan_offload(port->id, 0), -ENOTSUP);
}

static void
refuse_filters(struct sim_port *port)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 1 } };
	struct rte_ether_addr list[VNIC_MAC_MAX + 1] = { { { 2 } } };

	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, list, 1),
			 -EINVAL);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, list,
		RTE_DIM(list)), -ENOSPC);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 4096, 1), -EINVAL);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), -EIO);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 7, 1), -EIO);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &mac),
			 -EIO);
}

static void
refuse_rss(struct sim_port *port)
{
	struct rte_eth_rss_reta_entry64 reta[2] = {
		{ .mask = 3, .reta = { 1, 1 } } };
	uint8_t key[40] = { 1 };
	struct rte_eth_rss_conf rss = { .rss_key = key, .rss_key_len = 7,
		.rss_hf = RTE_ETH_RSS_IPV4 };

	assert_int_not_equal(rte_eth_dev_rss_hash_update(port->id, &rss), 0);
	rss.rss_key_len = sizeof(key);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_rss_hash_update(port->id, &rss), -EIO);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -EIO);
	reta[0].reta[0] = 7;
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -EINVAL);
}

/* Of the second pair, whose queues are stopped for it. */
static void
refuse_queues(struct sim_port *port)
{
	struct rte_eth_txconf tx = { .tx_free_thresh = 200 };

	assert_int_equal(rte_eth_rx_queue_setup(port->id, 1, 256,
		SOCKET_ID_ANY, NULL, port->pool), -EBUSY);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 1), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 1, 300,
		SOCKET_ID_ANY, NULL, port->pool), -EINVAL);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 1, 128,
		SOCKET_ID_ANY, &tx), -EINVAL);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, 1), 0);
}

/* No frame is lost, damaged or late by a request that is refused. */
void
refused_under_traffic(void **state)
{
	static void (*const refuse[])(struct sim_port *) = {
		refuse_port, refuse_filters, refuse_rss, refuse_queues };
	struct sim_options o = { .pairs = 2, .ctrl = true,
		.rss_hf = RTE_ETH_RSS_IPV4,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	struct control_flow *flow;
	unsigned int i, turn;

	(void)state;
	control_traffic(port);
	flow = control_flow_start(port, 0);
	for (turn = 0; turn < 20; turn++)
		for (i = 0; i < RTE_DIM(refuse); i++) {
			refuse[i](port);
			control_flow_await(flow, 20);
		}
	control_flow_end(flow, true);
	assert_int_equal(control_xstat(port, "resets_needed"), 0);
	sim_close(port, true);
}

/* The device's word against a command: ERR, or what is no answer. */
void
refused_by_device(void **state)
{
	static const enum devsim_fault_kind kinds[] = {
		DEVSIM_FAULT_CTRL_ERR, DEVSIM_FAULT_CTRL_GARBAGE };
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 1 } }, before, now;
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	unsigned int i;

	(void)state;
	assert_int_equal(rte_eth_macaddr_get(port->id, &before), 0);
	for (i = 0; i < RTE_DIM(kinds); i++) {
		control_log_start();
		control_fault(port, kinds[i], 2);
		assert_int_equal(rte_eth_promiscuous_enable(port->id), -EIO);
		control_log_has("the device refused control command 0/0");
		assert_int_equal(rte_eth_promiscuous_get(port->id), 0);
		control_traffic(port);
		control_fault(port, kinds[i], 2);
		assert_int_equal(rte_eth_dev_vlan_filter(port->id, 7, 1),
				 -EIO);
		assert_int_equal(net->vlan[0], 0);
		control_fault(port, kinds[i], 2);
		assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id,
								  &mac), -EIO);
		assert_int_equal(rte_eth_macaddr_get(port->id, &now), 0);
		assert_memory_equal(&before, &now, sizeof(now));
		assert_memory_equal(net->mac, &before, sizeof(before));
		control_traffic(port);
	}
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 7, 1), 0);
	sim_close(port, true);
}

/* What the device did not offer is named. */
void
refused_for_want_of_feature(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 1 } };

	(void)state;
	control_log_start();
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &mac),
			 -ENOTSUP);
	control_log_has("the device does not offer CTRL_MAC_ADDR with CTRL_RX");
	control_traffic(port);
	sim_close(port, true);
}

static void
secondary_rss(uint16_t id)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 1 } };
	struct rte_eth_rss_conf conf = { .rss_hf = RTE_ETH_RSS_IPV4 };

	control_log_start();
	assert_int_equal(rte_eth_dev_rss_reta_update(id, reta, 128), -ENOTSUP);
	control_log_has("change the redirection table: only the primary process");
	control_log_start();
	assert_int_equal(rte_eth_dev_rss_hash_update(id, &conf), -ENOTSUP);
	control_log_has("change hash functions or key: only the primary process");
	conf.rss_hf = 0;
	assert_int_equal(rte_eth_dev_rss_reta_query(id, reta, 128), 0);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(id, &conf), 0);
	assert_true(conf.rss_hf == RTE_ETH_RSS_IPV4);
}

/* The port of a secondary process, as far as ethdev sees it. */
static void
secondary_ops(struct sim_port *port)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 1 } };
	struct rte_ether_addr group = { { 1, 0, 0x5e, 0, 0, 1 } };
	struct rte_eth_conf conf = good_conf();
	struct rte_dev_reg_info regs = { .data = NULL };
	uint32_t ptypes[4];
	uint16_t id = port->id;

	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), -ENOTSUP);
	assert_int_equal(rte_eth_dev_stop(id), -ENOTSUP);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 256, SOCKET_ID_ANY,
						NULL, port->pool), -ENOTSUP);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 256, SOCKET_ID_ANY,
						NULL), -ENOTSUP);
	control_log_start();
	assert_int_equal(rte_eth_promiscuous_enable(id), -ENOTSUP);
	control_log_has("change promiscuous mode: only the primary process");
	control_log_start();
	assert_int_equal(rte_eth_dev_set_mtu(id, 1400), -ENOTSUP);
	control_log_has("set the MTU: only the primary process");
	control_log_start();
	assert_int_equal(rte_eth_dev_rx_queue_stop(id, 0), -ENOTSUP);
	control_log_has("start or stop a queue: only the primary process");
	assert_int_equal(rte_eth_dev_tx_queue_stop(id, 0), -ENOTSUP);
	secondary_rss(id);
	assert_int_equal(rte_eth_allmulticast_enable(id), -ENOTSUP);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(id, &mac),
			 -ENOTSUP);
	assert_int_equal(rte_eth_dev_mac_addr_add(id, &mac, 0), -ENOTSUP);
	assert_int_equal(rte_eth_dev_mac_addr_remove(id, &mac), -ENOTSUP);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(id, &group, 1),
			 -ENOTSUP);
	assert_int_equal(rte_eth_dev_vlan_filter(id, 7, 1), -ENOTSUP);
	assert_int_equal(rte_eth_dev_set_vlan_strip_on_queue(id, 0, 1),
			 -ENOTSUP);
	control_log_start();
	assert_int_equal(rte_eth_dev_reset(id), -ENOTSUP);
	control_log_has("reset the port: only the primary process");
	control_log_start();
	assert_int_equal(rte_eth_dev_rx_intr_enable(id, 0), -ENOTSUP);
	control_log_has("turn a receive interrupt on or off: only the primary");
	assert_int_equal(rte_eth_dev_rx_intr_disable(id, 0), -ENOTSUP);
	control_log_start();
	assert_int_equal(rte_eth_dev_get_reg_info(id, &regs), -ENOTSUP);
	control_log_has("read the device's registers: only the primary");
	control_log_start();
	assert_int_equal(rte_eth_dev_set_ptypes(id, 0, NULL, 0), -ENOTSUP);
	control_log_has("choose packet types: only the primary process");
	assert_int_equal(rte_eth_dev_set_ptypes(id, RTE_PTYPE_L3_MASK, ptypes,
						RTE_DIM(ptypes)), -ENOTSUP);
	assert_false(port->vnic->ptypes_chosen);
}

/* What belongs to the lcore that sends and receives, and what is only read. */
static void
secondary_can(struct sim_port *port)
{
	struct rte_power_monitor_cond cond;
	char text[4096] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	uint16_t id = port->id;

	assert_int_equal(rte_eth_get_monitor_addr(id, 0, &cond), 0);
	assert_int_equal(rte_eth_tx_done_cleanup(id, 0, 0), 0);
	assert_non_null(file);
	assert_int_equal(rte_eth_dev_priv_dump(id, file), 0);
	fclose(file);
	assert_non_null(strstr(text, "receive queue 0: enabled"));
	assert_int_equal(rte_eth_dev_is_removed(id), 0);
	port->vnic->state = VNIC_DEV_GONE;
	assert_int_equal(rte_eth_dev_is_removed(id), 1);
	port->vnic->state = VNIC_DEV_STARTED;
	rte_eth_devices[id].state = RTE_ETH_DEV_ATTACHED;
}

void
refused_in_secondary(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rss_hf = RTE_ETH_RSS_IPV4,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_eth_stats stats;
	struct rte_eth_link link;
	uint32_t commands = net->commands;

	(void)state;
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	secondary_can(port);
	secondary_ops(port);
	/* The device was asked nothing, and frames flow. */
	assert_int_equal(net->commands, commands);
	control_traffic(port);
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, 1);
	assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
	eth_dev->dev_ops = &vnic_ethdev_ops;
	sim_close(port, true);
}

/* Programs ask for what suits most devices: the ring has what it can have. */
void
more_descriptors_than_the_ring(void **state)
{
	struct sim_port *port = control_open(&(struct sim_options){ 0 });
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 3000,
		SOCKET_ID_ANY, NULL, port->pool), -EINVAL);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 2048,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, 4096,
		SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	assert_int_equal(rte_eth_rx_queue_info_get(port->id, 0, &rx), 0);
	assert_int_equal(rx.nb_desc, devsim_queue_max(port->dev, 0));
	assert_int_equal(rte_eth_tx_queue_info_get(port->id, 0, &tx), 0);
	assert_int_equal(tx.nb_desc, devsim_queue_max(port->dev, 1));
	control_traffic(port);
	sim_close(port, true);
}
