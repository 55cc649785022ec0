/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_ATTACH_H
#define VNIC_ATTACH_H

#include <stdint.h>

/**
 * @file
 * What a secondary process has of a port that is its own: doorbells and burst
 * functions, which follow what the primary does with the port
 * (vnic_device_attach and vnic_device_detach begin and end it).
 */

struct vnic_dev;

/**
 * Primary: the port has been started or stopped, or what its bursts do has
 * changed; secondary processes follow as soon as they hear it.
 */
void
vnic_attach_tell(const struct vnic_dev *dev);

/**
 * Secondary: make this process's doorbells and bursts those of the port as it
 * is now; none while it is stopped. A port that is not attached is left alone.
 * Not from a callback of EAL's channel to the primary.
 */
void
vnic_attach_refresh(uint16_t port_id);

#endif /* VNIC_ATTACH_H */
