/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_cycles.h>

#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stall.h"

/*
 * The queue's own lcore goes on meanwhile: its indexes are looked at as
 * vring_peek() allows, and one tick later again.
 */

static bool
stall_is_used(const struct vring *vr, uint16_t idx)
{
	return vring_packed_is_used(vr, idx, rte_le_to_cpu_16(vring_load16(
		&vr->packed.desc[idx & vr->mask].flags)));
}

/** The flags alone: their other words are being written by the lcore. */
static uint16_t
stall_place_packed(const struct vnic_txq *txq, struct vring_view now)
{
	uint16_t waiting = now.avail_idx - now.used_idx, n = 0;

	if (!stall_is_used(&txq->vr, now.used_idx))
		return now.used_idx;
	/* Where the next one begins only its lcore knows. */
	if (vnic_dev_has(txq->dev, VIRTIO_F_IN_ORDER) ||
	    !vnic_dev_has(txq->dev, VIRTIO_F_INDIRECT_DESC))
		return now.avail_idx;
	while (n < waiting && stall_is_used(&txq->vr, now.used_idx + n))
		n++;
	return now.used_idx + n;
}

/** Up to which index the device has used the ring, at this moment. */
static uint16_t
stall_place(const struct vnic_txq *txq, struct vring_view now)
{
	if (now.avail_idx == now.used_idx)
		return now.avail_idx;
	if (vnic_dev_has(txq->dev, VIRTIO_F_RING_PACKED))
		return stall_place_packed(txq, now);
	return rte_le_to_cpu_16(vring_load16(&txq->vr.split.used->idx));
}

/* The device took something, or has nothing to take. */
static void
stall_over(struct vnic_txq *txq, uint64_t now, bool took)
{
	if (took && txq->stall_well == 0)
		txq->stall_well = now;
	if (txq->stall_well != 0 && now - txq->stall_well >
	    rte_get_timer_hz() / 1000 * VNIC_HEALTHY_MS)
		txq->stall_tries = 0;
}

/** True once the device has taken nothing for @p bound cycles. */
static bool
stall_look(struct vnic_txq *txq, uint64_t bound)
{
	struct vring_view now = vring_peek(&txq->vr);
	uint64_t cycles = rte_get_timer_cycles(), waited;
	uint16_t place = stall_place(txq, now);
	bool moved = place != txq->stall_place;

	if (moved || place == now.avail_idx || txq->stall_since == 0) {
		stall_over(txq, cycles, moved);
		txq->stall_place = place;
		txq->stall_since = place != now.avail_idx ? cycles : 0;
		txq->stall_rung = false;
		return false;
	}
	waited = cycles - txq->stall_since;
	if (!txq->stall_rung && waited > bound / 2) {
		txq->stall_rung = true;
		vnic_txq_ring(txq);
	}
	return waited > bound;
}

static uint64_t
stall_bound_ms(const struct vnic_txq *txq)
{
	return (uint64_t)txq->dev->args.tx_stall_ms <<
		RTE_MIN(txq->stall_tries, VNIC_STALL_TRIES);
}

/* True if no reset is to be tried for it any more; said once. */
static bool
stall_given_up(struct vnic_txq *txq)
{
	struct vnic_dev *dev = txq->dev;

	if (txq->stall_tries < VNIC_STALL_TRIES)
		return false;
	if (txq->stall_tries == VNIC_STALL_TRIES) {
		txq->stall_tries++;
		dev->tx_stalls_given_up++;
		VNIC_LOG(ERR, "%s: %u resets have not helped transmit queue %u: port %u goes on and that queue is left alone, until the device has taken its frames for %u s without a stall; look at what is behind the device",
			 dev->name, VNIC_STALL_TRIES, txq->queue_id,
			 dev->port_id, VNIC_HEALTHY_MS / 1000);
	}
	return true;
}

/*
 * The reset is one for all queues that wait, so that a device which is dead as
 * a whole costs no more resets than one with a single dead queue.
 */
static void
stall_charge(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq == NULL || !txq->stall_rung)
			continue;
		txq->stall_well = 0;
		if (txq->stall_tries < VNIC_STALL_TRIES)
			txq->stall_tries++;
	}
}

static void
stall_declare(struct vnic_txq *txq)
{
	struct vnic_dev *dev = txq->dev;

	VNIC_LOG(ERR, "%s: the device has taken nothing from transmit queue %u for %" PRIu64 " ms, though it was rung: port %u is reset",
		 dev->name, txq->queue_id, stall_bound_ms(txq), dev->port_id);
	dev->tx_stalls++;
	stall_charge(dev);
	/* These resets are counted by queue, and bounded by that. */
	dev->recover_tries = 0;
}

bool
vnic_stall_found(struct vnic_dev *dev)
{
	struct vnic_txq *found = NULL;
	uint16_t i;

	if (dev->args.tx_stall_ms == 0)
		return false;
	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq != NULL && txq->enabled &&
		    stall_look(txq, rte_get_timer_hz() / 1000 *
			       stall_bound_ms(txq)) &&
		    !stall_given_up(txq) && found == NULL)
			found = txq;
	}
	if (found != NULL)
		stall_declare(found);
	return found != NULL;
}

bool
vnic_stall_rests(struct vnic_txq *txq)
{
	struct vring_view now = vring_peek(&txq->vr);

	if (!txq->enabled || txq->stopped ||
	    now.avail_idx != txq->seen_avail) {
		txq->rest_looks = 0;
		return false;
	}
	if (txq->rest_looks < VNIC_REST_LOOKS) {
		txq->rest_looks++;
		return false;
	}
	return stall_place(txq, now) != now.used_idx;
}

void
vnic_stall_begin(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq == NULL)
			continue;
		txq->stall_tries = 0;
		txq->stall_well = 0;
	}
}
