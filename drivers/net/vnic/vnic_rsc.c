/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_common.h>
#include <rte_errno.h>

#include "vnic_rsc.h"

int vnic_rsc_offset = -1;
uint64_t vnic_rsc_flag;

int
vnic_rsc_register(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = VNIC_RSC_FIELD,
		.size = sizeof(struct vnic_rsc_info),
		.align = __alignof__(struct vnic_rsc_info),
	};
	static const struct rte_mbuf_dynflag flag = { .name = VNIC_RSC_FLAG };
	int offset, bit;

	if (vnic_rsc_offset >= 0)
		return 0;
	offset = rte_mbuf_dynfield_register(&field);
	bit = offset < 0 ? -1 : rte_mbuf_dynflag_register(&flag);
	if (bit < 0)
		return rte_errno != 0 ? -rte_errno : -ENOSPC;
	vnic_rsc_flag = RTE_BIT64(bit);
	vnic_rsc_offset = offset;
	return 0;
}
