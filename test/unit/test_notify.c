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

/*
 * Doorbell arithmetic over all positions: a publication that reaches the
 * device's mark always rings; a mark that was passed before or lies ahead
 * never does (split), lies ahead never does (packed).
 */

#define SIZE 8

struct rings {
	struct vring vr;
	uint16_t avail[4 + SIZE];
	uint16_t used[4 + 4 * SIZE];
	struct vring_packed_desc_event device;
};

static void
split_init(struct rings *r, bool event_idx)
{
	memset(r, 0, sizeof(*r));
	r->vr.mask = SIZE - 1;
	r->vr.shift = 3;
	r->vr.event_idx = event_idx;
	r->vr.split.avail = (void *)r->avail;
	r->vr.split.used = (void *)r->used;
}

static void
packed_init(struct rings *r, bool event_idx)
{
	memset(r, 0, sizeof(*r));
	r->vr.mask = SIZE - 1;
	r->vr.shift = 3;
	r->vr.event_idx = event_idx;
	r->vr.packed.device = &r->device;
}

static bool
kick(struct rings *r, bool packed, uint16_t old, uint16_t nr)
{
	r->vr.kick_idx = old;
	r->vr.avail_idx = old + nr;
	return vring_kick_needed(&r->vr, packed);
}

static void
test_split_event(void **state)
{
	struct rings r;
	uint32_t old, nr, ahead;

	(void)state;
	split_init(&r, true);
	for (old = 0; old < 65536; old++)
		for (nr = 1; nr <= SIZE; nr++)
			for (ahead = 0; ahead < 2 * SIZE; ahead++) {
				/* Marks from a lap behind to a lap ahead. */
				uint16_t mark = old + ahead - SIZE;
				bool want = ahead >= SIZE &&
					ahead - SIZE < nr;

				r.used[2 + 4 * SIZE] = rte_cpu_to_le_16(mark);
				assert_int_equal(kick(&r, false, old, nr),
						 want);
			}
}

static void
test_split_flags(void **state)
{
	struct rings r;

	(void)state;
	split_init(&r, false);
	assert_true(kick(&r, false, 5, 1));
	r.used[0] = rte_cpu_to_le_16(VRING_USED_F_NO_NOTIFY);
	assert_false(kick(&r, false, 5, 1));
	/* Bits that are reserved say nothing. */
	r.used[0] = rte_cpu_to_le_16(0xfffe);
	assert_true(kick(&r, false, 5, 1));
	/* With EVENT_IDX the flags are to be ignored (2.7.10.1). */
	split_init(&r, true);
	r.used[0] = rte_cpu_to_le_16(VRING_USED_F_NO_NOTIFY);
	r.used[2 + 4 * SIZE] = rte_cpu_to_le_16(5);
	assert_true(kick(&r, false, 5, 1));
}

/* Where a packed ring's free-running index is: offset and wrap counter. */
static uint16_t
off_wrap(uint16_t idx)
{
	return idx % SIZE | !(idx / SIZE & 1) << VRING_PACKED_EVENT_WRAP_BIT;
}

static void
test_packed_event(void **state)
{
	struct rings r;
	uint32_t old, nr, ahead;

	(void)state;
	packed_init(&r, true);
	r.device.flags = rte_cpu_to_le_16(VRING_PACKED_EVENT_FLAG_DESC);
	for (old = 0; old < 65536; old++)
		for (nr = 1; nr <= SIZE; nr++)
			for (ahead = 0; ahead < SIZE; ahead++) {
				r.device.off_wrap = rte_cpu_to_le_16(
					off_wrap(old + ahead));
				assert_int_equal(kick(&r, true, old, nr),
						 ahead < nr);
			}
}

