/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>
#include <rte_hash_crc.h>

#include "frame.h"

#define FRAME_MAGIC UINT32_C(0x766e6963)
/** IEEE 802 local experimental. */
#define FRAME_ETHER_TYPE 0x88b5
/** A prime above any range of lengths, so it shares no factor with one. */
#define FRAME_SIZE_STEP 10007

struct frame_head {
	struct rte_ether_hdr eth;
	uint16_t flow;
	uint32_t magic;
	uint32_t crc;		/**< of all bytes, itself taken as 0 */
	uint32_t epoch;
	uint32_t len;
	uint64_t seq;
};
static_assert(sizeof(struct frame_head) == 40, "no padding in what is summed");
static_assert(sizeof(struct frame_head) <= FRAME_LEN_MIN, "shortest frame");
static_assert(FRAME_SIZE_STEP > FRAME_LEN_MAX, "each length once");

uint32_t
frame_size(const struct frame_sizes *sizes, uint64_t seq)
{
	uint32_t range = sizes->max - sizes->min + 1;

	return sizes->min + seq % range * FRAME_SIZE_STEP % range;
}

/* splitmix64: any two seeds give unrelated bytes. */
static uint64_t
frame_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint32_t
frame_crc(const uint8_t *buf, uint32_t len)
{
	/* rte_hash_crc reads words: they have to be words for the compiler. */
	uint64_t words[sizeof(struct frame_head) / sizeof(uint64_t)];
	struct frame_head head;
	uint32_t crc;

	memcpy(&head, buf, sizeof(head));
	head.crc = 0;
	memcpy(words, &head, sizeof(head));
	crc = rte_hash_crc(words, sizeof(words), 0xffffffff);
	return rte_hash_crc(buf + sizeof(head), len - sizeof(head), crc);
}

void
frame_fill(const struct frame_id *id, uint8_t *buf, uint32_t len)
{
	struct frame_head head = {
		.eth = {
			.dst_addr = { { 0x02, 0, 0, 0, 0, 1 } },
			.src_addr = { { 0x02, 0, 0, 0, 0, 2 } },
			.ether_type = rte_cpu_to_be_16(FRAME_ETHER_TYPE),
		},
		.flow = id->flow,
		.magic = FRAME_MAGIC,
		.epoch = id->epoch,
		.len = len,
		.seq = id->seq,
	};
	uint64_t state = (uint64_t)id->epoch << 32 ^ id->seq << 8 ^ id->flow;
	uint64_t word;
	uint32_t at;

	for (at = sizeof(head); at < len; at += sizeof(word)) {
		word = frame_random(&state);
		memcpy(buf + at, &word, RTE_MIN(sizeof(word), len - at));
	}
	memcpy(buf, &head, sizeof(head));
	head.crc = frame_crc(buf, len);
	memcpy(buf, &head, sizeof(head));
}

enum frame_verdict
frame_judge(const uint8_t *buf, uint32_t len, struct frame_id *id)
{
	struct frame_head head;

	if (len < sizeof(head))
		return FRAME_FOREIGN;
	memcpy(&head, buf, sizeof(head));
	if (head.magic != FRAME_MAGIC)
		return FRAME_FOREIGN;
	*id = (struct frame_id){
		.epoch = head.epoch, .flow = head.flow, .seq = head.seq };
	if (head.len != len || head.crc != frame_crc(buf, len))
		return FRAME_DAMAGED;
	return FRAME_OK;
}

/** Bytes of the next of @p left segments, so that the others can hold the rest. */
static uint32_t
frame_cut(uint32_t bytes, uint32_t left, uint32_t room, uint64_t *state)
{
	uint32_t others = left - 1;
	uint32_t most = RTE_MIN(room, bytes - others);
	uint32_t least = bytes > others * room ? bytes - others * room : 1;

	return least + frame_random(state) % (most - least + 1);
}

struct rte_mbuf *
frame_to_mbuf(struct rte_mempool *pool, const uint8_t *buf, uint32_t len,
	      uint32_t nr_segs, uint64_t seed)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t need = (len + room - 1) / room;
	struct rte_mbuf *first = NULL, *m;
	uint32_t left, bytes;

	nr_segs = RTE_MIN(nr_segs, len);
	nr_segs = RTE_MAX(need, nr_segs);
	for (left = nr_segs; left > 0; left--) {
		m = rte_pktmbuf_alloc(pool);
		if (m == NULL) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		bytes = frame_cut(len, left, room, &seed);
		memcpy(rte_pktmbuf_append(m, bytes), buf, bytes);
		buf += bytes;
		len -= bytes;
		if (first == NULL)
			first = m;
		else
			rte_pktmbuf_chain(first, m);
	}
	return first;
}

const uint8_t *
frame_from_mbuf(const struct rte_mbuf *m, uint8_t *scratch)
{
	const struct rte_mbuf *seg;
	uint32_t len = 0, nr_segs = 0;

	if (m->pkt_len > FRAME_LEN_MAX)
		return NULL;
	for (seg = m; seg != NULL; seg = seg->next) {
		if (seg->data_len > m->pkt_len - len)
			return NULL;
		memcpy(scratch + len, rte_pktmbuf_mtod(seg, const uint8_t *),
			seg->data_len);
		len += seg->data_len;
		nr_segs++;
	}
	return len == m->pkt_len && nr_segs == m->nb_segs ? scratch : NULL;
}
