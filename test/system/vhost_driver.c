/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

/*
 * The application side of vhost_case.py: runs one command a line
 * from standard input on port 0 and answers each with one line,
 * "= RESULT MILLISECONDS".
 */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#define PORT_NAME "net_vnic_user0"
#define LINE_LEN 512
#define POOL_MBUFS 2048
#define BURST 32
#define REFUSED_ADDRS 1000

struct driver {
	struct rte_mempool *pool;
	uint16_t port;
	void *memory;
};

struct command {
	const char *name;
	long (*run)(struct driver *d, const char *arg);
};

static long
run_probe(struct driver *d, const char *arg)
{
	int ret = rte_vdev_init(PORT_NAME, arg);

	if (ret == 0)
		ret = rte_eth_dev_get_port_by_name(PORT_NAME, &d->port);
	return ret;
}

static int
queue_setup(struct driver *d, uint16_t queue, uint16_t nb_desc)
{
	int ret = rte_eth_rx_queue_setup(d->port, queue, nb_desc,
		SOCKET_ID_ANY, NULL, d->pool);

	if (ret != 0)
		return ret;
	return rte_eth_tx_queue_setup(d->port, queue, nb_desc, SOCKET_ID_ANY,
		NULL);
}

/** start [PAIRS]: configure and start. */
static long
run_start(struct driver *d, const char *arg)
{
	uint16_t i, pairs = arg[0] != '\0' ? atoi(arg) : 1;
	struct rte_eth_conf conf = { .lpbk_mode = 0 };
	int ret;

	ret = rte_eth_dev_configure(d->port, pairs, pairs, &conf);
	for (i = 0; i < pairs && ret == 0; i++)
		ret = queue_setup(d, i, 256);
	return ret != 0 ? ret : rte_eth_dev_start(d->port);
}

static long
run_stop(struct driver *d, const char *arg)
{
	RTE_SET_USED(arg);
	return rte_eth_dev_stop(d->port);
}

static long
run_remove(struct driver *d, const char *arg)
{
	RTE_SET_USED(d);
	RTE_SET_USED(arg);
	return rte_vdev_uninit(PORT_NAME);
}

static long
run_close(struct driver *d, const char *arg)
{
	RTE_SET_USED(arg);
	return rte_eth_dev_close(d->port);
}

/** Open descriptors of this process. */
static long
run_fds(struct driver *d, const char *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	long nr = 0;

	RTE_SET_USED(d);
	RTE_SET_USED(arg);
	if (dir == NULL)
		return -errno;
	while (readdir(dir) != NULL)
		nr++;
	closedir(dir);
	return nr;
}

static long
run_link(struct driver *d, const char *arg)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(d->port, &link);

	RTE_SET_USED(arg);
	return ret != 0 ? ret : (long)link.link_status;
}

static long
run_speed(struct driver *d, const char *arg)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(d->port, &link);

	RTE_SET_USED(arg);
	return ret != 0 ? ret : (long)link.link_speed;
}

static long
run_removed(struct driver *d, const char *arg)
{
	RTE_SET_USED(arg);
	return rte_eth_dev_is_removed(d->port);
}

/** An operation that the driver refuses, after which ethdev asks it on. */
static long
run_refuse(struct driver *d, const char *arg)
{
	static struct rte_ether_addr addrs[REFUSED_ADDRS];

	RTE_SET_USED(arg);
	return rte_eth_dev_set_mc_addr_list(d->port, addrs, REFUSED_ADDRS);
}

/** Mbufs that are out of the pool. */
static long
run_mbufs(struct driver *d, const char *arg)
{
	RTE_SET_USED(arg);
	return rte_mempool_in_use_count(d->pool);
}

/** alloc MEGABYTES: EAL's memory grows; 0 frees it again. */
static long
run_alloc(struct driver *d, const char *arg)
{
	size_t size = strtoul(arg, NULL, 0) << 20;

	rte_free(d->memory);
	d->memory = size != 0 ? rte_zmalloc(NULL, size, 0) : NULL;
	return size != 0 && d->memory == NULL ? -ENOMEM : 0;
}

/** A burst each way, as an application's loop does. */
static long
run_poll(struct driver *d, const char *arg)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t nr;

	RTE_SET_USED(arg);
	nr = rte_eth_rx_burst(d->port, 0, pkts, BURST);
	rte_pktmbuf_free_bulk(pkts, nr);
	return nr;
}

static const struct command commands[] = {
	{ "probe", run_probe },
	{ "start", run_start },
	{ "stop", run_stop },
	{ "remove", run_remove },
	{ "close", run_close },
	{ "fds", run_fds },
	{ "link", run_link },
	{ "speed", run_speed },
	{ "removed", run_removed },
	{ "refuse", run_refuse },
	{ "mbufs", run_mbufs },
	{ "alloc", run_alloc },
	{ "poll", run_poll },
};

static long
run_line(struct driver *d, char *line)
{
	char *arg = strchr(line, ' ');
	size_t i;

	if (arg != NULL)
		*arg++ = '\0';
	for (i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(commands[i].name, line) == 0)
			return commands[i].run(d, arg != NULL ? arg : "");
	}
	return -ENOSYS;
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
main(int argc, char **argv)
{
	struct driver d = { .port = RTE_MAX_ETHPORTS };
	char line[LINE_LEN];
	uint64_t start;
	long ret;

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	d.pool = rte_pktmbuf_pool_create("pool", POOL_MBUFS, 0, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (d.pool == NULL)
		return 1;
	printf("= ready 0\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		start = now_ms();
		ret = run_line(&d, line);
		printf("= %ld %" PRIu64 "\n", ret, now_ms() - start);
		fflush(stdout);
	}
	rte_free(d.memory);
	rte_mempool_free(d.pool);
	rte_eal_cleanup();
	return 0;
}
