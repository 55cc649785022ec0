/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "vnic_hash.h"
#include "vnic_port.h"

/* Hash reports without RSS, and which header is hashed. */

#define BITS(b) (UINT64_C(1) << (b))
#define IPV4 RTE_ETH_RSS_IPV4
#define TCP4 RTE_ETH_RSS_NONFRAG_IPV4_TCP
#define INNER RTE_ETH_RSS_LEVEL_INNERMOST
#define OUTER RTE_ETH_RSS_LEVEL_OUTERMOST
#define TUNNELS 0x91

static const struct sim_options hash_only = {
	.ctrl = true, .pairs = 2, .nb_rxd = 64, .nb_txd = 64,
	.extra = { BITS(VIRTIO_NET_F_HASH_REPORT) } };

static const struct sim_options with_rss = {
	.pairs = 4, .nb_rxd = 64, .nb_txd = 64, .rss_hf = IPV4,
	.ctrl_timeout_ms = 5000,
};

static const struct devsim_rss *
told(struct sim_port *port)
{
	return &devsim_net_state(port->dev)->rss;
}

static int
configure(struct sim_port *port, uint16_t nb, uint64_t rss_hf, uint64_t offloads)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mtu = 1500, .mq_mode = RTE_ETH_MQ_RX_RSS,
			    .offloads = offloads },
		.rx_adv_conf.rss_conf.rss_hf = rss_hf,
	};

	return rte_eth_dev_configure(port->id, nb, nb, &conf);
}

/* Another configuration of a port that runs. */
static void
again(struct sim_port *port, uint16_t nb, uint64_t rss_hf)
{
	uint16_t i;

	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(configure(port, nb, rss_hf,
				   RTE_ETH_RX_OFFLOAD_RSS_HASH), 0);
	for (i = 0; i < nb; i++) {
		assert_int_equal(rte_eth_rx_queue_setup(port->id, i, 64,
			SOCKET_ID_ANY, NULL, port->pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(port->id, i, 64,
			SOCKET_ID_ANY, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(port->id), 0);
}

static int
update(struct sim_port *port, uint64_t rss_hf)
{
	struct rte_eth_rss_conf conf = { .rss_hf = rss_hf };

	return rte_eth_dev_rss_hash_update(port->id, &conf);
}

static uint64_t
functions(struct sim_port *port)
{
	struct rte_eth_rss_conf conf = { .rss_key = NULL };

	assert_int_equal(rte_eth_dev_rss_hash_conf_get(port->id, &conf), 0);
	return conf.rss_hf;
}

static uint64_t
announced(struct sim_port *port)
{
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	return info.flow_type_rss_offloads;
}

/* What was read is set again with another key. */
static void
key_change(struct sim_port *port)
{
	uint8_t key[255];
	struct rte_eth_rss_conf conf = {
		.rss_key = key, .rss_key_len = sizeof(key) };
	uint32_t types = told(port)->hash_types;

	assert_int_equal(rte_eth_dev_rss_hash_conf_get(port->id, &conf), 0);
	key[7]++;
	assert_int_equal(rte_eth_dev_rss_hash_update(port->id, &conf), 0);
	assert_int_equal(told(port)->hash_types, types);
	assert_int_equal(told(port)->key_len, conf.rss_key_len);
	assert_memory_equal(told(port)->key, key, conf.rss_key_len);
}

/* No function is named: the device reports all it has, and can be told less. */
static void
reports_of_all(struct sim_port *port)
{
	const struct devsim_net_state *net = devsim_net_state(port->dev);

	assert_int_equal(devsim_hdr_len(port->dev), 20);
	assert_true(net->hash_config);
	assert_false(net->steering);
	assert_int_equal(net->pairs, 2);
	assert_int_equal(told(port)->hash_types, VIRTIO_NET_HASH_TYPES);
	assert_true(functions(port) == vnic_hash_rss_hf(VIRTIO_NET_HASH_TYPES));
	assert_true((functions(port) & ~announced(port)) == 0);
	key_change(port);
	assert_int_equal(update(port, TCP4), 0);
	assert_int_equal(told(port)->hash_types, VIRTIO_NET_HASH_TYPE(TCPv4));
	assert_true(functions(port) == TCP4);
	key_change(port);
	assert_int_equal(update(port, 0), 0);
	assert_int_equal(told(port)->hash_types, 0);
	assert_true(functions(port) == 0);
	assert_true(net->hash_config);
	assert_int_equal(update(port, RTE_ETH_RSS_SCTP), -EINVAL);
	control_recover(port, 1);
	assert_int_equal(told(port)->hash_types, 0);
}

static void
no_table(struct sim_port *port)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 1 } };

	control_log_start();
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -ENOTSUP);
	control_log_has("needs RSS: not offered by the device");
	control_log_start();
	assert_int_equal(rte_eth_dev_rss_reta_query(port->id, reta, 128),
			 -ENOTSUP);
	control_log_has("needs RSS: not offered by the device");
}

