/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

/*
 * Sends frames that prove themselves through one ethdev port, receives them
 * back from whoever forwards them at the other end, and judges every byte.
 * With --echo it is the other end; with --attach it tries to have devices.
 * Usage: frame_check EAL-OPTIONS -- OPTIONS.
 */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "attach.h"
#include "echo.h"
#include "flow.h"
#include "stick.h"

#define QUEUES_MAX 16
#define ATTACH_MAX 64
#define POOL_MBUFS 4096
#define PROGRESS_MS 200
/** After the last frame: for one that comes twice. */
#define LINGER_MS 100

struct options {
	struct flow_settings flow;
	uint16_t nr_queues;
	uint16_t nr_desc;
	uint16_t room;		/**< bytes of data in an mbuf */
	uint32_t wait_ms;	/**< for the link */
	uint32_t seconds;	/**< 0: until done or stopped */
	bool echo;
	bool stick;		/**< the first burst with frames does not end */
	unsigned int spoil;	/**< enum echo_spoil */
	unsigned int nr_attach;
	const char *attach[ATTACH_MAX];
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	RTE_SET_USED(number);
	stopped = 1;
}

enum option_name {
	OPT_ECHO = 256, OPT_LOSSY, OPT_FRAMES, OPT_MIN, OPT_MAX, OPT_QUEUES,
	OPT_WINDOW, OPT_SEGMENTS, OPT_STALL_MS, OPT_WAIT_MS, OPT_SECONDS,
	OPT_DESC, OPT_ROOM, OPT_PORT, OPT_ATTACH, OPT_SPOIL,
	OPT_STICK,
};

static const struct option option_table[] = {
	{ "echo", no_argument, NULL, OPT_ECHO },
	{ "stick", no_argument, NULL, OPT_STICK },
	{ "lossy", no_argument, NULL, OPT_LOSSY },
	{ "frames", required_argument, NULL, OPT_FRAMES },
	{ "min", required_argument, NULL, OPT_MIN },
	{ "max", required_argument, NULL, OPT_MAX },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "segments", required_argument, NULL, OPT_SEGMENTS },
	{ "stall-ms", required_argument, NULL, OPT_STALL_MS },
	{ "wait-ms", required_argument, NULL, OPT_WAIT_MS },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "desc", required_argument, NULL, OPT_DESC },
	{ "room", required_argument, NULL, OPT_ROOM },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "spoil", required_argument, NULL, OPT_SPOIL },
	{ "attach", required_argument, NULL, OPT_ATTACH },
	{ NULL, 0, NULL, 0 },
};

static void
options_set(struct options *o, int name, unsigned long value)
{
	switch (name) {
	case OPT_ECHO: o->echo = true; break;
	case OPT_STICK: o->stick = true; break;
	case OPT_SPOIL: o->spoil = value; break;
	case OPT_LOSSY: o->flow.lossy = true; break;
	case OPT_FRAMES: o->flow.nr_frames = value; break;
	case OPT_MIN: o->flow.sizes.min = value; break;
	case OPT_MAX: o->flow.sizes.max = value; break;
	case OPT_QUEUES: o->nr_queues = value; break;
	case OPT_WINDOW: o->flow.window = value; break;
	case OPT_SEGMENTS: o->flow.nr_segs = value; break;
	case OPT_STALL_MS: o->flow.stall_ms = value; break;
	case OPT_WAIT_MS: o->wait_ms = value; break;
	case OPT_SECONDS: o->seconds = value; break;
	case OPT_DESC: o->nr_desc = value; break;
	case OPT_ROOM: o->room = value; break;
	case OPT_PORT: o->flow.port = value; break;
	}
}

