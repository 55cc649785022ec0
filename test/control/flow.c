/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"

/* Frames through one queue pair of a loopback device, by a thread of its own. */

#define FLOW_WINDOW 64
#define FLOW_LEN 60
#define FLOW_END_S 20

struct control_flow {
	struct sim_port *port;
	pthread_t id;
	uint16_t queue;
	bool stop;
	uint32_t next;		/**< the number that may come first */
	uint64_t sent;
	uint64_t received;
	uint64_t wrong;		/**< damaged, repeated, or out of order */
};

static bool
flow_stopped(const struct control_flow *f)
{
	return __atomic_load_n(&f->stop, __ATOMIC_RELAXED);
}

static uint64_t
flow_count(const uint64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void
flow_add(uint64_t *count)
{
	__atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
}

static uint32_t
flow_len(uint32_t seq)
{
	return FLOW_LEN + seq % 900;
}

static void
flow_send(struct control_flow *f)
{
	uint32_t seq = f->sent;
	struct rte_mbuf *m = frame_mbuf(f->port->pool, seq, flow_len(seq), 1);

	if (m == NULL)
		return;
	if (rte_eth_tx_burst(f->port->id, f->queue, &m, 1) == 1)
		flow_add(&f->sent);
	else
		rte_pktmbuf_free(m);
}

static void
flow_judge(struct control_flow *f, const struct rte_mbuf *m)
{
	uint8_t copy[2048] = { 0 };
	const uint8_t *frame;
	uint32_t seq;

	frame = rte_pktmbuf_read(m, 0, RTE_MIN(m->pkt_len, sizeof(copy)), copy);
	memcpy(&seq, frame + 14, sizeof(seq));
	if (seq < f->next || seq >= f->sent || m->pkt_len != flow_len(seq) ||
	    frame_diff(frame, seq, m->pkt_len) != 0)
		flow_add(&f->wrong);
	f->next = seq + 1;
	flow_add(&f->received);
}

static bool
flow_receive(struct control_flow *f)
{
	struct rte_mbuf *pkts[32];
	uint16_t i, nb;

	devsim_poll(f->port->dev, 32);
	nb = rte_eth_rx_burst(f->port->id, f->queue, pkts, RTE_DIM(pkts));
	for (i = 0; i < nb; i++)
		flow_judge(f, pkts[i]);
	rte_pktmbuf_free_bulk(pkts, nb);
	return nb > 0;
}

static void *
flow_main(void *arg)
{
	struct control_flow *f = arg;
	uint64_t lost = 0;

	while (!flow_stopped(f)) {
		/* What a reset took does not come back. */
		if (!flow_receive(f) && f->sent - f->received - lost >=
		    FLOW_WINDOW && devsim_poll(f->port->dev, 32) == 0)
			lost = f->sent - f->received;
		if (f->sent - f->received - lost < FLOW_WINDOW)
			flow_send(f);
		sched_yield();
	}
	return NULL;
}

struct control_flow *
control_flow_start(struct sim_port *port, uint16_t queue)
{
	struct control_flow *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->port = port;
	f->queue = queue;
	assert_int_equal(pthread_create(&f->id, NULL, flow_main, f), 0);
	return f;
}

void
control_flow_await(const struct control_flow *f, uint64_t more)
{
	uint64_t goal = flow_count(&f->received) + more;

	SIM_AWAIT(flow_count(&f->received) >= goal);
}

void
control_flow_end(struct control_flow *f, bool lossless)
{
	uint64_t end = rte_get_timer_cycles() + FLOW_END_S * rte_get_timer_hz();

	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	pthread_join(f->id, NULL);
	while (flow_receive(f) || (lossless && f->received < f->sent &&
				   rte_get_timer_cycles() < end))
		;
	assert_int_equal(f->wrong, 0);
	assert_true(f->received > 0);
	if (lossless)
		assert_int_equal(f->received, f->sent);
	free(f);
}
