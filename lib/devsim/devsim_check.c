/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdlib.h>
#include <string.h>

#include "devsim_priv.h"

bool
devsim_check_seg(struct devsim_vq *vq, struct devsim_elem *elem,
		 uint64_t addr, uint32_t len, bool write)
{
	if (len == 0) {
		devsim_violation(vq->dev, vq, "buffer element of 0 bytes");
		return false;
	}
	if (!write && elem->writable > 0)
		devsim_violation(vq->dev, vq,
			"device-readable element after a writable one");
	if (!devsim_mem_ok(vq->dev, (const void *)(uintptr_t)addr, len)) {
		devsim_violation(vq->dev, vq,
			"element 0x%llx+%u is not memory of the device",
			(unsigned long long)addr, len);
		return false;
	}
	if ((uint64_t)elem->readable + elem->writable + len > UINT32_MAX) {
		devsim_violation(vq->dev, vq, "chain above 2^32 bytes");
		return false;
	}
	return devsim_elem_add(elem, addr, len, write) == 0;
}

bool
devsim_check_table(struct devsim_vq *vq, uint16_t slot, uint16_t flags,
		   uint64_t addr, uint32_t len)
{
	if (!devsim_has(vq->dev, VIRTIO_F_INDIRECT_DESC)) {
		devsim_violation(vq->dev, vq,
			"slot %u: INDIRECT was not negotiated", slot);
		return false;
	}
	if (flags & VRING_DESC_F_NEXT) {
		devsim_violation(vq->dev, vq, "slot %u: INDIRECT with NEXT",
				 slot);
		return false;
	}
	if (len == 0 || len % sizeof(struct vring_desc) != 0 ||
	    len / sizeof(struct vring_desc) > VIRTIO_RING_SIZE_MAX) {
		devsim_violation(vq->dev, vq,
			"slot %u: indirect table of %u bytes", slot, len);
		return false;
	}
	if (!devsim_mem_ok(vq->dev, (const void *)(uintptr_t)addr, len)) {
		devsim_violation(vq->dev, vq,
			"slot %u: indirect table is not memory of the device",
			slot);
		return false;
	}
	return true;
}

bool
devsim_table_copy(struct devsim_elem *elem, uint64_t addr, uint32_t len)
{
	void *copy = realloc(elem->table_copy, len);

	if (copy == NULL)
		return false;
	elem->table = (const void *)(uintptr_t)addr;
	elem->table_copy = copy;
	elem->table_len = len;
	memcpy(copy, elem->table, len);
	return true;
}

void
devsim_check_expose(struct devsim_vq *vq, uint16_t slot,
		    const struct vring_desc *desc)
{
	if (vq->owned[slot])
		devsim_violation(vq->dev, vq,
			"slot %u is in two chains at once", slot);
	vq->owned[slot] = 1;
	vq->shadow[slot] = *desc;
}

void
devsim_check_release(struct devsim_vq *vq, uint16_t slot)
{
	const struct vring_desc *s = &vq->shadow[slot];
	bool same;

	if (!vq->owned[slot])
		return;
	vq->owned[slot] = 0;
	if (vq->packed) {
		const struct vring_packed_desc *d = &vq->pdesc[slot];

		same = d->addr == s->addr && d->len == s->len &&
			d->id == s->flags && d->flags == s->next;
	} else {
		same = memcmp(&vq->desc[slot], s, sizeof(*s)) == 0;
	}
	if (!same)
		devsim_violation(vq->dev, vq,
			"slot %u changed while the device owned it", slot);
}

void
devsim_check_elem(struct devsim_vq *vq, const struct devsim_elem *elem)
{
	if (elem->table != NULL && !vq->wild &&
	    memcmp(elem->table, elem->table_copy, elem->table_len) != 0)
		devsim_violation(vq->dev, vq,
			"indirect table of buffer %u changed while the device owned it",
			elem->id);
}
