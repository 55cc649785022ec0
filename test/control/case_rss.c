/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_hash.h"
#include "vnic_port.h"

/* RSS: what the device was told, read from the device. */

#define PAIRS 4
#define BITS(b) (UINT64_C(1) << (b))
#define IPV4 RTE_ETH_RSS_IPV4
#define TCP4 RTE_ETH_RSS_NONFRAG_IPV4_TCP

static const struct sim_options with_rss = {
	.pairs = PAIRS, .nb_rxd = 64, .nb_txd = 64, .rss_hf = IPV4 | TCP4,
	.ctrl_timeout_ms = 1000,
};

static const struct devsim_rss *
told(struct sim_port *port)
{
	return &devsim_net_state(port->dev)->rss;
}

static struct rte_eth_rss_reta_entry64 reta[VNIC_RSS_TABLE_MAX / 64];

static void
reta_all(uint16_t size, uint16_t (*queue)(uint16_t i))
{
	uint16_t i;

	memset(reta, 0, sizeof(reta));
	for (i = 0; i < size; i++) {
		reta[i / 64].mask |= BITS(i % 64);
		reta[i / 64].reta[i % 64] = queue(i);
	}
}

static uint16_t
queue_mod(uint16_t i)
{
	return i % PAIRS;
}

static uint16_t
queue_back(uint16_t i)
{
	return PAIRS - 1 - i % PAIRS;
}

static uint16_t
queue_last_bad(uint16_t i)
{
	return i == 127 ? PAIRS : 0;
}

/* Device, driver and ethdev agree on the table. */
static void
reta_check(struct sim_port *port, uint16_t size, uint16_t (*queue)(uint16_t i))
{
	static struct rte_eth_rss_reta_entry64 got[RTE_DIM(reta)];
	uint16_t i;

	memset(got, 0xff, sizeof(got));
	assert_int_equal(rte_eth_dev_rss_reta_query(port->id, got, size), 0);
	assert_int_equal(told(port)->table_len, size);
	for (i = 0; i < size; i++) {
		assert_int_equal(got[i / 64].reta[i % 64], queue(i));
		assert_int_equal(told(port)->table[i], queue(i));
	}
	for (; i < RTE_DIM(got) * 64; i++)
		assert_int_equal(got[i / 64].reta[i % 64], 0xffff);
}

/* ---- capabilities: any device, bounded ---- */

static struct devsim_config shape_wish;

static void
shape(struct devsim_config *c)
{
	c->rss_key_size = shape_wish.rss_key_size;
	c->rss_table_size = shape_wish.rss_table_size;
	c->hash_types = shape_wish.hash_types;
	c->tunnel_types = shape_wish.tunnel_types;
	c->rss_contexts = shape_wish.rss_contexts;
}

static void
caps_good(uint8_t key, uint16_t table, uint16_t size)
{
	struct sim_options o = with_rss;
	struct rte_eth_dev_info info;
	struct sim_port *port;

	shape_wish = (struct devsim_config){
		.rss_key_size = key, .rss_table_size = table,
		.hash_types = 0x80000107 };
	o.shape = shape;
	/* Long commands, and machines that are busy. */
	o.ctrl_timeout_ms = 5000;
	port = control_open(&o);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.reta_size, size);
	assert_int_equal(info.hash_key_size, key);
	assert_true(info.flow_type_rss_offloads ==
		    (vnic_hash_rss_hf(0x107) | RTE_ETH_RSS_LEVEL_OUTERMOST));
	assert_int_equal(told(port)->key_len, key);
	reta_check(port, size, queue_mod);
	reta_all(size, queue_back);
	/* Bits past the end of a short table mean nothing. */
	if (size < 64)
		reta[0].mask = UINT64_MAX;
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, size), 0);
	reta_check(port, size, queue_back);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta,
						     size + 1), -EINVAL);
	assert_int_equal(rte_eth_dev_rss_reta_query(port->id, reta, size * 2),
			 -EINVAL);
	control_traffic(port);
	sim_close(port, true);
}

/* NCV-14, NCV-15, NCV-16. */
void
case_rss_sizes(void **state)
{
	(void)state;
	caps_good(40, 128, 128);
	caps_good(52, 127, 64);
	caps_good(64, 512, 512);
	caps_good(255, 1024, 1024);
	caps_good(40, 2048, 2048);
	caps_good(60, 32767, 16384);
	caps_good(255, 65535, 32768);
	caps_good(40, 64, 64);
	caps_good(40, 63, 32);
	caps_good(40, 1, 1);
}

