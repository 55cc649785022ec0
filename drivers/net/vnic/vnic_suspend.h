/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_SUSPEND_H
#define VNIC_SUSPEND_H

struct vnic_dev;

/**
 * VIRTIO_F_SUSPEND (virtio 1.4, 3.5): before a port is stopped the device
 * ends what it has begun and shows it, so that frames on their way are sent,
 * and counted as such, not lost. Locked; gates shut. What follows is a reset,
 * whatever came of it; the wait is bounded by args.ctrl_timeout_ms.
 */
void
vnic_suspend(struct vnic_dev *dev);

#endif /* VNIC_SUSPEND_H */
