/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <sched.h>
#include <stdalign.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_memzone.h>

#include "sim_port.h"

/*
 * Queues share nothing that is written: by the shape of the structures, by
 * the addresses of 32 pairs, and by 32 lcores that run on two processors.
 */

#define PAIRS 32
#define SIZE 64
#define FRAMES 3000
#define BURST 16
#define DEADLINE_S 200

#define OWN_LINE(type, field) \
	(offsetof(type, field) % RTE_CACHE_LINE_SIZE == 0)
#define SAME_LINE(type, a, b) \
	(offsetof(type, a) / RTE_CACHE_LINE_SIZE == \
	 offsetof(type, b) / RTE_CACHE_LINE_SIZE)

/* Whole lines, so that two structures never meet in one. */
static_assert(alignof(struct vnic_rxq) % RTE_CACHE_LINE_SIZE == 0 &&
	      sizeof(struct vnic_rxq) % RTE_CACHE_LINE_SIZE == 0, "rxq");
static_assert(alignof(struct vnic_txq) % RTE_CACHE_LINE_SIZE == 0 &&
	      sizeof(struct vnic_txq) % RTE_CACHE_LINE_SIZE == 0, "txq");
/* What control reads (counters) and writes (the rest) apart from what a
 * burst needs. */
static_assert(OWN_LINE(struct vnic_rxq, stats) &&
	      OWN_LINE(struct vnic_rxq, queue_id) &&
	      !SAME_LINE(struct vnic_rxq, gate, stats), "rxq parts");
static_assert(OWN_LINE(struct vnic_txq, stats) &&
	      OWN_LINE(struct vnic_txq, queue_id) &&
	      !SAME_LINE(struct vnic_txq, seen_avail, stats) &&
	      !SAME_LINE(struct vnic_txq, gate, stats), "txq parts");
static_assert(sizeof(struct vnic_tx_extra) % RTE_CACHE_LINE_SIZE == 0,
	      "a slot's own memory");

static void
get_row(struct sim_row *out, uint32_t flags)
{
	const struct sim_row *row;
	unsigned int i;

	for (i = 0; (row = sim_row_get(i)) != NULL; i++)
		if (row->flags == flags && row->simd == sim_simd_max()) {
			*out = *row;
			return;
		}
	fail_msg("no row of flags 0x%x", flags);
}

static struct sim_port *
open_pairs(uint32_t flags)
{
	struct sim_options o = {
		.pairs = PAIRS, .nb_rxd = SIZE, .nb_txd = SIZE,
		.nb_mbufs = 16383,
	};
	struct sim_row row;

	get_row(&row, flags);
	print_message("  %s %s\n", row.rx->name, row.tx->name);
	return sim_open(&row, &o);
}

/* The default layout, and one of each other kind. */
static const uint32_t layouts[] = {
	VNIC_PATH_MRG | VNIC_PATH_CHAIN,
	0,
	VNIC_PATH_PACKED,
	VNIC_PATH_PACKED | VNIC_PATH_IN_ORDER | VNIC_PATH_MRG |
		VNIC_PATH_CHAIN | VNIC_PATH_OFFLOAD,
};

/* ---- addresses ---- */

struct span {
	uintptr_t from;
	uintptr_t to;
};

struct spans {
	struct span at[PAIRS * 5];
	unsigned int nr;
};

static void
span_add(struct spans *s, const void *p, size_t len)
{
	uintptr_t from = (uintptr_t)p;

	assert_non_null(p);
	assert_true(s->nr < RTE_DIM(s->at));
	s->at[s->nr++] = (struct span){
		RTE_ALIGN_FLOOR(from, RTE_CACHE_LINE_SIZE),
		RTE_ALIGN_CEIL(from + len, RTE_CACHE_LINE_SIZE),
	};
}

static void
span_add_zone(struct spans *s, const struct rte_memzone *mz)
{
	assert_int_equal(mz->addr_64 % 4096, 0);
	span_add(s, mz->addr, mz->len);
}

static void
test_addresses(void **state)
{
	struct spans s = { .nr = 0 };
	struct sim_port *port = open_pairs(layouts[0]);
	unsigned int i, j;
	uint16_t q;

	(void)state;
	for (q = 0; q < PAIRS; q++) {
		struct vnic_rxq *rxq = sim_rxq(port, q);
		struct vnic_txq *txq = sim_txq(port, q);

		/* With the private records right behind. */
		span_add(&s, rxq, sizeof(*rxq) + vring_private_bytes(SIZE));
		span_add(&s, txq, sizeof(*txq) + vring_private_bytes(SIZE));
		assert_ptr_equal(rxq->vr.cookie, rxq + 1);
		assert_ptr_equal(txq->vr.cookie, txq + 1);
		span_add_zone(&s, rxq->mz);
		span_add_zone(&s, txq->mz);
		span_add_zone(&s, txq->extra_mz);
	}
	assert_int_equal(s.nr, PAIRS * 5);
	for (i = 0; i < s.nr; i++)
		for (j = 0; j < i; j++)
			assert_true(s.at[i].to <= s.at[j].from ||
				    s.at[j].to <= s.at[i].from);
	sim_close(port, true);
}

