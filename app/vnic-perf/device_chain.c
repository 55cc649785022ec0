/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdio.h>

#include "device_ring.h"

void
perf_device_fail(struct perf_device *dev, struct perf_vq *vq, const char *what,
		 uint64_t value)
{
	vq->ready = false;
	if (!atomic_exchange(&dev->failed, true))
		fprintf(stderr, "vnic-perf: device %s: queue %td: %s (0x%llx); the queue is stopped\n",
			dev->name, vq - dev->vq, what, (unsigned long long)value);
}

/** Append one descriptor's memory. */
static bool
chain_add(struct perf_device *dev, struct perf_vq *vq, struct perf_chain *chain,
	  uint64_t addr, uint32_t len)
{
	uint8_t *base = perf_translate(dev, vq, addr, len);

	if (base == NULL || chain->nr == PERF_CHAIN_MAX)
		return false;
	chain->seg[chain->nr].base = base;
	chain->seg[chain->nr].len = len;
	chain->nr++;
	chain->total += len;
	return true;
}

/** Follow the `next` links of `table`, a ring's or an indirect one. */
static bool
chain_walk_split(struct perf_device *dev, struct perf_vq *vq,
		 const struct vring_desc *table, unsigned int size,
		 uint16_t at, struct perf_chain *chain)
{
	for (unsigned int left = size; left > 0; left--) {
		const struct vring_desc *d = &table[at];

		if (!chain_add(dev, vq, chain, d->addr, d->len))
			return false;
		if (!(d->flags & VRING_DESC_F_NEXT))
			return true;
		at = d->next;
		if (at >= size)
			return false;
	}
	return false;
}

bool
perf_chain_split(struct perf_device *dev, struct perf_vq *vq, uint16_t head,
		 struct perf_chain *chain)
{
	const struct vring_desc *d = &vq->desc.split[head];
	const struct vring_desc *table;

	chain->nr = 0;
	chain->total = 0;
	vq->chains++;
	if (!(d->flags & VRING_DESC_F_INDIRECT))
		return chain_walk_split(dev, vq, vq->desc.split, vq->size, head,
					chain);
	table = (const void *)perf_translate(dev, vq, d->addr, d->len);
	if (table == NULL || d->len < sizeof(*table))
		return false;
	return chain_walk_split(dev, vq, table, d->len / sizeof(*table), 0, chain);
}

/** An indirect table of a packed ring is used from its first to its last. */
static bool
chain_table_packed(struct perf_device *dev, struct perf_vq *vq,
		   const struct vring_packed_desc *d, struct perf_chain *chain)
{
	const struct vring_packed_desc *table =
		(const void *)perf_translate(dev, vq, d->addr, d->len);

	if (table == NULL)
		return false;
	for (unsigned int i = 0; i < d->len / sizeof(*table); i++) {
		if (!chain_add(dev, vq, chain, table[i].addr, table[i].len))
			return false;
	}
	return chain->nr > 0;
}

bool
perf_chain_packed(struct perf_device *dev, struct perf_vq *vq, uint16_t slot,
		  struct perf_chain *chain)
{
	const struct vring_packed_desc *d = &vq->desc.packed[slot];

	chain->nr = 0;
	chain->total = 0;
	chain->nr_slots = 1;
	chain->id = d->id;
	vq->chains++;
	if (d->flags & VRING_DESC_F_INDIRECT)
		return chain_table_packed(dev, vq, d, chain);
	for (;;) {
		if (!chain_add(dev, vq, chain, d->addr, d->len))
			return false;
		chain->id = d->id;
		if (!(d->flags & VRING_DESC_F_NEXT))
			return true;
		slot = slot + 1 == vq->size ? 0 : slot + 1;
		d = &vq->desc.packed[slot];
		chain->nr_slots++;
	}
}

/** Write `len` bytes at `offset` of the chain. */
static void
chain_put(const struct perf_chain *chain, uint32_t offset, const uint8_t *from,
	  unsigned int len)
{
	for (unsigned int i = 0; i < chain->nr && len > 0; i++) {
		uint32_t room = chain->seg[i].len, n;

		if (offset >= room) {
			offset -= room;
			continue;
		}
		n = RTE_MIN(room - offset, len);
		memcpy(chain->seg[i].base + offset, from, n);
		from += n;
		len -= n;
		offset = 0;
	}
}

bool
perf_chain_write(const struct perf_chain *chain, const uint8_t *frame,
		 unsigned int copy_len, unsigned int size)
{
	uint8_t hdr[PERF_HDR_LEN];

	if (chain->total < PERF_HDR_LEN + size)
		return false;
	perf_header_write(hdr);
	chain_put(chain, 0, hdr, sizeof(hdr));
	chain_put(chain, PERF_HDR_LEN, frame, copy_len);
	return true;
}

const uint8_t *
perf_chain_frame(const struct perf_chain *chain)
{
	uint32_t offset = PERF_HDR_LEN;

	for (unsigned int i = 0; i < chain->nr; i++) {
		if (offset < chain->seg[i].len &&
		    chain->seg[i].len - offset >= sizeof(uint64_t))
			return chain->seg[i].base + offset;
		if (offset < chain->seg[i].len)
			return NULL;
		offset -= chain->seg[i].len;
	}
	return NULL;
}

void
perf_chain_read(const struct perf_chain *chain, uint8_t *to, unsigned int max)
{
	uint32_t skip = PERF_HDR_LEN;

	for (unsigned int i = 0; i < chain->nr && max > 0; i++) {
		uint32_t from = RTE_MIN(skip, chain->seg[i].len);
		uint32_t n = RTE_MIN(chain->seg[i].len - from, max);

		skip -= from;
		memcpy(to, chain->seg[i].base + from, n);
		to += n;
		max -= n;
	}
}
