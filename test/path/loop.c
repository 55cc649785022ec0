/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"

#define BURST_MAX 128

uint32_t
loop_len(const struct loop *l, uint32_t seq)
{
	uint32_t span = l->len_max - l->len_min + 1;

	return l->len_min + (seq * 2654435761u >> 8) % span;
}

static uint16_t
loop_segs(const struct loop *l, uint32_t seq)
{
	uint16_t min = loop_len(l, seq) / 1900 + 1;
	uint16_t segs = l->segs_max > 1 ? 1 + seq % l->segs_max : 1;

	return RTE_MAX(segs, min);
}

uint16_t
loop_send(struct loop *l, uint16_t nb)
{
	struct rte_mbuf *pkts[BURST_MAX];
	uint16_t i, sent;

	assert_true(nb <= BURST_MAX);
	for (i = 0; i < nb; i++) {
		uint32_t seq = l->sent + i;

		pkts[i] = frame_mbuf(l->port->pool, seq, loop_len(l, seq),
				     loop_segs(l, seq));
		if (pkts[i] == NULL)
			break;
	}
	nb = i;
	sent = rte_eth_tx_burst(l->port->id, l->queue, pkts, nb);
	rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
	l->sent += sent;
	return sent;
}

uint16_t
loop_receive(struct loop *l, uint16_t nb)
{
	struct rte_mbuf *pkts[BURST_MAX];
	uint16_t i;

	assert_true(nb <= BURST_MAX);
	nb = rte_eth_rx_burst(l->port->id, l->queue, pkts, nb);
	for (i = 0; i < nb; i++, l->got++) {
		frame_check(pkts[i], l->got, loop_len(l, l->got));
		assert_int_equal(pkts[i]->port, l->port->id);
		assert_int_equal(pkts[i]->ol_flags, 0);
		rte_pktmbuf_free(pkts[i]);
	}
	return nb;
}

void
loop_run(struct loop *l, uint32_t frames, uint16_t burst)
{
	uint32_t end = l->got + frames;
	unsigned int idle = 0;

	while (l->got < end && idle < 1000) {
		uint16_t n = RTE_MIN(burst, l->got + frames - l->sent);
		uint16_t moved = 0;

		if (l->sent < end)
			moved = loop_send(l, RTE_MIN(n, end - l->sent));
		devsim_poll(l->port->dev, 256);
		moved += loop_receive(l, burst);
		idle = moved ? 0 : idle + 1;
		/* Completions that a policy keeps could hold the last ones. */
		if (idle > 10)
			devsim_tx_flush(l->port->dev, l->queue * 2 + 1);
	}
	assert_int_equal(l->got, end);
	sim_ledger_check(l->port, l->queue);
}
