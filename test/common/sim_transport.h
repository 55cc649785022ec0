/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "sim_port.h"

/** VNIC_TRANSPORT_SIM; dev->priv is a struct sim_port. */
extern const struct vnic_transport_ops sim_transport_ops;

#endif /* SIM_TRANSPORT_H */
