/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VIRTIO_RING_H
#define VIRTIO_RING_H

#include <assert.h>
#include <stdint.h>

#include <rte_byteorder.h>

/**
 * @file
 * Virtqueue memory as virtio 1.4 defines it: split (section 2.7) and packed
 * (section 2.8). What the device and the driver share, nothing that either
 * side remembers.
 */

#define VIRTIO_RING_SIZE_MAX 32768

/* Descriptor flags, sections 2.7.5 and 2.8.1. */
#define VRING_DESC_F_NEXT 0x1
#define VRING_DESC_F_WRITE 0x2
#define VRING_DESC_F_INDIRECT 0x4
#define VRING_PACKED_DESC_F_AVAIL (1 << 7)
#define VRING_PACKED_DESC_F_USED (1 << 15)

/* Notification suppression of a split ring, sections 2.7.6 and 2.7.8. */
#define VRING_AVAIL_F_NO_INTERRUPT 0x1
#define VRING_USED_F_NO_NOTIFY 0x1

/* Event suppression of a packed ring, section 2.8.10. */
#define VRING_PACKED_EVENT_FLAG_ENABLE 0x0
#define VRING_PACKED_EVENT_FLAG_DISABLE 0x1
#define VRING_PACKED_EVENT_FLAG_DESC 0x2
#define VRING_PACKED_EVENT_WRAP_BIT 15

/** Split descriptor, also the entry of an indirect table (2.7.5). */
struct vring_desc {
	rte_le64_t addr;
	rte_le32_t len;
	rte_le16_t flags;
	rte_le16_t next;
};
static_assert(sizeof(struct vring_desc) == 16, "virtio 1.4, 2.7.5");

/** Head of the available ring; `used_event` follows ring[size] (2.7.6). */
struct vring_avail {
	rte_le16_t flags;
	rte_le16_t idx;
	rte_le16_t ring[];
};
static_assert(sizeof(struct vring_avail) == 4, "virtio 1.4, 2.7.6");

struct vring_used_elem {
	rte_le32_t id;
	rte_le32_t len;
};
static_assert(sizeof(struct vring_used_elem) == 8, "virtio 1.4, 2.7.8");

/** Head of the used ring; `avail_event` follows ring[size] (2.7.8). */
struct vring_used {
	rte_le16_t flags;
	rte_le16_t idx;
	struct vring_used_elem ring[];
};
static_assert(sizeof(struct vring_used) == 4, "virtio 1.4, 2.7.8");

/** Packed descriptor, available and used alike (2.8.13). */
struct vring_packed_desc {
	rte_le64_t addr;
	rte_le32_t len;
	rte_le16_t id;
	rte_le16_t flags;
};
static_assert(sizeof(struct vring_packed_desc) == 16, "virtio 1.4, 2.8.13");

/** Event suppression structure (2.8.14): offset in bits 0-14, wrap in 15. */
struct vring_packed_desc_event {
	rte_le16_t off_wrap;
	rte_le16_t flags;
};
static_assert(sizeof(struct vring_packed_desc_event) == 4,
	      "virtio 1.4, 2.8.14");

/* Alignment that the specification demands (2.7.1, 2.8.10.1). */
#define VRING_DESC_ALIGN 16
#define VRING_AVAIL_ALIGN 2
#define VRING_USED_ALIGN 4
#define VRING_EVENT_ALIGN 4

#endif /* VIRTIO_RING_H */
