/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PCI_H
#define VNIC_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio_features.h>
#include <virtio_pci.h>

#include "vnic_pci_caps.h"
#include "vnic_pci_io.h"
#include "vnic_transport.h"

/**
 * @file
 * A virtio PCI function (virtio 1.4, section 4.1), driven through its modern
 * interface, or through its legacy one (vnic_pci_legacy.c) if it has no other.
 */

struct rte_ether_addr;
struct rte_intr_handle;
struct rte_pci_device;
struct vnic_dev;

/** What is remembered of a virtqueue. */
struct vnic_pci_vq {
	/**
	 * Largest size, as first seen; 0: not yet. Kept over resets: QEMU
	 * shows the virtqueues of multiqueue only while MQ is agreed.
	 */
	uint16_t size_max;
	bool enabled;
	/** As of the last time that it was enabled, with which it comes back. */
	struct vnic_notify notify;
};

/**
 * dev->priv, in memory shared by all processes. Secondary processes read
 * only nb_vqs and vqs: EAL maps the BARs at the same addresses in each.
 */
struct vnic_pci {
	struct vnic_pci_regs common;
	struct vnic_pci_regs notify;
	struct vnic_pci_regs isr;	/**< base NULL: absent */
	struct vnic_pci_regs device;	/**< base NULL: absent */
	uint32_t notify_off_multiplier;
	uint16_t nb_vectors;		/**< MSI-X table size */
	uint8_t msix_pos;		/**< legacy: MSI-X capability, 0 without */
	bool features_ok;		/**< legacy: the driver has chosen */
	struct vnic_pci_space space;	/**< legacy: configuration space */
	bool msix;			/**< interrupts come by MSI-X, not INTx */
	bool events_on;
	bool rx_vectors;		/**< of receive queues, in EAL's handle */
	bool intr_on;			/**< EAL has the interrupt enabled */
	struct rte_intr_handle *intr;	/**< NULL: no interrupt to be had */
	/** vnic_pci_config_vector, or the legacy interface's. */
	int (*config_vector)(struct vnic_dev *dev, uint16_t vector);
	uint32_t reset_timeout_us;	/**< device and queue reset */
	int vfio_fd;			/**< EAL's, of the function; -1: none */
	uint16_t nb_vqs;		/**< records below */
	struct vnic_pci_vq vqs[];
};

#define VNIC_PCI_RESET_TIMEOUT_US 5000000
#define VNIC_PCI_GENERATION_TRIES 16

/** A field of the common configuration; W is 8, 16 or 32. */
#define VNIC_PCI_GET(pci, W, field) \
	vnic_pci_read##W(&(pci)->common, \
			 offsetof(struct virtio_pci_common_cfg, field))
#define VNIC_PCI_SET(pci, W, field, value) \
	vnic_pci_write##W(&(pci)->common, \
			  offsetof(struct virtio_pci_common_cfg, field), value)
/** True if the device's common configuration reaches past a field. */
#define VNIC_PCI_HAS(pci, field) \
	((pci)->common.len >= offsetof(struct virtio_pci_common_cfg, field) + \
	 sizeof(((struct virtio_pci_common_cfg *)0)->field))

/* vnic_pci.c; operations as vnic_transport.h says, and: */

int
vnic_pci_reset(struct vnic_dev *dev);
int
vnic_pci_status_get(struct vnic_dev *dev, uint8_t *status);
int
vnic_pci_status_set(struct vnic_dev *dev, uint8_t status);
int
vnic_pci_features_get(struct vnic_dev *dev, struct virtio_features *f);
int
vnic_pci_features_set(struct vnic_dev *dev, const struct virtio_features *f);
int
vnic_pci_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len);
/**
 * Map configuration changes to an MSI-X vector, or to VIRTIO_PCI_NO_VECTOR.
 *
 * @return 0, or -ENOTSUP if the device did not take it (no vector is mapped).
 */
int
vnic_pci_config_vector(struct vnic_dev *dev, uint16_t vector);
/** A clock for deadlines, without EAL. */
uint64_t
vnic_pci_now_us(void);
/**
 * Poll the device until @p done or until the deadline of a reset.
 *
 * @return 0; -ENODEV once the status reads all ones; -ETIMEDOUT.
 */
