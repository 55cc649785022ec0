/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "device.h"

#define POOL_CACHE RTE_MEMPOOL_CACHE_MAX_SIZE
#define READY_MS 2000
#define ARGS_MAX 512

const char *
perf_target_name(const struct perf *perf, enum perf_target target)
{
	return target == PERF_LIMIT ? "limit" : perf->port[target].name;
}

static int
port_error(const struct perf_port *port, const char *what, int err)
{
	fprintf(stderr, "vnic-perf: port %s: %s: %s\n", port->name, what, strerror(-err));
	return err;
}

/** Append key=value unless the user gives the key. */
static void
args_add(char *args, const char *user, const char *key, const char *value)
{
	char find[32];
	size_t len = strlen(args);

	snprintf(find, sizeof(find), "%s=", key);
	if (user != NULL && strstr(user, find) != NULL)
		return;
	snprintf(args + len, ARGS_MAX - len, "%s%s=%s", len > 0 ? "," : "", key, value);
}

static void
args_add_number(char *args, const char *user, const char *key, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	args_add(args, user, key, text);
}

/** The keys that net_virtio_user and net_vnic_user share. */
static void
args_build(const struct perf_port *port, const struct perf_options *opt,
	   const struct perf_port_options *popt, char *args)
{
	const char *user = popt->args;
	const char *path = port->device != NULL ? port->device->path : popt->path;
	size_t len;

	args[0] = '\0';
	if (path != NULL)
		args_add(args, user, "path", path);
	if (port->device != NULL) {
		args_add_number(args, user, "queues", opt->queues);
		args_add_number(args, user, "queue_size", opt->ring);
		args_add_number(args, user, "mrg_rxbuf", opt->layout->mergeable);
		args_add_number(args, user, "in_order", opt->layout->in_order);
		args_add_number(args, user, "packed_vq", opt->layout->packed);
		/* Its best where the layout allows it, without effect elsewhere. */
		if (strncmp(port->name, "net_virtio_user", 15) == 0)
			args_add(args, user, "vectorized", "1");
	}
	len = strlen(args);
	if (user != NULL && user[0] != '\0')
		snprintf(args + len, ARGS_MAX - len, "%s%s", len > 0 ? "," : "", user);
}

/** Find the port, or create it as a virtual device. */
static int
port_attach(struct perf *perf, enum perf_target which)
{
	const struct perf_port_options *popt = &perf->opt.port[which];
	struct perf_port *port = &perf->port[which];
	size_t len = strlen(popt->name);
	char args[ARGS_MAX];
	int ret;

	snprintf(port->name, sizeof(port->name), "%s", popt->name);
	if (rte_eth_dev_get_port_by_name(port->name, &port->id) == 0)
		return 0;
	if (len > 0 && !isdigit((unsigned char)popt->name[len - 1]))
		snprintf(port->name, sizeof(port->name), "%s%u", popt->name, which);
	args_build(port, &perf->opt, popt, args);
	ret = rte_eal_hotplug_add("vdev", port->name, args);
	if (ret < 0) {
		fprintf(stderr, "vnic-perf: port %s: cannot create it with '%s': %s\n"
			"vnic-perf: is its driver known to this DPDK? --plugin FILE loads one\n",
			port->name, args, strerror(-ret));
		return ret;
	}
	port->attached = true;
	ret = rte_eth_dev_get_port_by_name(port->name, &port->id);
	return ret < 0 ? port_error(port, "device created, but no port", ret) : 0;
}

static void
mbuf_fill(struct rte_mempool *pool, void *arg, void *obj, unsigned int i)
{
	const struct perf_frame *frame = arg;
	struct rte_mbuf *m = obj;
	uint16_t room = m->buf_len - RTE_PKTMBUF_HEADROOM;

	RTE_SET_USED(pool);
	RTE_SET_USED(i);
	m->data_off = RTE_PKTMBUF_HEADROOM;
	memcpy(rte_pktmbuf_mtod(m, void *), frame->bytes,
	       RTE_MIN(room, sizeof(frame->bytes)));
}

static int
pool_create(struct perf *perf, enum perf_target which)
{
	struct perf_port *port = &perf->port[which];
	const struct perf_options *opt = &perf->opt;
	unsigned int nr = opt->queues * (2 * opt->ring + opt->burst) + 2 * POOL_CACHE;
	unsigned int room = RTE_MAX(2048U, perf_frame_size_max(opt) + 64);
	char name[32];

	snprintf(name, sizeof(name), "perf_%c", 'a' + which);
	if (opt->pool > 0)
		nr = opt->pool;
	port->pool = rte_pktmbuf_pool_create(name, nr, POOL_CACHE, 0,
			RTE_PKTMBUF_HEADROOM + room, SOCKET_ID_ANY);
	if (port->pool == NULL)
		return port_error(port, "mempool (more --memory?)", -rte_errno);
	port->single_segment = true;
	return 0;
}

