/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_TRANSPORT_H
#define VNIC_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio_features.h>

/**
 * @file
 * The seam between the driver and the bus that a device sits on. Everything
 * behind it is cold: the data path meets a transport only in vnic_notify().
 *
 * Thread rules: all operations run in the primary process, under the device's
 * control lock, never on a data path. Every wait inside has a deadline.
 * All return 0 (or the value named) or a negative errno: -ENODEV the device
 * is gone, -ETIMEDOUT it did not answer in time, -EPROTO it answered
 * nonsense, -ENOTSUP it lacks the feature.
 */

struct rte_ether_addr;
struct vnic_dev;

enum vnic_transport_kind {
	VNIC_TRANSPORT_PCI,
	VNIC_TRANSPORT_LEGACY,	/**< PCI, without a modern interface */
	VNIC_TRANSPORT_USER,
	VNIC_TRANSPORT_VNET,	/**< the kernel's vhost-net with a tap */
	VNIC_TRANSPORT_VDPA,	/**< the kernel's vhost-vdpa */
	VNIC_TRANSPORT_SIM,	/**< a model device, in tests only */
	VNIC_TRANSPORT_MAX
};

/**
 * Kinds of front end that have the MAC address themselves and switch queue
 * pairs without a control queue.
 */
static inline bool
vnic_transport_is_front(enum vnic_transport_kind kind)
{
	return kind == VNIC_TRANSPORT_USER || kind == VNIC_TRANSPORT_VNET;
}

/** Where one virtqueue lives, in addresses as the device sees them. */
struct vnic_vq_setup {
	uint16_t index;		/**< virtqueue number, section 5.1.2 */
	uint16_t size;
	uint16_t base;		/**< first free-running ring index (0) */
	uint64_t desc;		/**< descriptor area */
	uint64_t driver;	/**< driver area: avail ring, driver event */
	uint64_t device;	/**< device area: used ring, device event */
	uint16_t vector;	/**< MSI-X vector or VIRTIO_PCI_NO_VECTOR */
};

enum vnic_notify_kind {
	VNIC_NOTIFY_NONE,	/**< not set up, or the device polls */
	VNIC_NOTIFY_MMIO16,
	VNIC_NOTIFY_MMIO32,	/**< NOTIFICATION_DATA */
	VNIC_NOTIFY_PIO16,	/**< legacy I/O BAR */
	VNIC_NOTIFY_EVENTFD
};

/** How to ring one virtqueue's doorbell, valid in one process only. */
struct vnic_notify {
	enum vnic_notify_kind kind;
	uint16_t value;		/**< virtqueue index or notif_config_data */
	union {
		volatile void *addr;
		int fd;
		struct {
			void *pio;	/**< struct rte_pci_ioport */
			uint32_t pio_off;
		};
	};
};

struct vnic_transport_ops {
	const char *name;
	/** Addresses in rings and descriptors: true VA, false IOVA. */
	bool addr_is_va;
	/** queue_reset works without VIRTIO_F_RING_RESET. */
	bool resets_queues;
	/**
	 * Status is a register of the device: it is cheap to read, so the
	 * health timer does, and what reads as all ones (-ENODEV) is gone for
	 * good. Otherwise the transport tells of a back end's coming and going
	 * (vnic_event_backend), and no question is to be sent on the side.
	 */
	bool status_register;
	/** Without both rings of the first pair the device does nothing. */
	bool needs_first_pair;
	/**
	 * Devices of before virtio 1.0: no VERSION_1, 32 feature bits, and
	 * rings of just the size that queue_max tells (section 2.7.2).
	 */
	bool legacy;

	/**
	 * Reset the device and wait (bounded) until it is proven quiet: status
	 * read back as 0, or rings taken back (section 2.4).
	 */
	int (*reset)(struct vnic_dev *dev);
	int (*status_get)(struct vnic_dev *dev, uint8_t *status);
	/** Write device status, never 0 (use reset). */
	int (*status_set)(struct vnic_dev *dev, uint8_t status);
	int (*features_get)(struct vnic_dev *dev, struct virtio_features *f);
	int (*features_set)(struct vnic_dev *dev,
			    const struct virtio_features *f);
	/**
	 * Read device configuration under one generation (section 2.5.3),
	 * bounded tries; @p off + @p len past its end: -EINVAL, nothing read.
	 */
	int (*config_read)(struct vnic_dev *dev, size_t off, void *dst,
			   size_t len);
	/** Write the address to the configuration; NULL: it is read-only. */
	int (*mac_set)(struct vnic_dev *dev, const struct rte_ether_addr *mac);
	/** Largest size of a virtqueue; 0 means that it does not exist. */
	int (*queue_max)(struct vnic_dev *dev, uint16_t index, uint16_t *max);
	/** Hand a ring to the device and fill *@p notify for this process. */
	int (*queue_enable)(struct vnic_dev *dev,
			    const struct vnic_vq_setup *vq,
			    struct vnic_notify *notify);
	/**
	 * Stop one virtqueue and wait until the device has let go of it
	 * (RING_RESET, or the transport's own means). -ENOTSUP: only a device
	 * reset can.
	 */
	int (*queue_reset)(struct vnic_dev *dev, uint16_t index);
	/** Called after DRIVER_OK and after each change of active pairs. */
	int (*queues_active)(struct vnic_dev *dev, uint16_t nb_pairs);
	/**
	 * Turn the configuration-change interrupt on or off; 1 if it is on
	 * and cannot be relied upon, so that the port is looked at as well.
	 */
	int (*event_enable)(struct vnic_dev *dev, bool on);
	/**
	 * The device's registers into @p out, which has room for @p max.
	 * Returns how many there are, never more than the first time while the
	 * port keeps its queues; more than @p max: nothing is written.
	 */
	uint32_t (*regs_get)(struct vnic_dev *dev, uint32_t *out, uint32_t max);
	/** Most receive queues that can have interrupts; NULL: none. */
	uint16_t (*intr_max)(const struct vnic_dev *dev);
	/**
	 * Give @p nb receive queues vectors and descriptors in the ethdev's
	 * interrupt handle, before any queue is enabled; 0 takes them back.
	 * NULL: intr_fd has a descriptor that the device writes to.
	 */
	int (*intr_open)(struct vnic_dev *dev, uint16_t nb);
	int (*intr_fd)(const struct vnic_dev *dev, uint16_t queue_id);
	/** Link state for transports without VIRTIO_NET_F_STATUS: 1 up. */
	int (*link_get)(struct vnic_dev *dev);
	/**
	 * Secondary process: fill *@p notify for a virtqueue of a started port,
	 * also one that is stopped now, for it comes back with the same. May
	 * ask the primary, so not from a callback of EAL's channel to it.
	 */
	int (*notify_attach)(struct vnic_dev *dev, uint16_t index,
			     struct vnic_notify *notify);
	/**
	 * Give up what notify_attach has opened in this process; NULL: nothing.
	 * The primary may have closed the port before.
	 */
	void (*notify_detach)(uint16_t port_id);
	/** Release everything; the device has been reset before. */
	void (*close)(struct vnic_dev *dev);
};

/** Install the operations of a kind (in constructors and tests). */
void
vnic_transport_register(enum vnic_transport_kind kind,
			const struct vnic_transport_ops *ops);

/** Operations of a device in this process; NULL if none is registered. */
const struct vnic_transport_ops *
vnic_transport_ops(const struct vnic_dev *dev);

#endif /* VNIC_TRANSPORT_H */