static void
caps_bad(uint8_t key, uint16_t table, uint32_t types, unsigned int violations)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mtu = 1500, .mq_mode = RTE_ETH_MQ_RX_RSS },
		.rx_adv_conf.rss_conf.rss_hf = IPV4,
	};
	struct sim_options o = {
		.ctrl = true, .shape = shape,
		.extra = { BITS(VIRTIO_NET_F_RSS) },
	};
	struct sim_port *port;

	shape_wish = (struct devsim_config){
		.rss_key_size = key, .rss_table_size = table,
		.hash_types = types };
	port = control_open(&o);
	/* At probe, and when the device was read again at the start. */
	assert_int_equal(control_xstat(port, "violation_config"),
			 2 * violations);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_true(rte_eth_dev_configure(port->id, 1, 1, &conf) < 0);
	conf.rx_adv_conf.rss_conf.rss_hf = 0;
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	sim_close(port, true);
}

void
case_rss_bad_caps(void **state)
{
	(void)state;
	caps_bad(39, 128, 0x1ff, 1);
	caps_bad(0, 0, 0x1ff, 2);
	caps_bad(40, 0, 0x1ff, 1);
	/* Legal, and of no use. */
	caps_bad(40, 128, 0, 0);
}

/* NCV-12: refused without the feature, by name; nothing changes. */
void
case_rss_not_offered(void **state)
{
	static const struct sim_options plain = { .ctrl = true };
	struct sim_port *port = control_open(&plain);
	struct vnic_negotiation nego = port->vnic->nego;
	struct rte_eth_rss_conf hash = { .rss_hf = 0 };
	struct rte_eth_conf conf = {
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = IPV4,
	};
	struct rte_eth_dev_info info;

	(void)state;
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.reta_size, 0);
	assert_int_equal(info.flow_type_rss_offloads, 0);
	assert_false(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH);
	/* ethdev refuses hash functions that were not announced: the driver
	 * itself is asked. */
	assert_int_equal(vnic_rss_check(port->vnic, &conf, &nego), -ENOTSUP);
	conf.rx_adv_conf.rss_conf.rss_hf = 0;
	assert_int_equal(vnic_rss_check(port->vnic, &conf, &nego), 0);
	conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
	assert_int_equal(vnic_rss_check(port->vnic, &conf, &nego), -ENOTSUP);
	reta_all(128, queue_mod);
	assert_true(rte_eth_dev_rss_reta_update(port->id, reta, 128) < 0);
	assert_int_equal(rte_eth_dev_rss_reta_query(port->id, reta, 128),
			 -ENOTSUP);
	assert_int_equal(rte_eth_dev_rss_hash_update(port->id, &hash),
			 -ENOTSUP);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(port->id, &hash),
			 -ENOTSUP);
	control_traffic(port);
	sim_close(port, true);
}

/* ---- configuration ---- */

void
case_rss_configure(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	const struct devsim_net_state *net = devsim_net_state(port->dev);

	(void)state;
	assert_true(net->steering);
	assert_int_equal(net->pairs, PAIRS);
	assert_int_equal(told(port)->max_tx_vq, PAIRS);
	assert_int_equal(told(port)->unclassified, 0);
	assert_int_equal(told(port)->hash_types,
			 VIRTIO_NET_HASH_TYPE(IPv4) |
			 VIRTIO_NET_HASH_TYPE(TCPv4));
	reta_check(port, 128, queue_mod);
	/* A table outlives a start; key and functions do too. */
	reta_all(128, queue_back);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	reta_check(port, 128, queue_back);
	control_traffic(port);
	sim_close(port, true);
}

