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

static bool
gso_type_ok(struct devsim *dev, uint8_t type)
{
	switch (type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return type == 0;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return devsim_has(dev, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return devsim_has(dev, VIRTIO_NET_F_HOST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP:
		return devsim_has(dev, VIRTIO_NET_F_HOST_UFO);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return devsim_has(dev, VIRTIO_NET_F_HOST_USO);
	}
	return (type & (VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 |
			VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)) != 0 &&
		devsim_has(dev, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO);
}

/* Section 5.1.6.2.1: what a driver may say of a frame it sends. */
void
devsim_check_tx_hdr(struct devsim_vq *vq, const struct virtio_net_hdr *hdr,
		    uint32_t frame_len)
{
	struct devsim *dev = vq->dev;
	uint32_t end = (uint32_t)rte_le_to_cpu_16(hdr->csum_start) +
		rte_le_to_cpu_16(hdr->csum_offset) + 2;
	uint8_t allowed = 0;

	if (devsim_hdr_len_locked(dev) >= sizeof(*hdr) && hdr->num_buffers != 0)
		devsim_violation(dev, vq, "sent header: num_buffers %u, not 0",
				 rte_le_to_cpu_16(hdr->num_buffers));
	if (devsim_has(dev, VIRTIO_NET_F_CSUM))
		allowed |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (devsim_has(dev, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM))
		allowed |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	if (hdr->flags & ~allowed)
		devsim_violation(dev, vq, "sent header: flags 0x%02x, allowed 0x%02x",
				 hdr->flags, allowed);
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && end > frame_len)
		devsim_violation(dev, vq,
			"sent header: checksum ends at %u of %u bytes",
			end, frame_len);
	if (!gso_type_ok(dev, hdr->gso_type))
		devsim_violation(dev, vq, "sent header: gso_type 0x%02x",
				 hdr->gso_type);
	if ((hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN) &&
	    !devsim_has(dev, VIRTIO_NET_F_HOST_ECN))
		devsim_violation(dev, vq, "sent header: ECN was not negotiated");
	if (hdr->gso_type != 0 && (hdr->gso_size == 0 ||
	    !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)))
		devsim_violation(dev, vq,
			"sent header: segmentation with gso_size %u, flags 0x%02x",
			rte_le_to_cpu_16(hdr->gso_size), hdr->flags);
}
