/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

/** @file
 * Virtio over PCI bus, virtio 1.4 section 4.1.
 */

#define VIRTIO_PCI_VENDOR_ID 0x1af4
#define VIRTIO_PCI_DEVICE_ID_NET_MODERN 0x1041
#define VIRTIO_PCI_DEVICE_ID_NET_TRANSITIONAL 0x1000

#define VIRTIO_PCI_CAP_VENDOR_ID 0x09
#define VIRTIO_PCI_BAR_MAX 5

/* cfg_type, section 4.1.4. */
#define VIRTIO_PCI_CAP_COMMON_CFG 1
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2
#define VIRTIO_PCI_CAP_ISR_CFG 3
#define VIRTIO_PCI_CAP_DEVICE_CFG 4
#define VIRTIO_PCI_CAP_PCI_CFG 5
#define VIRTIO_PCI_CAP_SHARED_MEMORY_CFG 8
#define VIRTIO_PCI_CAP_VENDOR_CFG 9

struct virtio_pci_cap {
	uint8_t cap_vndr;
	uint8_t cap_next;
	uint8_t cap_len;
	uint8_t cfg_type;
	uint8_t bar;
	uint8_t id;
	uint8_t padding[2];
	rte_le32_t offset;
	rte_le32_t length;
};
static_assert(sizeof(struct virtio_pci_cap) == 16, "virtio 1.4, 4.1.4");

struct virtio_pci_notify_cap {
	struct virtio_pci_cap cap;
	rte_le32_t notify_off_multiplier;
};
static_assert(sizeof(struct virtio_pci_notify_cap) == 20,
	      "virtio 1.4, 4.1.4.4");

/** Common configuration, section 4.1.4.3; 64-bit fields as two halves. */
struct virtio_pci_common_cfg {
	rte_le32_t device_feature_select;
	rte_le32_t device_feature;
	rte_le32_t driver_feature_select;
	rte_le32_t driver_feature;
	rte_le16_t config_msix_vector;
	rte_le16_t num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	rte_le16_t queue_select;
	rte_le16_t queue_size;
	rte_le16_t queue_msix_vector;
	rte_le16_t queue_enable;
	rte_le16_t queue_notify_off;
	rte_le32_t queue_desc_lo;
	rte_le32_t queue_desc_hi;
	rte_le32_t queue_driver_lo;
	rte_le32_t queue_driver_hi;
	rte_le32_t queue_device_lo;
	rte_le32_t queue_device_hi;
	rte_le16_t queue_notif_config_data;
	rte_le16_t queue_reset;
	rte_le16_t admin_queue_index;
	rte_le16_t admin_queue_num;
};
static_assert(offsetof(struct virtio_pci_common_cfg, queue_desc_lo) == 32,
	      "virtio 1.4, 4.1.4.3");
static_assert(sizeof(struct virtio_pci_common_cfg) == 64,
	      "virtio 1.4, 4.1.4.3");
/** Bytes that every modern device must have (up to queue_device). */
#define VIRTIO_PCI_COMMON_CFG_MIN 56

/** Legacy interface: registers in I/O BAR 0, section 4.1.4.10. */
#define VIRTIO_PCI_LEGACY_BAR 0
#define VIRTIO_PCI_LEGACY_DEVICE_FEATURES 0
#define VIRTIO_PCI_LEGACY_DRIVER_FEATURES 4
#define VIRTIO_PCI_LEGACY_QUEUE_ADDRESS 8
#define VIRTIO_PCI_LEGACY_QUEUE_SIZE 12
#define VIRTIO_PCI_LEGACY_QUEUE_SELECT 14
#define VIRTIO_PCI_LEGACY_QUEUE_NOTIFY 16
#define VIRTIO_PCI_LEGACY_DEVICE_STATUS 18
#define VIRTIO_PCI_LEGACY_ISR 19
/** Only while MSI-X is enabled; else the device configuration begins here. */
#define VIRTIO_PCI_LEGACY_CONFIG_VECTOR 20
#define VIRTIO_PCI_LEGACY_QUEUE_VECTOR 22
#define VIRTIO_PCI_LEGACY_DEVICE_INTX 20
#define VIRTIO_PCI_LEGACY_DEVICE_MSIX 24
/** Unit of the queue address, and alignment of the used ring (2.7.2). */
#define VIRTIO_PCI_LEGACY_PAGE 4096

#define VIRTIO_PCI_ISR_QUEUE 0x1
#define VIRTIO_PCI_ISR_CONFIG 0x2
#define VIRTIO_PCI_NO_VECTOR 0xffff

#endif /* VIRTIO_PCI_H */
