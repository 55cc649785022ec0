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
 * No frame is ever slept on: every interleaving of a receiver that sleeps
 * until its interrupt and a device, on one small ring, step by step.
 *
 * The model is that of test_doorbell.c: a step is one access to memory,
 * stores go through store buffers that drain at any time, in order; a full
 * fence waits until one's own is empty. What the receiver stores and decides
 * comes from vring_intr_set() and vring_intr_arm() themselves; the order of
 * store, fence and look is that of vring_intr_arm(), written down once more.
 * The device uses one or two buffers, fences, and looks whether a
 * notification is wanted, by the rules of the specification (2.7.10.1,
 * 2.8.10). From every state that can be reached, a state must be reachable in
 * which the receiver has taken all that will ever come.
 */

#define SIZE 4
#define FRAMES 5
#define STORES 6
#define MAX_STATES (1u << 16)

enum kind { SPLIT_FLAGS, SPLIT_EVENT, PACKED_FLAGS, PACKED_EVENT, KINDS };

struct protocol {
	enum kind kind;
	uint16_t base;
	/* what may be taken away */
	bool no_driver_fence;
	bool no_device_fence;
	bool no_look;
};

enum { TO_USED, TO_FLAGS, TO_MARK, PLACES };
enum { DRIVER_TAKE, DRIVER_FENCE, DRIVER_LOOK, DRIVER_ASLEEP };
enum { DEVICE_USE, DEVICE_FENCE, DEVICE_FLAGS, DEVICE_MARK };

struct buffer {
	uint8_t nr;
	uint8_t place[STORES];
	uint16_t value[STORES];
};

/* Bytes that states compare by: no padding is left unset. */
struct state {
	uint16_t mem[PLACES];
	struct buffer driver_stores, device_stores;
	uint16_t flags;		/* loaded by the device */
	uint8_t raised, driver, taken, device, used, before;
};

static struct {
	const struct protocol *p;
	struct state *states;
	uint32_t (*edges)[2];
	uint32_t *hash;
	uint32_t nr_states, nr_edges, from;
	uint64_t raised, spared;
} search;

static bool
is_packed(void)
{
	return search.p->kind >= PACKED_FLAGS;
}

static void
reached(const struct state *s)
{
	const uint8_t *b = (const uint8_t *)s;
	uint64_t h = 1469598103934665603u;
	uint32_t at, i;

	for (i = 0; i < sizeof(*s); i++)
		h = (h ^ b[i]) * 1099511628211u;
	for (at = (h >> 20) % (MAX_STATES * 2); (i = search.hash[at]) != 0;
	     at = (at + 1) % (MAX_STATES * 2))
		if (memcmp(&search.states[i - 1], s, sizeof(*s)) == 0)
			break;
	if (i == 0) {
		assert_true(search.nr_states < MAX_STATES);
		search.states[search.nr_states] = *s;
		i = search.hash[at] = ++search.nr_states;
	}
	assert_true(search.nr_edges < MAX_STATES * 8);
	search.edges[search.nr_edges][0] = search.from;
	search.edges[search.nr_edges++][1] = i - 1;
}

static void
store(struct buffer *b, uint8_t place, uint16_t value)
{
	assert_true(b->nr < STORES);
	b->place[b->nr] = place;
	b->value[b->nr++] = value;
}

static void
drain_step(const struct state *s, bool driver)
{
	struct state n = *s;
	struct buffer *b = driver ? &n.driver_stores : &n.device_stores;

	if (b->nr == 0)
		return;
	n.mem[b->place[0]] = b->value[0];
	b->nr--;
	memmove(b->place, b->place + 1, STORES - 1);
	memmove(b->value, b->value + 1, (STORES - 1) * sizeof(b->value[0]));
	b->place[STORES - 1] = 0;
	b->value[STORES - 1] = 0;
	reached(&n);
}

/* ---- the receiver: the code under test, on a ring of its own ---- */

static struct {
	struct vring vr;
	uint16_t avail[2 + SIZE + 1];
	_Alignas(4) uint16_t used[2 + 4 * SIZE + 1];
	struct vring_packed_desc desc[SIZE];
	struct vring_packed_desc_event event;
} ring;