/* Fewer receive queues than pairs: the table is made anew for those. */
void
case_rss_requeue(void **state)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mtu = 1500, .mq_mode = RTE_ETH_MQ_RX_RSS },
		.rx_adv_conf.rss_conf.rss_hf = IPV4,
	};
	struct sim_port *port = control_open(&with_rss);
	uint16_t i;

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_configure(port->id, 2, PAIRS, &conf), 0);
	for (i = 0; i < PAIRS; i++) {
		if (i < 2)
			assert_int_equal(rte_eth_rx_queue_setup(port->id, i, 64,
				SOCKET_ID_ANY, NULL, port->pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(port->id, i, 64,
			SOCKET_ID_ANY, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	assert_int_equal(told(port)->max_tx_vq, PAIRS);
	for (i = 0; i < 128; i++)
		assert_int_equal(told(port)->table[i], i % 2);
	sim_close(port, true);
}

static const uint8_t *
key_pattern(uint8_t seed)
{
	static uint8_t key[255];
	unsigned int i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = seed + i * 5;
	return key;
}

static void
hash_check(struct sim_port *port, uint64_t rss_hf, const uint8_t *key)
{
	uint8_t room[255];
	struct rte_eth_rss_conf conf = {
		.rss_key = room, .rss_key_len = sizeof(room) };
	uint64_t rest;

	assert_int_equal(rte_eth_dev_rss_hash_conf_get(port->id, &conf), 0);
	assert_int_equal(conf.rss_key_len, 40);
	assert_true(conf.rss_hf == rss_hf);
	assert_memory_equal(room, key, 40);
	assert_int_equal(told(port)->key_len, 40);
	assert_memory_equal(told(port)->key, key, 40);
	assert_int_equal(told(port)->hash_types,
			 vnic_hash_types(rss_hf, &rest));
}

static int
hash_set(struct sim_port *port, uint64_t rss_hf, const uint8_t *key,
	 uint8_t len)
{
	uint8_t copy[255];
	struct rte_eth_rss_conf conf = {
		.rss_key = key != NULL ? copy : NULL, .rss_key_len = len,
		.rss_hf = rss_hf };

	if (key != NULL)
		memcpy(copy, key, len);
	return rte_eth_dev_rss_hash_update(port->id, &conf);
}

void
case_rss_key(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	uint8_t first[40];
	uint32_t commands;

	(void)state;
	memcpy(first, told(port)->key, sizeof(first));
	hash_check(port, IPV4 | TCP4, first);
	assert_int_equal(hash_set(port, TCP4 | RTE_ETH_RSS_IPV6,
				  key_pattern(9), 40), 0);
	hash_check(port, TCP4 | RTE_ETH_RSS_IPV6, key_pattern(9));
	/* Functions alone: the key stays. */
	assert_int_equal(hash_set(port, IPV4, NULL, 0), 0);
	hash_check(port, IPV4, key_pattern(9));
	assert_int_equal(hash_set(port, 0, NULL, 0), 0);
	hash_check(port, 0, key_pattern(9));
	assert_int_equal(hash_set(port, IPV4, NULL, 0), 0);
	/* Refused before the device hears of it. */
	commands = devsim_net_state(port->dev)->commands;
	assert_int_equal(hash_set(port, IPV4, key_pattern(1), 39), -EINVAL);
	assert_int_equal(hash_set(port, IPV4, key_pattern(1), 41), -EINVAL);
	assert_int_equal(hash_set(port, RTE_ETH_RSS_SCTP, NULL, 0), -EINVAL);
	assert_int_equal(hash_set(port, IPV4 | RTE_ETH_RSS_L3_SRC_ONLY, NULL,
				  0), -EINVAL);
	assert_int_equal(devsim_net_state(port->dev)->commands, commands);
	hash_check(port, IPV4, key_pattern(9));
	control_traffic(port);
	sim_close(port, true);
}

/* NCV-13: a bad queue in the last entry; nothing changes, under traffic. */
void
case_rss_reta_refused(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	static struct vnic_rss_params params;
	uint32_t commands;

	(void)state;
	reta_all(128, queue_back);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
	commands = devsim_net_state(port->dev)->commands;
	reta_all(128, queue_last_bad);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -EINVAL);
	control_traffic(port);
	params = *port->vnic->rss.params;
	assert_int_equal(vnic_dev_lock(port->vnic, 1000), 0);
	params.table[127] = PAIRS;
	assert_int_equal(vnic_rss_set(port->vnic, &params), -EINVAL);
	params.table[127] = 0;
	params.table_len = 96;
	assert_int_equal(vnic_rss_set(port->vnic, &params), -EINVAL);
	params.table_len = 256;
	assert_int_equal(vnic_rss_set(port->vnic, &params), -EINVAL);
	params.table_len = 128;
	params.unclassified = PAIRS;
	assert_int_equal(vnic_rss_set(port->vnic, &params), -EINVAL);
	params.unclassified = 3;
	params.hash_types = 0x200;
	assert_int_equal(vnic_rss_set(port->vnic, &params), -EINVAL);
	assert_int_equal(devsim_net_state(port->dev)->commands, commands);
	params.hash_types = 1;
	assert_int_equal(vnic_rss_set(port->vnic, &params), 0);
	vnic_dev_unlock(port->vnic);
	assert_int_equal(told(port)->unclassified, 3);
	sim_close(port, true);
}

/* ---- trouble ---- */

void
case_rss_recovered(void **state)
{
	struct sim_port *port = control_open(&with_rss);

	(void)state;
	reta_all(128, queue_back);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
	assert_int_equal(hash_set(port, TCP4, key_pattern(77), 40), 0);
	control_recover(port, 1);
	reta_check(port, 128, queue_back);
	hash_check(port, TCP4, key_pattern(77));
	assert_true(devsim_net_state(port->dev)->steering);
	control_traffic(port);
	sim_close(port, false);
}

/* Over the loss of a back end, changed meanwhile: the next one is told all. */
void
rss_reconnected(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	uint32_t commands;

	(void)state;
	reta_all(128, queue_back);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	commands = devsim_net_state(port->dev)->commands;
	assert_int_equal(hash_set(port, TCP4, key_pattern(5), 40), 0);
	assert_int_equal(devsim_net_state(port->dev)->commands, commands);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	reta_check(port, 128, queue_back);
	hash_check(port, TCP4, key_pattern(5));
	assert_true(devsim_net_state(port->dev)->steering);
	control_traffic(port);
	sim_close(port, true);
}

/* Refused by the device, then not answered: each time as before. */
void
case_rss_trouble(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	const uint16_t ctrl_vq = PAIRS * 2;
	uint8_t first[40];

	(void)state;
	memcpy(first, told(port)->key, sizeof(first));
	reta_all(128, queue_back);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, ctrl_vq);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -EIO);
	reta_check(port, 128, queue_mod);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, ctrl_vq);
	assert_int_equal(hash_set(port, TCP4, key_pattern(3), 40), -EIO);
	hash_check(port, IPV4 | TCP4, first);
	control_fault(port, DEVSIM_FAULT_CTRL_SILENT, ctrl_vq);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128),
			 -ETIMEDOUT);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	control_await(port, "recoveries", 1);
	reta_check(port, 128, queue_mod);
	hash_check(port, IPV4 | TCP4, first);
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
	reta_check(port, 128, queue_back);
	control_traffic(port);
	sim_close(port, false);
}

