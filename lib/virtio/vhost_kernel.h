/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VHOST_KERNEL_H
#define VHOST_KERNEL_H

#include <assert.h>
#include <stdint.h>
#include <sys/ioctl.h>

/** @file
 * The kernel's vhost character devices: numbers and structures of its user
 * interface. Its own header cannot be included beside virtio_ring.h, and the
 * oldest ones lack the newer requests.
 */

struct vhost_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_vring_file {
	uint32_t index;
	int32_t fd;		/**< -1: none */
};

struct vhost_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc_user_addr;
	uint64_t used_user_addr;
	uint64_t avail_user_addr;
	uint64_t log_guest_addr;
};
static_assert(sizeof(struct vhost_vring_addr) == 40, "kernel ABI");

struct vhost_memory_region {
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t flags_padding;
};

struct vhost_memory {
	uint32_t nregions;
	uint32_t padding;
	struct vhost_memory_region regions[];
};

/* A message of an IOTLB, by write(2). */
#define VHOST_IOTLB_MSG_V2 0x2
#define VHOST_IOTLB_UPDATE 2
#define VHOST_IOTLB_INVALIDATE 3
#define VHOST_IOTLB_BATCH_BEGIN 5
#define VHOST_IOTLB_BATCH_END 6
#define VHOST_ACCESS_RW 0x3

struct vhost_iotlb_msg {
	uint64_t iova;
	uint64_t size;
	uint64_t uaddr;
	uint8_t perm;
	uint8_t type;
};

struct vhost_msg_v2 {
	uint32_t type;
	uint32_t asid;
	union {
		struct vhost_iotlb_msg iotlb;
		uint8_t padding[64];
	};
};
static_assert(sizeof(struct vhost_msg_v2) == 72, "kernel ABI");

struct vhost_vdpa_config {
	uint32_t off;
	uint32_t len;
	uint8_t buf[];
};

struct vhost_vdpa_iova_range {
	uint64_t first;
	uint64_t last;
};

/* Backend features, as bits of a word. */
#define VHOST_BACKEND_F_IOTLB_MSG_V2 1
#define VHOST_BACKEND_F_IOTLB_BATCH 2
#define VHOST_BACKEND_F_IOTLB_PERSIST 8

#define VHOST_GET_FEATURES _IOR(0xaf, 0x00, uint64_t)
#define VHOST_SET_FEATURES _IOW(0xaf, 0x00, uint64_t)
#define VHOST_SET_OWNER _IO(0xaf, 0x01)
#define VHOST_SET_MEM_TABLE _IOW(0xaf, 0x03, struct vhost_memory)
#define VHOST_SET_VRING_NUM _IOW(0xaf, 0x10, struct vhost_vring_state)
#define VHOST_SET_VRING_ADDR _IOW(0xaf, 0x11, struct vhost_vring_addr)
#define VHOST_SET_VRING_BASE _IOW(0xaf, 0x12, struct vhost_vring_state)
#define VHOST_SET_VRING_KICK _IOW(0xaf, 0x20, struct vhost_vring_file)
#define VHOST_SET_VRING_CALL _IOW(0xaf, 0x21, struct vhost_vring_file)
#define VHOST_SET_BACKEND_FEATURES _IOW(0xaf, 0x25, uint64_t)
#define VHOST_GET_BACKEND_FEATURES _IOR(0xaf, 0x26, uint64_t)
#define VHOST_NET_SET_BACKEND _IOW(0xaf, 0x30, struct vhost_vring_file)
#define VHOST_VDPA_GET_DEVICE_ID _IOR(0xaf, 0x70, uint32_t)
#define VHOST_VDPA_GET_STATUS _IOR(0xaf, 0x71, uint8_t)
#define VHOST_VDPA_SET_STATUS _IOW(0xaf, 0x72, uint8_t)
#define VHOST_VDPA_GET_CONFIG _IOR(0xaf, 0x73, struct vhost_vdpa_config)
#define VHOST_VDPA_SET_VRING_ENABLE _IOW(0xaf, 0x75, struct vhost_vring_state)
#define VHOST_VDPA_GET_VRING_NUM _IOR(0xaf, 0x76, uint16_t)
#define VHOST_VDPA_SET_CONFIG_CALL _IOW(0xaf, 0x77, int)
#define VHOST_VDPA_GET_IOVA_RANGE _IOR(0xaf, 0x78, struct vhost_vdpa_iova_range)
#define VHOST_VDPA_GET_VQS_COUNT _IOR(0xaf, 0x80, uint32_t)

#endif /* VHOST_KERNEL_H */
