/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "vnic_port.h"

/* RSS contexts: what the device was told, read from the device. */

#define PAIRS 4

static const struct sim_options with_rss = {
	.pairs = PAIRS, .nb_rxd = 64, .nb_txd = 64, .rss_hf = RTE_ETH_RSS_IPV4,
	.ctrl_timeout_ms = 1000,
};

static void
shape_contexts(struct devsim_config *c)
{
	c->rss_contexts = 4;
	virtio_features_add(&c->offered, VIRTIO_NET_F_RSS_CONTEXT);
}

static void
shape_no_contexts(struct devsim_config *c)
{
	virtio_features_add(&c->offered, VIRTIO_NET_F_RSS_CONTEXT);
}

/* OPT-01 to OPT-03. */
void
case_rss_contexts(void **state)
{
	struct sim_options o = with_rss;
	static struct vnic_rss_params params;
	const struct devsim_rss *ctx;
	struct sim_port *port;
	struct vnic_dev *dev;

	(void)state;
	o.shape = shape_contexts;
	port = control_open(&o);
	dev = port->vnic;
	ctx = devsim_net_state(port->dev)->contexts;
	assert_int_equal(vnic_rss_context_max(dev), 4);
	params = *dev->rss.params;
	params.table_len = 16;
	params.table[3] = 2;
	assert_int_equal(vnic_rss_context_set(dev, 0, &params), -EINVAL);
	assert_int_equal(vnic_rss_context_set(dev, 5, &params), -EINVAL);
	assert_int_equal(vnic_rss_context_set(dev, 4, &params), 0);
	assert_true(ctx[3].set);
	assert_int_equal(ctx[3].table_len, 16);
	assert_int_equal(ctx[3].table[3], 2);
	params.table[3] = 1;
	assert_int_equal(vnic_rss_context_set(dev, 4, &params), 0);
	assert_int_equal(ctx[3].table[3], 1);
	params.table[3] = PAIRS;
	assert_int_equal(vnic_rss_context_set(dev, 4, &params), -EINVAL);
	assert_int_equal(vnic_rss_context_get(dev, 4)->table[3], 1);
	assert_int_equal(vnic_rss_context_del(dev, 2), -ENOENT);
	control_recover(port, 1);
	assert_true(ctx[3].set);
	assert_int_equal(ctx[3].table[3], 1);
	assert_int_equal(vnic_rss_context_del(dev, 4), 0);
	assert_false(ctx[3].set);
	assert_null(vnic_rss_context_get(dev, 4));
	params.table[3] = 0;
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, PAIRS * 2);
	assert_int_equal(vnic_rss_context_set(dev, 1, &params), -EIO);
	assert_null(vnic_rss_context_get(dev, 1));
	sim_close(port, false);
	o.shape = shape_no_contexts;
	port = control_open(&o);
	assert_int_equal(vnic_rss_context_max(port->vnic), 0);
	assert_int_equal(vnic_rss_context_set(port->vnic, 1, &params),
			 -EINVAL);
	assert_int_equal(control_xstat(port, "violation_ctrl"), 1);
	sim_close(port, true);
	port = control_open(&with_rss);
	assert_int_equal(vnic_rss_context_set(port->vnic, 1, &params),
			 -ENOTSUP);
	sim_close(port, true);
}

static void
shape_long_keys(struct devsim_config *c)
{
	shape_contexts(c);
	c->rss_key_size = 60;
}

/* After a reset the device takes shorter keys: one of the sets has a longer. */
void
rss_context_shrunk(void **state)
{
	const size_t off = offsetof(struct virtio_net_config,
				    rss_max_key_size);
	static struct vnic_rss_params params;
	struct sim_options o = with_rss;
	struct sim_port *port;
	uint8_t key = 40;

	(void)state;
	o.shape = shape_long_keys;
	port = control_open(&o);
	params = *port->vnic->rss.params;
	assert_int_equal(params.key_len, 60);
	assert_int_equal(vnic_rss_context_set(port->vnic, 3, &params), 0);
	params.key_len = 40;
	assert_int_equal(vnic_rss_set(port->vnic, &params), 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	devsim_config_poke(port->dev, off, &key, sizeof(key));
	control_log_start();
	assert_int_equal(rte_eth_dev_start(port->id), -EPROTO);
	control_log_has("in an RSS context");
	key = 60;
	devsim_config_poke(port->dev, off, &key, sizeof(key));
	sim_start(port);
	assert_true(devsim_net_state(port->dev)->contexts[2].set);
	sim_close(port, true);
}
