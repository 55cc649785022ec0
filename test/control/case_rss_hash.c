/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "vnic_hash.h"
#include "vnic_port.h"

/* Hash functions, and which header is hashed. */

#define IPV4 RTE_ETH_RSS_IPV4
#define TCP4 RTE_ETH_RSS_NONFRAG_IPV4_TCP
#define INNER RTE_ETH_RSS_LEVEL_INNERMOST
#define OUTER RTE_ETH_RSS_LEVEL_OUTERMOST
#define TUNNELS 0x91

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

static void
shape_tunnel(struct devsim_config *c)
{
	c->tunnel_types = TUNNELS;
	virtio_features_add(&c->offered, VIRTIO_NET_F_HASH_TUNNEL);
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