static bool
options_good(const struct options *o)
{
	const struct frame_sizes *s = &o->flow.sizes;

	return s->min >= FRAME_LEN_MIN && s->min <= s->max &&
		s->max <= FRAME_LEN_MAX && o->nr_queues >= 1 &&
		o->nr_queues <= QUEUES_MAX && o->flow.window >= 1 &&
		(o->echo || o->flow.nr_segs >= 1) &&
		o->spoil < ECHO_SPOIL_MAX && o->room >= FRAME_LEN_MIN;
}

static int
options_parse(int argc, char **argv, struct options *o)
{
	unsigned long value;
	char *end;
	int name;

	while ((name = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		if (name == '?')
			return -1;
		if (name == OPT_ATTACH && o->nr_attach < ATTACH_MAX) {
			o->attach[o->nr_attach++] = optarg;
			continue;
		}
		value = optarg != NULL ? strtoul(optarg, &end, 0) : 0;
		if (optarg != NULL && (*optarg == '\0' || *end != '\0')) {
			printf("frame_check: '%s' is no number\n", optarg);
			return -1;
		}
		options_set(o, name, value);
	}
	if (optind == argc && options_good(o))
		return 0;
	printf("frame_check: an option is out of its range\n");
	return -1;
}

static int
port_configure(const struct options *o, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = { 0 };

	conf.rxmode.mtu = RTE_MIN(info->max_mtu,
		(uint32_t)(o->flow.sizes.max - RTE_ETHER_HDR_LEN));
	conf.rxmode.mtu = RTE_MAX(conf.rxmode.mtu, (uint32_t)RTE_ETHER_MTU);
	conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	return rte_eth_dev_configure(o->flow.port, o->nr_queues, o->nr_queues,
		&conf);
}

static int
port_start(const struct options *o)
{
	uint16_t port = o->flow.port, q;
	struct rte_eth_dev_info info;
	int ret;

	ret = rte_eth_dev_info_get(port, &info);
	if (ret == 0)
		ret = port_configure(o, &info);
	for (q = 0; q < o->nr_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(port, q, o->nr_desc,
			SOCKET_ID_ANY, NULL, o->flow.pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(port, q, o->nr_desc,
				SOCKET_ID_ANY, NULL);
	}
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	if (ret != 0)
		printf("FAIL port %u does not start: %s\n", port, strerror(-ret));
	return ret;
}

static bool
link_is_up(uint16_t port)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(port, &link) == 0 &&
		link.link_status == RTE_ETH_LINK_UP;
}

static uint64_t
now_ms(void)
{
	return rte_get_timer_cycles() / (rte_get_timer_hz() / 1000);
}

static bool
wait_for_link(const struct options *o)
{
	uint64_t end = now_ms() + o->wait_ms;

	while (!stopped && !link_is_up(o->flow.port)) {
		if (now_ms() >= end) {
			printf("FAIL no link after %u ms\n", o->wait_ms);
			return false;
		}
		rte_delay_us_sleep(1000);
	}
	return true;
}

static void
show_progress(const struct flow *flows, uint16_t nr, uint64_t *next_ms)
{
	uint64_t received = 0;
	uint16_t q;

	if (now_ms() < *next_ms)
		return;
	*next_ms = now_ms() + PROGRESS_MS;
	for (q = 0; q < nr; q++)
		received += flows[q].received;
	printf("received %" PRIu64 "\n", received);
}

static bool
all_done(const struct flow *flows, uint16_t nr)
{
	uint16_t q;

	for (q = 0; q < nr; q++)
		if (!flow_is_done(&flows[q]))
			return false;
	return true;
}

/* Returns when all frames are back, when stopped, or when time is up. */
static void
exchange(const struct options *o, struct flow *flows)
{
	uint64_t next_ms = 0, end = now_ms() + o->seconds * UINT64_C(1000);
	uint16_t q;

	while (!stopped && !all_done(flows, o->nr_queues)) {
		if (o->seconds > 0 && now_ms() >= end)
			break;
		for (q = 0; q < o->nr_queues; q++)
			flow_poll(&flows[q], true);
		show_progress(flows, o->nr_queues, &next_ms);
	}
	end = now_ms() + LINGER_MS;
	while (now_ms() < end)
		for (q = 0; q < o->nr_queues; q++)
			flow_poll(&flows[q], false);
}

static int
run_check(const struct options *o)
{
	struct flow flows[QUEUES_MAX];
	bool good = true;
	uint16_t q;

	memset(flows, 0, sizeof(flows));
	for (q = 0; q < o->nr_queues; q++) {
		flows[q].settings = &o->flow;
		flows[q].queue = q;
	}
	printf("ready\n");
	if (!wait_for_link(o))
		return 1;
	exchange(o, flows);
	for (q = 0; q < o->nr_queues; q++)
		good = flow_report(&flows[q]) && good;
	return good ? 0 : 1;
}

/* A secondary process takes the queues that the started port has. */
static void
follow_queues(const struct options *o, struct echo *e, uint64_t *next_ms)
{
	struct rte_eth_dev_info info;

	if (rte_eal_process_type() == RTE_PROC_PRIMARY || now_ms() < *next_ms)
		return;
	*next_ms = now_ms() + PROGRESS_MS;
	e->nr_queues = 0;
	if (link_is_up(e->port) && rte_eth_dev_info_get(e->port, &info) == 0)
		e->nr_queues = RTE_MIN(o->nr_queues, RTE_MIN(info.nb_rx_queues,
			info.nb_tx_queues));
}

static int
run_echo(const struct options *o)
{
	struct echo e = {
		.port = o->flow.port, .nr_queues = o->nr_queues,
		.nr_segs = o->flow.nr_segs, .pool = o->flow.pool,
		.spoil = o->spoil };
	uint64_t end = now_ms() + o->seconds * UINT64_C(1000), next_ms = 0;

	if (o->stick && (e.stick = stick_set_up()) == NULL)
		return 1;
	printf("ready\n");
	while (!stopped && (o->seconds == 0 || now_ms() < end)) {
		follow_queues(o, &e, &next_ms);
		echo_poll(&e);
	}
	echo_report(&e);
	return e.dropped == 0 ? 0 : 1;
}

/* A secondary process finds its port configured and started. */
static int
set_up(struct options *o)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	if (!rte_eth_dev_is_valid_port(o->flow.port)) {
		printf("FAIL there is no port %u\n", o->flow.port);
		return -1;
	}
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	snprintf(name, sizeof(name), "frames");
	o->flow.pool = rte_pktmbuf_pool_create(name, POOL_MBUFS, 64, 0,
		o->room + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	if (o->flow.pool == NULL) {
		printf("FAIL no memory for %u mbufs of %u bytes\n",
			POOL_MBUFS, o->room);
		return -1;
	}
	return port_start(o);
}

static void
take_down(const struct options *o)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY) {
		rte_eth_dev_stop(o->flow.port);
		rte_eth_dev_close(o->flow.port);
	}
}

static int
run_attach(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nr_attach; i++)
		attach_try(o->attach[i]);
	return 0;
}

static void
on_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.flow = {
			.epoch = (uint32_t)rte_rdtsc(), .window = 32,
			.nr_segs = 1, .stall_ms = 20000, .nr_frames = 1000,
			.sizes = { FRAME_LEN_MIN, 1518 },
		},
		.nr_queues = 1, .nr_desc = 256, .room = 2048, .wait_ms = 20000,
	};
	int used, status = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	used = rte_eal_init(argc, argv);
	if (used < 0)
		return 1;
	on_signals();
	if (options_parse(argc - used, argv + used, &o) != 0)
		status = 1;
	else if (o.nr_attach > 0)
		status = run_attach(&o);
	else if (set_up(&o) == 0) {
		status = o.echo ? run_echo(&o) : run_check(&o);
		take_down(&o);
	}
	rte_eal_cleanup();
	return status;
}
