/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "devsim_priv.h"

/* Section 2.8. */

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_release(p) do { } while (0)
#endif

#define F_AVAIL_USED (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED)

/*
 * Flags last. A driver may read them alone or together with length and id,
 * as one word that it polls: so these are stored as atomics too, and for the
 * race detector, which knows an order by its address, the word is named.
 */
static void
used_store(struct vring_packed_desc *d, uint32_t len, uint16_t id,
	   uint16_t flags)
{
	atomic_store_explicit((_Atomic uint32_t *)&d->len,
			      rte_cpu_to_le_32(len), memory_order_relaxed);
	devsim_store16(&d->id, id, memory_order_relaxed);
	__tsan_release(&d->len);
	/* Pairs with the driver's acquire of flags. */
	devsim_store16(&d->flags, flags, memory_order_release);
}

static bool
is_avail(uint16_t flags, bool wrap)
{
	return !!(flags & VRING_PACKED_DESC_F_AVAIL) == wrap &&
		!!(flags & VRING_PACKED_DESC_F_USED) != wrap;
}

/** Both layouts keep 16 bytes a descriptor; the shadow is byte for byte. */
static void
expose(struct devsim_vq *vq, uint16_t slot, const struct vring_packed_desc *d)
{
	struct vring_desc copy;

	copy.addr = d->addr;
	copy.len = d->len;
	copy.flags = d->id;
	copy.next = d->flags;
	devsim_check_expose(vq, slot, &copy);
}

static bool
table_walk(struct devsim_vq *vq, struct devsim_elem *elem, uint32_t nr)
{
	const struct vring_packed_desc *table = elem->table_copy;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		uint16_t flags = rte_le_to_cpu_16(table[i].flags);

		if (flags & ~VRING_DESC_F_WRITE)
			devsim_violation(vq->dev, vq,
				"flags 0x%x in an indirect table", flags);
		if (!devsim_check_seg(vq, elem, rte_le_to_cpu_64(table[i].addr),
				      rte_le_to_cpu_32(table[i].len),
				      flags & VRING_DESC_F_WRITE))
			return false;
	}
	return true;
}

static bool
desc_take(struct devsim_vq *vq, struct devsim_elem *elem, uint16_t slot,
	  const struct vring_packed_desc *d, uint16_t flags)
{
	uint64_t addr = rte_le_to_cpu_64(d->addr);
	uint32_t len = rte_le_to_cpu_32(d->len);

	if (flags & ~(F_AVAIL_USED | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE |
		      VRING_DESC_F_INDIRECT)) {
		devsim_violation(vq->dev, vq, "descriptor %u: flags 0x%x",
				 slot, flags);
		return false;
	}
	if (!(flags & VRING_DESC_F_INDIRECT))
		return devsim_check_seg(vq, elem, addr, len,
					flags & VRING_DESC_F_WRITE);
	if (elem->nr_slots > 1)
		devsim_violation(vq->dev, vq, "INDIRECT in a chain, slot %u",
				 slot);
	if (!devsim_check_table(vq, slot, flags, addr, len) ||
	    !devsim_table_copy(elem, addr, len))
		return false;
	return table_walk(vq, elem, len / sizeof(struct vring_packed_desc));
}

static void
avail_step(struct devsim_vq *vq)
{
	if (++vq->avail_slot == vq->size) {
		vq->avail_slot = 0;
		vq->avail_wrap = !vq->avail_wrap;
	}
}

/**
 * Take the chain whose head is available at avail_slot. The cursor always
 * moves past it. @return false if the chain cannot be processed.
 */
static bool
chain_take(struct devsim_vq *vq, struct devsim_elem *elem, uint16_t flags)
{
	bool ok = true;

	for (;;) {
		uint16_t slot = vq->avail_slot;
		struct vring_packed_desc d = vq->pdesc[slot];

		/* The head's flags were loaded before, with acquire. */
		if (elem->nr_slots > 0)
			flags = devsim_load16(&vq->pdesc[slot].flags,
					      memory_order_relaxed);
		d.flags = rte_cpu_to_le_16(flags);
		if (!is_avail(flags, vq->avail_wrap)) {
			devsim_violation(vq->dev, vq,
				"slot %u of a chain is not available", slot);
			return false;
		}
		expose(vq, slot, &d);
		elem->nr_slots++;
		avail_step(vq);
		ok = ok && desc_take(vq, elem, slot, &d, flags);
		elem->id = rte_le_to_cpu_16(d.id);
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		if (elem->nr_slots == vq->size) {
			devsim_violation(vq->dev, vq, "chain longer than the ring");
			return false;
		}
	}
	if (elem->nr_segs > vq->size)
		devsim_violation(vq->dev, vq, "chain of %u, ring of %u",
				 elem->nr_segs, vq->size);
	return ok;
}

static bool
id_is_free(struct devsim_vq *vq, uint16_t id)
{
	uint16_t i;

	for (i = 0; i < vq->ready.nr; i++)
		if (vq->ready.e[i]->id == id)
			return false;
	for (i = 0; i < vq->done.nr; i++)
		if (vq->done.e[i]->id == id)
			return false;
	return true;
}

unsigned int
devsim_packed_fetch(struct devsim_vq *vq)
{
	unsigned int nr = 0;

	while (vq->idle.nr > 0) {
		struct devsim_elem *elem;
		uint16_t flags;

		/* Pairs with the driver's release of the head's flags. */
		flags = devsim_load16(&vq->pdesc[vq->avail_slot].flags,
				      memory_order_acquire);
		if (!is_avail(flags, vq->avail_wrap))
			break;
		elem = devsim_list_take(&vq->idle, vq->idle.nr - 1);
		devsim_elem_start(elem, vq->avail_slot);
		if (!chain_take(vq, elem, flags)) {
			devsim_list_put(&vq->idle, elem);
			break;
		}
		if (!vq->wild && !id_is_free(vq, elem->id))
			devsim_violation(vq->dev, vq,
				"buffer id %u made available twice", elem->id);
		devsim_list_put(&vq->ready, elem);
		nr++;
	}
	vq->stats.fetched += nr;
	return nr;
}

