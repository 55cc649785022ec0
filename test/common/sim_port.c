/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_vect.h>
#include <rte_version.h>

#include <dev_driver.h>
#include <ethdev_driver.h>

#include "sim_transport.h"
#include "vnic_args.h"
#include "vnic_device.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_rx_soft.h"
#include "vnic_tx_soft.h"

#define POOL_CACHE 32
#define ARGS_MAX 16

bool sim_legacy;

static void
eal_start(const char *name, const char *lcores, const char *const *more,
	  unsigned int nb_more)
{
	const char *argv[ARGS_MAX] = {
		name, "--no-huge", "--no-pci", "-m", "192", "--lcores", lcores,
		"--log-level=lib.eal:error",
	};
	/* EAL keeps pointers to the text and reorders the array. */
	static char text[ARGS_MAX][64];
	static struct vnic_transport_ops legacy_ops;
	char *copy[ARGS_MAX];
	unsigned int i, nb;

	for (nb = 0; argv[nb] != NULL; nb++)
		;
	while (nb_more-- > 0)
		argv[nb++] = *more++;
	for (i = 0; i < nb; i++) {
		snprintf(text[i], sizeof(text[i]), "%s", argv[i]);
		copy[i] = text[i];
	}
	if (rte_eal_init(nb, copy) < 0) {
		fprintf(stderr, "%s: no EAL\n", name);
		exit(1);
	}
	sim_legacy = getenv("VNIC_TEST_LEGACY") != NULL;
	legacy_ops = sim_transport_ops;
	legacy_ops.legacy = true;
	vnic_transport_register(VNIC_TRANSPORT_SIM, sim_legacy ? &legacy_ops :
				&sim_transport_ops);
	if (getenv("VNIC_TEST_LOG") == NULL)
		rte_log_set_level(vnic_logtype, RTE_LOG_CRIT);
}

void
sim_eal_init(const char *name)
{
	sim_eal_init_lcores(name, "0");
}

void
sim_eal_init_lcores(const char *name, const char *lcores)
{
	static const char *const alone[] = { "--no-telemetry", "--no-shconf" };

	eal_start(name, lcores, alone, RTE_DIM(alone));
}

void
sim_eal_init_telemetry(const char *name)
{
	char prefix[32];
	const char *own[] = { "--file-prefix", prefix };

	snprintf(prefix, sizeof(prefix), "vnic_test_%d", getpid());
	eal_start(name, "0", own, RTE_DIM(own));
}

/* ---- rows ---- */

/* Transmit rows know no MRG and no HASH, receive rows no CHAIN: MRG takes
 * CHAIN along, so that every row of both tables is in a pair. */
static const struct vnic_tx_path *
tx_partner(const struct vnic_rx_path *rx)
{
	const struct vnic_tx_path *tx;
	uint32_t want = rx->flags & ~(VNIC_PATH_MRG | VNIC_PATH_HASH);
	unsigned int nb, i;

	if (rx->flags & VNIC_PATH_MRG)
		want |= VNIC_PATH_CHAIN;
	tx = vnic_tx_paths(&nb);
	for (i = 0; i < nb; i++)
		if (tx[i].flags == want && tx[i].simd == rx->simd)
			return &tx[i];
	return NULL;
}

uint16_t
sim_simd_max(void)
{
	static uint16_t simd;

#ifdef __SANITIZE_THREAD__
	/* A vector load of shared descriptors is atomic by eight bytes on the
	 * processors that have it, which the race detector cannot know. */
	return 128;
#endif
	/* Before the first port narrows it. */
	if (simd == 0) {
		/* EAL's default on x86 is 256: ask for all there is. */
		rte_vect_set_max_simd_bitwidth(RTE_VECT_SIMD_512);
		simd = RTE_MAX(vnic_path_simd(), 128);
	}
	return simd;
}

const struct sim_row *
sim_row_get(unsigned int i)
{
	static struct sim_row row;
	const struct vnic_rx_path *rx;
	unsigned int nb, at, seen = 0;

	rx = vnic_rx_paths(&nb);
	for (at = 0; at < nb; at++) {
		if (sim_legacy && (rx[at].flags & (VNIC_PATH_PACKED |
						   VNIC_PATH_IN_ORDER |
						   VNIC_PATH_HASH)))
			continue;
		if (rx[at].simd > sim_simd_max() || seen++ != i)
			continue;
		row.rx = &rx[at];
		row.tx = tx_partner(&rx[at]);
		assert_non_null(row.tx);
		row.flags = row.rx->flags | row.tx->flags;
		row.simd = row.rx->simd;
		return &row;
	}
	return NULL;
}

