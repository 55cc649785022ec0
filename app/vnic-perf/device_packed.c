/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "device_ring.h"

/* Device half of the packed virtqueue, virtio 1.4 section 2.8. */

struct packed_buf {
	uint8_t *base; /**< NULL: a chain */
	uint32_t len; /**< given by the driver, then used */
	uint16_t slot;
	uint16_t id;
	bool wrap; /**< of the used descriptor */
};

struct packed_batch {
	unsigned int nr;
	uint16_t next; /**< slot after the batch */
	bool wrap;
	struct packed_buf buf[PERF_BURST_MAX];
};

static __rte_always_inline bool
desc_available(uint16_t flags, bool wrap)
{
	uint16_t bits = flags & (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED);

	return bits == (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED);
}

/** Step over the slots of a chain of `nr`. */
static __rte_always_inline void
batch_step(const struct perf_vq *vq, struct packed_batch *b, uint16_t nr)
{
	b->next += nr;
	if (b->next >= vq->size) {
		b->next -= vq->size;
		b->wrap = !b->wrap;
	}
}

/** Length and id of a chain; its content is looked at when it is played. */
static __rte_noinline bool
take_chain(struct perf_device *dev, struct perf_vq *vq, struct packed_batch *b)
{
	struct packed_buf *buf = &b->buf[b->nr];
	struct perf_chain chain;

	if (!perf_chain_packed(dev, vq, b->next, &chain)) {
		perf_device_fail(dev, vq, "buffer malformed", b->next);
		return false;
	}
	buf->base = NULL;
	buf->id = chain.id;
	buf->len = chain.total;
	batch_step(vq, b, chain.nr_slots);
	return true;
}

/*
 * All lines of the batch at once, instead of one after another as the flags are
 * looked at: 5 % more sent frames. Not before the first descriptor is
 * available: lines that the driver is about to write are best left with it.
 */
static __rte_always_inline void
batch_prefetch(const struct perf_vq *vq, unsigned int max)
{
	const unsigned int per_line = PERF_LINE / sizeof(struct vring_packed_desc);

	for (unsigned int i = per_line; i < max; i += per_line) {
		unsigned int slot = vq->next + i;

		if (slot >= vq->size)
			slot -= vq->size;
		rte_prefetch0(&vq->desc.packed[slot]);
	}
}

static __rte_always_inline void
batch_take(struct perf_device *dev, struct perf_vq *vq, unsigned int max,
	   struct packed_batch *b, bool write)
{
	b->next = vq->next;
	b->wrap = vq->wrap;
	b->nr = 0;
	if (!desc_available(__atomic_load_n(&vq->desc.packed[b->next].flags,
					    __ATOMIC_RELAXED), b->wrap))
		return;
	batch_prefetch(vq, RTE_MIN(max, vq->size));
	for (; b->nr < max; b->nr++) {
		const struct vring_packed_desc *d = &vq->desc.packed[b->next];
		struct packed_buf *buf = &b->buf[b->nr];
		/* Pairs with the driver's release of the flags, written last. */
		uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);

		if (!desc_available(flags, b->wrap))
			break;
		buf->slot = b->next;
		buf->wrap = b->wrap;
		if (unlikely(flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))) {
			if (!take_chain(dev, vq, b))
				break;
			continue;
		}
		buf->id = d->id;
		buf->len = d->len;
		buf->base = perf_translate(dev, vq, d->addr, d->len);
		if (unlikely(buf->base == NULL)) {
			perf_device_fail(dev, vq, "buffer outside the memory given", d->addr);
			break;
		}
		batch_step(vq, b, 1);
		if (write) {
			perf_prefetch_write(buf->base);
			perf_prefetch_write(buf->base + PERF_LINE);
		} else {
			rte_prefetch0(buf->base + PERF_HDR_LEN);
		}
	}
}

/** Write a used descriptor: length, id and flags lie in one aligned word. */
static __rte_always_inline void
used_put(struct perf_vq *vq, const struct packed_buf *buf, uint16_t id,
	 uint16_t write_flag)
{
	uint16_t flags = write_flag |
		(buf->wrap ? VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED : 0);
	uint64_t word = buf->len | (uint64_t)id << 32 | (uint64_t)flags << 48;
	perf_u64_alias *to = (perf_u64_alias *)&vq->desc.packed[buf->slot].len;

	/* Pairs with the driver's acquire of the flags. */
	__atomic_store_n(to, word, __ATOMIC_RELEASE);
}

