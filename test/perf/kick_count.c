/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "sim_port.h"

/*
 * Doorbells for a thousand sent frames, by layout, device and load. Counts of
 * a model device that obeys the suppression protocol to the letter, so they
 * repeat; what a doorbell costs depends on the machine below. Markdown.
 *
 * light: one frame at a time, the device finds its ring empty after each.
 * heavy: bursts of 32, and the device always has some left to do.
 */

#define BURST 32
#define FRAMES 32000

struct serve {
	struct sim_port *port;
	bool sleeps;
	bool awake;
};

static void
nothing(void *arg, const struct devsim_frame *frame)
{
	RTE_SET_USED(arg);
	RTE_SET_USED(frame);
}

static void
serve(struct serve *s, unsigned int max)
{
	int nr;

	if (s->sleeps && !s->awake && devsim_kicked(s->port->dev, 1) == 0)
		return;
	nr = devsim_tx_collect(s->port->dev, 1, max, nothing, NULL);
	assert_true(nr >= 0);
	s->awake = nr > 0;
}

static void
send_frames(struct sim_port *port, uint16_t nb)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t i;

	for (i = 0; i < nb; i++) {
		pkts[i] = frame_mbuf(port->pool, i, 64, 1);
		assert_non_null(pkts[i]);
	}
	assert_int_equal(rte_eth_tx_burst(port->id, 0, pkts, nb), nb);
}

static void
light(struct serve *s)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		send_frames(s->port, 1);
		/* The second look finds nothing: asleep, if it sleeps. */
		serve(s, BURST);
		serve(s, BURST);
	}
}

static void
heavy(struct serve *s)
{
	unsigned int i;

	send_frames(s->port, BURST);
	for (i = 0; i < FRAMES / BURST; i++) {
		send_frames(s->port, BURST);
		serve(s, BURST);
	}
}

static double
kicks(const struct sim_row *row, bool event_idx, enum devsim_kicks want,
      void (*load)(struct serve *s))
{
	struct sim_options opts = {
		.no_event_idx = !event_idx, .policy = { .kicks = want },
	};
	struct serve s = { .sleeps = want == DEVSIM_KICKS_SLEEP };
	uint64_t before;
	double result;

	s.port = sim_open(row, &opts);
	/* What the device wants at first counts for nothing. */
	load(&s);
	before = sim_txq(s.port, 0)->stats.kicks;
	load(&s);
	result = (sim_txq(s.port, 0)->stats.kicks - before) * 1000.0 / FRAMES;
	sim_close(s.port, true);
	return result;
}

static void
report(const struct sim_row *row, bool event_idx)
{
	static const enum devsim_kicks devices[] = {
		DEVSIM_KICKS_NEVER, DEVSIM_KICKS_SLEEP, DEVSIM_KICKS_ALWAYS,
	};
	unsigned int i;

	printf("| %s | %s |", row->tx->name, event_idx ? "EVENT_IDX" : "flags");
	for (i = 0; i < RTE_DIM(devices); i++)
		printf(" %.1f | %.1f |", kicks(row, event_idx, devices[i], light),
		       kicks(row, event_idx, devices[i], heavy));
	printf("\n");
}

int
main(int argc, char **argv)
{
	const struct sim_row *row;
	unsigned int i;

	RTE_SET_USED(argc);
	sim_eal_init(argv[0]);
	printf("| path | suppression | polls: light | heavy | sleeps: light | heavy | always asks: light | heavy |\n"
	       "|---|---|---|---|---|---|---|---|\n");
	for (i = 0; (row = sim_row_get(i)) != NULL; i++) {
		if (row->simd != sim_simd_max() ||
		    (row->flags & (VNIC_PATH_OFFLOAD | VNIC_PATH_CHAIN)) != 0)
			continue;
		report(row, true);
		report(row, false);
	}
	return 0;
}
