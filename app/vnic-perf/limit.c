/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "device_ring.h"
#include "limit.h"

/** One way; each index and each side's memory of the other on its own lines. */
struct spsc {
	_Alignas(2 * RTE_CACHE_LINE_SIZE) uint32_t tail; /**< published */
	_Alignas(2 * RTE_CACHE_LINE_SIZE) uint32_t head; /**< published */
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct {
		uint32_t tail;
		uint32_t head_seen;
	} producer;
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct {
		uint32_t head;
		uint32_t tail_seen;
	} consumer;
	uint32_t mask;
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct rte_mbuf **slot;
};

struct perf_limit {
	struct spsc to_driver;
	struct spsc to_device;
	struct rte_mempool *pool;
	unsigned int buf_offset; /**< from the mbuf to the header */
	unsigned int nr; /**< mbufs on their way */
	bool asked; /**< rtt: waiting for the answer */
};

static unsigned int
spsc_push(struct spsc *r, struct rte_mbuf **m, unsigned int nr)
{
	uint32_t tail = r->producer.tail;
	uint32_t room = r->mask + 1 - (tail - r->producer.head_seen);

	if (room < nr) {
		r->producer.head_seen = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
		room = r->mask + 1 - (tail - r->producer.head_seen);
		nr = RTE_MIN(nr, room);
	}
	for (unsigned int i = 0; i < nr; i++)
		r->slot[(tail + i) & r->mask] = m[i];
	r->producer.tail = tail + nr;
	__atomic_store_n(&r->tail, tail + nr, __ATOMIC_RELEASE);
	return nr;
}

static unsigned int
spsc_pop(struct spsc *r, struct rte_mbuf **m, unsigned int max)
{
	uint32_t head = r->consumer.head;
	uint32_t nr = r->consumer.tail_seen - head;

	if (nr < max) {
		r->consumer.tail_seen = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
		nr = r->consumer.tail_seen - head;
	}
	nr = RTE_MIN(nr, max);
	if (nr == 0)
		return 0;
	for (unsigned int i = 0; i < nr; i++)
		m[i] = r->slot[(head + i) & r->mask];
	r->consumer.head = head + nr;
	__atomic_store_n(&r->head, head + nr, __ATOMIC_RELEASE);
	return nr;
}

static int
spsc_init(struct spsc *r, unsigned int size)
{
	r->mask = size - 1;
	r->slot = rte_zmalloc("limit", size * sizeof(*r->slot), 2 * RTE_CACHE_LINE_SIZE);
	return r->slot == NULL ? -ENOMEM : 0;
}

/** The mbufs start on the side that waits for them. */
static int
limit_fill(struct perf *perf, struct perf_limit *limit)
{
	struct spsc *r = perf->opt.mode == PERF_TX ? &limit->to_driver : &limit->to_device;
	struct rte_mbuf *m = NULL;

	for (unsigned int i = 0; i < limit->nr; i++) {
		m = rte_pktmbuf_alloc(limit->pool);
		if (m == NULL)
			return -ENOMEM;
		memcpy(rte_pktmbuf_mtod(m, void *), perf->frame[0].bytes, PERF_PLAIN_BYTES);
		spsc_push(r, &m, 1);
	}
	limit->buf_offset = rte_pktmbuf_mtod(m, char *) - (char *)m - PERF_HDR_LEN;
	return 0;
}

int
perf_limit_open(struct perf *perf)
{
	struct perf_limit *limit;
	unsigned int nr = perf->opt.mode == PERF_RTT ? 1 : perf->opt.ring;

	limit = rte_zmalloc("limit", sizeof(*limit), 2 * RTE_CACHE_LINE_SIZE);
	if (limit == NULL)
		return -ENOMEM;
	perf->limit = limit;
	limit->nr = nr;
	limit->pool = rte_pktmbuf_pool_create("perf_limit", nr, 0, 0,
			RTE_PKTMBUF_HEADROOM + perf_frame_size_max(&perf->opt) + 64,
			SOCKET_ID_ANY);
	if (limit->pool == NULL)
		return -rte_errno;
	if (spsc_init(&limit->to_driver, perf->opt.ring) < 0 ||
	    spsc_init(&limit->to_device, perf->opt.ring) < 0)
		return -ENOMEM;
	return limit_fill(perf, limit);
}

