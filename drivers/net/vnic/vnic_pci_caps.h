/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PCI_CAPS_H
#define VNIC_PCI_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <virtio_pci.h>

/**
 * @file
 * Where a device's virtio structures are (virtio 1.4, section 4.1.4). Only
 * reads configuration space; touches no BAR.
 */

#define VNIC_PCI_BARS (VIRTIO_PCI_BAR_MAX + 1)

/** The PCI function to look at. */
struct vnic_pci_space {
	const char *name;	/**< for log lines */
	/** 0, or a negative errno. */
	int (*config_read)(void *ctx, void *buf, size_t len, off_t off);
	void *ctx;
	/** Bytes of each BAR that are mapped as memory, 0 if it is not. */
	uint64_t bar_len[VNIC_PCI_BARS];
};

/** One structure, proven to lie inside a mapped BAR; length 0: absent. */
struct vnic_pci_place {
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
};

struct vnic_pci_caps {
	struct vnic_pci_place common;
	struct vnic_pci_place notify;
	struct vnic_pci_place isr;	/**< may be absent: no INTx then */
	struct vnic_pci_place device;	/**< may be absent */
	uint32_t notify_off_multiplier;	/**< 0, or an even power of two */
	uint16_t nb_vectors;		/**< MSI-X table size, 0 without MSI-X */
	uint8_t msix_pos;		/**< MSI-X capability, 0 without */
};

/**
 * Take the first usable instance of each structure.
 *
 * @return 0; -ENODEV if configuration space cannot be read (or reads all
 *   ones), -ENOTSUP if a structure that the driver needs has no usable
 *   instance; one log line says which and why. -ENOENT, without a line, if
 *   there is no virtio structure at all: a legacy device (4.1.5.1.1.1), whose
 *   interrupts alone are then known.
 */
int
vnic_pci_caps_read(const struct vnic_pci_space *space,
		   struct vnic_pci_caps *caps);

#endif /* VNIC_PCI_CAPS_H */
