/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_STALL_H
#define VNIC_STALL_H

#include <stdbool.h>

struct vnic_dev;
struct vnic_txq;

/**
 * @file
 * A device that takes no frames though it was rung for them. Time counts
 * only while frames wait for the device; what it has used and nobody has
 * reclaimed does not wait. One more doorbell is rung half way. Of a packed
 * ring in order, or without indirect descriptors, no more is known than
 * whether anything used was not reclaimed: then nothing counts as waiting.
 *
 * Resets are counted by queue. One that a few of them have not helped is left
 * alone, with a log line and the counter tx_stalls_given_up: the port goes on
 * for the sake of its other queues, so no event says that its recovery failed.
 */

/**
 * Resets for a queue, until it has taken frames for VNIC_HEALTHY_MS without a
 * stall; after that many it is left alone.
 */
#define VNIC_STALL_TRIES 5

/**
 * Health timer, locked: look at all transmit queues of a running port.
 *
 * @return true if the port is to be reset: a queue has waited for
 *   args.tx_stall_ms, doubled with every reset that was counted for it.
 */
bool
vnic_stall_found(struct vnic_dev *dev);

/** Looks of the health timer before a queue counts as resting: a second. */
#define VNIC_REST_LOOKS 10
/**
 * Health timer, locked, once a look and before vnic_txq_nudge.
 *
 * @return true if nothing has been sent by the queue for VNIC_REST_LOOKS, and
 *   its ring holds mbufs that the device is done with.
 */
bool
vnic_stall_rests(struct vnic_txq *txq);

/** The application starts the port: forget the resets so far. Locked. */
void
vnic_stall_begin(struct vnic_dev *dev);

#endif /* VNIC_STALL_H */