/* After a reset the device has a smaller table: no start with half of it. */
void
case_rss_shrunk(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	const size_t off = offsetof(struct virtio_net_config,
				    rss_max_indirection_table_length);
	rte_le16_t table = rte_cpu_to_le_16(64);

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	devsim_config_poke(port->dev, off, &table, sizeof(table));
	assert_int_equal(rte_eth_dev_start(port->id), -EPROTO);
	table = rte_cpu_to_le_16(128);
	devsim_config_poke(port->dev, off, &table, sizeof(table));
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
}

/* ---- RSS without MQ ---- */

static void
offer_rss_only(struct devsim_config *c)
{
	virtio_features_del(&c->offered, VIRTIO_NET_F_MQ);
}

void
case_rss_without_mq(void **state)
{
	struct rte_eth_conf conf = { .rxmode.mtu = 1500 };
	struct sim_options o = with_rss;
	struct sim_port *port;

	(void)state;
	o.shape = offer_rss_only;
	port = control_open(&o);
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_MQ));
	assert_int_equal(devsim_net_state(port->dev)->pairs, PAIRS);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_configure(port->id, 2, 2, &conf),
			 -EINVAL);
	sim_close(port, true);
}

/* ---- inner headers ---- */

#define TUNNELS 0x91

static void
shape_tunnel(struct devsim_config *c)
{
	/* NCV-20: bits that nobody has defined. */
	c->tunnel_types = TUNNELS | 0xff000000;
	virtio_features_add(&c->offered, VIRTIO_NET_F_HASH_TUNNEL);
}

/* NCV-18, NCV-19. */
void
case_rss_tunnel(void **state)
{
	const uint64_t inner = RTE_ETH_RSS_LEVEL_INNERMOST;
	struct sim_options o = with_rss;
	struct sim_port *port;
	const struct devsim_net_state *net;

	(void)state;
	o.shape = shape_tunnel;
	port = control_open(&o);
	net = devsim_net_state(port->dev);
	assert_int_equal(net->tunnel_types, 0);
	assert_int_equal(sim_rxq(port, 1)->ptype_mask, UINT32_MAX);
	assert_int_equal(hash_set(port, IPV4 | inner, NULL, 0), 0);
	assert_int_equal(net->tunnel_types, TUNNELS);
	assert_int_equal(sim_rxq(port, 1)->ptype_mask, 0);
	control_recover(port, 1);
	assert_int_equal(net->tunnel_types, TUNNELS);
	assert_int_equal(sim_rxq(port, 1)->ptype_mask, 0);
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, PAIRS * 2);
	assert_int_equal(hash_set(port, IPV4, NULL, 0), -EIO);
	assert_int_equal(net->tunnel_types, TUNNELS);
	assert_int_equal(sim_rxq(port, 1)->ptype_mask, 0);
	assert_int_equal(hash_set(port, IPV4, NULL, 0), 0);
	assert_int_equal(net->tunnel_types, 0);
	assert_int_equal(sim_rxq(port, 1)->ptype_mask, UINT32_MAX);
	control_traffic(port);
	sim_close(port, false);
	/* Not offered: refused. */
	port = control_open(&with_rss);
	assert_int_equal(hash_set(port, IPV4 | inner, NULL, 0), -EINVAL);
	sim_close(port, true);
}