/** Return the batch; the first descriptor last, so that it is seen at once. */
static __rte_always_inline void
batch_return(struct perf_vq *vq, const struct packed_batch *b, bool write,
	     bool skip)
{
	uint16_t flag = write ? VRING_DESC_F_WRITE : 0;

	/* In order, one descriptor may stand for all up to its id (2.8.9). */
	if (skip) {
		used_put(vq, &b->buf[0], b->buf[b->nr - 1].id, flag);
	} else {
		for (unsigned int i = b->nr - 1; i > 0; i--)
			used_put(vq, &b->buf[i], b->buf[i].id, flag);
		used_put(vq, &b->buf[0], b->buf[0].id, flag);
	}
	vq->next = b->next;
	vq->wrap = b->wrap;
	vq->frames += b->nr;
}

static __rte_noinline bool
rx_chain(struct perf_device *dev, struct perf_vq *vq, uint16_t slot,
	 const struct perf_source *src)
{
	struct perf_chain chain;

	if (perf_chain_packed(dev, vq, slot, &chain) &&
	    perf_chain_write(&chain, src->bytes, src->copy, src->size))
		return true;
	perf_device_fail(dev, vq, "receive buffer malformed or too short", slot);
	return false;
}

static __rte_always_inline unsigned int
packed_rx(struct perf_device *dev, struct perf_vq *vq, unsigned int max, bool copy,
	  bool vary)
{
	struct perf_source src = perf_source_plain(dev);
	struct packed_batch b;

	batch_take(dev, vq, max, &b, true);
	if (b.nr == 0)
		return 0;
	for (unsigned int i = 0; i < b.nr; i++) {
		struct packed_buf *buf = &b.buf[i];

		if (vary)
			src = perf_source_next(dev, vq, copy);
		if (likely(buf->base != NULL && buf->len >= PERF_HDR_LEN + src.size))
			perf_frame_write(buf->base, &src, copy);
		else if (!rx_chain(dev, vq, buf->slot, &src))
			return 0;
		buf->len = PERF_HDR_LEN + src.size;
	}
	batch_return(vq, &b, true, false);
	return b.nr;
}

static __rte_noinline bool
tx_chain(struct perf_device *dev, struct perf_vq *vq, uint16_t slot, bool copy)
{
	struct perf_chain chain;
	const uint8_t *frame;

	if (!perf_chain_packed(dev, vq, slot, &chain) ||
	    (frame = perf_chain_frame(&chain)) == NULL) {
		perf_device_fail(dev, vq, "sent buffer malformed", slot);
		return false;
	}
	perf_frame_look(dev, vq, frame, chain.total - PERF_HDR_LEN);
	if (copy)
		perf_chain_read(&chain, dev->sink, PERF_FRAME_MAX);
	return true;
}

static __rte_always_inline unsigned int
packed_tx(struct perf_device *dev, struct perf_vq *vq, unsigned int max, bool copy)
{
	struct packed_batch b;

	batch_take(dev, vq, max, &b, false);
	if (b.nr == 0)
		return 0;
	for (unsigned int i = 0; i < b.nr; i++) {
		struct packed_buf *buf = &b.buf[i];
		uint32_t len = buf->len - PERF_HDR_LEN;

		if (likely(buf->base != NULL && buf->len >= PERF_HDR_LEN + 14)) {
			perf_frame_look(dev, vq, buf->base + PERF_HDR_LEN, len);
			if (copy)
				memcpy(dev->sink, buf->base + PERF_HDR_LEN,
				       RTE_MIN(len, (uint32_t)PERF_FRAME_MAX));
		} else if (!tx_chain(dev, vq, buf->slot, copy)) {
			return 0;
		}
		buf->len = 0;
	}
	batch_return(vq, &b, false, dev->skip_used);
	return b.nr;
}

unsigned int
perf_packed_rx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (dev->opt->copy)
		return packed_rx(dev, vq, max, true, true);
	if (dev->opt->imix)
		return packed_rx(dev, vq, max, false, true);
	return packed_rx(dev, vq, max, false, false);
}

unsigned int
perf_packed_tx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (dev->opt->copy)
		return packed_tx(dev, vq, max, true);
	return packed_tx(dev, vq, max, false);
}
