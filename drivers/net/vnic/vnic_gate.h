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
 * The fast side pays two plain stores to a line it owns. The mark says whose
 * it is, so that a process which died inside a burst is not waited for.
 */

/** A mark that says nothing about whose it is. */
#define VNIC_GATE_SOMEBODY UINT32_MAX

/**
 * This process's mark: its process id if the primary process can tell by it
 * whether it lives, else VNIC_GATE_SOMEBODY. Written before bursts run.
 */
extern uint32_t vnic_gate_owner __attribute__((visibility("hidden")));

/** This process may run bursts of @p dev: primary at probe, others at attach. */
void
vnic_gate_join(struct vnic_dev *dev);

/**
 * No lcore is inside a burst. Holds for as long as the gates stay shut, if
 * vnic_port_park shut them, with whatever result.
 */
bool
vnic_port_is_quiet(struct vnic_dev *dev);

/** A process died inside a burst of a queue: the ring may be half written. */
bool
vnic_port_is_orphaned(struct vnic_dev *dev);

/** Enter a burst of @p nb frames; returns how many may be handled. */
static __rte_always_inline uint16_t
vnic_gate_enter(struct vnic_gate *gate, uint16_t nb)
{
	__atomic_store_n(&gate->busy, vnic_gate_owner, __ATOMIC_RELAXED);
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

/** From inside a burst: the ring is broken, no other one begins. */
static __rte_always_inline void
vnic_gate_fault(struct vnic_gate *gate)
{
	__atomic_store_n(&gate->limit, 0, __ATOMIC_RELAXED);
}

#endif /* VNIC_GATE_H */