void
perf_limit_close(struct perf *perf)
{
	struct perf_limit *limit = perf->limit;

	if (limit == NULL)
		return;
	rte_mempool_free(limit->pool);
	rte_free(limit->to_driver.slot);
	rte_free(limit->to_device.slot);
	rte_free(limit);
	perf->limit = NULL;
}

/* A frame is passed by its mbuf only together with its length. */
static void
lengths_write(const struct perf_options *opt, struct rte_mbuf **m, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		m[i]->data_len = perf_frame_size(opt, i);
		m[i]->pkt_len = m[i]->data_len;
	}
}

static void
lengths_read(struct rte_mbuf **m, unsigned int nr)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		rte_prefetch0(&m[i]->pkt_len);
	for (unsigned int i = 0; i < nr; i++)
		sum += m[i]->pkt_len;
	__asm__ volatile("" : : "r"(sum));
}

unsigned int
perf_limit_drive(struct perf_limit *limit, const struct perf_options *opt)
{
	struct rte_mbuf *m[PERF_BURST_MAX];
	unsigned int nr = spsc_pop(&limit->to_driver, m, opt->burst);

	if (nr == 0)
		return 0;
	if (opt->mode == PERF_TX)
		lengths_write(opt, m, nr);
	else if (opt->mode == PERF_RX)
		lengths_read(m, nr);
	return spsc_push(&limit->to_device, m, nr);
}

static __rte_always_inline uint8_t *
limit_buffer(const struct perf_limit *limit, struct rte_mbuf *m)
{
	return (uint8_t *)m + limit->buf_offset;
}

static void
frames_write(const struct perf_limit *limit, const struct perf *perf,
	     struct rte_mbuf **m, unsigned int nr)
{
	bool copy = perf->opt.copy;
	struct perf_source src = {
		.bytes = perf->frame[0].bytes, .copy = perf->opt.size,
	};

	for (unsigned int i = 0; i < nr; i++) {
		if (perf->opt.imix)
			src.copy = perf_frame_size(&perf->opt, i);
		perf_frame_write(limit_buffer(limit, m[i]), &src, copy);
	}
}

static unsigned int
frames_read(const struct perf_limit *limit, const struct perf *perf,
	    struct rte_mbuf **m, unsigned int nr)
{
	uint8_t sink[PERF_FRAME_MAX];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		rte_prefetch0(limit_buffer(limit, m[i]) + PERF_HDR_LEN);
	for (unsigned int i = 0; i < nr; i++) {
		const uint8_t *frame = limit_buffer(limit, m[i]) + PERF_HDR_LEN;

		sum += *(const uint64_t *)frame;
		if (!perf->opt.copy)
			continue;
		memcpy(sink, frame, perf_frame_size(&perf->opt, i));
		__asm__ volatile("" : : "r"(sink) : "memory");
	}
	__asm__ volatile("" : : "r"(sum));
	return nr;
}

unsigned int
perf_limit_serve(struct perf_limit *limit, const struct perf *perf)
{
	struct rte_mbuf *m[PERF_BURST_MAX];
	unsigned int nr = spsc_pop(&limit->to_device, m, perf->opt.device_burst);

	if (nr == 0)
		return 0;
	if (perf->opt.mode == PERF_RX) {
		for (unsigned int i = 0; i < nr; i++)
			perf_prefetch_write(&m[i]->pkt_len);
		frames_write(limit, perf, m, nr);
		lengths_write(&perf->opt, m, nr);
	} else if (perf->opt.mode == PERF_TX) {
		lengths_read(m, nr);
		frames_read(limit, perf, m, nr);
	}
	return spsc_push(&limit->to_driver, m, nr);
}

bool
perf_limit_rtt(struct perf_limit *limit, const struct perf *perf, uint64_t *cycles)
{
	struct rte_mbuf *m;
	uint64_t stamp;
	uint8_t *buf;
	bool answered;

	if (spsc_pop(&limit->to_device, &m, 1) == 0)
		return false;
	buf = limit_buffer(limit, m);
	memcpy(&stamp, buf + PERF_HDR_LEN + PERF_STAMP_OFFSET, sizeof(stamp));
	*cycles = rte_rdtsc() - stamp;
	answered = limit->asked;
	frames_write(limit, perf, &m, 1);
	stamp = rte_rdtsc();
	memcpy(buf + PERF_HDR_LEN + PERF_STAMP_OFFSET, &stamp, sizeof(stamp));
	spsc_push(&limit->to_driver, &m, 1);
	limit->asked = true;
	return answered;
}
