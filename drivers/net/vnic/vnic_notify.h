/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_NOTIFY_H
#define VNIC_NOTIFY_H

#include <vring.h>

#include "vnic_transport.h"

/** Change a doorbell that a burst may be ringing: it rings the old one, none,
 * or the new one. */
void
vnic_notify_set(struct vnic_notify *slot, const struct vnic_notify *notify);

/**
 * Ring a doorbell (virtio 1.4 section 2.9): MMIO, I/O port or eventfd, as
 * this process has it. At most once a burst, so out of line.
 */
void
vnic_notify(uint16_t port_id, uint16_t vq_index, const struct vring *vr,
	    bool packed);

#endif /* VNIC_NOTIFY_H */