static int
queues_setup(struct perf_port *port, const struct perf_options *opt,
	     const struct rte_eth_dev_info *info)
{
	int ret = 0;

	for (unsigned int q = 0; q < opt->queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(port->id, q, opt->ring, SOCKET_ID_ANY,
					     &info->default_rxconf, port->pool);
		if (ret < 0)
			return port_error(port, "receive queue", ret);
		ret = rte_eth_tx_queue_setup(port->id, q, opt->ring, SOCKET_ID_ANY, NULL);
		if (ret < 0)
			return port_error(port, "transmit queue", ret);
	}
	return 0;
}

static int
port_configure(struct perf_port *port, const struct perf_options *opt)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(port->id, &info);

	if (ret < 0)
		return port_error(port, "device info", ret);
	if (opt->fast_free)
		conf.txmode.offloads = info.tx_offload_capa &
				       RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (perf_frame_size_max(opt) > RTE_ETHER_MAX_LEN)
		conf.rxmode.mtu = perf_frame_size_max(opt) - RTE_ETHER_HDR_LEN -
				  RTE_ETHER_CRC_LEN;
	ret = rte_eth_dev_configure(port->id, opt->queues, opt->queues, &conf);
	if (ret < 0)
		return port_error(port, "configure", ret);
	return queues_setup(port, opt, &info);
}

/** The frame of a port: to its address, broadcast-free, local experimental type. */
static int
frame_build(struct perf *perf, enum perf_target which)
{
	struct perf_port *port = &perf->port[which];
	struct perf_frame *frame = &perf->frame[which];
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame->bytes;
	int ret = rte_eth_macaddr_get(port->id, &eth->dst_addr);

	if (ret < 0)
		return port_error(port, "MAC address", ret);
	memcpy(eth->src_addr.addr_bytes, "\x02vnicp", RTE_ETHER_ADDR_LEN);
	eth->ether_type = rte_cpu_to_be_16(0x88b5);
	for (unsigned int i = sizeof(*eth); i < sizeof(frame->bytes); i++)
		frame->bytes[i] = i;
	if (port->device != NULL)
		for (unsigned int i = 0; i < PERF_SOURCES; i++)
			memcpy(port->device->sources + i * port->device->source_step,
			       frame->bytes, port->device->source_step);
	rte_mempool_obj_iter(port->pool, mbuf_fill, frame);
	port->frame = frame;
	return 0;
}

/** The queues are the device's only when its thread has seen the messages. */
static int
device_wait(struct perf_port *port, const struct perf_options *opt)
{
	if (port->device == NULL)
		return 0;
	for (unsigned int ms = 0; ms < READY_MS; ms++) {
		if (perf_device_ready(port->device, opt->queues))
			return 0;
		rte_delay_us_sleep(1000);
	}
	return port_error(port, "started, but its queues did not reach the device",
			  -ETIMEDOUT);
}

int
perf_port_open(struct perf *perf, enum perf_target which)
{
	struct perf_port *port = &perf->port[which];
	int ret;

	ret = port_attach(perf, which);
	if (ret < 0)
		return ret;
	ret = pool_create(perf, which);
	if (ret < 0)
		return ret;
	ret = frame_build(perf, which);
	if (ret < 0)
		return ret;
	ret = port_configure(port, &perf->opt);
	if (ret < 0)
		return ret;
	ret = rte_eth_dev_start(port->id);
	if (ret < 0)
		return port_error(port, "start", ret);
	return device_wait(port, &perf->opt);
}

unsigned int
perf_port_close(struct perf *perf, enum perf_target which)
{
	struct perf_port *port = &perf->port[which];
	unsigned int missing = 0;
	int ret;

	if (rte_eth_dev_is_valid_port(port->id) && port->name[0] != '\0') {
		ret = rte_eth_dev_stop(port->id);
		if (ret < 0)
			port_error(port, "stop", ret);
		ret = rte_eth_dev_close(port->id);
		if (ret < 0)
			port_error(port, "close", ret);
	}
	if (port->attached)
		rte_eal_hotplug_remove("vdev", port->name);
	if (port->pool == NULL)
		return 0;
	missing = port->pool->size - rte_mempool_avail_count(port->pool);
	rte_mempool_free(port->pool);
	port->pool = NULL;
	return missing;
}
