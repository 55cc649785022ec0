/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "echo.h"
#include "frame.h"

#define ECHO_BURST 32
/** A ring that is full is tried for so long. */
#define ECHO_PATIENCE_MS 100

/** @p m cut anew, or itself where that cannot be. */
static struct rte_mbuf *
echo_recut(struct echo *e, struct rte_mbuf *m)
{
	uint8_t scratch[FRAME_LEN_MAX];
	const uint8_t *bytes = frame_from_mbuf(m, scratch);
	uint64_t seed = e->received++;
	struct rte_mbuf *copy;

	if (e->nr_segs == 0 || bytes == NULL)
		return m;
	copy = frame_to_mbuf(e->pool, bytes, m->pkt_len,
		1 + seed % e->nr_segs, seed);
	if (copy == NULL)
		return m;
	rte_pktmbuf_free(m);
	return copy;
}

static void
echo_spoil_one(struct echo *e, struct rte_mbuf **pkts, uint16_t i)
{
	struct rte_mbuf *m = pkts[i], *last = rte_pktmbuf_lastseg(m);

	switch (e->spoil) {
	case ECHO_SPOIL_DAMAGE:
		*rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len - 1) ^= 1;
		break;
	case ECHO_SPOIL_SHORTEN:
		rte_pktmbuf_trim(m, 1);
		break;
	case ECHO_SPOIL_DROP:
	case ECHO_SPOIL_REPEAT:
		if (e->spoil == ECHO_SPOIL_REPEAT)
			pkts[i] = rte_pktmbuf_copy(pkts[i - 1], e->pool, 0, UINT32_MAX);
		else
			pkts[i] = NULL;
		rte_pktmbuf_free(m);
		break;
	case ECHO_SPOIL_SWAP:
		RTE_SWAP(pkts[i], pkts[i - 1]);
		break;
	default:
		break;
	}
}

/** Spoils some of @p n frames; returns how many are left. */
static uint16_t
echo_spoil(struct echo *e, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (++e->seen >= ECHO_SPOIL_EVERY && i > 0 && pkts[i - 1] != NULL) {
			echo_spoil_one(e, pkts, i);
			e->seen = 0;
		}
	for (i = 0; i < n; i++)
		if (pkts[i] != NULL)
			pkts[kept++] = pkts[i];
	return kept;
}

static void
echo_queue(struct echo *e, uint16_t queue)
{
	struct rte_mbuf *array[ECHO_BURST];
	struct rte_mbuf **pkts = e->stick != NULL ? e->stick : array;
	uint16_t n, i, sent = 0;
	uint64_t end;

	n = rte_eth_rx_burst(e->port, queue, pkts, ECHO_BURST);
	if (n == 0)
		return;
	for (i = 0; i < n; i++)
		pkts[i] = echo_recut(e, pkts[i]);
	if (e->spoil != ECHO_SPOIL_NONE)
		n = echo_spoil(e, pkts, n);
	end = rte_get_timer_cycles() +
		ECHO_PATIENCE_MS * rte_get_timer_hz() / 1000;
	do {
		sent += rte_eth_tx_burst(e->port, queue, pkts + sent, n - sent);
	} while (sent < n && rte_get_timer_cycles() < end);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	e->sent += sent;
	e->dropped += n - sent;
}

void
echo_poll(struct echo *e)
{
	uint16_t q;

	for (q = 0; q < e->nr_queues; q++)
		echo_queue(e, q);
}

static void
echo_report_xstats(uint16_t port)
{
	int n = rte_eth_xstats_get_names(port, NULL, 0), i;
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;

	if (n <= 0)
		return;
	names = calloc(n, sizeof(*names));
	values = calloc(n, sizeof(*values));
	if (names != NULL && values != NULL &&
	    rte_eth_xstats_get_names(port, names, n) == n &&
	    rte_eth_xstats_get(port, values, n) == n)
		for (i = 0; i < n; i++)
			printf("xstat %s=%" PRIu64 "\n",
				names[values[i].id].name, values[i].value);
	free(names);
	free(values);
}

void
echo_report(const struct echo *e)
{
	struct rte_eth_stats stats;
	int ret = rte_eth_stats_get(e->port, &stats);

	printf("echo received=%" PRIu64 " sent=%" PRIu64 " dropped=%" PRIu64
		"\n", e->received, e->sent, e->dropped);
	if (ret != 0)
		printf("stats error=%d\n", ret);
	else
		printf("stats ipackets=%" PRIu64 " opackets=%" PRIu64
			" ibytes=%" PRIu64 " obytes=%" PRIu64 "\n",
			stats.ipackets, stats.opackets, stats.ibytes,
			stats.obytes);
	echo_report_xstats(e->port);
}
