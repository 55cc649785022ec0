/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic.h"
#include "vnic_transport.h"

/* Per process: function addresses differ between processes. */
static const struct vnic_transport_ops *vnic_transports[VNIC_TRANSPORT_MAX];

void
vnic_transport_register(enum vnic_transport_kind kind,
			const struct vnic_transport_ops *ops)
{
	vnic_transports[kind] = ops;
}

const struct vnic_transport_ops *
vnic_transport_ops(const struct vnic_dev *dev)
{
	return dev->transport < VNIC_TRANSPORT_MAX ?
		vnic_transports[dev->transport] : NULL;
}
