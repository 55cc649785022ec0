/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_VEC_NEON_H
#define VRING_VEC_NEON_H

#include <arm_neon.h>

/**
 * @file
 * Four used entries proven by one compare on AArch64 (little endian); included
 * by vring_vec.h only. A vector load reads each aligned element at once.
 */

#define VRING_VEC_LANES 4

/** Note lengths outside of what an ordinary buffer has. */
static __rte_always_inline uint32_t
vring_vec_len(const struct vring *vr, uint32x4_t v, uint32_t *len)
{
	uint32x4_t over = vsubq_u32(v, vdupq_n_u32(vr->len_low));

	vst1q_u32(len, v);
	return vmaxvq_u32(vcgtq_u32(over, vdupq_n_u32(vr->len_range)));
}

/** All lanes of one used-ring vector if every id matches, else 0. */
static __rte_always_inline uint32_t
vring_vec_split(const struct vring *vr, uint16_t slot, uint32_t *odd)
{
	const struct vring_used_elem *e = &vr->split.used->ring[slot];
	/* Apart: ids and lengths. */
	uint32x4x2_t used = vld2q_u32((const uint32_t *)e);
	uint32x4_t want = vmovl_u16(vld1_u16(&vr->slot_id[slot]));

	if (vminvq_u32(vceqq_u32(used.val[0], want)) == 0)
		return 0;
	*odd |= vring_vec_len(vr, used.val[1], &vr->slot_len[slot]);
	return VRING_VEC_LANES;
}

/** The same for packed descriptors; @p flags is what a used one shows. */
static __rte_always_inline uint32_t
vring_vec_packed(const struct vring *vr, uint16_t slot, uint16_t flags,
		 uint32_t *odd)
{
	const uint64_t *d = (const uint64_t *)&vr->packed.desc[slot];
	const uint64x2_t mask = vdupq_n_u64(0x8080ffffULL << 32);
	const uint64x2_t top = vdupq_n_u64((uint64_t)flags << 48);
	uint32x4_t ids = vmovl_u16(vld1_u16(&vr->slot_id[slot]));
	/* len, id and flags are one aligned word, so they belong together. */
	uint64x2_t low = vld2q_u64(d).val[1];
	uint64x2_t high = vld2q_u64(d + 4).val[1];
	uint64x2_t same_low = vceqq_u64(vandq_u64(low, mask),
		vorrq_u64(vshlq_n_u64(vmovl_u32(vget_low_u32(ids)), 32), top));
	uint64x2_t same_high = vceqq_u64(vandq_u64(high, mask),
		vorrq_u64(vshlq_n_u64(vmovl_u32(vget_high_u32(ids)), 32), top));

	if (vminvq_u32(vreinterpretq_u32_u64(vandq_u64(same_low,
						       same_high))) == 0)
		return 0;
	*odd |= vring_vec_len(vr, vcombine_u32(vmovn_u64(low),
					       vmovn_u64(high)),
			      &vr->slot_len[slot]);
	return VRING_VEC_LANES;
}

#endif /* VRING_VEC_NEON_H */