void
sim_for_rows(void (*fn)(const struct sim_row *row))
{
	const char *only = getenv("VNIC_TEST_ROW");
	const struct sim_row *row;
	unsigned int i;

	for (i = 0; (row = sim_row_get(i)) != NULL; i++) {
		struct sim_row copy = *row;

		if (only != NULL && strcmp(only, copy.rx->name) != 0)
			continue;
		print_message("  %s %s\n", copy.rx->name, copy.tx->name);
		fn(&copy);
	}
}

/* ---- features ---- */

static struct virtio_features
row_features(const struct sim_row *row, const struct sim_options *o)
{
	struct virtio_features f = { { o->extra[0], o->extra[1] } };

	virtio_features_add(&f, VIRTIO_F_VERSION_1);
	virtio_features_add(&f, VIRTIO_NET_F_MAC);
	virtio_features_add(&f, VIRTIO_NET_F_STATUS);
	if (!o->no_ring_reset)
		virtio_features_add(&f, VIRTIO_F_RING_RESET);
	if (!o->no_event_idx)
		virtio_features_add(&f, VIRTIO_F_EVENT_IDX);
	if (row->flags & VNIC_PATH_PACKED)
		virtio_features_add(&f, VIRTIO_F_RING_PACKED);
	if (row->flags & VNIC_PATH_IN_ORDER)
		virtio_features_add(&f, VIRTIO_F_IN_ORDER);
	if (row->flags & VNIC_PATH_MRG)
		virtio_features_add(&f, VIRTIO_NET_F_MRG_RXBUF);
	if (!(row->flags & VNIC_PATH_CHAIN))
		virtio_features_add(&f, VIRTIO_F_INDIRECT_DESC);
	if (row->flags & VNIC_PATH_OFFLOAD) {
		virtio_features_add(&f, VIRTIO_NET_F_CSUM);
		virtio_features_add(&f, VIRTIO_NET_F_GUEST_CSUM);
		virtio_features_add(&f, VIRTIO_NET_F_HOST_TSO4);
		virtio_features_add(&f, VIRTIO_NET_F_HOST_TSO6);
		virtio_features_add(&f, VIRTIO_NET_F_GUEST_TSO4);
		virtio_features_add(&f, VIRTIO_NET_F_GUEST_TSO6);
	}
	if (o->ctrl || o->pairs > 1) {
		virtio_features_add(&f, VIRTIO_NET_F_CTRL_VQ);
		virtio_features_add(&f, VIRTIO_NET_F_CTRL_RX);
		virtio_features_add(&f, VIRTIO_NET_F_CTRL_VLAN);
		virtio_features_add(&f, VIRTIO_NET_F_CTRL_MAC_ADDR);
	}
	if (o->pairs > 1)
		virtio_features_add(&f, VIRTIO_NET_F_MQ);
	if ((row->flags & VNIC_PATH_HASH) || o->rss_hf != 0)
		virtio_features_add(&f, VIRTIO_NET_F_CTRL_VQ);
	if (row->flags & VNIC_PATH_HASH)
		virtio_features_add(&f, VIRTIO_NET_F_HASH_REPORT);
	if (o->rss_hf != 0)
		virtio_features_add(&f, VIRTIO_NET_F_RSS);
	if (sim_legacy) {
		f.w[0] &= UINT32_MAX;
		virtio_features_add(&f, VIRTIO_F_ANY_LAYOUT);
	}
	return f;
}

static void
row_offloads(const struct sim_row *row, struct rte_eth_conf *conf)
{
	if (row->flags & VNIC_PATH_MRG)
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (row->flags & VNIC_PATH_HASH) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO;
}

/* ---- the device's own thread, control queue only ---- */

static void *
ctrl_thread(void *arg)
{
	struct sim_port *port = arg;

	while (!__atomic_load_n(&port->ctrl_stop, __ATOMIC_RELAXED)) {
		if (devsim_ctrl_poll(port->dev) == 0)
			usleep(200);
	}
	return NULL;
}

/* ---- life ---- */

static void
options_fill(struct sim_port *port, const struct sim_options *opts)
{
	struct sim_options *o = &port->opts;

	if (opts != NULL)
		*o = *opts;
	o->nb_rxd = o->nb_rxd ? o->nb_rxd : 256;
	o->nb_txd = o->nb_txd ? o->nb_txd : 256;
	o->pairs = o->pairs ? o->pairs : 1;
	o->nb_rx = o->nb_rx ? o->nb_rx : o->pairs;
	o->nb_tx = o->nb_tx ? o->nb_tx : o->pairs;
	o->nb_mbufs = o->nb_mbufs ? o->nb_mbufs : 2047;
	o->room = o->room ? o->room : 2048;
	o->mtu = o->mtu ? o->mtu : 1500;
}