/** Used cursor past one buffer; its slots belong to the driver again. */
static void
used_step(struct devsim_vq *vq, uint16_t nr_slots)
{
	while (nr_slots-- > 0) {
		devsim_check_release(vq, vq->used_slot);
		if (++vq->used_slot == vq->size) {
			vq->used_slot = 0;
			vq->used_wrap = !vq->used_wrap;
		}
	}
}

static uint16_t
used_flags(struct devsim_vq *vq, const struct devsim_elem *elem)
{
	uint16_t flags = vq->used_wrap ? F_AVAIL_USED : 0;

	if (elem->written > 0)
		flags |= VRING_DESC_F_WRITE;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_PACKED_FLAGS))
		flags |= 0x7f78 | VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT;
	return flags;
}

/** A used descriptor still to be stored. */
struct used {
	struct vring_packed_desc *d;
	uint32_t len;
	uint32_t id;
	uint16_t flags;
};

/** One used descriptor for staged buffers [@p from, @p from + @p nr). */
static struct used
used_make(struct devsim_vq *vq, uint16_t from, uint16_t nr)
{
	const struct devsim_elem *elem = vq->staged.e[from + nr - 1];
	struct used u = {
		.d = &vq->pdesc[vq->used_slot], .id = elem->id,
		.len = elem->written, .flags = used_flags(vq, elem),
	};
	uint16_t i;

	devsim_fault_used(vq, elem, &u.id, &u.len);
	for (i = 0; i < nr; i++)
		used_step(vq, vq->staged.e[from + i]->nr_slots);
	vq->last_id = elem->id;
	vq->stats.used_entries++;
	return u;
}

static uint16_t
batch_len(const struct devsim_vq *vq, uint16_t from)
{
	uint16_t nr = 1;

	while (nr < vq->policy.batch && from + nr < vq->staged.nr &&
	       devsim_has(vq->dev, VIRTIO_F_IN_ORDER) &&
	       vq->staged.e[from + nr - 1]->written ==
	       vq->staged.e[from + nr - 1]->writable)
		nr++;
	return nr;
}

void
devsim_packed_publish(struct devsim_vq *vq)
{
	struct used first = { .d = NULL }, u;
	uint16_t i, nr;

	for (i = 0; i < vq->staged.nr; i += nr) {
		nr = batch_len(vq, i);
		u = used_make(vq, i, nr);
		if (i == 0)
			first = u;
		else
			used_store(u.d, u.len, u.id, u.flags);
	}
	/*
	 * First entry last: all buffers of a frame become visible together
	 * (5.1.6.4.1).
	 */
	if (first.d != NULL)
		used_store(first.d, first.len, first.id, first.flags);
}

/** True if the used cursor passed @p event (2.8.10). */
static bool
event_passed(struct devsim_vq *vq, uint16_t event, uint16_t old_slot,
	     bool old_wrap)
{
	uint16_t off = event & 0x7fff;
	bool wrap = event >> VRING_PACKED_EVENT_WRAP_BIT;
	uint16_t now = vq->used_slot, old = old_slot, at = off;

	/* Positions on a line: those of the earlier lap are lowered. */
	if (wrap != vq->used_wrap)
		at -= vq->size;
	if (old_wrap != vq->used_wrap)
		old -= vq->size;
	return (uint16_t)(now - at - 1) < (uint16_t)(now - old);
}

bool
devsim_packed_wants_notify(struct devsim_vq *vq, uint16_t old_slot,
			   bool old_wrap)
{
	uint16_t flags = devsim_load16(&vq->driver_event->flags,
				       memory_order_relaxed);
	uint16_t event;

	switch (flags) {
	case VRING_PACKED_EVENT_FLAG_ENABLE:
		return true;
	case VRING_PACKED_EVENT_FLAG_DISABLE:
		return false;
	case VRING_PACKED_EVENT_FLAG_DESC:
		if (!devsim_has(vq->dev, VIRTIO_F_EVENT_IDX))
			break;
		event = devsim_load16(&vq->driver_event->off_wrap,
				      memory_order_relaxed);
		return event_passed(vq, event, old_slot, old_wrap);
	}
	devsim_violation(vq->dev, vq, "driver event flags 0x%x", flags);
	return true;
}

void
devsim_packed_suppress(struct devsim_vq *vq, bool want)
{
	struct vring_packed_desc_event *e = vq->device_event;

	if (!want) {
		devsim_store16(&e->flags, VRING_PACKED_EVENT_FLAG_DISABLE,
			       memory_order_relaxed);
		return;
	}
	if (!devsim_has(vq->dev, VIRTIO_F_EVENT_IDX)) {
		devsim_store16(&e->flags, VRING_PACKED_EVENT_FLAG_ENABLE,
			       memory_order_relaxed);
		return;
	}
	devsim_store16(&e->off_wrap, vq->avail_slot |
		vq->avail_wrap << VRING_PACKED_EVENT_WRAP_BIT,
		memory_order_relaxed);
	/* A driver that sees DESC must see the position it belongs to. */
	devsim_store16(&e->flags, VRING_PACKED_EVENT_FLAG_DESC,
		       memory_order_release);
}
