/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef FAKE_PCI_H
#define FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vnic.h"
#include "vnic_pci.h"
#include "vnic_pci_caps.h"

/**
 * @file
 * A virtio PCI function in memory: configuration space and the registers of
 * one BAR, behind struct vnic_pci_model. It traps what the specification
 * forbids a driver (virtio 1.4, 4.1) and logs each access.
 */

#define FAKE_VQS 4
#define FAKE_BAR 4
#define FAKE_BAR_LEN 0x4000
#define FAKE_COMMON 0x0000
#define FAKE_ISR 0x1000
#define FAKE_DEVICE 0x2000
#define FAKE_NOTIFY 0x3000
#define FAKE_LOG_MAX 4096

struct fake_access {
	bool write;
	uint8_t width;
	uint32_t off;	/**< in the BAR */
	uint32_t value;
};

struct fake_vq {
	uint16_t size_max;
	uint16_t size;
	uint16_t vector;
	uint16_t enable;
	uint16_t notify_off;
	uint16_t notif_config_data;
	uint16_t reset;
	uint32_t addr[6];
};

struct fake_pci {
	uint8_t config[256];
	unsigned int config_reads;
	bool config_fails;

	uint32_t features[4];
	uint32_t driver_features[4];
	uint32_t device_select, driver_select;
	uint16_t config_vector;
	uint16_t num_queues;
	uint8_t status;
	uint8_t generation;
	uint16_t queue_select;
	struct fake_vq vqs[FAKE_VQS];
	uint8_t net[64];	/**< device configuration */
	uint8_t isr;

	/* Behaviours. */
	unsigned int reset_reads;	/**< reads of status until 0 */
	unsigned int vq_reset_reads;	/**< reads of queue_reset until 0 */
	unsigned int enable_reads;	/**< reads of queue_enable after that */
	unsigned int changes;	/**< config reads that change generation */
	bool gone;		/**< all reads give ones */
	bool vector_wrong;	/**< echo another vector */
	bool vector_refused;	/**< echo NO_VECTOR */
	bool size_stuck;	/**< queue_size keeps its value */
	bool enable_stuck;	/**< queue_enable stays 0 */
	bool function_reset;	/**< the kernel can reset the function */
	void (*on_config_read)(struct fake_pci *fake);

	/* What the driver did. */
	unsigned int function_resets;
	unsigned int pending_reset;
	unsigned int pending_vq_reset;
	unsigned int pending_enable;
	struct fake_access log[FAKE_LOG_MAX];
	unsigned int nb_log;
	unsigned int violations;
	char violation[128];	/**< the first one */
};

/** A good device: 4 virtqueues of 256, 3 vectors, the layout of QEMU. */
struct fake_pci *
fake_pci_create(void);
void
fake_pci_free(struct fake_pci *fake);

/** Configuration space: start over, then append capabilities. */
void
fake_pci_caps_clear(struct fake_pci *fake);
uint8_t
fake_pci_cap_add(struct fake_pci *fake, uint8_t id, const void *cap,
		 uint8_t len);
/** A virtio capability; cap_len and the bytes there are both @p cap_len. */
uint8_t
fake_pci_virtio_cap(struct fake_pci *fake, uint8_t cfg_type, uint8_t cap_len,
		    uint8_t bar, uint32_t offset, uint32_t length,
		    uint32_t multiplier);
void
fake_pci_caps_good(struct fake_pci *fake);
void
fake_pci_space(struct fake_pci *fake, struct vnic_pci_space *space);

/** A vnic_dev with a vnic_pci upon the fake's registers. */
struct vnic_dev *
fake_pci_dev(struct fake_pci *fake);
void
fake_pci_dev_free(struct vnic_dev *dev);

/** Index in the log of the n-th write to a register, or -1. */
int
fake_pci_write_at(const struct fake_pci *fake, uint32_t off, unsigned int nth);

#define FAKE_OFF(field) \
	(FAKE_COMMON + (uint32_t)offsetof(struct virtio_pci_common_cfg, field))

#endif /* FAKE_PCI_H */
