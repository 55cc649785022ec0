/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vring.h>

/**
 * @file
 * No doorbell is ever missed for good: every interleaving of a driver, a
 * device and the health timer, on one small ring, step by step.
 *
 * The model
 * - A step is one access to memory. Stores of driver and device go through
 *   store buffers of their own, first in, first out, that drain at any time
 *   (total store order, x86); a full fence waits until one's own is empty.
 *   Weaker processors are not modelled: there release and acquire of
 *   vring_order.h put the same orders in place.
 * - Whether to ring is decided by vring_kick_peek() itself, on what the
 *   driver has loaded at that point. The order of publish, fence and looks
 *   around it, and the timer's rule, are those of vnic_rx_kick(),
 *   vnic_tx_commit() and vnic_txq_nudge(), written down here once more; a
 *   device counts as polling after POLLING quiet bursts instead of 256.
 * - The device takes one buffer or all, and sleeps as the specification asks:
 *   announce, full fence, last look. A doorbell is not lost, may be consumed
 *   any time the device is awake, and leaves after the stores before it.
 * - The one assumption about time: between two ticks of the health timer, a
 *   tenth of a second, what was in the driver's store buffer has left it.
 * - Fair: whoever can always take a step again takes it some time. Then it
 *   suffices that from every state that can be reached, without one more
 *   buffer from the application, a state can be reached in which the device
 *   has seen all. Where none can, both sides sleep for ever.
 * - A ring of 4 slots, 5 buffers, also where indexes and laps wrap.
 *
 * What the protocols rest on is shown by taking it away: then states that are
 * stuck must be found, or this test would prove nothing.
 */

#define SIZE 4
#define BUFFERS 5
#define POLLING 1
#define STORES 6

/* How a device says whether it wants doorbells. PACKED_EVENT: a mark to
 * sleep, DISABLE to work; PACKED_MARK_ONLY: a mark all the time. */
enum device_kind {
	SPLIT_FLAGS, SPLIT_EVENT,
	PACKED_FLAGS, PACKED_EVENT, PACKED_MARK_ONLY,
	DEVICE_KINDS
};

enum driver_kind { FENCED, RECEIVE, TRANSMIT };

struct protocol {
	enum device_kind device;
	enum driver_kind driver;
	uint16_t base;		/* first index */
	bool timer;
	/* what may be taken away */
	bool no_driver_fence;
	bool no_device_fence;
	bool look_once;
	bool hasty_timer;
};

enum { TO_AVAIL, TO_PRIVATE, TO_BELL, TO_MARK, TO_FLAGS, PLACES };

struct buffer {
	uint8_t nr;
	uint8_t place[STORES];
	uint8_t value[STORES];
};

enum { DRIVER_IDLE, DRIVER_FENCE, DRIVER_FLAGS, DRIVER_MARK };
enum { DEVICE_RUN, DEVICE_FENCE, DEVICE_LAST, DEVICE_ASLEEP, DEVICE_WAKE };

/* Indexes count from base; bytes only, so that states compare as memory. */
struct state {
	uint8_t mem[PLACES];
	struct buffer driver_stores;
	struct buffer device_stores;
	uint8_t driver, posted, kicked, quiet, flags, device, taken;
	uint8_t timer_seen, timer_nudged, timer_waits;	/* stores at last tick */
};

struct edge {
	uint32_t from, to;
};

static struct {
	const struct protocol *p;
	struct state *states;
	struct edge *edges;
	uint32_t *hash, hash_mask;
	uint32_t nr_states, max_states, nr_edges, max_edges, from;
	uint64_t rung, saved;
} search;

/* ---- the graph ---- */

static uint32_t
state_hash(const struct state *s)
{
	const uint8_t *b = (const uint8_t *)s;
	uint64_t h = 1469598103934665603u;
	size_t i;

	for (i = 0; i < sizeof(*s); i++)
		h = (h ^ b[i]) * 1099511628211u;
	return h >> 20;
}

static void *
zeroes(uint32_t nr, size_t size)
{
	void *p = calloc(nr, size);

	assert_non_null(p);
	return p;
}

static void *
grown(void *old, uint32_t nr, uint32_t *max, size_t size)
{
	if (nr < *max)
		return old;
	*max *= 2;
	old = realloc(old, *max * size);
	assert_non_null(old);
	return old;
}