static struct rte_mempool *
pool_get(const struct sim_options *o)
{
	char name[32];
	struct rte_mempool *pool;

	snprintf(name, sizeof(name), "pool_%u_%u", o->nb_mbufs, o->room);
	pool = o->pool != NULL ? o->pool : rte_mempool_lookup(name);
	if (pool == NULL)
		pool = rte_pktmbuf_pool_create(name, o->nb_mbufs, POOL_CACHE, 0,
			o->room + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	assert_non_null(pool);
	assert_int_equal(rte_mempool_avail_count(pool), o->nb_mbufs);
	return pool;
}

static struct devsim *
device_create(const struct sim_port *port)
{
	const struct sim_options *o = &port->opts;
	struct devsim_config c = {
		.offered = row_features(&port->row, o),
		.pairs = o->pairs,
		.queue_size_max = !sim_legacy ? 1024 :
			RTE_MAX(o->nb_rxd, o->nb_txd),
		.mac = { 2, 0, 0, 0, 0, 1 },
		.mtu = 9216,
		.rss_key_size = 40,
		.rss_table_size = 128,
		.hash_types = VIRTIO_NET_HASH_TYPES,
	};
	struct devsim *dev;
	uint16_t i;

	if (o->shape != NULL)
		o->shape(&c);
	dev = devsim_create(&c);
	assert_non_null(dev);
	for (i = 0; i < o->pairs * 2; i++)
		devsim_policy_set(dev, i, &o->policy);
	if (o->prepare != NULL)
		o->prepare(dev);
	return dev;
}

static const struct rte_driver sim_driver = { .name = "net_vnic_sim" };

static int
port_probe(struct sim_port *port)
{
	struct rte_eth_dev *eth = rte_eth_dev_allocate(port->name);
	struct vnic_dev *vnic;
	int ret;

	assert_non_null(eth);
	vnic = rte_zmalloc(port->name, sizeof(*vnic), RTE_CACHE_LINE_SIZE);
	assert_non_null(vnic);
	eth->data->dev_private = vnic;
	eth->device = &port->device;
	port->device.name = port->name;
	port->device.driver = &sim_driver;
	port->device.numa_node = SOCKET_ID_ANY;
	port->id = eth->data->port_id;
	port->vnic = vnic;
	vnic->transport = VNIC_TRANSPORT_SIM;
	vnic->priv = port;
	snprintf(vnic->name, sizeof(vnic->name), "%s", port->name);
	ret = vnic_args_parse(port->name, NULL, VNIC_TRANSPORT_PCI,
			      &vnic->args);
	assert_int_equal(ret, 0);
	vnic->args.lro = port->opts.lro;
	vnic->args.udp_tso = port->opts.udp_tso;
	vnic->args.rsc_info = port->opts.rsc_info;
	if (port->opts.ctrl_timeout_ms != 0)
		vnic->args.ctrl_timeout_ms = port->opts.ctrl_timeout_ms;
	if (port->opts.tx_stall_ms != 0)
		vnic->args.tx_stall_ms = port->opts.tx_stall_ms;
	ret = vnic_device_probe(eth);
	if (ret == 0)
		rte_eth_dev_probing_finish(eth);
	else
		rte_eth_dev_release_port(eth);
	return ret;
}

static void
port_free(struct sim_port *port)
{
	__atomic_store_n(&port->ctrl_stop, true, __ATOMIC_RELAXED);
	pthread_join(port->ctrl_thread, NULL);
	devsim_destroy(port->dev);
	free(port);
}

int
sim_probe(const struct sim_row *row, const struct sim_options *opts,
	  struct sim_port **out)
{
	static unsigned int serial;
	struct sim_port *port = calloc(1, sizeof(*port));
	int ret;

	assert_non_null(port);
	snprintf(port->name, sizeof(port->name), "net_vnic_sim%u", serial++);
	port->row = *row;
	options_fill(port, opts);
	port->pool = pool_get(&port->opts);
	port->dev = device_create(port);
	rte_vect_set_max_simd_bitwidth(row->simd);
	assert_int_equal(pthread_create(&port->ctrl_thread, NULL, ctrl_thread,
					port), 0);
	ret = port_probe(port);
	if (ret != 0) {
		port_free(port);
		port = NULL;
	}
	*out = port;
	return ret;
}

static void
port_configure(struct sim_port *port)
{
	struct rte_eth_conf conf = {
		.rxmode = {
			.mtu = port->opts.mtu,
			.offloads = port->opts.rx_offloads,
		},
		.txmode = { .offloads = port->opts.tx_offloads },
		.intr_conf = { .rxq = port->opts.rx_intr,
			       .rmv = port->opts.rmv_intr },
	};
	uint16_t i;

	if (port->opts.rss_hf != 0)
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf.rx_adv_conf.rss_conf.rss_hf = port->opts.rss_hf;
	row_offloads(&port->row, &conf);
	if (port->opts.no_scatter)
		conf.rxmode.offloads &= ~RTE_ETH_RX_OFFLOAD_SCATTER;
	assert_int_equal(rte_eth_dev_configure(port->id, port->opts.nb_rx,
					       port->opts.nb_tx, &conf), 0);
	for (i = 0; i < port->opts.nb_rx; i++)
		assert_int_equal(rte_eth_rx_queue_setup(port->id, i,
			port->opts.nb_rxd, SOCKET_ID_ANY, NULL, port->pool), 0);
	for (i = 0; i < port->opts.nb_tx; i++)
		assert_int_equal(rte_eth_tx_queue_setup(port->id, i,
			port->opts.nb_txd, SOCKET_ID_ANY, NULL), 0);
}

struct sim_port *
sim_open_stopped(const struct sim_row *row, const struct sim_options *opts)
{
	struct sim_port *port;

	assert_int_equal(sim_probe(row, opts, &port), 0);
	port_configure(port);
	return port;
}

/* The row's bursts, or, where a queue wants more, those around them. */
static void
bursts_check(struct sim_port *port, eth_rx_burst_t rx, eth_tx_burst_t tx)
{
	const struct rte_eth_dev *eth = &rte_eth_devices[port->id];
	uint32_t rx_soft = 0, tx_soft = 0;
	uint16_t i;

	for (i = 0; i < port->opts.nb_rx; i++)
		rx_soft |= sim_rxq(port, i)->soft;
	for (i = 0; i < port->opts.nb_tx; i++)
		tx_soft |= sim_txq(port, i)->soft;
	assert_ptr_equal(vnic_rx_soft_rows[port->id], rx);
	assert_ptr_equal(vnic_tx_soft_rows[port->id], tx);
	assert_ptr_equal(eth->rx_pkt_burst,
			 rx_soft != 0 ? vnic_rx_soft_burst : rx);
	assert_ptr_equal(eth->tx_pkt_burst,
			 tx_soft != 0 ? vnic_tx_soft_burst : tx);
}

void
sim_start(struct sim_port *port)
{
	const struct vnic_rx_path *rx;
	const struct vnic_tx_path *tx;

	assert_int_equal(rte_eth_dev_start(port->id), 0);
	rx = vnic_rx_path_select(port->vnic);
	tx = vnic_tx_path_select(port->vnic);
	assert_string_equal(rx->name, port->row.rx->name);
	assert_string_equal(tx->name, port->row.tx->name);
	/* The bursts that run are those of the row, not only its name. */
	bursts_check(port, rx->burst, tx->burst);
}

struct sim_port *
sim_open(const struct sim_row *row, const struct sim_options *opts)
{
	struct sim_port *port = sim_open_stopped(row, opts);

	sim_start(port);
	return port;
}

void
sim_honest(struct sim_port *port)
{
	unsigned int i;

	for (i = 0; devsim_violation_text(port->dev, i) != NULL && i < 4; i++)
		print_error("%s: violation: %s\n", port->row.rx->name,
			    devsim_violation_text(port->dev, i));
	assert_int_equal(devsim_violations(port->dev), 0);
}

void
sim_close(struct sim_port *port, bool honest)
{
	struct rte_mempool *pool = port->pool;

	if (rte_eth_devices[port->id].data->dev_started)
		assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_close(port->id), 0);
	if (honest)
		sim_honest(port);
	assert_int_equal(rte_mempool_avail_count(pool), port->opts.nb_mbufs);
	port_free(port);
}

void
sim_memory_add(struct sim_port *port, void *addr, size_t len)
{
	devsim_mem_add(port->dev, addr, len);
}

struct vnic_rxq *
sim_rxq(struct sim_port *port, uint16_t queue)
{
	return rte_eth_devices[port->id].data->rx_queues[queue];
}

struct vnic_txq *
sim_txq(struct sim_port *port, uint16_t queue)
{
	return rte_eth_devices[port->id].data->tx_queues[queue];
}
