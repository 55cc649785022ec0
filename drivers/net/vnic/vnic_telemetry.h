/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_TELEMETRY_H
#define VNIC_TELEMETRY_H

#include <stdint.h>

/**
 * @file
 * The commands /vnic/... of this process's telemetry socket. They run in
 * threads of their own, which know nothing of the life of ports.
 */

struct vnic_dev;

/** The port may be asked for from now on. */
void
vnic_telemetry_add(struct vnic_dev *dev);
/**
 * No command looks at the port any more: waits for one that does, which takes
 * at most as long as a control command and two waits for the control lock.
 * Control lock not held.
 */
void
vnic_telemetry_remove(uint16_t port_id);

/**
 * For a command in another file: the port, which stays until the end of it;
 * NULL if it is none of ours, and then there is no end to be said.
 */
struct vnic_dev *
vnic_telemetry_begin(unsigned long port);
void
vnic_telemetry_end(void);

#endif /* VNIC_TELEMETRY_H */
