/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "device.h"
#include "limit.h"

/* An answer later than this is a lost frame. */
#define RTT_LOST_MS 200

/** A round trip under way. */
struct rtt_state {
	bool asked;
	uint64_t stamp;
	uint64_t deadline;
};

static unsigned int
device_rx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (unlikely(!vq->ready))
		return 0;
	return dev->packed ? perf_packed_rx(dev, vq, max) : perf_split_rx(dev, vq, max);
}

static unsigned int
device_tx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (unlikely(!vq->ready))
		return 0;
	return dev->packed ? perf_packed_tx(dev, vq, max) : perf_split_tx(dev, vq, max);
}

/** All queues once; number of frames moved. */
static unsigned int
device_round(struct perf_device *dev, uint32_t order)
{
	unsigned int nr = 0, max = dev->opt->device_burst;

	for (unsigned int i = 0; i < dev->opt->queues; i++) {
		if (order & PERF_OP_RX)
			nr += device_rx(dev, &dev->vq[2 * i], max);
		if (order & PERF_OP_TX)
			nr += device_tx(dev, &dev->vq[2 * i + 1], max);
	}
	return nr;
}

/** Ask: one frame with a time stamp, on the first queue. */
static void
rtt_ask(struct perf_device *dev, struct perf_frame *frame, struct rtt_state *rtt)
{
	rtt->stamp = rte_rdtsc();
	memcpy(frame->bytes + PERF_STAMP_OFFSET, &rtt->stamp, sizeof(rtt->stamp));
	rtt->asked = device_rx(dev, &dev->vq[0], 1) == 1;
	rtt->deadline = rtt->stamp + rte_get_tsc_hz() / 1000 * RTT_LOST_MS;
}

static unsigned int
rtt_round(struct perf *perf, struct perf_port *port, struct rtt_state *rtt,
	  bool measure)
{
	struct perf_device *dev = port->device;
	struct perf_vq *vq = &dev->vq[1];
	uint64_t stamp, now;

	if (!rtt->asked) {
		rtt_ask(dev, &perf->frame[port - perf->port], rtt);
		return 0;
	}
	now = rte_rdtsc();
	if (device_tx(dev, vq, 1) == 1) {
		now = rte_rdtsc();
		memcpy(&stamp, vq->last_data + PERF_STAMP_OFFSET, sizeof(stamp));
		if (stamp != rtt->stamp)
			return 0;
		if (measure)
			perf_histogram_add(&perf->window.rtt, now - stamp);
		rtt->asked = false;
		return 1;
	}
	if (now > rtt->deadline) {
		perf->window.lost++;
		rtt->asked = false;
	}
	return 0;
}

static unsigned int
limit_round(struct perf *perf, uint32_t order)
{
	uint64_t cycles;

	if (!(order & PERF_OP_RTT))
		return perf_limit_serve(perf->limit, perf);
	if (!perf_limit_rtt(perf->limit, perf, &cycles))
		return 0;
	if (order & PERF_OP_MEASURE)
		perf_histogram_add(&perf->window.rtt, cycles);
	return 1;
}

static unsigned int
order_obey(struct perf *perf, uint32_t order, struct rtt_state *rtt)
{
	struct perf_port *port;

	if (order & PERF_OP_LIMIT)
		return limit_round(perf, order);
	port = &perf->port[order & PERF_TARGET_MASK];
	if (port->device == NULL)
		return 0;
	if (order & PERF_OP_RTT)
		return rtt_round(perf, port, rtt, order & PERF_OP_MEASURE);
	return device_round(port->device, order);
}

/** Count a poll; one that found nothing leaves the rings alone for a moment. */
static void
poll_account(struct perf *perf, unsigned int nr)
{
	perf->window.polls++;
	if (nr > 0) {
		perf->window.frames += nr;
		return;
	}
	perf->window.idle_polls++;
	if (perf->opt.mode == PERF_RTT)
		return;
	for (unsigned int i = 0; i < perf->opt.device_pause; i++)
		rte_pause();
}

static void
order_change(struct perf *perf, uint32_t want, struct rtt_state *rtt)
{
	struct perf_device_window *w = &perf->window;

	if (want & PERF_OP_MEASURE) {
		memset(w, 0, sizeof(*w));
		w->preempted = -perf_preemptions();
	}
	if (want == PERF_IDLE) {
		w->preempted += perf_preemptions();
		rtt->asked = false;
	}
}

int
perf_device_main(void *arg)
{
	struct perf *perf = arg;
	struct rtt_state rtt = { 0 };
	uint32_t order = PERF_IDLE, want;

	if (perf->opt.realtime)
		perf_realtime(true);
	for (;;) {
		want = atomic_load_explicit(&perf->order.want, memory_order_acquire);
		if (unlikely(want != order)) {
			order_change(perf, want, &rtt);
			order = want;
			atomic_store_explicit(&perf->order.seen, order,
					      memory_order_release);
		}
		if (order & PERF_OP_QUIT)
			break;
		if (order == PERF_IDLE)
			rte_pause();
		else
			poll_account(perf, order_obey(perf, order, &rtt));
	}
	perf_realtime(false);
	return 0;
}
