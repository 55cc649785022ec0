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

/** True once the device has taken nothing for @p bound cycles. */
static bool
stall_look(struct vnic_txq *txq, uint64_t bound)
{
	struct vring_view now = vring_peek(&txq->vr);
	uint64_t cycles = rte_get_timer_cycles(), waited;
	uint16_t place = stall_place(txq, now);
	bool moved = place != txq->stall_place;

	if (moved)
		txq->dev->stall_tries = 0;
	if (moved || place == now.avail_idx || txq->stall_since == 0) {
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

static bool
stall_give_up(struct vnic_dev *dev, uint16_t queue_id)
{
	if (dev->stall_tries < VNIC_STALL_TRIES)
		return false;
	if (dev->stall_tries++ == VNIC_STALL_TRIES) {
		VNIC_LOG(ERR, "%s: %u resets have not helped transmit queue %u: the device is left alone until it takes a frame; look at what is behind it",
			 dev->name, VNIC_STALL_TRIES, queue_id);
		vnic_event_note(dev, RTE_ETH_EVENT_RECOVERY_FAILED);
	}
	dev->stall_tries = VNIC_STALL_TRIES + 1;
	return true;
}

static bool
stall_declare(struct vnic_dev *dev, uint16_t queue_id, uint64_t ms)
{
	if (stall_give_up(dev, queue_id))
		return false;
	VNIC_LOG(ERR, "%s: the device has taken nothing from transmit queue %u for %" PRIu64 " ms, though it was rung: port %u is reset",
		 dev->name, queue_id, ms, dev->port_id);
	dev->tx_stalls++;
	dev->stall_tries++;
	/* A port that could be reset so far: it gets all its tries again. */
	dev->recover_tries = 0;
	return true;
}

bool
vnic_stall_found(struct vnic_dev *dev)
{
	uint64_t ms;
	uint16_t i;

	if (dev->args.tx_stall_ms == 0)
		return false;
	ms = (uint64_t)dev->args.tx_stall_ms <<
		RTE_MIN(dev->stall_tries, VNIC_STALL_TRIES);
	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = dev->data->tx_queues[i];

		if (txq != NULL && txq->enabled &&
		    stall_look(txq, rte_get_timer_hz() * ms / 1000))
			return stall_declare(dev, i, ms);
	}
	return false;
}