static struct vring *
ring_at(const struct state *s)
{
	struct vring *vr = &ring.vr;

	memset(&ring, 0, sizeof(ring));
	vr->mask = SIZE - 1;
	vr->shift = 2;
	vr->event_idx = search.p->kind == SPLIT_EVENT ||
		search.p->kind == PACKED_EVENT;
	vr->used_idx = search.p->base + s->taken;
	vr->avail_idx = vr->used_idx + SIZE;
	if (is_packed()) {
		vr->packed.desc = ring.desc;
		vr->packed.driver = &ring.event;
	} else {
		vr->split.avail = (struct vring_avail *)(void *)ring.avail;
		vr->split.used = (struct vring_used *)(void *)ring.used;
	}
	return vr;
}

static void
driver_store(struct state *s, bool on)
{
	struct vring *vr = ring_at(s);
	struct buffer *b = &s->driver_stores;

	vring_intr_set(vr, is_packed(), on);
	if (is_packed()) {
		if (on && vr->event_idx)
			store(b, TO_MARK, ring.event.off_wrap);
		store(b, TO_FLAGS, ring.event.flags);
	} else if (vr->event_idx) {
		store(b, TO_MARK, ring.avail[2 + SIZE]);
	} else {
		store(b, TO_FLAGS, ring.avail[0]);
	}
}

/* vring_intr_arm() on what the device is seen to have used. */
static bool
driver_sees(const struct state *s)
{
	struct vring *vr = ring_at(s);
	uint16_t seen = search.p->base + s->mem[TO_USED];

	if (is_packed())
		ring.desc[vr->used_idx & vr->mask].flags =
			vring_packed_used_flags(vr, vr->used_idx) ^
			(s->mem[TO_USED] > s->taken ? 0 :
			 VRING_PACKED_DESC_F_USED);
	else
		ring.used[1] = seen;
	return vring_intr_arm(vr, is_packed());
}

static void
driver_step(const struct state *s)
{
	struct state n = *s;

	switch (s->driver) {
	case DRIVER_TAKE:
		/* One frame, all, or none any more: then sleep. */
		if (s->mem[TO_USED] > s->taken) {
			n.taken++;
			reached(&n);
			n.taken = s->mem[TO_USED];
			reached(&n);
			n = *s;
		}
		if (n.driver_stores.nr + 2 > STORES)
			return;
		driver_store(&n, true);
		n.driver = search.p->no_driver_fence ? DRIVER_LOOK :
			DRIVER_FENCE;
		break;
	case DRIVER_FENCE:
		if (s->driver_stores.nr > 0)
			return;
		n.driver = DRIVER_LOOK;
		break;
	case DRIVER_LOOK:
		n.driver = DRIVER_ASLEEP;
		/* vnic_intr_rx_enable raises the interrupt itself. */
		if (!search.p->no_look && driver_sees(s))
			n.raised = 1;
		break;
	default:
		if (!s->raised || n.driver_stores.nr + 2 > STORES)
			return;
		n.raised = 0;
		driver_store(&n, false);
		n.driver = DRIVER_TAKE;
	}
	reached(&n);
}

/* ---- the device, by the specification ---- */

static bool
wanted_packed(const struct state *s)
{
	uint16_t mark = s->mem[TO_MARK], place, lap = 2 * SIZE, since;

	if (s->flags != VRING_PACKED_EVENT_FLAG_DESC)
		return s->flags == VRING_PACKED_EVENT_FLAG_ENABLE;
	/* Wrap counter 1 in the first round. */
	place = (mark & 0x7fff) + (mark >> 15 ? 0 : SIZE);
	since = (place - (search.p->base + s->before)) & (lap - 1);
	return since < s->used - s->before;
}

static bool
wanted(const struct state *s)
{
	uint16_t new_idx = search.p->base + s->used;
	uint16_t old_idx = search.p->base + s->before;

	if (is_packed())
		return wanted_packed(s);
	if (search.p->kind == SPLIT_FLAGS)
		return !(s->flags & VRING_AVAIL_F_NO_INTERRUPT);
	return (uint16_t)(new_idx - s->mem[TO_MARK] - 1) <
		(uint16_t)(new_idx - old_idx);
}

