/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_GATE_H
#define VNIC_GATE_H

#include "vnic_queue.h"

/**
 * @file
 * How a burst and the control plane keep out of each other's way without a
 * lock: the burst marks itself busy and then reads the limit; the control
 * plane zeroes the limit, forces a memory barrier on all processors that run
 * threads of the program (membarrier(2)), and waits until nobody is busy.
 * The fast side pays two plain stores to a line it owns.
 */

/** Enter a burst of @p nb frames; returns how many may be handled. */
static __rte_always_inline uint16_t
vnic_gate_enter(struct vnic_gate *gate, uint16_t nb)
{
	__atomic_store_n(&gate->busy, 1, __ATOMIC_RELAXED);
	/* Partner: membarrier in vnic_port_park, between its store of limit
	 * and its first look at busy. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return RTE_MIN(nb, __atomic_load_n(&gate->limit, __ATOMIC_ACQUIRE));
}

static __rte_always_inline void
vnic_gate_leave(struct vnic_gate *gate)
{
	/* Partner: the acquire of busy in vnic_port_park. */
	__atomic_store_n(&gate->busy, 0, __ATOMIC_RELEASE);
}

#endif /* VNIC_GATE_H */
