/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "sim_port.h"

#define FRAME_MAX 65536

static uint8_t pattern[FRAME_MAX + 256];

static void
pattern_init(void)
{
	uint64_t x = 88172645463325252;
	unsigned int i;

	for (i = 0; i < sizeof(pattern); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = x >> 32;
	}
}

/* Ethernet header of a made-up type, length and number, then the pattern
 * from an offset that the number decides. */
static void
frame_head(uint8_t head[22], uint32_t seq, uint32_t len)
{
	memset(head, 2, 12);
	head[12] = 0x88;
	head[13] = 0xb5;
	memcpy(&head[14], &seq, sizeof(seq));
	memcpy(&head[18], &len, sizeof(len));
}

void
frame_write(uint8_t *p, uint32_t seq, uint32_t len)
{
	if (pattern[0] == 0 && pattern[1] == 0)
		pattern_init();
	memcpy(p, &pattern[seq % 251], len);
	frame_head(p, seq, len);
}

uint32_t
frame_diff(const uint8_t *p, uint32_t seq, uint32_t len)
{
	uint8_t head[22];
	uint32_t i;

	frame_head(head, seq, len);
	for (i = 0; i < sizeof(head); i++)
		if (p[i] != head[i])
			return 1 + i;
	if (memcmp(p + i, &pattern[seq % 251 + i], len - i) == 0)
		return 0;
	while (p[i] == pattern[seq % 251 + i])
		i++;
	return 1 + i;
}

struct rte_mbuf *
frame_mbuf(struct rte_mempool *pool, uint32_t seq, uint32_t len, uint16_t segs)
{
	static __thread uint8_t flat[FRAME_MAX];
	struct rte_mbuf *head = NULL, *m;
	uint32_t off = 0, part;
	uint16_t i;

	frame_write(flat, seq, len);
	for (i = 0; i < segs; i++) {
		m = rte_pktmbuf_alloc(pool);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		part = i == segs - 1 ? len - off : len / segs;
		assert_true(part <= rte_pktmbuf_tailroom(m));
		memcpy(rte_pktmbuf_append(m, part), flat + off, part);
		off += part;
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

void
frame_check(const struct rte_mbuf *m, uint32_t seq, uint32_t len)
{
	static __thread uint8_t flat[FRAME_MAX];
	const struct rte_mbuf *seg;
	uint16_t segs = 0;
	uint32_t off = 0;

	assert_int_equal(m->pkt_len, len);
	for (seg = m; seg != NULL; seg = seg->next, segs++) {
		assert_true(seg->data_len <= seg->buf_len - seg->data_off);
		assert_true(off + seg->data_len <= len);
		assert_int_equal(rte_mbuf_refcnt_read(seg), 1);
		memcpy(flat + off, rte_pktmbuf_mtod(seg, uint8_t *),
		       seg->data_len);
		off += seg->data_len;
	}
	assert_int_equal(segs, m->nb_segs);
	assert_int_equal(off, len);
	if (frame_diff(flat, seq, len) != 0)
		print_error("frame %u of %u bytes differs at %u\n", seq, len,
			    frame_diff(flat, seq, len) - 1);
	assert_int_equal(frame_diff(flat, seq, len), 0);
}
