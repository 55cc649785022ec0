/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef MINI_DRIVER_H
#define MINI_DRIVER_H

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <devsim.h>

/**
 * @file
 * The smallest driver that can speak to devsim: one buffer at a time, no
 * speed, nothing of lib/vring. Its only purpose is that devsim is proven by
 * something other than the driver that devsim is to prove.
 */

#define MINI_SIZE 16
#define MINI_SEGS 4

struct mini_ring {
	bool packed;
	bool indirect;
	bool in_order;
	bool write;		/**< receive ring */
	union {
		struct vring_desc desc[MINI_SIZE];
		struct vring_packed_desc pdesc[MINI_SIZE];
	} __attribute__((aligned(16)));
	uint8_t driver[64] __attribute__((aligned(16)));
	uint8_t device[256] __attribute__((aligned(16)));
	struct vring_desc tables[MINI_SIZE][MINI_SEGS];

	uint16_t next;		/**< split: free-running; packed: slot */
	bool wrap;
	uint16_t used;		/**< split: free-running; packed: slot */
	bool used_wrap;
	uint16_t free_desc;	/**< ring descriptors not in use */
	uint16_t cursor;	/**< split: next descriptor to use */
	uint16_t slots[MINI_SIZE];	/**< descriptors by id, 0 = free */
};

struct mini_seg {
	void *addr;
	uint32_t len;
};

static inline void
mini_init(struct mini_ring *r, bool packed, bool indirect, bool in_order,
	  bool write)
{
	memset(r, 0, sizeof(*r));
	r->packed = packed;
	r->indirect = indirect;
	r->in_order = in_order;
	r->write = write;
	r->wrap = true;
	r->used_wrap = true;
	r->free_desc = MINI_SIZE;
}

static inline struct devsim_ring
mini_areas(struct mini_ring *r)
{
	struct devsim_ring a = { MINI_SIZE, 0, r->desc, r->driver, r->device };

	return a;
}

static inline struct vring_avail *
mini_avail(struct mini_ring *r)
{
	return (struct vring_avail *)(void *)r->driver;
}

static inline struct vring_used *
mini_used(struct mini_ring *r)
{
	return (struct vring_used *)(void *)r->device;
}

/** Post without indirect and contiguous in the table, so IN_ORDER holds. */
static inline int
mini_post_split(struct mini_ring *r, const struct mini_seg *segs, int n)
{
	uint16_t flags = r->write ? VRING_DESC_F_WRITE : 0;
	uint16_t head = r->cursor;
	int i, ring_n = r->indirect ? 1 : n;

	if (r->free_desc < ring_n)
		return -1;
	for (i = 0; i < n; i++) {
		uint16_t slot = (head + i) % MINI_SIZE;
		struct vring_desc *d = r->indirect ? &r->tables[head][i] :
			&r->desc[slot];

		d->addr = (uintptr_t)segs[i].addr;
		d->len = segs[i].len;
		d->flags = flags | (i < n - 1 ? VRING_DESC_F_NEXT : 0);
		d->next = r->indirect ? i + 1 : (slot + 1) % MINI_SIZE;
	}
	if (r->indirect) {
		r->desc[head].addr = (uintptr_t)r->tables[head];
		r->desc[head].len = n * sizeof(struct vring_desc);
		r->desc[head].flags = VRING_DESC_F_INDIRECT;
	}
	assert(r->slots[head] == 0);
	r->slots[head] = ring_n;
	r->cursor = (head + ring_n) % MINI_SIZE;
	r->free_desc -= ring_n;
	mini_avail(r)->ring[r->next % MINI_SIZE] = head;
	atomic_store_explicit((_Atomic uint16_t *)&mini_avail(r)->idx,
			      (uint16_t)++r->next, memory_order_release);
	return head;
}

