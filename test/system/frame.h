/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>

#include <rte_mbuf.h>

/**
 * @file
 * Frames that prove themselves: a head that says which frame of which flow it
 * is, and a checksum over every byte.
 */

#define FRAME_LEN_MIN 64
#define FRAME_LEN_MAX 9216

struct frame_id {
	uint32_t epoch;		/**< one value per run of a sender */
	uint16_t flow;
	uint64_t seq;
};

/** Lengths of one run: each from min to max once in max - min + 1 frames. */
struct frame_sizes {
	uint16_t min;
	uint16_t max;
};

enum frame_verdict {
	FRAME_OK,
	FRAME_FOREIGN,		/**< nothing that frame_fill wrote */
	FRAME_DAMAGED,		/**< its length or a byte of it is not as sent */
};

uint32_t
frame_size(const struct frame_sizes *sizes, uint64_t seq);

/** Write a frame of @p len bytes, at least FRAME_LEN_MIN. */
void
frame_fill(const struct frame_id *id, uint8_t *buf, uint32_t len);

/** Judge @p len bytes; @p id is set unless they are foreign. */
enum frame_verdict
frame_judge(const uint8_t *buf, uint32_t len, struct frame_id *id);

/**
 * Copy @p len bytes into @p nr_segs segments cut at places that depend on
 * @p seed; in fewer if the segments have fewer bytes, in more if they must.
 * NULL if @p pool is short of mbufs.
 */
struct rte_mbuf *
frame_to_mbuf(struct rte_mempool *pool, const uint8_t *buf, uint32_t len,
	      uint32_t nr_segs, uint64_t seed);

/**
 * The bytes of @p m in one piece, in @p scratch (FRAME_LEN_MAX bytes) unless
 * they are so already. NULL if the lengths of the segments contradict
 * pkt_len, nb_segs or FRAME_LEN_MAX.
 */
const uint8_t *
frame_from_mbuf(const struct rte_mbuf *m, uint8_t *scratch);

#endif /* FRAME_H */
