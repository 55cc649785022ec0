/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_RSC_H
#define VNIC_RSC_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

/**
 * @file
 * What a device with VIRTIO_NET_F_RSC_EXT says of a frame that it made from
 * several (virtio 1.4, 5.1.6.4): in a dynamic field of the mbuf, which
 * applications look up by its name, valid where the flag of that name is set.
 */

#define VNIC_RSC_FIELD "vnic_dynfield_rsc"
#define VNIC_RSC_FLAG "vnic_dynflag_rsc"

/** The field; both counts as the device has them, unchecked. */
struct vnic_rsc_info {
	uint16_t segments;	/**< TCP segments that it was made from */
	uint16_t dup_acks;	/**< duplicate ACKs among them */
};

/** Of this process; -1 and 0 until vnic_rsc_register. */
extern int vnic_rsc_offset;
extern uint64_t vnic_rsc_flag;

/**
 * Have field and flag, or find those that another process has; any process.
 *
 * @return 0; -ENOSPC if other fields have taken the room in the mbuf.
 */
int
vnic_rsc_register(void);

static inline void
vnic_rsc_store(struct rte_mbuf *m, uint16_t segments, uint16_t dup_acks)
{
	/* A secondary process may poll before it has heard of the field. */
	if (vnic_rsc_offset < 0)
		return;
	*RTE_MBUF_DYNFIELD(m, vnic_rsc_offset, struct vnic_rsc_info *) =
		(struct vnic_rsc_info){
			.segments = segments, .dup_acks = dup_acks,
		};
	m->ol_flags |= vnic_rsc_flag;
}

#endif /* VNIC_RSC_H */
