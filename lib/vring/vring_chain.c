/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "vring_chain.h"

/*
 * By id (split: index of the chain's first descriptor, packed: buffer id):
 * cookie[], and id_slot[] holds the number of descriptors, 0 while free.
 * slot_len[] holds the number of the post, for the order of reclaiming.
 * Split: next[] is the private copy of the chain, slot_id[] the ids in the
 * order in which they were made available.
 */

void
vring_chain_init(struct vring *vr)
{
	uint16_t i;

	for (i = 0; i <= vr->mask; i++) {
		vr->free_ids[i] = i;
		/* No id: the avail ring says nothing yet. */
		vr->slot_id[i] = UINT16_MAX;
		vr->id_slot[i] = 0;
		vr->cookie[i] = NULL;
	}
	vr->free_head = 0;
	vr->free_tail = 0;
	vr->nr_free = vring_size(vr);
}

static uint16_t
id_get(struct vring *vr)
{
	return vr->free_ids[vr->free_head++ & vr->mask];
}

static void
id_put(struct vring *vr, uint16_t id)
{
	vr->free_ids[vr->free_tail++ & vr->mask] = id;
}

static uint16_t
chain_flags(uint16_t i, uint16_t nr_read, uint16_t total)
{
	return (i < nr_read ? 0 : VRING_DESC_F_WRITE) |
		(i + 1 < total ? VRING_DESC_F_NEXT : 0);
}

static uint16_t
chain_post_split(struct vring *vr, const struct vring_seg *segs,
		 uint16_t nr_read, uint16_t total)
{
	uint16_t head = id_get(vr);
	uint16_t id = head, i;
	uint16_t slot = vr->avail_idx & vr->mask;

	for (i = 0; i < total; i++) {
		struct vring_desc *d = &vr->split.desc[id];
		uint16_t next = i + 1 < total ? id_get(vr) : 0;

		d->addr = rte_cpu_to_le_64(segs[i].addr);
		d->len = rte_cpu_to_le_32(segs[i].len);
		d->flags = rte_cpu_to_le_16(chain_flags(i, nr_read, total));
		d->next = rte_cpu_to_le_16(next);
		vr->next[id] = next;
		id = next;
	}
	vr->slot_id[slot] = head;
	vring_store16(&vr->split.avail->ring[slot], rte_cpu_to_le_16(head));
	vring_store16(&vr->avail_idx, vr->avail_idx + 1);
	return head;
}

static uint16_t
chain_post_packed(struct vring *vr, const struct vring_seg *segs,
		  uint16_t nr_read, uint16_t total)
{
	uint16_t id = id_get(vr);
	uint16_t i;

	/* Backwards, so that the head's flags come last (section 2.8.6). */
	for (i = total; i-- > 0;) {
		uint16_t idx = vr->avail_idx + i;
		struct vring_packed_desc *d =
			&vr->packed.desc[idx & vr->mask];
		uint16_t flags = chain_flags(i, nr_read, total) |
			vring_packed_avail_flags(vr, idx);

		d->addr = rte_cpu_to_le_64(segs[i].addr);
		d->len = rte_cpu_to_le_32(segs[i].len);
		d->id = rte_cpu_to_le_16(id);
		vring_store_release16(&d->flags, rte_cpu_to_le_16(flags));
	}
	vr->slot_id[vr->avail_idx & vr->mask] = id;
	vring_store16(&vr->avail_idx, vr->avail_idx + total);
	return id;
}

int
vring_chain_post(struct vring *vr, bool packed, const struct vring_seg *segs,
		 uint16_t nr_read, uint16_t nr_write, void *cookie)
{
	uint16_t total = nr_read + nr_write;
	uint16_t id;

	if (total > vr->nr_free)
		return -ENOSPC;
	id = packed ? chain_post_packed(vr, segs, nr_read, total) :
		chain_post_split(vr, segs, nr_read, total);
	vr->nr_free -= total;
	vr->id_slot[id] = total;
	vr->slot_len[id] = vr->posted++;
	vr->cookie[id] = cookie;
	return 0;
}

void
vring_chain_publish(struct vring *vr, bool packed)
{
	if (!packed)
		vring_store_release16(&vr->split.avail->idx,
				      rte_cpu_to_le_16(vr->avail_idx));
}

/* Give a buffer's descriptors back to the free list. */
static __rte_always_inline void *
chain_free(struct vring *vr, const bool packed, uint16_t id)
{
	void *cookie = vr->cookie[id];
	uint16_t total = vr->id_slot[id];
	uint16_t i, d = id;

	for (i = 0; i < (packed ? 1 : total); i++) {
		id_put(vr, d);
		d = vr->next[d];
	}
	vr->nr_free += total;
	vr->id_slot[id] = 0;
	vr->cookie[id] = NULL;
	vring_store16(&vr->used_idx, vr->used_idx + (packed ? total : 1));
	return cookie;
}