void
case_rss_hash_only(void **state)
{
	struct sim_port *port = control_open(&hash_only);
	struct rte_eth_dev_info info;

	(void)state;
	/* Not asked for: the header stays short, and nothing can steer. */
	assert_int_equal(devsim_hdr_len(port->dev), 12);
	assert_false(devsim_net_state(port->dev)->hash_config);
	assert_true(announced(port) == 0);
	again(port, 2, 0);
	reports_of_all(port);
	no_table(port);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.reta_size, 0);
	assert_int_equal(info.hash_key_size, 40);
	/* Named functions and one queue: there is nothing to steer. */
	again(port, 1, IPV4);
	assert_true(devsim_net_state(port->dev)->hash_config);
	assert_int_equal(told(port)->hash_types, VIRTIO_NET_HASH_TYPE(IPv4));
	assert_true(functions(port) == IPV4);
	control_traffic(port);
	sim_close(port, false);
}

/* Only RSS steers by a hash; who gave the types of reports did not ask it to. */
void
rss_hash_steers_nothing(void **state)
{
	struct sim_port *port = control_open(&hash_only);

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	control_log_start();
	assert_int_equal(configure(port, 2, IPV4, RTE_ETH_RX_OFFLOAD_RSS_HASH),
			 -ENOTSUP);
	control_log_has("needs RSS: not offered by the device");
	/* Announced are functions for reports only. */
	assert_int_equal(configure(port, 1, IPV4, 0), -EINVAL);
	assert_int_equal(configure(port, 2, 0, RTE_ETH_RX_OFFLOAD_RSS_HASH), 0);
	sim_close(port, true);
}

static void
shape_tunnel(struct devsim_config *c)
{
	c->tunnel_types = TUNNELS;
	virtio_features_add(&c->offered, VIRTIO_NET_F_HASH_TUNNEL);
}

void
rss_hash_tunnel(void **state)
{
	struct sim_options o = hash_only;
	const struct devsim_net_state *net;
	struct sim_port *port;

	(void)state;
	o.shape = shape_tunnel;
	port = control_open(&o);
	net = devsim_net_state(port->dev);
	again(port, 1, IPV4 | INNER);
	assert_int_equal(net->tunnel_types, TUNNELS);
	assert_true(functions(port) == (IPV4 | INNER));
	key_change(port);
	assert_int_equal(net->tunnel_types, TUNNELS);
	assert_int_equal(update(port, IPV4), 0);
	assert_int_equal(net->tunnel_types, 0);
	assert_int_equal(update(port, IPV4 | INNER), 0);
	assert_int_equal(net->tunnel_types, TUNNELS);
	sim_close(port, true);
}

static void
shape_no_tunnels(struct devsim_config *c)
{
	/* One that virtio 1.4 does not define. */
	c->tunnel_types = 0x80000000;
	virtio_features_add(&c->offered, VIRTIO_NET_F_HASH_TUNNEL);
}

/* The outer header is what every device hashes. */
void
rss_levels(void **state)
{
	struct rte_eth_rss_conf conf = { .rss_hf = IPV4 | INNER };
	struct sim_options o = with_rss;
	struct sim_port *port;

	(void)state;
	o.shape = shape_no_tunnels;
	port = control_open(&o);
	assert_false(announced(port) & INNER);
	assert_int_equal(update(port, IPV4 | INNER), -EINVAL);
	/* ethdev knows what was announced: the driver itself is asked. */
	control_log_start();
	assert_int_equal(vnic_rss_hash_update(&rte_eth_devices[port->id],
					      &conf), -ENOTSUP);
	control_log_has("supported_tunnel_types has none");
	assert_int_equal(update(port, TCP4 | OUTER), 0);
	assert_int_equal(told(port)->hash_types, VIRTIO_NET_HASH_TYPE(TCPv4));
	assert_true(functions(port) == TCP4);
	sim_close(port, true);
	o.shape = shape_tunnel;
	port = control_open(&o);
	assert_int_equal(update(port, announced(port)), 0);
	assert_int_equal(devsim_net_state(port->dev)->tunnel_types, 0);
	assert_int_equal(update(port, IPV4 | INNER), 0);
	assert_int_equal(devsim_net_state(port->dev)->tunnel_types, TUNNELS);
	assert_int_equal(update(port, IPV4 | OUTER), 0);
	assert_int_equal(devsim_net_state(port->dev)->tunnel_types, 0);
	sim_close(port, true);
	port = control_open(&with_rss);
	control_log_start();
	assert_int_equal(vnic_rss_hash_update(&rte_eth_devices[port->id],
					      &conf), -ENOTSUP);
	control_log_has("RTE_ETH_RSS_LEVEL_INNERMOST needs HASH_TUNNEL: not offered by the device");
	sim_close(port, true);
}
