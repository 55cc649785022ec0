/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "devsim_priv.h"

/* Section 2.7. */

/** Fields after the rings, with EVENT_IDX (2.7.6, 2.7.8). */
static rte_le16_t *
used_event(struct devsim_vq *vq)
{
	return &vq->avail->ring[vq->size];
}

static rte_le16_t *
avail_event(struct devsim_vq *vq)
{
	return (rte_le16_t *)(void *)&vq->used->ring[vq->size];
}

/**
 * Follow an indirect table (2.7.5.3). @return false if it is malformed.
 */
static bool
table_walk(struct devsim_vq *vq, struct devsim_elem *elem, uint32_t nr)
{
	const struct vring_desc *table = elem->table_copy;
	bool in_order = devsim_has(vq->dev, VIRTIO_F_IN_ORDER);
	uint32_t i = 0, steps;

	for (steps = 0; steps < nr; steps++) {
		uint16_t flags = rte_le_to_cpu_16(table[i].flags);
		uint16_t next = rte_le_to_cpu_16(table[i].next);

		if (flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE)) {
			devsim_violation(vq->dev, vq,
				"flags 0x%x in an indirect table", flags);
			return false;
		}
		if (!devsim_check_seg(vq, elem, rte_le_to_cpu_64(table[i].addr),
				      rte_le_to_cpu_32(table[i].len),
				      flags & VRING_DESC_F_WRITE))
			return false;
		if (!(flags & VRING_DESC_F_NEXT))
			return true;
		if (in_order && next != i + 1)
			devsim_violation(vq->dev, vq,
				"IN_ORDER: indirect next %u after %u", next, i);
		if (next >= nr) {
			devsim_violation(vq->dev, vq,
				"indirect next %u of %u entries", next, nr);
			return false;
		}
		i = next;
	}
	devsim_violation(vq->dev, vq, "indirect chain of %u entries loops", nr);
	return false;
}

/** Check one descriptor of the ring's table and take what it refers to. */
static bool
desc_take(struct devsim_vq *vq, struct devsim_elem *elem, uint16_t slot,
	  const struct vring_desc *d)
{
	uint16_t flags = rte_le_to_cpu_16(d->flags);
	uint64_t addr = rte_le_to_cpu_64(d->addr);
	uint32_t len = rte_le_to_cpu_32(d->len);

	if (flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE |
		      VRING_DESC_F_INDIRECT)) {
		devsim_violation(vq->dev, vq, "descriptor %u: flags 0x%x",
				 slot, flags);
		return false;
	}
	if (!(flags & VRING_DESC_F_INDIRECT))
		return devsim_check_seg(vq, elem, addr, len,
					flags & VRING_DESC_F_WRITE);
	if (!devsim_check_table(vq, slot, flags, addr, len))
		return false;
	if (!devsim_table_copy(elem, addr, len))
		return false;
	return table_walk(vq, elem, len / sizeof(struct vring_desc));
}

static bool
chain_take(struct devsim_vq *vq, struct devsim_elem *elem, uint16_t head)
{
	bool in_order = devsim_has(vq->dev, VIRTIO_F_IN_ORDER);
	uint16_t slot = head;

	for (;;) {
		struct vring_desc d;
		uint16_t next;

		if (slot >= vq->size || elem->nr_slots == vq->size) {
			devsim_violation(vq->dev, vq,
				"chain from %u leaves the table or loops", head);
			return false;
		}
		d = vq->desc[slot];
		devsim_check_expose(vq, slot, &d);
		elem->nr_slots++;
		if (!desc_take(vq, elem, slot, &d))
			return false;
		if (!(rte_le_to_cpu_16(d.flags) & VRING_DESC_F_NEXT))
			break;
		next = rte_le_to_cpu_16(d.next);
		if (in_order && next != (slot + 1) % vq->size)
			devsim_violation(vq->dev, vq,
				"IN_ORDER: next of %u is %u", slot, next);
		slot = next;
	}
	if (elem->nr_segs > vq->size)
		devsim_violation(vq->dev, vq, "chain of %u, ring of %u",
				 elem->nr_segs, vq->size);
	return true;
}

/** @return true if @p idx is one that a driver may show. */
static bool
avail_idx_ok(struct devsim_vq *vq, uint16_t idx)
{
	uint16_t outstanding = vq->size - vq->idle.nr;
	uint16_t fresh = idx - vq->avail_idx;

	if (fresh <= vq->size - outstanding)
		return true;
	devsim_violation(vq->dev, vq,
		"avail idx %u after %u with %u outstanding in a ring of %u",
		idx, vq->avail_idx, outstanding, vq->size);
	return false;
}

