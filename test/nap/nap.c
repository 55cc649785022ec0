/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

/*
 * Forwards frames between ports 0 and 1 (a single port sends back) on one
 * lcore, which sleeps until a receive interrupt when there are none, as
 * DPDK's l3fwd-power does. Usage: nap EAL-OPTIONS -- [--queues N]. Answers
 * commands on standard input, a line each: stats, restart, link, quit.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_lcore.h>

#define PORTS_MAX 2
#define QUEUES_MAX 8
#define BURST 32
#define POOL_MBUFS 8192
/** Empty rounds before a nap. */
#define IDLE_ROUNDS 64
/** A nap ends then at the latest, to look for commands. */
#define NAP_MS 1000

enum nap_state { NAP_CLOSED, NAP_OPEN, NAP_END };

static struct {
	uint16_t nr_ports;
	uint16_t nr_queues;
	struct rte_mempool *pool;
	enum nap_state wanted;
	enum nap_state state;
	int error;
	/* by the forwarding lcore */
	uint64_t rounds;	/**< over all queues */
	uint64_t naps;
	uint64_t wakes;		/**< naps that an interrupt ended */
	uint64_t timeouts;	/**< naps that nothing ended */
	uint64_t forwarded;
	uint64_t dropped;
} nap;

static void
count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint64_t
read_count(uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* ---- the forwarding lcore ---- */

static int
intr_each(int (*op)(uint16_t port, uint16_t queue))
{
	uint16_t p, q;
	int ret = 0;

	for (p = 0; p < nap.nr_ports && ret == 0; p++)
		for (q = 0; q < nap.nr_queues && ret == 0; q++)
			ret = op(p, q);
	return ret;
}

static int
intr_add(uint16_t port, uint16_t queue)
{
	return rte_eth_dev_rx_intr_ctl_q(port, queue, RTE_EPOLL_PER_THREAD,
					 RTE_INTR_EVENT_ADD, NULL);
}

static int
intr_del(uint16_t port, uint16_t queue)
{
	return rte_eth_dev_rx_intr_ctl_q(port, queue, RTE_EPOLL_PER_THREAD,
					 RTE_INTR_EVENT_DEL, NULL);
}

static uint16_t
forward_queue(uint16_t port, uint16_t queue)
{
	uint16_t out = port ^ (nap.nr_ports - 1);
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(port, queue, pkts, BURST), sent;
	unsigned int tries = 0;

	sent = rte_eth_tx_burst(out, queue, pkts, n);
	while (sent < n && tries++ < 1000)
		sent += rte_eth_tx_burst(out, queue, pkts + sent, n - sent);
	count(&nap.forwarded, sent);
	count(&nap.dropped, n - sent);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return n;
}

static bool
forward_all(void)
{
	uint16_t p, q;
	bool any = false;

	for (p = 0; p < nap.nr_ports; p++)
		for (q = 0; q < nap.nr_queues; q++)
			any |= forward_queue(p, q) > 0;
	count(&nap.rounds, 1);
	return any;
}

static int
take_a_nap(void)
{
	struct rte_epoll_event event[PORTS_MAX * QUEUES_MAX];
	int ret = intr_each(rte_eth_dev_rx_intr_enable), n;

	if (ret < 0)
		return ret;
	count(&nap.naps, 1);
	n = rte_epoll_wait(RTE_EPOLL_PER_THREAD, event, RTE_DIM(event), NAP_MS);
	count(n > 0 ? &nap.wakes : &nap.timeouts, 1);
	return n < 0 ? n : intr_each(rte_eth_dev_rx_intr_disable);
}

static enum nap_state
state_wanted(void)
{
	return __atomic_load_n(&nap.wanted, __ATOMIC_ACQUIRE);
}

/** Until another state is wanted. */
static int
forward_and_nap(void)
{
	unsigned int idle = 0;
	int ret = 0;

	while (ret >= 0 && state_wanted() == NAP_OPEN) {
		idle = forward_all() ? 0 : idle + 1;
		if (idle == IDLE_ROUNDS) {
			ret = take_a_nap();
			idle = 0;
		}
	}
	return ret;
}

static int
forwarder(void *arg)
{
	int ret = 0;

	RTE_SET_USED(arg);
	while (ret >= 0 && state_wanted() != NAP_END) {
		if (state_wanted() == NAP_CLOSED) {
			rte_delay_us_sleep(1000);
			continue;
		}
		ret = intr_each(intr_add);
		__atomic_store_n(&nap.state, NAP_OPEN, __ATOMIC_RELEASE);
		if (ret >= 0)
			ret = forward_and_nap();
		intr_each(intr_del);
		__atomic_store_n(&nap.state, NAP_CLOSED, __ATOMIC_RELEASE);
	}
	nap.error = ret;
	__atomic_store_n(&nap.state, NAP_END, __ATOMIC_RELEASE);
	return ret;
}

/** The lcore is to go into a state; false when it has ended by itself. */
static bool
state_reach(enum nap_state wanted)
{
	enum nap_state state;

	__atomic_store_n(&nap.wanted, wanted, __ATOMIC_RELEASE);
	do {
		rte_delay_us_sleep(1000);
		state = __atomic_load_n(&nap.state, __ATOMIC_ACQUIRE);
	} while (state != wanted && state != NAP_END);
	return state == wanted;
}

/* ---- ports ---- */

static int
on_link(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	RTE_SET_USED(type);
	RTE_SET_USED(arg);
	RTE_SET_USED(ret);
	printf("port %u: link state change event\n", port);
	fflush(stdout);
	return 0;
}

static int
port_set_up(uint16_t port)
{
	const struct rte_eth_conf conf = {
		.intr_conf = { .rxq = 1, .lsc = 1 },
	};
	struct rte_eth_conf used = conf;
	struct rte_eth_dev_info info;
	uint16_t q;
	int ret = rte_eth_dev_info_get(port, &info);

	if (ret == 0 && !(*info.dev_flags & RTE_ETH_DEV_INTR_LSC))
		used.intr_conf.lsc = 0;
	if (ret == 0)
		ret = rte_eth_dev_configure(port, nap.nr_queues, nap.nr_queues,
					    &used);
	for (q = 0; q < nap.nr_queues && ret == 0; q++)
		ret = rte_eth_rx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL,
					     nap.pool);
	for (q = 0; q < nap.nr_queues && ret == 0; q++)
		ret = rte_eth_tx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL);
	if (ret == 0)
		ret = rte_eth_dev_callback_register(port,
			RTE_ETH_EVENT_INTR_LSC, on_link, NULL);
	return ret;
}

