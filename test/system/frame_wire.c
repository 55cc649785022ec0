/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

/*
 * Carries frames between ethdev ports and sockets, unchanged: what a script
 * puts in is what the other end of the port receives. It rests when nothing
 * moves, so a polling process may share its CPU.
 * Usage: frame_wire EAL-OPTIONS -- QUEUES DESCRIPTOR..., a descriptor for each
 * port: an AF_UNIX socket of type SOCK_SEQPACKET. One message is one frame
 * behind a byte that says which queue it is for, or came from.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "frame.h"

#define WIRE_PORTS_MAX 4
#define WIRE_BURST 32
#define WIRE_DESC 256
#define WIRE_MBUFS 4096
/** A ring that is full is tried for so long. */
#define WIRE_PATIENCE_MS 50
#define WIRE_REST_US 100

struct wire {
	uint16_t port;
	uint16_t nr_queues;
	int fd;
	struct rte_mempool *pool;
	bool closed;	/**< the script has gone */
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	RTE_SET_USED(number);
	stopped = 1;
}

static int
wire_start(struct wire *w)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	uint16_t q;
	int ret;

	ret = rte_eth_dev_info_get(w->port, &info);
	if (ret != 0)
		return ret;
	conf.rxmode.mtu = RTE_MIN((uint32_t)info.max_mtu, 9600u);
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	ret = rte_eth_dev_configure(w->port, w->nr_queues, w->nr_queues, &conf);
	for (q = 0; q < w->nr_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(w->port, q, WIRE_DESC,
			SOCKET_ID_ANY, NULL, w->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(w->port, q, WIRE_DESC,
				SOCKET_ID_ANY, NULL);
	}
	return ret == 0 ? rte_eth_dev_start(w->port) : ret;
}

/* A frame that the ring does not take in time is lost, as on a wire. */
static void
wire_send(const struct wire *w, uint16_t queue, struct rte_mbuf *m)
{
	unsigned int tries;

	for (tries = 0; tries < WIRE_PATIENCE_MS * 10; tries++) {
		if (rte_eth_tx_burst(w->port, queue, &m, 1) == 1)
			return;
		rte_delay_us_sleep(100);
	}
	rte_pktmbuf_free(m);
}

static bool
wire_in(struct wire *w)
{
	uint8_t message[1 + FRAME_LEN_MAX];
	struct rte_mbuf *m;
	ssize_t n;

	n = recv(w->fd, message, sizeof(message), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		w->closed = true;
	if (n <= 1)
		return false;
	m = frame_to_mbuf(w->pool, message + 1, n - 1, 1, 0);
	if (m != NULL)
		wire_send(w, message[0] % w->nr_queues, m);
	return true;
}

static void
wire_deliver(const struct wire *w, uint8_t queue, const struct rte_mbuf *m)
{
	uint8_t message[1 + FRAME_LEN_MAX], scratch[FRAME_LEN_MAX];
	const uint8_t *bytes = frame_from_mbuf(m, scratch);

	if (bytes == NULL)
		return;
	message[0] = queue;
	memcpy(message + 1, bytes, m->pkt_len);
	if (send(w->fd, message, 1 + m->pkt_len, MSG_NOSIGNAL) < 0)
		printf("frame_wire: port %u: a frame of %u bytes is lost: %s\n",
			w->port, m->pkt_len, strerror(errno));
}

static bool
wire_out(const struct wire *w)
{
	struct rte_mbuf *pkts[WIRE_BURST];
	bool moved = false;
	uint16_t q, i, n;

	for (q = 0; q < w->nr_queues; q++) {
		n = rte_eth_rx_burst(w->port, q, pkts, WIRE_BURST);
		for (i = 0; i < n; i++)
			wire_deliver(w, q, pkts[i]);
		rte_pktmbuf_free_bulk(pkts, n);
		moved = moved || n > 0;
	}
	return moved;
}

static int
wires_set_up(struct wire *wires, int argc, char **argv)
{
	struct rte_mempool *pool;
	int i, ret;

	if (argc < 3 || argc - 2 > WIRE_PORTS_MAX || atoi(argv[1]) < 1) {
		printf("frame_wire: give the number of queues, and a descriptor for each port\n");
		return -1;
	}
	pool = rte_pktmbuf_pool_create("wire", WIRE_MBUFS, 64, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		return -1;
	for (i = 0; i < argc - 2; i++) {
		wires[i] = (struct wire) {
			.port = i, .nr_queues = atoi(argv[1]),
			.fd = atoi(argv[2 + i]), .pool = pool };
		ret = wire_start(&wires[i]);
		if (ret != 0) {
			printf("frame_wire: port %d does not start: %s\n", i,
				strerror(-ret));
			return -1;
		}
	}
	return argc - 2;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct wire wires[WIRE_PORTS_MAX];
	int used, nr, i;
	bool moved;

	setvbuf(stdout, NULL, _IOLBF, 0);
	used = rte_eal_init(argc, argv);
	if (used < 0)
		return 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	nr = wires_set_up(wires, argc - used, argv + used);
	if (nr > 0)
		printf("ready\n");
	while (nr > 0 && !stopped && !wires[0].closed) {
		for (i = 0, moved = false; i < nr; i++) {
			moved = wire_in(&wires[i]) || moved;
			moved = wire_out(&wires[i]) || moved;
		}
		if (!moved)
			rte_delay_us_sleep(WIRE_REST_US);
	}
	for (i = 0; i < nr; i++) {
		rte_eth_dev_stop(wires[i].port);
		rte_eth_dev_close(wires[i].port);
	}
	rte_eal_cleanup();
	return nr > 0 ? 0 : 1;
}
