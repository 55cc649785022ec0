/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_bitops.h>

#include "vring.h"

#define VRING_PAGE 4096

struct vring_layout
vring_layout(uint16_t size, bool packed)
{
	struct vring_layout l;

	l.driver = (size_t)size * sizeof(struct vring_desc);
	if (packed) {
		/* Each event structure in a line of its own. */
		l.device = l.driver + RTE_CACHE_LINE_SIZE;
		l.bytes = l.device + RTE_CACHE_LINE_SIZE;
	} else {
		l.device = RTE_ALIGN_CEIL(l.driver + sizeof(struct vring_avail)
				+ (size_t)size * 2 + 2, VRING_PAGE);
		l.bytes = l.device + sizeof(struct vring_used) +
			(size_t)size * sizeof(struct vring_used_elem) + 2;
	}
	l.bytes = RTE_ALIGN_CEIL(l.bytes, VRING_PAGE);
	return l;
}

/* cookie, slot_len, then five arrays of 16 bits. */
size_t
vring_private_bytes(uint16_t size)
{
	return (size_t)size * (sizeof(void *) + sizeof(uint32_t) +
			       5 * sizeof(uint16_t));
}

static void
vring_private_init(struct vring *vr, void *priv, uint16_t size)
{
	uint16_t i;

	memset(priv, 0, vring_private_bytes(size));
	vr->cookie = priv;
	vr->slot_len = (uint32_t *)&vr->cookie[size];
	vr->slot_id = (uint16_t *)&vr->slot_len[size];
	vr->id_slot = &vr->slot_id[size];
	vr->free_ids = &vr->id_slot[size];
	vr->next = &vr->free_ids[size];
	for (i = 0; i < size; i++) {
		vr->slot_id[i] = i;
		vr->id_slot[i] = i;
	}
}

void
vring_init(struct vring *vr, void *mem, void *priv, uint16_t size, bool packed,
	   bool event_idx, uint16_t post_flags)
{
	struct vring_layout l = vring_layout(size, packed);
	uint8_t *base = mem;

	memset(vr, 0, sizeof(*vr));
	memset(mem, 0, l.bytes);
	vr->mask = size - 1;
	vr->shift = rte_log2_u32(size);
	vr->event_idx = event_idx;
	vr->post_flags = post_flags;
	vr->len_range = UINT32_MAX;
	vring_private_init(vr, priv, size);
	if (packed) {
		vr->packed.desc = (void *)base;
		vr->packed.driver = (void *)(base + l.driver);
		vr->packed.device = (void *)(base + l.device);
	} else {
		vr->split.desc = (void *)base;
		vr->split.avail = (void *)(base + l.driver);
		vr->split.used = (void *)(base + l.device);
		vr->dirty = size;
	}
	vring_intr_set(vr, packed, false);
}

static void
vring_intr_set_split(struct vring *vr, bool on)
{
	uint16_t *used_event = &vr->split.avail->ring[vr->mask + 1];

	/* With EVENT_IDX flags stay 0 and the index decides (2.7.7.1): the
	 * farthest one is 65535 completions away. */
	if (vr->event_idx)
		vring_store16(used_event, rte_cpu_to_le_16(
			(uint16_t)(vr->used_idx - (on ? 0 : 1))));
	else
		vring_store16(&vr->split.avail->flags, rte_cpu_to_le_16(
			on ? 0 : VRING_AVAIL_F_NO_INTERRUPT));
}

static void
vring_intr_set_packed(struct vring *vr, bool on)
{
	uint16_t flags = VRING_PACKED_EVENT_FLAG_DISABLE;

	if (on && vr->event_idx) {
		vring_store16(&vr->packed.driver->off_wrap, rte_cpu_to_le_16(
			(vr->used_idx & vr->mask) |
			vring_wrap(vr, vr->used_idx) <<
			VRING_PACKED_EVENT_WRAP_BIT));
		flags = VRING_PACKED_EVENT_FLAG_DESC;
	} else if (on) {
		flags = VRING_PACKED_EVENT_FLAG_ENABLE;
	}
	/* Partner: the device's acquire of these flags before off_wrap. */
	vring_store_release16(&vr->packed.driver->flags,
			      rte_cpu_to_le_16(flags));
}

void
vring_intr_set(struct vring *vr, bool packed, bool on)
{
	if (packed)
		vring_intr_set_packed(vr, on);
	else
		vring_intr_set_split(vr, on);
	if (on)
		vring_full_fence();
}

bool
vring_intr_arm(struct vring *vr, bool packed)
{
	uint16_t idx = vr->used_idx;

	vring_intr_set(vr, packed, true);
	/* Of a batch in order the device has written the first one alone. */
	if (vr->known > 0)
		return true;
	if (!packed)
		return rte_le_to_cpu_16(vring_load16(&vr->split.used->idx)) !=
			idx;
	return vring_packed_is_used(vr, idx, rte_le_to_cpu_16(
		vring_load16(&vr->packed.desc[idx & vr->mask].flags)));
}

int
vring_reorder(struct vring *vr, uint16_t idx, uint32_t id)
{
	uint16_t rest = vr->avail_idx - idx;
	uint16_t here = idx & vr->mask;
	uint16_t there, id_here;
	void *cookie;

	/* In [idx, avail_idx) means outstanding and not given back before. */
	if (id > vr->mask ||
	    ((vr->id_slot[id] - here) & vr->mask) >= rest) {
		vring_set_fault(vr, VRING_FAULT_USED_ID);
		return -EPROTO;
	}
	there = vr->id_slot[id];
	id_here = vr->slot_id[here];
	vr->slot_id[here] = id;
	vr->slot_id[there] = id_here;
	vr->id_slot[id] = here;
	vr->id_slot[id_here] = there;
	cookie = vr->cookie[here];
	vr->cookie[here] = vr->cookie[there];
	vr->cookie[there] = cookie;
	vr->dirty = vring_size(vr);
	return 0;
}

uint16_t
vring_batch(struct vring *vr, uint16_t idx, uint16_t rest, uint32_t id,
	    uint32_t len)
{
	uint16_t here = idx & vr->mask;
	uint16_t last, i;

	if (id > vr->mask)
		goto lie;
	last = (vr->id_slot[id] - here) & vr->mask;
	if (last >= rest)
		goto lie;
	for (i = 0; i < last; i++)
		vring_len_note(vr, (here + i) & vr->mask, vr->full_len);
	vring_len_note(vr, (here + last) & vr->mask, len);
	return last + 1;
lie:
	vring_set_fault(vr, VRING_FAULT_USED_ID);
	return 0;
}

void
vring_avail_rewrite(struct vring *vr, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		uint16_t slot = (vr->avail_idx + i) & vr->mask;

		vring_store16(&vr->split.avail->ring[slot],
			      rte_cpu_to_le_16(vr->slot_id[slot]));
	}
	vr->dirty = vr->dirty > n ? vr->dirty - n : 0;
}