static uint32_t
state_add(const struct state *s)
{
	uint32_t at = state_hash(s) & search.hash_mask, i;

	for (; (i = search.hash[at]) != 0; at = (at + 1) & search.hash_mask)
		if (memcmp(&search.states[i - 1], s, sizeof(*s)) == 0)
			return i - 1;
	assert_true(search.nr_states < search.hash_mask / 2);
	search.states = grown(search.states, search.nr_states,
			      &search.max_states, sizeof(*s));
	search.states[search.nr_states] = *s;
	search.hash[at] = ++search.nr_states;
	return search.nr_states - 1;
}

/* A step leads to @p s; one more buffer posted is no way out for a sleeper. */
static void
reached(const struct state *s, bool posts)
{
	uint32_t to = state_add(s);

	if (posts)
		return;
	search.edges = grown(search.edges, search.nr_edges,
			     &search.max_edges, sizeof(*search.edges));
	search.edges[search.nr_edges++] = (struct edge){ search.from, to };
}

/* ---- memory ---- */

static void
store(struct buffer *b, uint8_t place, uint8_t value)
{
	assert_true(b->nr < STORES);
	b->place[b->nr] = place;
	b->value[b->nr++] = value;
}

static void
drain_step(const struct state *s, size_t which)
{
	struct state n = *s;
	struct buffer *b = (struct buffer *)((uint8_t *)&n + which);

	if (b->nr == 0)
		return;
	n.mem[b->place[0]] = b->value[0];
	b->nr--;
	memmove(b->place, b->place + 1, STORES - 1);
	memmove(b->value, b->value + 1, STORES - 1);
	b->place[STORES - 1] = 0;
	b->value[STORES - 1] = 0;
	if (b == &n.driver_stores && n.timer_waits > 0)
		n.timer_waits--;
	reached(&n, false);
}

/* ---- the driver ---- */

static bool
is_packed(void)
{
	return search.p->device >= PACKED_FLAGS;
}

/* The code under test, on what was loaded. */
static bool
driver_decides(struct state *s, uint8_t mark)
{
	struct vring vr = {
		.mask = SIZE - 1, .shift = 2,
		.event_idx = search.p->device != SPLIT_FLAGS &&
			search.p->device != PACKED_FLAGS,
		.avail_idx = search.p->base + s->posted,
		.kick_idx = search.p->base + s->kicked,
	};
	uint16_t at = search.p->base + mark, used[2 + 4 * SIZE + 1] = {
		[0] = rte_cpu_to_le_16(s->flags),
		[2 + 4 * SIZE] = rte_cpu_to_le_16(at),
	};
	struct vring_packed_desc_event device = {
		.off_wrap = rte_cpu_to_le_16((at & vr.mask) |
			vring_wrap(&vr, at) << VRING_PACKED_EVENT_WRAP_BIT),
		.flags = rte_cpu_to_le_16(s->flags),
	};
	bool ring;

	if (is_packed())
		vr.packed.device = &device;
	else
		vr.split.used = (struct vring_used *)(void *)used;
	ring = vring_kick_peek(&vr, is_packed());
	s->kicked = (uint16_t)(vr.kick_idx - search.p->base);
	return ring;
}

static void
driver_look(const struct state *s)
{
	struct state n = *s;

	/* flags first, then the mark: two loads. */
	if (s->driver == DRIVER_FLAGS) {
		n.flags = s->mem[TO_FLAGS];
		n.driver = DRIVER_MARK;
	} else {
		if (n.driver_stores.nr == STORES)
			return;
		if (driver_decides(&n, s->mem[TO_MARK])) {
			store(&n.driver_stores, TO_BELL, 1);
			n.quiet = 0;
			search.rung++;
		} else {
			n.quiet = RTE_MIN(n.quiet + 1, POLLING);
			search.saved++;
		}
		n.flags = 0;
		n.driver = DRIVER_IDLE;
	}
	reached(&n, false);
}

static uint8_t
driver_after_publish(const struct state *s)
{
	if (search.p->driver == RECEIVE)
		return search.p->look_once ? DRIVER_FLAGS : DRIVER_IDLE;
	if (search.p->no_driver_fence)
		return DRIVER_FLAGS;
	if (search.p->driver == TRANSMIT && s->quiet == POLLING)
		return DRIVER_FLAGS;
	return DRIVER_FENCE;
}