/* ---- 32 lcores ---- */

struct worker {
	struct sim_port *port;
	uint64_t deadline;
	uint32_t sent;
	uint32_t got;
	uint32_t wrong;
} __rte_cache_aligned;

static struct worker workers[PAIRS];
static bool device_stop;

static uint32_t
frame_seq(uint16_t queue, uint32_t i)
{
	return (uint32_t)queue << 24 | i;
}

static uint32_t
frame_len(uint32_t i)
{
	return 60 + i * 37 % 1400;
}

static uint16_t
worker_send(struct worker *w, uint16_t queue)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t nb = RTE_MIN(BURST, FRAMES - w->sent), i, sent;

	for (i = 0; i < nb; i++) {
		uint32_t n = w->sent + i;

		pkts[i] = frame_mbuf(w->port->pool, frame_seq(queue, n),
				     frame_len(n), 1);
		if (pkts[i] == NULL)
			break;
	}
	sent = rte_eth_tx_burst(w->port->id, queue, pkts, i);
	rte_pktmbuf_free_bulk(&pkts[sent], i - sent);
	w->sent += sent;
	return sent;
}

static uint16_t
worker_receive(struct worker *w, uint16_t queue)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t nb = rte_eth_rx_burst(w->port->id, queue, pkts, BURST), i;

	for (i = 0; i < nb; i++, w->got++) {
		const uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		uint32_t len = frame_len(w->got);

		w->wrong += pkts[i]->nb_segs != 1 ||
			pkts[i]->pkt_len != len ||
			frame_diff(data, frame_seq(queue, w->got), len) != 0;
		rte_pktmbuf_free(pkts[i]);
	}
	return nb;
}

/* No assertion here: it would leave another thread's stack. */
static int
worker_main(void *arg)
{
	uint16_t queue = rte_lcore_index(-1);
	struct worker *w = &workers[queue];

	(void)arg;
	while (w->got < FRAMES && rte_get_timer_cycles() < w->deadline) {
		uint16_t moved = worker_send(w, queue);

		moved += worker_receive(w, queue);
		if (moved == 0)
			sched_yield();
	}
	return 0;
}

static void *
device_main(void *arg)
{
	struct sim_port *port = arg;

	while (!__atomic_load_n(&device_stop, __ATOMIC_RELAXED))
		if (devsim_poll(port->dev, 32) == 0)
			sched_yield();
	return NULL;
}

static void
lcores_run(uint32_t flags)
{
	struct sim_port *port = open_pairs(flags);
	uint64_t hz = rte_get_timer_hz();
	struct rte_eth_stats stats;
	pthread_t device;
	uint16_t q;

	memset(workers, 0, sizeof(workers));
	for (q = 0; q < PAIRS; q++) {
		workers[q].port = port;
		workers[q].deadline = rte_get_timer_cycles() + DEADLINE_S * hz;
	}
	device_stop = false;
	assert_int_equal(pthread_create(&device, NULL, device_main, port), 0);
	assert_int_equal(rte_eal_mp_remote_launch(worker_main, NULL,
						  CALL_MAIN), 0);
	rte_eal_mp_wait_lcore();
	__atomic_store_n(&device_stop, true, __ATOMIC_RELAXED);
	pthread_join(device, NULL);
	for (q = 0; q < PAIRS; q++) {
		assert_int_equal(workers[q].got, FRAMES);
		assert_int_equal(workers[q].wrong, 0);
		assert_int_equal(sim_txq(port, q)->stats.packets, FRAMES);
		assert_int_equal(sim_rxq(port, q)->stats.packets, FRAMES);
		sim_ledger_check(port, q);
	}
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, PAIRS * FRAMES);
	assert_int_equal(stats.opackets, PAIRS * FRAMES);
	sim_close(port, true);
}

static void
test_lcores(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(rte_lcore_count(), PAIRS);
	for (i = 0; i < RTE_DIM(layouts); i++)
		lcores_run(layouts[i]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_lcores),
	};
	/* All lcores float over the processors that there are, at most two. */
	bool two = sysconf(_SC_NPROCESSORS_ONLN) > 1;

	(void)argc;
	alarm(580);
	sim_eal_init_lcores(argv[0], two ? "(0-31)@(0-1)" : "(0-31)@0");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
