/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_LRO_H
#define VNIC_LRO_H

#include <stdbool.h>

/**
 * @file
 * Large receive, and its switch for a running port: CTRL_GUEST_OFFLOADS
 * (virtio 1.4, 5.1.6.5.8). What the device may send as one frame is agreed on
 * when the port is configured (TCP_LRO); the switch takes it back and gives
 * it again without a restart. ethdev has no operation for that, so it is a
 * telemetry command, /vnic/lro.
 */

struct vnic_dev;

/** Whether frames of VNIC_OFFLOAD_LRO_MAX were agreed on. */
bool
vnic_lro_has(const struct vnic_dev *dev);

/**
 * Turn it off, or on again; stays so until the port is configured anew.
 * Primary process, takes the control lock. Frames that the device had made
 * before may still arrive.
 *
 * @return 0; -ENOTSUP without LRO or CTRL_GUEST_OFFLOADS; -EIO refused by the
 *   device, -ETIMEDOUT it did not answer, -EBUSY another operation runs: then
 *   nothing has changed.
 */
int
vnic_lro_set(struct vnic_dev *dev, bool on);

/** After DRIVER_OK: off if it was; locked. @return as vnic_ctrl.h. */
int
vnic_lro_restore(struct vnic_dev *dev);

#endif /* VNIC_LRO_H */
