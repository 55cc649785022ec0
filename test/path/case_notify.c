/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"

/* ---- doorbells are those that were asked for, and are counted ---- */

static uint64_t
heard(struct sim_port *port, uint16_t vq)
{
	struct devsim_vq_stats s;

	devsim_vq_stats_get(port->dev, vq, &s);
	return s.kicks;
}

/* Those of bursts: on a slow machine the health timer may ring in between. */
static uint64_t
asked(struct sim_port *port)
{
	return heard(port, 1) - sim_txq(port, 0)->stats.rekicks;
}

static void
kicks_check(struct sim_port *port)
{
	const struct vnic_txq_stats *tx = &sim_txq(port, 0)->stats;
	const struct vnic_rxq_stats *rx = &sim_rxq(port, 0)->stats;
	/* One at start says that buffers are there; it is no burst's. */
	uint64_t start = heard(port, 0) - rx->kicks;

	assert_int_equal(heard(port, 1), tx->kicks + tx->rekicks);
	assert_true(start <= 1);
	assert_true(tx->kicks + tx->kicks_saved <= tx->bursts);
}

static void
kicks_run(const struct sim_row *row, bool no_event_idx)
{
	struct sim_options o = {
		.no_event_idx = no_event_idx,
		.policy = { .kicks = DEVSIM_KICKS_NEVER },
	};
	struct sim_port *port = sim_open(row, &o);
	struct loop l = { .port = port, .len_min = 60, .len_max = 200 };
	struct devsim_policy always = { .kicks = DEVSIM_KICKS_ALWAYS };
	uint64_t before, bursts;

	/* The first buffers met a device that had not said anything yet. */
	loop_run(&l, 64, 32);
	before = asked(port) + heard(port, 0);
	loop_run(&l, 5000, 32);
	assert_int_equal(asked(port) + heard(port, 0), before);
	kicks_check(port);

	devsim_policy_set(port->dev, 0, &always);
	devsim_policy_set(port->dev, 1, &always);
	loop_run(&l, 32, 32);
	before = asked(port);
	bursts = sim_txq(port, 0)->stats.bursts;
	loop_run(&l, 5000, 32);
	assert_int_equal(asked(port) - before,
			 sim_txq(port, 0)->stats.bursts - bursts);
	kicks_check(port);
	/* The driver polls: it must never ask to be notified. */
	struct devsim_vq_stats s;

	devsim_vq_stats_get(port->dev, 0, &s);
	assert_int_equal(s.notified, 0);
	devsim_vq_stats_get(port->dev, 1, &s);
	assert_int_equal(s.notified, 0);
	sim_close(port, true);
}

static void
kicks_row(const struct sim_row *row)
{
	kicks_run(row, false);
	kicks_run(row, true);
}

void
case_kicks(void **state)
{
	(void)state;
	sim_for_rows(kicks_row);
}

/* ---- a device that sleeps is always woken ---- */

/* Work only when woken, and then until the ring is empty. */
static void
sleeper_serve(struct sim_port *port, bool *awake, uint32_t *taken)
{
	int nr;

	*awake = *awake || devsim_kicked(port->dev, 1) > 0;
	if (!*awake)
		return;
	nr = devsim_tx_collect(port->dev, 1, 9, NULL, NULL);
	assert_true(nr >= 0);
	*taken += nr;
	/* Nothing found, doorbell asked for: asleep. */
	*awake = nr > 0;
}

static void
sleep_run(const struct sim_row *row, bool no_event_idx)
{
	struct sim_options o = {
		.no_event_idx = no_event_idx, .nb_txd = 64,
		.policy = { .kicks = DEVSIM_KICKS_SLEEP },
	};
	struct sim_port *port = sim_open(row, &o);
	struct loop l = { .port = port, .len_min = 60, .len_max = 100 };
	uint32_t taken = 0, i, wait;
	bool awake = true;

	for (i = 0; i < 3000; i++) {
		loop_send(&l, 1 + i % 31);
		for (wait = 0; wait < i % 5; wait++)
			sleeper_serve(port, &awake, &taken);
		/* Every so often, no more frames: all must be taken. */
		for (wait = 0; i % 50 == 0 && wait < 100; wait++)
			sleeper_serve(port, &awake, &taken);
		if (i % 50 == 0)
			assert_int_equal(taken, l.sent);
	}
	assert_true(sim_txq(port, 0)->stats.kicks > 0);
	assert_true(sim_txq(port, 0)->stats.kicks_saved > 0);
	sim_close(port, true);
}

static void
sleep_row(const struct sim_row *row)
{
	sleep_run(row, false);
	sleep_run(row, true);
}

void
case_sleep(void **state)
{
	(void)state;
	sim_for_rows(sleep_row);
}

/* ---- the device in a thread of its own ---- */

struct device_thread {
	pthread_t id;
	struct devsim *dev;
	bool stop;
};

static void *
device_main(void *arg)
{
	struct device_thread *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED))
		if (devsim_poll(t->dev, 64) == 0)
			sched_yield();
	return NULL;
}

static void
thread_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 128, .nb_txd = 64 };
	struct sim_port *port = sim_open(row, &o);
	struct loop l = {
		.port = port, .len_min = 60, .len_max = 1514, .segs_max = 3,
	};
	struct device_thread t = { .dev = port->dev };
	uint64_t end = rte_get_timer_cycles() + 20 * rte_get_timer_hz();

	assert_int_equal(pthread_create(&t.id, NULL, device_main, &t), 0);
	while (l.got < 5000 && rte_get_timer_cycles() < end) {
		if (l.sent < 5000)
			loop_send(&l, RTE_MIN(32u, 5000 - l.sent));
		if (loop_receive(&l, 32) == 0)
			sched_yield();
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(t.id, NULL);
	assert_int_equal(l.got, 5000);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
case_thread(void **state)
{
	(void)state;
	sim_for_rows(thread_row);
}
