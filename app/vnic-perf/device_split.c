/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "device_ring.h"

/* Device half of the split virtqueue, virtio 1.4 section 2.7. */

/** Buffers of one poll: heads, and where each is if it is one descriptor. */
struct split_batch {
	unsigned int nr;
	uint16_t head[PERF_BURST_MAX];
	uint32_t len[PERF_BURST_MAX];
	uint8_t *base[PERF_BURST_MAX]; /**< NULL: a chain */
};

/*
 * With EVENT_IDX the driver kicks when it passes avail_event (2.7.10); an entry
 * just behind what was taken is passed only after a whole lap of the index.
 */
#define EVENT_REFRESH 16384

static void
event_push(struct perf_device *dev, struct perf_vq *vq, unsigned int nr)
{
	vq->event_age += nr;
	if (!dev->event_idx || vq->event_age < EVENT_REFRESH)
		return;
	vq->event_age = 0;
	perf_avail_event_set(vq, vq->next - 1);
}

/** Take what the driver made available, at most `max`; look up the heads. */
static __rte_always_inline void
batch_take(struct perf_device *dev, struct perf_vq *vq, unsigned int max,
	   struct split_batch *b)
{
	/* Pairs with the driver's release of avail->idx after its entries. */
	uint16_t idx = __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
	uint16_t mask = vq->size - 1, next = vq->next;
	unsigned int nr = (uint16_t)(idx - next);

	b->nr = 0;
	if (nr == 0)
		return;
	if (unlikely(nr > vq->size)) {
		perf_device_fail(dev, vq, "available index runs ahead of the ring", idx);
		return;
	}
	nr = RTE_MIN(nr, max);
	for (unsigned int i = 0; i < nr; i++) {
		uint16_t head = vq->avail->ring[(next + i) & mask];

		if (unlikely(head >= vq->size)) {
			perf_device_fail(dev, vq, "available entry beyond the table", head);
			return;
		}
		b->head[i] = head;
		rte_prefetch0(&vq->desc.split[head]);
	}
	b->nr = nr;
}

/** Translate the heads; `at` is where in the buffer the work will be. */
static __rte_always_inline void
batch_translate(struct perf_device *dev, struct perf_vq *vq,
		struct split_batch *b, bool write)
{
	for (unsigned int i = 0; i < b->nr; i++) {
		const struct vring_desc *d = &vq->desc.split[b->head[i]];
		uint8_t *base = NULL;

		b->len[i] = d->len;
		if (likely(!(d->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))))
			base = perf_translate(dev, vq, d->addr, d->len);
		b->base[i] = base;
		if (unlikely(base == NULL))
			continue;
		if (write) {
			perf_prefetch_write(base);
			perf_prefetch_write(base + PERF_LINE);
		} else {
			rte_prefetch0(base + PERF_HDR_LEN);
		}
	}
}

static __rte_always_inline void
used_put(struct perf_vq *vq, unsigned int i, uint16_t head, uint32_t len)
{
	/* One store of eight bytes: id in the low half. */
	uint64_t elem = head | (uint64_t)len << 32;

	memcpy(&vq->used->ring[(uint16_t)(vq->next + i) & (vq->size - 1)], &elem,
	       sizeof(elem));
}

static __rte_always_inline void
used_publish(struct perf_device *dev, struct perf_vq *vq, unsigned int nr)
{
	vq->next += nr;
	vq->frames += nr;
	/* Pairs with the driver's acquire of used->idx before the entries. */
	__atomic_store_n(&vq->used->idx, vq->next, __ATOMIC_RELEASE);
	event_push(dev, vq, nr);
}

static __rte_noinline bool
rx_chain(struct perf_device *dev, struct perf_vq *vq, uint16_t head,
	 const struct perf_source *src)
{
	struct perf_chain chain;

	if (perf_chain_split(dev, vq, head, &chain) &&
	    perf_chain_write(&chain, src->bytes, src->copy, src->size))
		return true;
	perf_device_fail(dev, vq, "receive buffer malformed or too short", head);
	return false;
}

static __rte_always_inline unsigned int
split_rx(struct perf_device *dev, struct perf_vq *vq, unsigned int max, bool copy,
	 bool vary)
{
	struct perf_source src = perf_source_plain(dev);
	struct split_batch b;

	batch_take(dev, vq, max, &b);
	if (b.nr == 0)
		return 0;
	batch_translate(dev, vq, &b, true);
	for (unsigned int i = 0; i < b.nr; i++) {
		if (vary)
			src = perf_source_next(dev, vq, copy);
		if (likely(b.base[i] != NULL &&
			   b.len[i] >= PERF_HDR_LEN + src.size))
			perf_frame_write(b.base[i], &src, copy);
		else if (!rx_chain(dev, vq, b.head[i], &src))
			return 0;
		used_put(vq, i, b.head[i], PERF_HDR_LEN + src.size);
	}
	used_publish(dev, vq, b.nr);
	return b.nr;
}

static __rte_noinline bool
tx_chain(struct perf_device *dev, struct perf_vq *vq, uint16_t head, bool copy)
{
	struct perf_chain chain;
	const uint8_t *frame;

	if (!perf_chain_split(dev, vq, head, &chain) ||
	    (frame = perf_chain_frame(&chain)) == NULL) {
		perf_device_fail(dev, vq, "sent buffer malformed", head);
		return false;
	}
	perf_frame_look(dev, vq, frame, chain.total - PERF_HDR_LEN);
	if (copy)
		perf_chain_read(&chain, dev->sink, PERF_FRAME_MAX);
	return true;
}

static __rte_always_inline unsigned int
split_tx(struct perf_device *dev, struct perf_vq *vq, unsigned int max, bool copy)
{
	struct split_batch b;

	batch_take(dev, vq, max, &b);
	if (b.nr == 0)
		return 0;
	batch_translate(dev, vq, &b, false);
	for (unsigned int i = 0; i < b.nr; i++) {
		uint32_t len = b.len[i] - PERF_HDR_LEN;

		if (likely(b.base[i] != NULL && b.len[i] >= PERF_HDR_LEN + 14)) {
			perf_frame_look(dev, vq, b.base[i] + PERF_HDR_LEN, len);
			if (copy)
				memcpy(dev->sink, b.base[i] + PERF_HDR_LEN,
				       RTE_MIN(len, (uint32_t)PERF_FRAME_MAX));
		} else if (!tx_chain(dev, vq, b.head[i], copy)) {
			return 0;
		}
		used_put(vq, i, b.head[i], 0);
	}
	used_publish(dev, vq, b.nr);
	return b.nr;
}

unsigned int
perf_split_rx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (dev->opt->copy)
		return split_rx(dev, vq, max, true, true);
	if (dev->opt->imix)
		return split_rx(dev, vq, max, false, true);
	return split_rx(dev, vq, max, false, false);
}

unsigned int
perf_split_tx(struct perf_device *dev, struct perf_vq *vq, unsigned int max)
{
	if (dev->opt->copy)
		return split_tx(dev, vq, max, true);
	return split_tx(dev, vq, max, false);
}
