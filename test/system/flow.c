/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "flow.h"

#define FLOW_BURST 32
/** Of each kind of fault the first few are described. */
#define FLOW_TOLD 3

static void
flow_tell(const struct flow *f, uint64_t count, const char *what,
	  const struct rte_mbuf *m, uint64_t seq)
{
	if (count <= FLOW_TOLD)
		printf("queue %u: %s frame: seq %" PRIu64 " (expected %" PRIu64
			"), %u bytes (sent with %u), %u segments\n",
			f->queue, what, seq, f->next_rx, m->pkt_len,
			frame_size(&f->settings->sizes, seq), m->nb_segs);
}

static void
flow_accept(struct flow *f, const struct rte_mbuf *m, uint64_t seq)
{
	if (seq < f->next_rx || seq >= f->next_tx) {
		flow_tell(f, ++f->late, "late or repeated", m, seq);
		return;
	}
	if (m->pkt_len != frame_size(&f->settings->sizes, seq)) {
		flow_tell(f, ++f->damaged, "wrong length", m, seq);
		return;
	}
	if (seq > f->next_rx) {
		f->gaps += seq - f->next_rx;
		if (!f->settings->lossy)
			flow_tell(f, f->gaps, "early", m, seq);
	}
	f->next_rx = seq + 1;
	f->received++;
}

static void
flow_judge(struct flow *f, const struct rte_mbuf *m)
{
	uint8_t scratch[FRAME_LEN_MAX];
	const uint8_t *bytes = frame_from_mbuf(m, scratch);
	struct frame_id id = { .seq = 0 };

	if (bytes == NULL) {
		flow_tell(f, ++f->damaged, "contradictory", m, f->next_rx);
		return;
	}
	switch (frame_judge(bytes, m->pkt_len, &id)) {
	case FRAME_FOREIGN:
		flow_tell(f, ++f->foreign, "foreign", m, 0);
		return;
	case FRAME_DAMAGED:
		flow_tell(f, ++f->damaged, "damaged", m, id.seq);
		return;
	case FRAME_OK:
		break;
	}
	if (id.epoch != f->settings->epoch)
		flow_tell(f, ++f->stale, "stale", m, id.seq);
	else if (id.flow != f->queue)
		flow_tell(f, ++f->damaged, "another queue's", m, id.seq);
	else
		flow_accept(f, m, id.seq);
}

static uint64_t
flow_out(const struct flow *f)
{
	return f->next_tx - RTE_MAX(f->next_rx, f->written_off);
}

static void
flow_receive(struct flow *f)
{
	struct rte_mbuf *pkts[FLOW_BURST];
	uint16_t n, i;

	n = rte_eth_rx_burst(f->settings->port, f->queue, pkts, FLOW_BURST);
	for (i = 0; i < n; i++)
		flow_judge(f, pkts[i]);
	rte_pktmbuf_free_bulk(pkts, n);
	if (n > 0 || flow_out(f) == 0)
		f->progress_tsc = rte_get_timer_cycles();
}

static struct rte_mbuf *
flow_make(const struct flow *f, uint64_t seq)
{
	const struct flow_settings *s = f->settings;
	const struct frame_id id = {
		.epoch = s->epoch, .flow = f->queue, .seq = seq };
	uint8_t buf[FRAME_LEN_MAX];
	uint32_t len = frame_size(&s->sizes, seq);

	frame_fill(&id, buf, len);
	return frame_to_mbuf(s->pool, buf, len, 1 + seq % s->nr_segs, seq);
}

static uint16_t
flow_room(const struct flow *f)
{
	const struct flow_settings *s = f->settings;
	uint64_t room, out = flow_out(f);

	room = out < s->window ? s->window - out : 0;
	if (s->nr_frames > 0)
		room = RTE_MIN(room, s->nr_frames - f->next_tx);
	return RTE_MIN(room, (uint64_t)FLOW_BURST);
}

static void
flow_send(struct flow *f)
{
	struct rte_mbuf *pkts[FLOW_BURST];
	uint16_t n, sent, room = flow_room(f);

	for (n = 0; n < room; n++) {
		pkts[n] = flow_make(f, f->next_tx + n);
		if (pkts[n] == NULL)
			break;
	}
	sent = rte_eth_tx_burst(f->settings->port, f->queue, pkts, n);
	/* What found no room is made again, from its number. */
	rte_pktmbuf_free_bulk(&pkts[sent], n - sent);
	f->next_tx += sent;
}

static void
flow_watch(struct flow *f)
{
	uint64_t silent = rte_get_timer_cycles() - f->progress_tsc;

	if (silent * 1000 / rte_get_timer_hz() < f->settings->stall_ms)
		return;
	f->progress_tsc = rte_get_timer_cycles();
	if (f->settings->lossy)
		f->written_off = f->next_tx;
	else
		f->stalled = true;
}

void
flow_poll(struct flow *f, bool may_send)
{
	flow_receive(f);
	if (may_send)
		flow_send(f);
	if (flow_out(f) > 0)
		flow_watch(f);
}

bool
flow_is_done(const struct flow *f)
{
	return f->stalled || (f->settings->nr_frames > 0 &&
		f->next_tx == f->settings->nr_frames && flow_out(f) == 0);
}

bool
flow_report(const struct flow *f)
{
	uint64_t lost = f->next_tx - f->received;
	bool good = f->late == 0 && f->damaged == 0 && f->foreign == 0;

	if (!f->settings->lossy)
		good = good && lost == 0 && f->stale == 0 &&
			f->received == f->settings->nr_frames;
	printf("%s queue %u: sent=%" PRIu64 " received=%" PRIu64 " lost=%"
		PRIu64 " damaged=%" PRIu64 " late=%" PRIu64 " stale=%" PRIu64
		" foreign=%" PRIu64 "\n", good ? "ok" : "FAIL", f->queue,
		f->next_tx, f->received, lost, f->damaged, f->late, f->stale,
		f->foreign);
	return good;
}