int
vnic_pci_wait(struct vnic_pci *pci, bool (*done)(struct vnic_pci *pci));

/* vnic_pci_queue.c */

int
vnic_pci_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max);
int
vnic_pci_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
		      struct vnic_notify *notify);
int
vnic_pci_queue_reset(struct vnic_dev *dev, uint16_t index);
int
vnic_pci_notify_attach(struct vnic_dev *dev, uint16_t index,
		       struct vnic_notify *notify);

/** No queue pair count to tell, and a link that is up without STATUS. */
int
vnic_pci_queues_active(struct vnic_dev *dev, uint16_t nb_pairs);
int
vnic_pci_link_get(struct vnic_dev *dev);
/**
 * Read the whole fields of the net configuration in [off, off + len).
 *
 * @return bytes read: less than len if the range cuts a field in two.
 */
size_t
vnic_pci_config_fields(const struct vnic_pci_regs *regs, size_t off,
		       uint8_t *dst, size_t len);

/* vnic_pci_vfio.c */

/**
 * Reset the whole PCI function through the kernel: for a device that does not
 * answer to its own registers. 0; -ENOTSUP without VFIO or its support.
 */
int
vnic_pci_function_reset(struct vnic_dev *dev);

/* vnic_pci_regs.c */

/**
 * Registers of the common configuration: device_feature 0 to 3,
 * config_msix_vector, num_queues, device_status, config_generation; then of
 * each data virtqueue: queue_size, queue_msix_vector, queue_enable,
 * queue_notify_off, the halves of queue_desc, queue_driver and queue_device,
 * queue_notif_config_data, queue_reset.
 */
#define VNIC_PCI_REGS_COMMON 8
#define VNIC_PCI_REGS_QUEUE 12

uint32_t
vnic_pci_regs_get(struct vnic_dev *dev, uint32_t *out, uint32_t max);

/* vnic_pci_legacy.c: operations upon pci->common, the legacy registers */

int
vnic_pci_legacy_reset(struct vnic_dev *dev);
int
vnic_pci_legacy_status_get(struct vnic_dev *dev, uint8_t *status);
int
vnic_pci_legacy_status_set(struct vnic_dev *dev, uint8_t status);
int
vnic_pci_legacy_features_get(struct vnic_dev *dev, struct virtio_features *f);
int
vnic_pci_legacy_features_set(struct vnic_dev *dev,
			     const struct virtio_features *f);
int
vnic_pci_legacy_config_read(struct vnic_dev *dev, size_t off, void *dst,
			    size_t len);
int
vnic_pci_legacy_mac_set(struct vnic_dev *dev,
			const struct rte_ether_addr *mac);
int
vnic_pci_legacy_config_vector(struct vnic_dev *dev, uint16_t vector);
int
vnic_pci_legacy_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max);
int
vnic_pci_legacy_queue_enable(struct vnic_dev *dev,
			     const struct vnic_vq_setup *vq,
			     struct vnic_notify *notify);
int
vnic_pci_legacy_queue_reset(struct vnic_dev *dev, uint16_t index);

/* vnic_pci_probe.c */

void
vnic_pci_close(struct vnic_dev *dev);

/* vnic_pci_port.c: the I/O ports of a legacy function */

/**
 * Reach the legacy registers of a function from this process.
 *
 * @return 0; -ENOTSUP with a log line if BAR 0 is no I/O BAR, or the kernel
 *   driver gives no access to it.
 */
int
vnic_pci_port_open(struct vnic_dev *dev, struct rte_pci_device *pci_dev,
		   struct vnic_pci_regs *regs);
void
vnic_pci_port_close(uint16_t port_id);

/* vnic_pci_event.c */

/** Find out how interrupts come, and listen; nothing fires yet. */
void
vnic_pci_events_open(struct vnic_dev *dev, struct rte_pci_device *pci_dev);
void
vnic_pci_events_close(struct vnic_dev *dev);
int
vnic_pci_event_enable(struct vnic_dev *dev, bool on);
uint16_t
vnic_pci_intr_max(const struct vnic_dev *dev);
int
vnic_pci_intr_open(struct vnic_dev *dev, uint16_t nb);

#endif /* VNIC_PCI_H */