static void
driver_post(const struct state *s, uint8_t nr)
{
	struct state n = *s;

	if (n.posted + nr > BUFFERS || n.posted + nr - n.taken > SIZE ||
	    n.driver_stores.nr + 3 > STORES)
		return;
	n.posted += nr;
	/* Packed: the device may see it as soon as it is written. */
	store(&n.driver_stores, is_packed() ? TO_AVAIL : TO_PRIVATE, n.posted);
	store(&n.driver_stores, is_packed() ? TO_PRIVATE : TO_AVAIL, n.posted);
	n.driver = driver_after_publish(&n);
	reached(&n, true);
}

static void
driver_step(const struct state *s)
{
	struct state n = *s;

	switch (s->driver) {
	case DRIVER_IDLE:
		driver_post(s, 1);
		driver_post(s, 2);
		/* A receive burst begins with a look, buffers or not. */
		if (search.p->driver != RECEIVE || search.p->look_once)
			break;
		n.driver = DRIVER_FLAGS;
		reached(&n, false);
		break;
	case DRIVER_FENCE:
		n.driver = DRIVER_FLAGS;
		if (n.driver_stores.nr == 0)
			reached(&n, false);
		break;
	default:
		driver_look(s);
	}
}

/* ---- the device ---- */

static void
device_announce(struct state *s)
{
	static const uint8_t wants[DEVICE_KINDS] = {
		[PACKED_EVENT] = VRING_PACKED_EVENT_FLAG_DESC,
		[PACKED_MARK_ONLY] = VRING_PACKED_EVENT_FLAG_DESC,
	};
	enum device_kind kind = search.p->device;

	if (kind != SPLIT_FLAGS && kind != PACKED_FLAGS)
		store(&s->device_stores, TO_MARK, s->taken);
	if (kind != SPLIT_EVENT)
		store(&s->device_stores, TO_FLAGS, wants[kind]);
}

static void
device_run(const struct state *s)
{
	struct state n = *s;

	n.mem[TO_BELL] = 0;
	reached(&n, false);
	n = *s;
	if (s->mem[TO_AVAIL] == s->taken) {
		if (n.device_stores.nr + 2 > STORES)
			return;
		device_announce(&n);
		n.device = DEVICE_FENCE;
		reached(&n, false);
		return;
	}
	n.taken++;
	reached(&n, false);
	n.taken = s->mem[TO_AVAIL];
	reached(&n, false);
}

static void
device_wake(struct state *s)
{
	static const uint8_t busy[DEVICE_KINDS] = {
		[SPLIT_FLAGS] = VRING_USED_F_NO_NOTIFY,
		[PACKED_FLAGS] = VRING_PACKED_EVENT_FLAG_DISABLE,
		[PACKED_EVENT] = VRING_PACKED_EVENT_FLAG_DISABLE,
	};

	if (busy[search.p->device] != 0)
		store(&s->device_stores, TO_FLAGS, busy[search.p->device]);
	s->device = DEVICE_RUN;
}

static void
device_step(const struct state *s)
{
	struct state n = *s;

	switch (s->device) {
	case DEVICE_RUN:
		device_run(s);
		return;
	case DEVICE_FENCE:
		if (n.device_stores.nr > 0 && !search.p->no_device_fence)
			return;
		n.device = DEVICE_LAST;
		break;
	case DEVICE_LAST:
		n.device = s->mem[TO_AVAIL] == s->taken ? DEVICE_ASLEEP :
			DEVICE_WAKE;
		break;
	case DEVICE_ASLEEP:
		if (s->mem[TO_BELL] == 0)
			return;
		n.mem[TO_BELL] = 0;
		n.device = DEVICE_WAKE;
		break;
	default:
		if (n.device_stores.nr == STORES)
			return;
		device_wake(&n);
	}
	reached(&n, false);
}

/* ---- the health timer ---- */

static void
timer_step(const struct state *s)
{
	struct state n = *s;
	uint8_t avail = s->mem[TO_PRIVATE];
	bool moved = avail != s->timer_seen;

	if (s->timer_waits > 0 && !search.p->hasty_timer)
		return;
	n.timer_waits = search.p->hasty_timer ? 0 : s->driver_stores.nr;
	n.timer_seen = avail;
	if (moved)
		n.timer_nudged = 0;
	/* What is used may have been reclaimed or not. */
	if (moved || n.timer_nudged || avail <= s->taken) {
		reached(&n, false);
		if (moved || n.timer_nudged)
			return;
	}
	n.timer_nudged = 1;
	n.mem[TO_BELL] = 1;
	reached(&n, false);
}

