/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_VEC_H
#define VRING_VEC_H

/**
 * @file
 * Eight (AVX-512) or four (AVX2, NEON) used entries proven by one compare
 * with the expected ids; included by vring.h only. A vector that does not
 * match as a whole is left to the scalar verbs. Runs stop at the ring's end.
 *
 * Lengths are looked at here, in registers: a wider load of slot_len[] just
 * after would have to wait until the stores before it have left the core.
 */

#if defined(VRING_VEC) && VRING_VEC == 512
#include <immintrin.h>

#define VRING_VEC_LANES 8

/** Note lengths outside of what an ordinary buffer has. */
static __rte_always_inline uint32_t
vring_vec_len(const struct vring *vr, __m256i v, uint32_t *len)
{
	__m256i over = _mm256_sub_epi32(v, _mm256_set1_epi32(vr->len_low));

	_mm256_storeu_si256((__m256i *)len, v);
	return _mm256_cmpgt_epu32_mask(over,
				       _mm256_set1_epi32(vr->len_range));
}

/** All lanes of one used-ring vector if every id matches, else 0. */
static __rte_always_inline uint32_t
vring_vec_split(const struct vring *vr, uint16_t slot, uint32_t *odd)
{
	const struct vring_used_elem *e = &vr->split.used->ring[slot];
	const uint16_t *id = &vr->slot_id[slot];
	__m512i used = _mm512_loadu_si512(e);
	__m512i want = _mm512_cvtepu16_epi64(
		_mm_loadu_si128((const __m128i *)id));
	uint32_t miss = _mm512_cmpneq_epi32_mask(used, want) & 0x5555;

	if (miss == 0)
		*odd |= vring_vec_len(vr, _mm512_cvtepi64_epi32(
			_mm512_srli_epi64(used, 32)), &vr->slot_len[slot]);
	return miss ? 0 : VRING_VEC_LANES;
}

/** The same for packed descriptors; @p flags is what a used one shows. */
static __rte_always_inline uint32_t
vring_vec_packed(const struct vring *vr, uint16_t slot, uint16_t flags,
		 uint32_t *odd)
{
	const struct vring_packed_desc *d = &vr->packed.desc[slot];
	const uint16_t *id = &vr->slot_id[slot];
	const __m512i second = _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1);
	const __m512i mask = _mm512_set1_epi64(0x8080ffffULL << 32);
	/* len, id and flags are one aligned word, so they belong together. */
	__m512i used = _mm512_permutex2var_epi64(_mm512_loadu_si512(d), second,
						 _mm512_loadu_si512(d + 4));
	__m512i want = _mm512_or_epi64(_mm512_slli_epi64(
		_mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i *)id)),
		32), _mm512_set1_epi64((int64_t)((uint64_t)flags << 48)));
	uint32_t miss = _mm512_cmpneq_epi64_mask(
		_mm512_and_epi64(used, mask), want);

	if (miss == 0)
		*odd |= vring_vec_len(vr, _mm512_cvtepi64_epi32(used),
				      &vr->slot_len[slot]);
	return miss ? 0 : VRING_VEC_LANES;
}

#elif defined(VRING_VEC) && VRING_VEC == 256
#include <immintrin.h>

#define VRING_VEC_LANES 4

static __rte_always_inline __m128i
vring_vec_narrow(__m256i v)
{
	const __m256i even = _mm256_set_epi32(0, 0, 0, 0, 6, 4, 2, 0);

	return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(v, even));
}

static __rte_always_inline uint32_t
vring_vec_len(const struct vring *vr, __m256i v, uint32_t *len)
{
	const __m128i range = _mm_set1_epi32(vr->len_range);
	__m128i l = vring_vec_narrow(v);
	__m128i over = _mm_sub_epi32(l, _mm_set1_epi32(vr->len_low));
	__m128i ok = _mm_cmpeq_epi32(_mm_max_epu32(over, range), range);

	_mm_storeu_si128((__m128i *)len, l);
	return _mm_movemask_epi8(ok) ^ 0xffff;
}

static __rte_always_inline uint32_t
vring_vec_split(const struct vring *vr, uint16_t slot, uint32_t *odd)
{
	const struct vring_used_elem *e = &vr->split.used->ring[slot];
	const uint16_t *id = &vr->slot_id[slot];
	__m256i used = _mm256_loadu_si256((const __m256i *)e);
	__m256i want = _mm256_cvtepu16_epi64(
		_mm_loadl_epi64((const __m128i *)id));
	uint32_t same = _mm256_movemask_ps(_mm256_castsi256_ps(
		_mm256_cmpeq_epi32(used, want)));
	uint32_t miss = ~same & 0x55;

	if (miss == 0)
		*odd |= vring_vec_len(vr, _mm256_srli_epi64(used, 32),
				      &vr->slot_len[slot]);
	return miss ? 0 : VRING_VEC_LANES;
}

static __rte_always_inline uint32_t
vring_vec_packed(const struct vring *vr, uint16_t slot, uint16_t flags,
		 uint32_t *odd)
{
	const struct vring_packed_desc *d = &vr->packed.desc[slot];
	const uint16_t *id = &vr->slot_id[slot];
	const __m256i mask = _mm256_set1_epi64x((int64_t)(0x8080ffffULL << 32));
	/* Second words of four descriptors: 1 5 3 7, put right below. */
	__m256i used = _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(
		_mm256_loadu_si256((const __m256i *)d),
		_mm256_loadu_si256((const __m256i *)(d + 2))), 0xd8);
	__m256i want = _mm256_or_si256(_mm256_slli_epi64(
		_mm256_cvtepu16_epi64(_mm_loadl_epi64((const __m128i *)id)),
		32), _mm256_set1_epi64x((int64_t)((uint64_t)flags << 48)));
	uint32_t same = _mm256_movemask_pd(_mm256_castsi256_pd(
		_mm256_cmpeq_epi64(_mm256_and_si256(used, mask), want)));
	uint32_t miss = ~same & 0xf;

	if (miss == 0)
		*odd |= vring_vec_len(vr, used, &vr->slot_len[slot]);
	return miss ? 0 : VRING_VEC_LANES;
}

#elif defined(VRING_VEC) && VRING_VEC == 128
#include "vring_vec_neon.h"
#endif

#ifdef VRING_VEC_LANES
/** Prove slots known..n as far as they match; returns the new known. */
static __rte_always_inline uint16_t
vring_match_vec(struct vring *vr, const bool packed, uint16_t known,
		uint16_t n)
{
	uint16_t slot = (vr->used_idx + known) & vr->mask;
	uint16_t end = RTE_MIN(n, known + vring_size(vr) - slot);
	uint16_t flags = vring_packed_used_flags(vr, vr->used_idx + known);
	uint32_t odd = 0;

	while (known + VRING_VEC_LANES <= end) {
		uint32_t lanes = packed ?
			vring_vec_packed(vr, slot, flags, &odd) :
			vring_vec_split(vr, slot, &odd);

		if (lanes == 0)
			break;
		known += lanes;
		slot += lanes;
	}
	if (unlikely(odd != 0))
		vr->odd = 1;
	/* The loads above are no atomics to the compiler. */
	vring_acquire_fence();
	return known;
}
#else
#define vring_match_vec(vr, packed, known, n) (known)
#endif

#endif /* VRING_VEC_H */
