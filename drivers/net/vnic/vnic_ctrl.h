/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_CTRL_H
#define VNIC_CTRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#include <virtio_features.h>

/**
 * @file
 * The control queue (virtio 1.4, 5.1.6.5): one exchange at a time, each with
 * a deadline (devarg ctrl_timeout_ms). Primary process, control lock held.
 *
 * All commands return 0; -ENOTSUP the feature that the command needs was not
 * accepted; -EIO the device refused it, or the queue is dead since an earlier
 * exchange; -ETIMEDOUT no answer: the queue is dead and its memory untouched
 * until the next device reset; -EPROTO the device broke the ring. Within a
 * restore also what vnic_ctrl_restore_check says.
 */

struct vnic_dev;

/**
 * Allocate for any features, with room for every command that the device as it
 * was probed last can be sent; before CTRL_VQ is accepted, the device reset.
 */
int
vnic_ctrl_create(struct vnic_dev *dev);
/** Free; the device has been reset. */
void
vnic_ctrl_free(struct vnic_dev *dev);
/** Empty ring, handed to the device; before DRIVER_OK. */
int
vnic_ctrl_start(struct vnic_dev *dev);
/** The device let go of the ring (reset). */
void
vnic_ctrl_stop(struct vnic_dev *dev);
/** A command was not answered since the last start. */
bool
vnic_ctrl_is_dead(const struct vnic_dev *dev);

/**
 * A device is told all that the port has, which may be thousands of commands:
 * from here to the end they share VNIC_CTRL_RESTORE_TIMES the deadline of one.
 */
void
vnic_ctrl_restore_begin(struct vnic_dev *dev);
void
vnic_ctrl_restore_end(struct vnic_dev *dev);
#define VNIC_CTRL_RESTORE_TIMES 5

/**
 * Whether to go on with a restore: 0, always so outside of one; -ETIMEDOUT its
 * time is up; -ECANCELED.
 */
int
vnic_ctrl_restore_check(const struct vnic_dev *dev);

/** End a restore that runs in another thread, or let them run; not locked. */
void
vnic_ctrl_restore_cancel(struct vnic_dev *dev, bool cancel);

/** Largest control ring of a legacy device, whose size cannot be chosen. */
#define VNIC_CTRL_RING_LEGACY 1024
/** Room for the data of any command but those of RSS. */
#define VNIC_CTRL_DATA_MAX 3072

/** One exchange. @p data is copied; @p len is bounded by what was allocated. */
int
vnic_ctrl_exec(struct vnic_dev *dev, uint8_t class, uint8_t command,
	       const void *data, size_t len);

/**
 * Where to write @p len bytes, instead of having them copied: *@p data is then
 * given to the exchange that must follow. Errors as of that.
 */
int
vnic_ctrl_begin(struct vnic_dev *dev, size_t len, uint8_t **data);

/**
 * One exchange that is answered with more than OK. At most @p max bytes, up
 * to VNIC_CTRL_RESULT_MAX, come to @p result.
 *
 * @param[out] got bytes that the device wrote there, at most @p max
 */
#define VNIC_CTRL_RESULT_MAX 8192
int
vnic_ctrl_query(struct vnic_dev *dev, uint8_t class, uint8_t command,
		const void *data, size_t len, void *result, size_t max,
		size_t *got);

/**
 * @p command is VIRTIO_NET_CTRL_RX_PROMISC, ...: those from ALLUNI on need
 * CTRL_RX_EXTRA.
 */
int
vnic_ctrl_rx_mode(struct vnic_dev *dev, uint8_t command, bool on);
int
vnic_ctrl_mac_set(struct vnic_dev *dev, const struct rte_ether_addr *mac);
/** Replace the table of further addresses; at most VNIC_MAC_MAX each. */
int
vnic_ctrl_mac_table(struct vnic_dev *dev,
		    const struct rte_ether_addr *unicast, uint32_t nb_unicast,
		    const struct rte_ether_addr *multicast,
		    uint32_t nb_multicast);
int
vnic_ctrl_vlan(struct vnic_dev *dev, uint16_t vlan_id, bool add);
/** Exactly these, as feature bits; only accepted ones (5.1.6.5.8). */
int
vnic_ctrl_guest_offloads(struct vnic_dev *dev, struct virtio_features set);
/** -EBUSY while there are RSS contexts, which forbid it (5.1.6.5.8.4). */
int
vnic_ctrl_pairs_set(struct vnic_dev *dev, uint16_t nb_pairs);

#endif /* VNIC_CTRL_H */
