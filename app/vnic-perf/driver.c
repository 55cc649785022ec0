/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>

#include "device.h"
#include "limit.h"

/* Bursts between two looks at the clock. */
#define BURSTS_PER_LOOK 16
/* No burst takes that long: the host or the kernel ran something else. */
#define GAP_US 500
/* How long the last sent frames may take to come back. */
#define FLUSH_MS 200

/** Counters of the window that runs. */
struct drive {
	uint64_t packets;
	uint64_t polls;
	uint64_t empty;
	uint64_t gap; /**< longest time between two looks at the clock */
};

/**
 * Give received mbufs back. As with FAST_FREE, all are from this port's pool,
 * one segment, one reference; frames that may have more take the full way.
 */
static __rte_always_inline void
mbufs_free(struct perf_port *port, struct rte_mbuf **m, unsigned int nr)
{
	if (likely(port->single_segment))
		rte_mempool_put_bulk(port->pool, (void **)m, nr);
	else
		rte_pktmbuf_free_bulk(m, nr);
}

static unsigned int
drive_rx(struct perf_port *port, const struct perf_options *opt)
{
	struct rte_mbuf *m[PERF_BURST_MAX];
	unsigned int total = 0;

	for (unsigned int q = 0; q < opt->queues; q++) {
		uint16_t nr = rte_eth_rx_burst(port->id, q, m, opt->burst);

		if (nr > 0)
			mbufs_free(port, m, nr);
		total += nr;
	}
	port->totals.rx += total;
	return total;
}

/**
 * Take a burst from the pool; the frames were filled in once at the start. A
 * driver may have moved data_off to put its header in the headroom.
 */
static bool
tx_prepare(struct perf_port *port, struct perf_txq *txq, const struct perf_options *opt)
{
	if (rte_mempool_get_bulk(port->pool, (void **)txq->mbufs, opt->burst) < 0)
		return false;
	for (unsigned int i = 0; i < opt->burst; i++) {
		struct rte_mbuf *m = txq->mbufs[i];

		m->data_len = opt->imix ? perf_frame_size(opt, txq->next_size++) : opt->size;
		m->pkt_len = m->data_len;
		m->data_off = RTE_PKTMBUF_HEADROOM;
	}
	txq->head = 0;
	txq->left = opt->burst;
	return true;
}

static unsigned int
drive_tx(struct perf_port *port, const struct perf_options *opt)
{
	unsigned int total = 0;

	for (unsigned int q = 0; q < opt->queues; q++) {
		struct perf_txq *txq = &port->txq[q];
		uint16_t nr;

		if (txq->left == 0 && !tx_prepare(port, txq, opt))
			continue;
		nr = rte_eth_tx_burst(port->id, q, txq->mbufs + txq->head, txq->left);
		txq->head += nr;
		txq->left -= nr;
		total += nr;
	}
	port->totals.tx += total;
	return total;
}

/** Received frames go out by the same queue of the same port. */
static unsigned int
drive_fwd(struct perf_port *port, const struct perf_options *opt)
{
	struct rte_mbuf *m[PERF_BURST_MAX];
	unsigned int total = 0;

	for (unsigned int q = 0; q < opt->queues; q++) {
		uint16_t nr = rte_eth_rx_burst(port->id, q, m, opt->burst), sent;

		if (nr == 0)
			continue;
		sent = rte_eth_tx_burst(port->id, q, m, nr);
		port->totals.rx += nr;
		total += sent;
		if (unlikely(sent < nr)) {
			port->totals.tx_unsent += nr - sent;
			rte_pktmbuf_free_bulk(m + sent, nr - sent);
		}
	}
	port->totals.tx += total;
	return total;
}

static unsigned int
drive_once(struct perf *perf, enum perf_target target)
{
	struct perf_port *port = &perf->port[target];

	if (target == PERF_LIMIT)
		return perf_limit_drive(perf->limit, &perf->opt);
	switch (perf->opt.mode) {
	case PERF_RX:
		return drive_rx(port, &perf->opt);
	case PERF_TX:
		return drive_tx(port, &perf->opt);
	default:
		return drive_fwd(port, &perf->opt);
	}
}

static uint64_t
drive_until(struct perf *perf, enum perf_target target, uint64_t deadline,
	    struct drive *d)
{
	uint64_t now = rte_rdtsc(), last;

	do {
		last = now;
		for (unsigned int i = 0; i < BURSTS_PER_LOOK; i++) {
			unsigned int nr = drive_once(perf, target);

			d->packets += nr;
			d->empty += nr == 0;
		}
		d->polls += BURSTS_PER_LOOK;
		now = rte_rdtsc();
		d->gap = RTE_MAX(d->gap, now - last);
	} while (now < deadline);
	return now;
}

static void
order_give(struct perf *perf, uint32_t order, bool wait)
{
	atomic_store_explicit(&perf->order.want, order, memory_order_release);
	while (wait && atomic_load_explicit(&perf->order.seen,
					    memory_order_acquire) != order)
		rte_pause();
}

static uint32_t
order_of(const struct perf *perf, enum perf_target target)
{
	static const uint32_t ops[] = {
		[PERF_RX] = PERF_OP_RX, [PERF_TX] = PERF_OP_TX,
		[PERF_FWD] = PERF_OP_RX | PERF_OP_TX, [PERF_RTT] = PERF_OP_RTT,
	};

	return target | ops[perf->opt.mode] |
	       (target == PERF_LIMIT ? PERF_OP_LIMIT : 0);
}