/* The id at used_idx, or -EAGAIN, or -EPROTO. */
static __rte_always_inline int32_t
chain_used_split(struct vring *vr, uint32_t *len)
{
	const struct vring_used_elem *e;
	uint32_t id;

	if (vr->used_seen == vr->used_idx)
		vr->used_seen = rte_le_to_cpu_16(
			vring_load_acquire16(&vr->split.used->idx));
	if (vr->used_seen == vr->used_idx)
		return -EAGAIN;
	if ((uint16_t)(vr->used_seen - vr->used_idx) > vring_outstanding(vr)) {
		vring_set_fault(vr, VRING_FAULT_USED_IDX);
		return -EPROTO;
	}
	e = &vr->split.used->ring[vr->used_idx & vr->mask];
	id = rte_le_to_cpu_32(__atomic_load_n(&e->id, __ATOMIC_RELAXED));
	*len = rte_le_to_cpu_32(__atomic_load_n(&e->len, __ATOMIC_RELAXED));
	return id > vr->mask ? -EPROTO : (int32_t)id;
}

static __rte_always_inline int32_t
chain_used_packed(struct vring *vr, uint32_t *len)
{
	const struct vring_packed_desc *d =
		&vr->packed.desc[vr->used_idx & vr->mask];
	uint16_t flags, id;

	if (vring_outstanding(vr) == 0)
		return -EAGAIN;
	flags = rte_le_to_cpu_16(vring_load_acquire16(&d->flags));
	if (!vring_packed_is_used(vr, vr->used_idx, flags))
		return -EAGAIN;
	id = rte_le_to_cpu_16(vring_load16(&d->id));
	*len = rte_le_to_cpu_32(__atomic_load_n(&d->len, __ATOMIC_RELAXED));
	return id > vr->mask ? -EPROTO : (int32_t)id;
}

static __rte_always_inline void *
chain_take(struct vring *vr, const bool packed, const bool in_order,
	   uint32_t *len)
{
	int32_t id;

	*len = 0;
	if (vr->known > 0) {
		/* Rest of an in-order batch: the next in ring order. */
		vr->known--;
		return chain_free(vr, packed,
				  vr->slot_id[vr->used_idx & vr->mask]);
	}
	id = packed ? chain_used_packed(vr, len) : chain_used_split(vr, len);
	if (id == -EAGAIN)
		return NULL;
	if (id < 0 || vr->id_slot[id] == 0) {
		vring_set_fault(vr, VRING_FAULT_USED_ID);
		return NULL;
	}
	if (in_order) {
		uint16_t at = vr->used_idx, n = 0;

		while (vr->slot_id[at & vr->mask] != id) {
			at += packed ?
				vr->id_slot[vr->slot_id[at & vr->mask]] : 1;
			if ((uint16_t)(at - vr->used_idx) >=
			    vring_outstanding(vr) || ++n > vr->mask) {
				vring_set_fault(vr, VRING_FAULT_USED_ID);
				return NULL;
			}
		}
		vr->known = n;
		id = vr->slot_id[vr->used_idx & vr->mask];
	}
	return chain_free(vr, packed, id);
}

void *
vring_chain_take(struct vring *vr, bool packed, bool in_order, uint32_t *len)
{
	return chain_take(vr, packed, in_order, len);
}

static __rte_always_inline uint16_t
chain_take_bulk(struct vring *vr, const bool packed, const bool in_order,
		void **cookies, uint16_t max)
{
	uint16_t n;

	for (n = 0; n < max; n++) {
		uint32_t len;
		void *cookie = chain_take(vr, packed, in_order, &len);

		if (cookie == NULL)
			break;
		cookies[n] = cookie;
	}
	return n;
}

uint16_t
vring_chain_take_bulk(struct vring *vr, bool packed, bool in_order,
		      void **cookies, uint16_t max)
{
	if (packed)
		return in_order ?
			chain_take_bulk(vr, true, true, cookies, max) :
			chain_take_bulk(vr, true, false, cookies, max);
	return in_order ? chain_take_bulk(vr, false, true, cookies, max) :
		chain_take_bulk(vr, false, false, cookies, max);
}

void *
vring_chain_reclaim(struct vring *vr)
{
	int32_t oldest = -1;
	void *cookie;
	uint32_t i;

	for (i = 0; i <= vr->mask; i++)
		if (vr->id_slot[i] != 0 && (oldest < 0 ||
		    (int32_t)(vr->slot_len[i] - vr->slot_len[oldest]) < 0))
			oldest = i;
	if (oldest < 0)
		return NULL;
	cookie = vr->cookie[oldest];
	vr->id_slot[oldest] = 0;
	vr->cookie[oldest] = NULL;
	return cookie;
}