static inline int
mini_post_packed(struct mini_ring *r, const struct mini_seg *segs, int n)
{
	uint16_t first_flags = 0, first = r->next, id = r->next;
	int i, ring_n = r->indirect ? 1 : n;

	while (r->slots[id] != 0)
		id = (id + 1) % MINI_SIZE;
	if (r->free_desc < ring_n)
		return -1;
	for (i = 0; i < ring_n; i++) {
		struct vring_packed_desc *d = &r->pdesc[r->next];
		uint16_t flags = r->wrap ? VRING_PACKED_DESC_F_AVAIL :
			VRING_PACKED_DESC_F_USED;

		d->addr = (uintptr_t)segs[i].addr;
		d->len = segs[i].len;
		d->id = id;
		flags |= r->write ? VRING_DESC_F_WRITE : 0;
		flags |= i < ring_n - 1 ? VRING_DESC_F_NEXT : 0;
		if (r->indirect)
			flags |= VRING_DESC_F_INDIRECT;
		if (i == 0)
			first_flags = flags;
		else
			d->flags = flags;
		r->next = (r->next + 1) % MINI_SIZE;
		r->wrap ^= r->next == 0;
	}
	for (i = 0; r->indirect && i < n; i++) {
		struct vring_packed_desc *t = (void *)&r->tables[id][i];

		t->addr = (uintptr_t)segs[i].addr;
		t->len = segs[i].len;
		t->flags = r->write ? VRING_DESC_F_WRITE : 0;
	}
	if (r->indirect) {
		r->pdesc[first].addr = (uintptr_t)r->tables[id];
		r->pdesc[first].len = n * sizeof(struct vring_desc);
		first_flags &= ~VRING_DESC_F_WRITE;
	}
	r->slots[id] = ring_n;
	r->free_desc -= ring_n;
	atomic_store_explicit((_Atomic uint16_t *)&r->pdesc[first].flags,
			      first_flags, memory_order_release);
	return id;
}

/** @return the buffer's id, or -1 for a full ring. */
static inline int
mini_post(struct mini_ring *r, const struct mini_seg *segs, int n)
{
	return r->packed ? mini_post_packed(r, segs, n) :
		mini_post_split(r, segs, n);
}

static inline void
mini_free(struct mini_ring *r, uint16_t id)
{
	assert(id < MINI_SIZE && r->slots[id] != 0);
	r->free_desc += r->slots[id];
	if (r->packed)
		r->used += r->slots[id];
	if (r->packed && r->used >= MINI_SIZE) {
		r->used -= MINI_SIZE;
		r->used_wrap = !r->used_wrap;
	}
	r->slots[id] = 0;
}

/** Take one used entry. @return its id, or -1 if there is none. */
static inline int
mini_take(struct mini_ring *r, uint32_t *len)
{
	uint16_t id, flags;

	if (r->packed) {
		struct vring_packed_desc *d = &r->pdesc[r->used];

		flags = atomic_load_explicit((_Atomic uint16_t *)&d->flags,
					     memory_order_acquire);
		if (!!(flags & VRING_PACKED_DESC_F_AVAIL) != r->used_wrap ||
		    !!(flags & VRING_PACKED_DESC_F_USED) != r->used_wrap)
			return -1;
		id = d->id;
		*len = d->len;
	} else {
		if (atomic_load_explicit(
			(_Atomic uint16_t *)&mini_used(r)->idx,
			memory_order_acquire) == r->used)
			return -1;
		id = mini_used(r)->ring[r->used % MINI_SIZE].id;
		*len = mini_used(r)->ring[r->used++ % MINI_SIZE].len;
	}
	mini_free(r, id);
	return id;
}

/** Status machine up to DRIVER_OK over two rings of pair 0. */
static inline void
mini_start(struct devsim *dev, struct virtio_features f, struct mini_ring *rx,
	   struct mini_ring *tx)
{
	struct devsim_ring ra = mini_areas(rx), ta = mini_areas(tx);
	uint8_t s = VIRTIO_STATUS_ACKNOWLEDGE;
	int rc;

	devsim_status_set(dev, 0);
	devsim_status_set(dev, s);
	devsim_status_set(dev, s |= VIRTIO_STATUS_DRIVER);
	devsim_features_set(dev, f);
	devsim_status_set(dev, s |= VIRTIO_STATUS_FEATURES_OK);
	rc = devsim_queue_enable(dev, 0, &ra);
	assert(rc == 0);
	rc = devsim_queue_enable(dev, 1, &ta);
	assert(rc == 0);
	(void)rc;
	devsim_status_set(dev, s | VIRTIO_STATUS_DRIVER_OK);
}

#endif /* MINI_DRIVER_H */