/** Is this frame one that the device writes? */
static bool
frame_right(const struct perf *perf, const struct perf_port *port,
	    const struct rte_mbuf *m)
{
	unsigned int i = 0;

	while (i < PERF_SIZES && perf_frame_size(&perf->opt, i) != m->pkt_len)
		i++;
	return i < PERF_SIZES && m->data_len >= 14 &&
	       memcmp(rte_pktmbuf_mtod(m, void *), port->frame->bytes, 14) == 0;
}

/** Take what is left in the receive rings, and look at every frame of it. */
static void
drain(struct perf *perf, struct perf_port *port)
{
	struct rte_mbuf *m[PERF_BURST_MAX];
	unsigned int empty = 0, q = 0;

	while (empty < 2 * perf->opt.queues) {
		uint16_t nr = rte_eth_rx_burst(port->id, q, m, PERF_BURST_MAX / 2);

		for (uint16_t i = 0; i < nr; i++)
			port->totals.bad += port->device != NULL &&
					    !frame_right(perf, port, m[i]);
		rte_pktmbuf_free_bulk(m, nr);
		port->totals.rx += nr;
		empty = nr == 0 ? empty + 1 : 0;
		q = (q + 1) % perf->opt.queues;
		/* An external back end never pauses. */
		if (port->device == NULL && empty == 0)
			break;
	}
}

static void
window_record(struct perf *perf, struct perf_window *w)
{
	const struct perf_device_window *dw = &perf->window;
	double us = 1e6 / rte_get_tsc_hz();
	struct perf_rtt *rtt;

	w->device_polls = dw->polls;
	w->device_idle = dw->idle_polls;
	if (perf->opt.mode != PERF_RTT)
		return;
	w->packets = dw->rtt.count;
	w->p50_us = perf_histogram_quantile(&dw->rtt, 0.50) * us;
	w->p99_us = perf_histogram_quantile(&dw->rtt, 0.99) * us;
	rtt = w->target == PERF_LIMIT ? &perf->limit_rtt : &perf->port[w->target].rtt;
	perf_histogram_merge(w->disturbed ? &rtt->disturbed : &rtt->clean, &dw->rtt);
	if (w->target != PERF_LIMIT)
		perf->port[w->target].rtt_lost += dw->lost;
}

static void
window_run(struct perf *perf, enum perf_target target)
{
	struct perf_window *w = &perf->windows[perf->nr_windows];
	uint64_t us = rte_get_tsc_hz() / 1000000, start, end, preempted;
	uint32_t order = order_of(perf, target);
	struct drive d = { 0 };

	order_give(perf, order, true);
	drive_until(perf, target, rte_rdtsc() + perf->opt.settle_us * us, &d);
	d = (struct drive){ 0 };
	preempted = perf_preemptions();
	order_give(perf, order | PERF_OP_MEASURE, false);
	start = rte_rdtsc();
	end = drive_until(perf, target, start + perf->opt.window_ms * 1000 * us, &d);
	order_give(perf, PERF_IDLE, true);
	*w = (struct perf_window){
		.target = target, .packets = d.packets, .cycles = end - start,
		.polls = d.polls, .empty_polls = d.empty,
		.disturbed = d.gap > GAP_US * us || perf->window.preempted > 0 ||
			     perf_preemptions() != preempted,
	};
	window_record(perf, w);
	if (target != PERF_LIMIT)
		drain(perf, &perf->port[target]);
	atomic_fetch_add(&perf->nr_windows, 1);
}

static uint64_t
device_sent(const struct perf *perf, const struct perf_port *port)
{
	uint64_t sum = 0;

	for (unsigned int q = 0; q < perf->opt.queues; q++)
		sum += __atomic_load_n(&port->device->vq[2 * q + 1].frames,
				       __ATOMIC_RELAXED);
	return sum;
}

/** Let the device take the last sent frames; keep nothing back here. */
static void
flush(struct perf *perf, enum perf_target which)
{
	struct perf_port *port = &perf->port[which];
	uint64_t deadline = rte_rdtsc() + rte_get_tsc_hz() / 1000 * FLUSH_MS;

	for (unsigned int q = 0; q < perf->opt.queues; q++) {
		struct perf_txq *txq = &port->txq[q];

		rte_mempool_put_bulk(port->pool, (void **)txq->mbufs + txq->head,
				     txq->left);
		txq->left = 0;
	}
	if (port->device == NULL)
		return;
	order_give(perf, which | PERF_OP_TX, true);
	while (device_sent(perf, port) < port->totals.tx && rte_rdtsc() < deadline)
		rte_pause();
	order_give(perf, PERF_IDLE, true);
}

static bool
stop_wanted(const struct perf *perf)
{
	for (unsigned int i = 0; i < perf->nr_ports; i++) {
		if (perf->port[i].device != NULL && perf->port[i].device->failed)
			return true;
	}
	return perf->stop;
}

/** One window of each; every second round in the opposite order. */
static void
round_run(struct perf *perf, bool reverse)
{
	if (!reverse)
		window_run(perf, PERF_A);
	if (perf->nr_ports > 1)
		window_run(perf, PERF_B);
	if (reverse)
		window_run(perf, PERF_A);
	if (perf->limit != NULL)
		window_run(perf, PERF_LIMIT);
}

int
perf_driver_main(void *arg)
{
	struct perf *perf = arg;
	unsigned int per_round = perf->nr_ports + (perf->limit != NULL);

	if (perf->opt.realtime && perf_realtime(true) < 0)
		fprintf(stderr, "vnic-perf: --realtime: not permitted, running without\n");
	for (unsigned int i = 0; i < perf->max_windows / per_round; i++) {
		if (stop_wanted(perf))
			break;
		round_run(perf, i & 1);
	}
	for (unsigned int i = 0; i < perf->nr_ports; i++)
		flush(perf, i);
	order_give(perf, PERF_OP_QUIT, true);
	perf_realtime(false);
	perf->done = true;
	return 0;
}