static void
test_packed_flags(void **state)
{
	struct rings r;

	(void)state;
	packed_init(&r, true);
	assert_true(kick(&r, true, 5, 1));
	r.device.flags = rte_cpu_to_le_16(VRING_PACKED_EVENT_FLAG_DISABLE);
	assert_false(kick(&r, true, 5, 1));
	/* Reserved, and DESC where EVENT_IDX was not agreed: rather ring. */
	r.device.flags = rte_cpu_to_le_16(3);
	assert_true(kick(&r, true, 5, 1));
	packed_init(&r, false);
	r.device.flags = rte_cpu_to_le_16(VRING_PACKED_EVENT_FLAG_DESC);
	r.device.off_wrap = rte_cpu_to_le_16(off_wrap(7));
	assert_true(kick(&r, true, 5, 1));
}

/*
 * A device that polls for @p quiet buffers and then sleeps: the next ones
 * ring, however far the last doorbell is behind.
 */
static void
long_quiet(bool packed, bool event_idx, uint32_t quiet)
{
	struct rings r;
	uint32_t i, nr;

	(packed ? packed_init : split_init)(&r, event_idx);
	for (i = 1; i <= quiet; i++) {
		r.used[0] = rte_cpu_to_le_16(VRING_USED_F_NO_NOTIFY);
		r.used[2 + 4 * SIZE] = rte_cpu_to_le_16((uint16_t)(i + SIZE));
		r.device.flags =
			rte_cpu_to_le_16(VRING_PACKED_EVENT_FLAG_DISABLE);
		r.vr.avail_idx = i;
		assert_false(vring_kick_peek(&r.vr, packed));
	}
	r.used[0] = 0;
	r.used[2 + 4 * SIZE] = rte_cpu_to_le_16(r.vr.avail_idx);
	r.device.flags = rte_cpu_to_le_16(VRING_PACKED_EVENT_FLAG_ENABLE);
	for (nr = 1; nr <= SIZE; nr++) {
		struct vring at = r.vr;

		at.avail_idx += nr;
		assert_true(vring_kick_peek(&at, packed));
	}
}

static void
test_long_quiet(void **state)
{
	uint32_t quiet;

	(void)state;
	for (quiet = 65536 - 2 * SIZE; quiet <= 65536 + 2 * SIZE; quiet++) {
		long_quiet(false, true, quiet);
		long_quiet(false, false, quiet);
		long_quiet(true, true, quiet);
	}
}

/*
 * A driver that takes a part of a batch in order and then sleeps: only the
 * batch's first slot shows that the rest is used (2.8.9).
 */
static void
test_arm_inside_batch(void **state)
{
	static uint8_t mem[4096] __rte_aligned(4096);
	static uint64_t priv[SIZE * 8];
	struct vring_packed_desc *d = (void *)mem;
	struct vring vr;
	uint16_t i;

	(void)state;
	assert_true(vring_layout(SIZE, true).bytes <= sizeof(mem));
	assert_true(vring_private_bytes(SIZE) <= sizeof(priv));
	vring_init(&vr, mem, priv, SIZE, true, true, VRING_DESC_F_WRITE);
	for (i = 0; i < 4; i++)
		vring_post(&vr, true, i, 4096, 64, VRING_DESC_F_WRITE);
	vring_publish(&vr, true, 4);
	assert_false(vring_intr_arm(&vr, true));
	d[0].id = rte_cpu_to_le_16(3);
	d[0].flags = rte_cpu_to_le_16(VRING_PACKED_DESC_F_AVAIL |
				      VRING_PACKED_DESC_F_USED);
	for (i = 0; i < 4; i++) {
		assert_true(vring_intr_arm(&vr, true));
		assert_int_equal(vring_take(&vr, true, true, 1), 1);
		vring_release(&vr, 1);
	}
	assert_false(vring_intr_arm(&vr, true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_event),
		cmocka_unit_test(test_split_flags),
		cmocka_unit_test(test_packed_event),
		cmocka_unit_test(test_packed_flags),
		cmocka_unit_test(test_long_quiet),
		cmocka_unit_test(test_arm_inside_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
