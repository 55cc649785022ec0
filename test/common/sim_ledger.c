/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "sim_port.h"

/* Frames in the ring by the ring's own records, which differ by layout. */
static uint64_t
in_ring(const struct sim_port *port, const struct vnic_txq *txq)
{
	const struct vring *vr = &txq->vr;
	uint64_t nr = 0;
	uint16_t i;

	if (!(port->row.flags & VNIC_PATH_CHAIN))
		return vring_outstanding(vr);
	for (i = 0; i <= vr->mask; i++)
		nr += vr->cookie[i] != NULL;
	return nr;
}

void
sim_ledger_check(struct sim_port *port, uint16_t queue)
{
	const struct vnic_txq *txq = sim_txq(port, queue);

	assert_int_equal(txq->stats.packets, txq->stats.completed +
			 txq->stats.returned + in_ring(port, txq));
}
