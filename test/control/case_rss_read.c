/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"
#include "vnic_port.h"

/* Questions about RSS, from any process, at any moment. */

#define TABLE 32768
#define GROUPS (TABLE / RTE_ETH_RETA_GROUP_SIZE)
#define IPV4 RTE_ETH_RSS_IPV4

static void
shape_large(struct devsim_config *c)
{
	c->rss_table_size = TABLE;
}

static const struct sim_options with_rss = {
	.pairs = 2, .nb_rxd = 64, .nb_txd = 64, .rss_hf = IPV4,
	.ctrl_timeout_ms = 5000, .shape = shape_large,
};

static struct rte_eth_rss_reta_entry64 got[GROUPS];

static int
table_read(struct sim_port *port)
{
	unsigned int i;

	for (i = 0; i < GROUPS; i++)
		got[i].mask = UINT64_MAX;
	return rte_eth_dev_rss_reta_query(port->id, got, TABLE);
}

static int
hash_read(struct sim_port *port, uint64_t *rss_hf)
{
	uint8_t key[40];
	struct rte_eth_rss_conf conf = {
		.rss_key = key, .rss_key_len = sizeof(key) };
	int ret = rte_eth_dev_rss_hash_conf_get(port->id, &conf);

	*rss_hf = conf.rss_hf;
	return ret;
}

/* Held by a process that died, the control lock holds up no question. */
void
rss_read_without_lock(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	uint64_t rss_hf;
	unsigned int i;

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 3000), 0);
	for (i = 0; i < 2; i++) {
		if (i == 1)
			eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
		assert_int_equal(table_read(port), 0);
		assert_int_equal(got[GROUPS - 1].reta[63], 1);
		assert_int_equal(hash_read(port, &rss_hf), 0);
		assert_true(rss_hf == IPV4);
	}
	eth_dev->dev_ops = &vnic_ethdev_ops;
	vnic_dev_unlock(port->vnic);
	sim_close(port, true);
}

/* Whoever died amidst a change: the question ends, without an answer. */
void
rss_read_gives_up(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	uint64_t rss_hf;

	(void)state;
	vnic_rss_write_begin(port->vnic);
	control_log_start();
	assert_int_equal(table_read(port), -EAGAIN);
	control_log_has("stay half changed");
	assert_int_equal(hash_read(port, &rss_hf), -EAGAIN);
	vnic_rss_write_end(port->vnic);
	assert_int_equal(table_read(port), 0);
	assert_int_equal(hash_read(port, &rss_hf), 0);
	sim_close(port, true);
}

struct writer {
	struct sim_port *port;
	bool stop;
	unsigned int changes;
};

/* All entries to one queue, then all to the other. */
static void *
writer_run(void *arg)
{
	static struct rte_eth_rss_reta_entry64 reta[GROUPS];
	struct writer *w = arg;
	unsigned int i, k;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < GROUPS; i++) {
			reta[i].mask = UINT64_MAX;
			for (k = 0; k < RTE_ETH_RETA_GROUP_SIZE; k++)
				reta[i].reta[k] = w->changes & 1;
		}
		if (rte_eth_dev_rss_reta_update(w->port->id, reta, TABLE) != 0)
			break;
		__atomic_fetch_add(&w->changes, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool
table_is_whole(void)
{
	unsigned int i;

	for (i = 1; i < GROUPS; i++)
		if (memcmp(got[i].reta, got[0].reta, sizeof(got[0].reta)) != 0)
			return false;
	return got[0].reta[0] == got[0].reta[63];
}

/* A table is seen before a change or after it. */
void
rss_read_is_whole(void **state)
{
	struct sim_port *port = control_open(&with_rss);
	struct writer w = { .port = port };
	unsigned int i, read = 0;
	pthread_t thread;

	(void)state;
	/* A port that is stopped asks no device, so changes come fast. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(pthread_create(&thread, NULL, writer_run, &w), 0);
	for (i = 0; i < 3000 || read == 0; i++) {
		int ret = table_read(port);

		/* Too busy a machine: that is an answer, too. */
		assert_true(ret == 0 || ret == -EAGAIN);
		if (ret != 0 || __atomic_load_n(&w.changes,
						__ATOMIC_RELAXED) == 0)
			continue;
		read++;
		assert_true(table_is_whole());
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(w.changes > 0);
	sim_start(port);
	sim_close(port, true);
}

/* Not every port has a hash, and programs ask each. */
void
rss_read_of_none(void **state)
{
	struct sim_port *port = control_open(NULL);
	uint64_t rss_hf;

	(void)state;
	control_log_start();
	assert_int_equal(hash_read(port, &rss_hf), -ENOTSUP);
	control_log_none();
	sim_close(port, true);
}
