/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_DEVICE_RING_H
#define PERF_DEVICE_RING_H

#include <string.h>

#include <rte_prefetch.h>

#include "device.h"

/** @file What the split and the packed device side have in common. */

#define PERF_LINE RTE_CACHE_LINE_SIZE

/* Words laid over fields of the ring's structs. */
typedef uint16_t __attribute__((may_alias)) perf_u16_alias;
typedef uint64_t __attribute__((may_alias)) perf_u64_alias;

/** avail_event lies behind the used ring (2.7.8). */
static inline void
perf_avail_event_set(struct perf_vq *vq, uint16_t idx)
{
	*(volatile perf_u16_alias *)(vq->used->ring + vq->size) = idx;
}

/** Address here of `len` bytes at a descriptor's address, or NULL. */
static __rte_always_inline uint8_t *
perf_translate(const struct perf_device *dev, struct perf_vq *vq, uint64_t addr,
	       uint32_t len)
{
	uint64_t offset = addr - vq->near_guest;

	if (likely(offset < vq->near_size && len <= vq->near_size - offset))
		return vq->near_host + offset;
	return perf_mem_guest(dev, vq, addr, len);
}

/** The line is about to be written. */
static __rte_always_inline void
perf_prefetch_write(void *p)
{
	__builtin_prefetch(p, 1, 3);
}

/** Frame that the device writes next, and how much of it is really copied. */
struct perf_source {
	const uint8_t *bytes;
	unsigned int size; /**< length that the driver is told */
	unsigned int copy;
};

/* The plain back end writes one line of a frame, whatever its length. */
#define PERF_PLAIN_BYTES 64

/** The same frame every time. */
static __rte_always_inline struct perf_source
perf_source_plain(const struct perf_device *dev)
{
	return (struct perf_source){
		.bytes = dev->frame->bytes,
		.size = dev->opt->size,
		.copy = PERF_PLAIN_BYTES,
	};
}

/** The next of a mix, or of the frames to copy. */
static __rte_always_inline struct perf_source
perf_source_next(const struct perf_device *dev, struct perf_vq *vq, bool copy)
{
	struct perf_source src = perf_source_plain(dev);
	unsigned int i = vq->next_source++;

	src.size = perf_frame_size(dev->opt, i);
	if (copy) {
		src.copy = src.size;
		src.bytes = dev->sources + (i % PERF_SOURCES) * dev->source_step;
	}
	return src;
}

/** Header without offloads, one buffer a frame: flags 0, num_buffers 1. */
static __rte_always_inline void
perf_header_write(uint8_t *hdr)
{
	const uint64_t low = 0;
	const uint32_t high = 1U << 16;

	memcpy(hdr, &low, sizeof(low));
	memcpy(hdr + sizeof(low), &high, sizeof(high));
}

static __rte_always_inline void
perf_frame_write(uint8_t *buf, const struct perf_source *src, bool copy)
{
	perf_header_write(buf);
	if (copy)
		memcpy(buf + PERF_HDR_LEN, src->bytes, src->copy);
	else
		memcpy(buf + PERF_HDR_LEN, src->bytes, PERF_PLAIN_BYTES);
}

/** Look at one line of a sent frame, as little as any receiver would. */
static __rte_always_inline void
perf_frame_look(struct perf_device *dev, struct perf_vq *vq,
		const uint8_t *frame, uint32_t frame_len)
{
	uint64_t got, want;

	memcpy(&got, frame, sizeof(got));
	memcpy(&want, dev->frame->bytes, sizeof(want));
	vq->bad += got != want;
	vq->bytes += frame_len;
	vq->last_data = frame;
}

#endif /* PERF_DEVICE_RING_H */