static void
device_use(const struct state *s, uint8_t nr)
{
	struct state n = *s;

	if (s->used + nr > FRAMES || s->used + nr - s->taken > SIZE ||
	    n.device_stores.nr == STORES)
		return;
	n.before = s->used;
	n.used += nr;
	store(&n.device_stores, TO_USED, n.used);
	n.device = search.p->no_device_fence ? DEVICE_FLAGS : DEVICE_FENCE;
	reached(&n);
}

static void
device_step(const struct state *s)
{
	struct state n = *s;

	switch (s->device) {
	case DEVICE_USE:
		device_use(s, 1);
		device_use(s, 2);
		return;
	case DEVICE_FENCE:
		if (s->device_stores.nr > 0)
			return;
		n.device = DEVICE_FLAGS;
		break;
	case DEVICE_FLAGS:
		n.flags = s->mem[TO_FLAGS];
		n.device = DEVICE_MARK;
		break;
	default:
		/* A notification leaves behind what was stored before it. */
		if (wanted(s) && s->device_stores.nr > 0)
			return;
		if (wanted(s)) {
			n.raised = 1;
			search.raised++;
		} else {
			search.spared++;
		}
		n.flags = 0;
		n.before = 0;
		n.device = DEVICE_USE;
	}
	reached(&n);
}

/* ---- the search ---- */

static uint32_t
search_stuck(void)
{
	uint8_t *ends = calloc(search.nr_states, 1);
	uint32_t i, stuck = 0;
	bool more = true;

	assert_non_null(ends);
	for (i = 0; i < search.nr_states; i++)
		ends[i] = search.states[i].taken == FRAMES;
	while (more) {
		more = false;
		for (i = search.nr_edges; i-- > 0;) {
			if (ends[search.edges[i][0]] ||
			    !ends[search.edges[i][1]])
				continue;
			ends[search.edges[i][0]] = 1;
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
	struct state s;
	uint32_t stuck;

	memset(&search, 0, sizeof(search));
	memset(&s, 0, sizeof(s));
	search.p = p;
	search.states = calloc(MAX_STATES, sizeof(*search.states));
	search.edges = calloc(MAX_STATES * 8, sizeof(*search.edges));
	search.hash = calloc(MAX_STATES * 2, sizeof(*search.hash));
	assert_true(search.states && search.edges && search.hash);
	/* Notifications are off at first. */
	driver_store(&s, false);
	while (s.driver_stores.nr > 0) {
		struct buffer *b = &s.driver_stores;

		b->nr--;
		s.mem[b->place[b->nr]] = b->value[b->nr];
		b->place[b->nr] = 0;
		b->value[b->nr] = 0;
	}
	reached(&s);
	search.nr_edges = 0;
	for (search.from = 0; search.from < search.nr_states; search.from++) {
		s = search.states[search.from];
		driver_step(&s);
		device_step(&s);
		drain_step(&s, true);
		drain_step(&s, false);
	}
	stuck = search_stuck();
	print_message("  kind %d base %u: %u states, %u stuck\n", p->kind,
		      p->base, search.nr_states, stuck);
	assert_true(search.raised > 0 && search.spared > 0);
	free(search.states);
	free(search.edges);
	free(search.hash);
	return stuck;
}

static void
test_safe(void **state)
{
	struct protocol p = { .base = 0 };

	(void)state;
	for (p.kind = 0; p.kind < KINDS; p.kind++) {
		p.base = 0;
		assert_int_equal(check(&p), 0);
		p.base = 65534;
		assert_int_equal(check(&p), 0);
	}
}

/* Each part is needed: without it, somebody sleeps on a frame for good. */
static void
test_needed(void **state)
{
	const struct protocol without[] = {
		{ .no_driver_fence = true },
		{ .no_device_fence = true },
		{ .no_look = true },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(without); i++) {
		struct protocol p = without[i];

		for (p.kind = 0; p.kind < KINDS; p.kind++)
			assert_int_not_equal(check(&p), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
