/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef SOFT_MBUF_H
#define SOFT_MBUF_H

#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

/**
 * @file
 * Mbufs without EAL. Every segment is an allocation of exactly its bytes, so
 * that a sanitizer sees a read or write beyond it.
 */

#define SEGS_MAX 3

static struct rte_mbuf segs[SEGS_MAX];

static inline void
chain_free(void)
{
	unsigned int i;

	for (i = 0; i < SEGS_MAX; i++) {
		free(segs[i].buf_addr);
		memset(&segs[i], 0, sizeof(segs[i]));
	}
}

/* @p len bytes in segments that end at @p at and @p at2. */
static inline struct rte_mbuf *
chain(const uint8_t *data, uint32_t len, uint32_t at, uint32_t at2)
{
	uint32_t ends[SEGS_MAX] = { RTE_MIN(at, len), RTE_MIN(at2, len), len };
	uint32_t from = 0, i, n = 0;

	chain_free();
	for (i = 0; i < SEGS_MAX; i++) {
		uint32_t part = ends[i] - from;

		if (part == 0 && (i > 0 || len > 0) && i < SEGS_MAX - 1)
			continue;
		if (part == 0 && n > 0)
			continue;
		segs[n].buf_addr = malloc(part);
		segs[n].buf_len = part;
		segs[n].data_len = part;
		memcpy(segs[n].buf_addr, data + from, part);
		if (n > 0)
			segs[n - 1].next = &segs[n];
		from = ends[i];
		n++;
	}
	segs[0].pkt_len = len;
	segs[0].nb_segs = n;
	segs[0].refcnt = 1;
	return &segs[0];
}

static inline struct rte_mbuf *
whole(const uint8_t *data, uint32_t len)
{
	return chain(data, len, len, len);
}

#endif /* SOFT_MBUF_H */
