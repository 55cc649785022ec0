/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COALESCE_H
#define VNIC_COALESCE_H

#include <stdint.h>

/**
 * @file
 * Notification coalescing (NOTF_COAL, VQ_NOTF_COAL; virtio 1.4, 5.1.6.5.8):
 * how long the device may wait before it interrupts. The devargs
 * rx_coal_usecs, rx_coal_packets, tx_coal_usecs and tx_coal_packets say it; a
 * port without receive interrupts sends nothing of it, for polling takes no
 * notification.
 */

struct vnic_coalesce;
struct vnic_dev;

/**
 * After DRIVER_OK: what the devargs ask for, to all queues. Locked. A device
 * that lacks the feature or refuses is told of by one log line.
 *
 * @return 0, or the error of a control queue that is dead now
 */
int
vnic_coalesce_restore(struct vnic_dev *dev);

/** The same for one data virtqueue that was enabled just now. Locked. */
int
vnic_coalesce_restore_vq(struct vnic_dev *dev, uint16_t vq_index);

/**
 * What the device uses for one enabled data virtqueue, asked of it. Takes the
 * lock.
 *
 * @return 0; -ENOTSUP without VQ_NOTF_COAL; -ENOENT the device has no such
 *   queue now; -EBUSY; as vnic_command.h
 */
int
vnic_coalesce_get(struct vnic_dev *dev, uint16_t vq_index,
		  struct vnic_coalesce *coal);

#endif /* VNIC_COALESCE_H */
