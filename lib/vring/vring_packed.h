/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_PACKED_H
#define VRING_PACKED_H

#if defined(RTE_ARCH_X86)
#include <emmintrin.h>
#endif

/**
 * @file
 * The batch verbs on a packed ring; included by vring.h only.
 */

static __rte_always_inline void
vring_match_packed(struct vring *vr, const bool in_order, uint16_t max)
{
	uint16_t outstanding = vring_outstanding(vr);
	uint16_t n = RTE_MIN(max, outstanding);
	uint16_t known = vring_match_vec(vr, true, vr->known, n);

	while (known < n) {
		uint16_t idx = vr->used_idx + known;
		uint16_t slot = idx & vr->mask;
		const struct vring_packed_desc *d = &vr->packed.desc[slot];
		/* len, id and flags are one aligned word: read at once. */
		uint64_t word = rte_le_to_cpu_64(vring_load_acquire64(&d->len));
		uint16_t id = word >> 32;
		uint32_t len = word;
		uint16_t covered = 1;

		if (!vring_packed_is_used(vr, idx, word >> 48))
			break;
		if (unlikely(id != vr->slot_id[slot])) {
			if (in_order)
				covered = vring_batch(vr, idx, vr->avail_idx -
						      idx, id, len);
			else if (vring_reorder(vr, idx, id))
				covered = 0;
			if (covered == 0)
				break;
		}
		if (covered == 1)
			vring_len_note(vr, slot, len);
		known += covered;
	}
	vr->known = known;
}

/** In order: each used descriptor names the last slot of its batch. */
static __rte_always_inline void
vring_done_packed(struct vring *vr, uint16_t max)
{
	uint16_t outstanding = vring_outstanding(vr);
	uint16_t known = vr->known;

	max = RTE_MIN(max, outstanding);
	while (known < max) {
		uint16_t idx = vr->used_idx + known;
		uint64_t word = rte_le_to_cpu_64(vring_load_acquire64(
			&vr->packed.desc[idx & vr->mask].len));
		uint16_t id = word >> 32;
		uint16_t last;

		if (!vring_packed_is_used(vr, idx, word >> 48))
			break;
		last = (vr->id_slot[id & vr->mask] - idx) & vr->mask;
		if (unlikely(id > vr->mask || last >= outstanding - known)) {
			vring_set_fault(vr, VRING_FAULT_USED_ID);
			break;
		}
		known += last + 1;
		/* One by one: the next ones can be proven by vectors. */
		if (last == 0)
			known = vring_match_vec(vr, true, known, max);
	}
	vr->known = known;
}

/**
 * Write one whole descriptor with its flags, so that the device sees all of
 * it or nothing. x86 processors with AVX guarantee that an aligned 16-byte
 * store is one access, and stores are seen in program order, so the frame
 * and its header are there before. Elsewhere the flags follow by a release.
 * Partner: the device's acquire of the flags.
 */
static __rte_always_inline void
vring_post_packed(const struct vring_run *run, uint16_t j, uint64_t addr,
		  uint32_t len, uint16_t flags)
{
	struct vring_packed_desc *d = (struct vring_packed_desc *)run->desc + j;

	flags |= run->flags;
#if defined(VRING_STORE16_ATOMIC)
	__m128i v = _mm_set_epi64x((int64_t)((uint64_t)flags << 48 |
			(uint64_t)run->ids[j] << 32 | len), (int64_t)addr);

	rte_compiler_barrier();
	_mm_store_si128((__m128i *)d, v);
#else
	d->addr = rte_cpu_to_le_64(addr);
	d->len = rte_cpu_to_le_32(len);
	d->id = rte_cpu_to_le_16(run->ids[j]);
	vring_store_release16(&d->flags, rte_cpu_to_le_16(flags));
#endif
}

/**
 * No doorbell only where the device's mark still lies ahead. A mark that was
 * passed before has had its doorbell, so one more is idle; but QEMU has been
 * seen to go on past its own mark and to sleep without setting a new one,
 * and a device that wants to be left alone can say DISABLE.
 */
static __rte_always_inline bool
vring_kick_packed(const struct vring *vr)
{
	const struct vring_packed_desc_event *e = vr->packed.device;
	uint16_t flags = rte_le_to_cpu_16(vring_load_acquire16(&e->flags));
	uint16_t lap = (vr->mask << 1) | 1;	/* two rounds: the wrap bit */
	uint16_t off_wrap, mark;

	if (flags == VRING_PACKED_EVENT_FLAG_DISABLE)
		return false;
	/* A value that the feature set rules out means: rather once more. */
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vr->event_idx)
		return true;
	off_wrap = rte_le_to_cpu_16(vring_load16(&e->off_wrap));
	mark = (off_wrap & vr->mask) |
		(off_wrap >> VRING_PACKED_EVENT_WRAP_BIT ? 0 : vr->mask + 1);
	return ((mark - vr->avail_idx) & lap) > vr->mask;
}

#endif /* VRING_PACKED_H */