/* ---- the search ---- */

static void
search_all(void)
{
	struct state s;

	for (search.from = 0; search.from < search.nr_states; search.from++) {
		s = search.states[search.from];
		driver_step(&s);
		device_step(&s);
		drain_step(&s, offsetof(struct state, driver_stores));
		drain_step(&s, offsetof(struct state, device_stores));
		if (search.p->timer)
			timer_step(&s);
	}
}

/* States from which the device never sees all that was posted. */
static uint32_t
search_stuck(void)
{
	uint8_t *ends = zeroes(search.nr_states, 1);
	uint32_t i, stuck = 0;
	bool more = true;

	for (i = 0; i < search.nr_states; i++)
		ends[i] = search.states[i].taken == search.states[i].posted;
	while (more) {
		more = false;
		for (i = search.nr_edges; i-- > 0;) {
			const struct edge *e = &search.edges[i];

			if (ends[e->from] || !ends[e->to])
				continue;
			ends[e->from] = 1;
			more = true;
		}
	}
	for (i = 0; i < search.nr_states; i++)
		stuck += !ends[i];
	free(ends);
	return stuck;
}

static uint32_t
check(const struct protocol *p)
{
	struct state start = { .posted = 0 };
	uint32_t stuck;

	memset(&search, 0, sizeof(search));
	search.p = p;
	search.max_states = 1 << 16;
	search.max_edges = 1 << 18;
	search.hash_mask = (1 << 22) - 1;
	search.states = zeroes(search.max_states, sizeof(*search.states));
	search.edges = zeroes(search.max_edges, sizeof(*search.edges));
	search.hash = zeroes(search.hash_mask + 1, sizeof(uint32_t));
	state_add(&start);
	search_all();
	stuck = search_stuck();
	print_message("  device %d base %u: %u states, %u stuck\n", p->device,
		      p->base, search.nr_states, stuck);
	/* There are both doorbells and reasons for none. */
	assert_true(search.rung > 0 && search.saved > 0);
	free(search.states);
	free(search.edges);
	free(search.hash);
	return stuck;
}

/* At the start, and where laps and indexes wrap. */
static void
check_safe(struct protocol p)
{
	for (p.device = 0; p.device < DEVICE_KINDS; p.device++) {
		p.base = 0;
		assert_int_equal(check(&p), 0);
		p.base = 65534;
		assert_int_equal(check(&p), 0);
	}
}

static void
check_unsafe(struct protocol p, enum device_kind last)
{
	for (p.device = 0; p.device <= last; p.device++)
		assert_int_not_equal(check(&p), 0);
}

/* vring_kick_needed: sure without anybody's help. */
static void
test_fenced(void **state)
{
	(void)state;
	check_safe((struct protocol){ .driver = FENCED });
}

static void
test_receive(void **state)
{
	(void)state;
	check_safe((struct protocol){ .driver = RECEIVE });
}

static void
test_transmit(void **state)
{
	(void)state;
	check_safe((struct protocol){ .driver = TRANSMIT, .timer = true });
}

static void
test_needs_fences_and_looks(void **state)
{
	const struct protocol p[] = {
		{ .driver = FENCED, .no_driver_fence = true },
		{ .driver = FENCED, .no_device_fence = true },
		{ .driver = RECEIVE, .look_once = true },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(p); i++)
		check_unsafe(p[i], PACKED_MARK_ONLY);
}

static void
test_needs_timer(void **state)
{
	(void)state;
	/* A mark that was passed rings for a whole round, longer than the
	 * buffers here last: so the last kind does well without. */
	check_unsafe((struct protocol){ .driver = TRANSMIT }, PACKED_EVENT);
}

/* A tick must not come before the stores that the last one saw half of. */
static void
test_needs_period(void **state)
{
	(void)state;
	check_unsafe((struct protocol){ .driver = TRANSMIT, .timer = true,
		     .hasty_timer = true }, SPLIT_FLAGS);
}

/* The timer makes up even for a device without its fence. */
static void
test_timer_suffices(void **state)
{
	const struct protocol p = {
		.device = SPLIT_EVENT, .driver = TRANSMIT, .timer = true,
		.no_device_fence = true,
	};

	(void)state;
	assert_int_equal(check(&p), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fenced),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_needs_fences_and_looks),
		cmocka_unit_test(test_needs_timer),
		cmocka_unit_test(test_needs_period),
		cmocka_unit_test(test_timer_suffices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