static void
avail_flags_check(struct devsim_vq *vq)
{
	uint16_t flags = devsim_load16(&vq->avail->flags, memory_order_relaxed);

	if (flags > VRING_AVAIL_F_NO_INTERRUPT ||
	    (flags != 0 && devsim_has(vq->dev, VIRTIO_F_EVENT_IDX)))
		devsim_violation(vq->dev, vq, "avail flags 0x%x", flags);
}

unsigned int
devsim_split_fetch(struct devsim_vq *vq)
{
	/* Pairs with the driver's release of idx: entries before it. */
	uint16_t idx = devsim_load16(&vq->avail->idx, memory_order_acquire);
	unsigned int nr = 0;

	if (idx == vq->avail_idx || !avail_idx_ok(vq, idx))
		return 0;
	avail_flags_check(vq);
	while (vq->avail_idx != idx && vq->idle.nr > 0) {
		struct devsim_elem *elem;
		uint16_t head;

		head = rte_le_to_cpu_16(
			vq->avail->ring[vq->avail_idx++ & (vq->size - 1)]);
		elem = devsim_list_take(&vq->idle, vq->idle.nr - 1);
		devsim_elem_start(elem, head);
		elem->id = head;
		if (!chain_take(vq, elem, head)) {
			devsim_list_put(&vq->idle, elem);
			continue;
		}
		devsim_list_put(&vq->ready, elem);
		nr++;
	}
	vq->stats.fetched += nr;
	return nr;
}

static void
chain_release(struct devsim_vq *vq, const struct devsim_elem *elem)
{
	uint16_t slot = elem->slot, i;

	for (i = 0; i < elem->nr_slots && slot < vq->size; i++) {
		uint16_t next = rte_le_to_cpu_16(vq->shadow[slot].next);

		devsim_check_release(vq, slot);
		slot = next;
	}
}

/** Buffers from staged[@p from] on that one used entry may stand for. */
static uint16_t
batch_len(const struct devsim_vq *vq, uint16_t from)
{
	uint16_t nr = 1;

	while (nr < vq->policy.batch && from + nr < vq->staged.nr &&
	       devsim_has(vq->dev, VIRTIO_F_IN_ORDER)) {
		const struct devsim_elem *e = vq->staged.e[from + nr - 1];

		/* Skipped buffers count as used completely (2.7.9). */
		if (e->written != e->writable)
			break;
		nr++;
	}
	return nr;
}

void
devsim_split_publish(struct devsim_vq *vq)
{
	uint16_t i, nr;

	for (i = 0; i < vq->staged.nr; i++)
		chain_release(vq, vq->staged.e[i]);
	for (i = 0; i < vq->staged.nr; i += nr) {
		const struct devsim_elem *elem;
		struct vring_used_elem *u;
		uint32_t id, len;

		nr = batch_len(vq, i);
		elem = vq->staged.e[i + nr - 1];
		id = elem->id;
		len = elem->written;
		devsim_fault_used(vq, elem, &id, &len);
		u = &vq->used->ring[vq->used_idx & (vq->size - 1)];
		u->id = rte_cpu_to_le_32(id);
		u->len = rte_cpu_to_le_32(len);
		vq->used_idx += nr;
		vq->last_id = elem->id;
		vq->stats.used_entries++;
	}
	/* Entries before idx (2.7.8.2); pairs with the driver's acquire. */
	devsim_store16(&vq->used->idx, vq->used_idx + vq->idx_lie,
		       memory_order_release);
}

bool
devsim_split_wants_notify(struct devsim_vq *vq, uint16_t old_idx)
{
	uint16_t event, flags;

	if (devsim_has(vq->dev, VIRTIO_F_EVENT_IDX)) {
		event = devsim_load16(used_event(vq), memory_order_relaxed);
		/* True if idx event + 1 was reached by this publication. */
		return (uint16_t)(vq->used_idx - event - 1) <
			(uint16_t)(vq->used_idx - old_idx);
	}
	flags = devsim_load16(&vq->avail->flags, memory_order_relaxed);
	return !(flags & VRING_AVAIL_F_NO_INTERRUPT);
}

void
devsim_split_suppress(struct devsim_vq *vq, bool want)
{
	bool event_idx = devsim_has(vq->dev, VIRTIO_F_EVENT_IDX);

	if (!event_idx) {
		devsim_store16(&vq->used->flags,
			       want ? 0 : VRING_USED_F_NO_NOTIFY,
			       memory_order_relaxed);
		return;
	}
	/* Half the index space away: reached only after it has moved on. */
	devsim_store16(avail_event(vq),
		       want ? vq->avail_idx : vq->avail_idx + 0x8000,
		       memory_order_relaxed);
}