static int
ports_start(void)
{
	uint16_t p;
	int ret = 0;

	for (p = 0; p < nap.nr_ports && ret == 0; p++) {
		ret = rte_eth_dev_start(p);
		if (ret == 0)
			ret = rte_eth_promiscuous_enable(p);
	}
	return ret;
}

static int
ports_set_up(void)
{
	uint16_t p;
	int ret = 0;

	nap.nr_ports = rte_eth_dev_count_avail();
	nap.pool = rte_pktmbuf_pool_create("nap", POOL_MBUFS, 256, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (nap.nr_ports == 0 || nap.nr_ports > PORTS_MAX || nap.pool == NULL)
		return -EINVAL;
	for (p = 0; p < nap.nr_ports && ret == 0; p++)
		ret = port_set_up(p);
	return ret == 0 ? ports_start() : ret;
}

/* ---- commands ---- */

static void
command_stats(void)
{
	printf("rounds=%" PRIu64 " naps=%" PRIu64 " wakes=%" PRIu64
		" timeouts=%" PRIu64 " forwarded=%" PRIu64 " dropped=%" PRIu64
		"\n", read_count(&nap.rounds), read_count(&nap.naps),
		read_count(&nap.wakes), read_count(&nap.timeouts),
		read_count(&nap.forwarded), read_count(&nap.dropped));
}

static void
command_link(void)
{
	struct rte_eth_link link;
	uint16_t p;

	for (p = 0; p < nap.nr_ports; p++)
		if (rte_eth_link_get_nowait(p, &link) == 0)
			printf("port %u: link %s\n", p,
				link.link_status ? "up" : "down");
}

static int
command_restart(void)
{
	uint16_t p;
	int ret = 0;

	if (!state_reach(NAP_CLOSED))
		return nap.error;
	for (p = 0; p < nap.nr_ports && ret == 0; p++)
		ret = rte_eth_dev_stop(p);
	printf("free mbufs=%u\n", rte_mempool_avail_count(nap.pool));
	if (ret == 0)
		ret = ports_start();
	if (ret == 0 && !state_reach(NAP_OPEN))
		ret = nap.error;
	return ret;
}

static int
command_run(const char *line)
{
	if (strcmp(line, "stats\n") == 0)
		command_stats();
	else if (strcmp(line, "link\n") == 0)
		command_link();
	else if (strcmp(line, "restart\n") == 0)
		return command_restart();
	else
		printf("no such command\n");
	return 0;
}

static int
commands(void)
{
	char line[64];
	int ret = 0;

	do {
		if (ret < 0)
			printf("error %d (%s)\n", ret, strerror(-ret));
		printf("nap> ");
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL ||
		    strcmp(line, "quit\n") == 0)
			break;
		ret = command_run(line);
	} while (ret == 0 ||
		 __atomic_load_n(&nap.state, __ATOMIC_ACQUIRE) != NAP_END);
	return ret;
}

static int
options_parse(int argc, char **argv)
{
	static const struct option table[] = {
		{ "queues", required_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	nap.nr_queues = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) == 'q')
		nap.nr_queues = atoi(optarg);
	return c == -1 && nap.nr_queues >= 1 && nap.nr_queues <= QUEUES_MAX ?
		0 : -EINVAL;
}

int
main(int argc, char **argv)
{
	int ret = rte_eal_init(argc, argv);
	uint16_t p;

	if (ret < 0)
		return EXIT_FAILURE;
	ret = options_parse(argc - ret, argv + ret);
	if (ret == 0 && rte_lcore_count() != 2)
		ret = -EINVAL;
	if (ret == 0)
		ret = ports_set_up();
	if (ret == 0)
		ret = rte_eal_remote_launch(forwarder, NULL,
			rte_get_next_lcore(-1, 1, 0));
	if (ret == 0 && !state_reach(NAP_OPEN))
		ret = nap.error;
	if (ret == 0)
		ret = commands();
	state_reach(NAP_END);
	rte_eal_mp_wait_lcore();
	for (p = 0; p < nap.nr_ports; p++) {
		rte_eth_dev_stop(p);
		rte_eth_dev_close(p);
	}
	if (ret < 0)
		printf("nap: error %d (%s)\n", ret, strerror(-ret));
	rte_eal_cleanup();
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
