/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_ethdev.h>

#include "vnic.h"
#include "vnic_gate.h"
#include "vnic_queue.h"
#include "vnic_queue_status.h"

/* ---- rings of slots: how many the device has given back ---- */

static uint16_t
slots_split(const struct vring *vr)
{
	uint16_t seen = rte_le_to_cpu_16(
		vring_load_acquire16(&vr->split.used->idx));
	uint16_t n = seen - vr->used_idx;

	/* More than outstanding is a lie; the next burst finds it too. */
	return n > vring_outstanding(vr) ? vr->known : n;
}

/* Slots that the used descriptor at @p idx speaks for, of @p rest; or 0. */
static uint16_t
slots_packed_at(const struct vring *vr, uint16_t idx, uint16_t rest,
		bool in_order)
{
	uint64_t word = rte_le_to_cpu_64(vring_load_acquire64(
		&vr->packed.desc[idx & vr->mask].len));
	uint16_t id = word >> 32, last;

	if (!vring_packed_is_used(vr, idx, word >> 48))
		return 0;
	if (!in_order)
		return 1;
	last = (vr->id_slot[id & vr->mask] - idx) & vr->mask;
	return id > vr->mask || last >= rest ? 0 : last + 1;
}

static uint16_t
slots_packed(const struct vring *vr, bool in_order, uint16_t max)
{
	uint16_t outstanding = vring_outstanding(vr);
	uint16_t n = vr->known, nr;

	max = RTE_MIN(max, outstanding);
	while (n < max) {
		nr = slots_packed_at(vr, vr->used_idx + n, outstanding - n,
				     in_order);
		if (nr == 0)
			break;
		n += nr;
	}
	return n;
}

static uint16_t
slots_done(const struct vring *vr, const struct vnic_dev *dev, uint16_t max)
{
	uint16_t n = vnic_dev_has(dev, VIRTIO_F_RING_PACKED) ?
		slots_packed(vr, vnic_dev_has(dev, VIRTIO_F_IN_ORDER), max) :
		slots_split(vr);

	return RTE_MIN(n, max);
}

/* ---- rings of chains: descriptors of what was given back ---- */

/* Descriptors of the buffer made available at @p idx, by our own records. */
static uint16_t
chain_len_at(const struct vring *vr, uint16_t idx)
{
	return vr->id_slot[vr->slot_id[idx & vr->mask]];
}

static uint32_t
chains_split(const struct vring *vr, bool in_order)
{
	uint16_t n = slots_split(vr), i;
	uint32_t done = 0;

	for (i = 0; i < n; i++) {
		uint16_t slot = (vr->used_idx + i) & vr->mask;
		uint32_t id = vr->slot_id[slot];

		/* A batch in order has but one entry that is written. */
		if (!in_order)
			id = rte_le_to_cpu_32(__atomic_load_n(
				&vr->split.used->ring[slot].id,
				__ATOMIC_RELAXED));
		if (id > vr->mask)
			break;
		done += vr->id_slot[id];
	}
	return done;
}

/* In order: all buffers from @p idx to the one called @p id. */
static uint16_t
chains_packed_batch(const struct vring *vr, uint16_t idx, uint16_t id)
{
	uint16_t end = vr->avail_idx, at = idx, own;

	do {
		own = vr->slot_id[at & vr->mask];
		at += vr->id_slot[own];
		if (own == id)
			return at - idx;
	} while (at != end && vr->id_slot[own] != 0);
	return 0;
}

static uint32_t
chains_packed(const struct vring *vr, bool in_order)
{
	uint16_t outstanding = vring_outstanding(vr), done = 0, rest, nr;

	for (rest = vr->known; rest > 0; rest--)
		done += chain_len_at(vr, vr->used_idx + done);
	while (done < outstanding) {
		uint16_t idx = vr->used_idx + done;
		uint64_t word = rte_le_to_cpu_64(vring_load_acquire64(
			&vr->packed.desc[idx & vr->mask].len));
		uint16_t id = word >> 32;

		if (!vring_packed_is_used(vr, idx, word >> 48) ||
		    id > vr->mask)
			break;
		nr = in_order ? chains_packed_batch(vr, idx, id) :
			vr->id_slot[id];
		if (nr == 0)
			break;
		done += nr;
	}
	return done;
}

static uint32_t
chains_done(const struct vring *vr, const struct vnic_dev *dev)
{
	bool in_order = vnic_dev_has(dev, VIRTIO_F_IN_ORDER);

	return vnic_dev_has(dev, VIRTIO_F_RING_PACKED) ?
		chains_packed(vr, in_order) : chains_split(vr, in_order);
}

/* ---- what ethdev asks ---- */

vnic_queue_count_t
vnic_queue_rx_count(void *queue)
{
	struct vnic_rxq *rxq = queue;
	uint16_t n = 0;

	if (vnic_gate_enter(&rxq->gate, 1) > 0)
		n = slots_done(&rxq->vr, rxq->dev, vring_size(&rxq->vr));
	vnic_gate_leave(&rxq->gate);
	return n;
}

/* The health timer's look: the queue's own lcore goes on meanwhile. */
bool
vnic_queue_rx_is_empty(const struct vnic_rxq *rxq)
{
	const struct vring *vr = &rxq->vr;
	struct vring_view now = vring_peek(vr);
	uint16_t last = now.avail_idx - 1;

	if (!rxq->enabled || now.avail_idx == now.used_idx)
		return false;
	if (!vnic_dev_has(rxq->dev, VIRTIO_F_RING_PACKED))
		return rte_le_to_cpu_16(vring_load16(
			&vr->split.used->idx)) == now.avail_idx;
	/* Used in the ring's order. A batch in order shows its first slot
	 * only, and is missed. */
	return vring_packed_is_used(vr, last, rte_le_to_cpu_16(vring_load16(
		&vr->packed.desc[last & vr->mask].flags)));
}

static int
rx_status(const struct vnic_rxq *rxq, uint16_t offset)
{
	const struct vring *vr = &rxq->vr;

	if (offset >= vring_outstanding(vr))
		return RTE_ETH_RX_DESC_UNAVAIL;
	return slots_done(vr, rxq->dev, offset + 1) > offset ?
		RTE_ETH_RX_DESC_DONE : RTE_ETH_RX_DESC_AVAIL;
}

int
vnic_queue_rx_status(void *queue, uint16_t offset)
{
	struct vnic_rxq *rxq = queue;
	int ret = RTE_ETH_RX_DESC_UNAVAIL;

	if (offset >= rxq->depth)
		return -EINVAL;
	if (vnic_gate_enter(&rxq->gate, 1) > 0)
		ret = rx_status(rxq, offset);
	vnic_gate_leave(&rxq->gate);
	return ret;
}

/* Descriptors are given out in the order of the ring, so those behind the
 * free ones become free in the order in which they are given back. */
static int
tx_status(const struct vnic_txq *txq, uint16_t offset)
{
	const struct vring *vr = &txq->vr;
	bool chain = !vnic_dev_has(txq->dev, VIRTIO_F_INDIRECT_DESC);
	uint16_t nr_free = chain ? vr->nr_free : vring_free(vr);
	uint32_t done;

	if (offset < nr_free)
		return RTE_ETH_TX_DESC_DONE;
	offset -= nr_free;
	done = chain ? chains_done(vr, txq->dev) :
		slots_done(vr, txq->dev, offset + 1);
	return done > offset ? RTE_ETH_TX_DESC_DONE : RTE_ETH_TX_DESC_FULL;
}

int
vnic_queue_tx_status(void *queue, uint16_t offset)
{
	struct vnic_txq *txq = queue;
	int ret = RTE_ETH_TX_DESC_UNAVAIL;

	if (offset >= txq->nb_desc)
		return -EINVAL;
	if (vnic_gate_enter(&txq->gate, 1) > 0)
		ret = tx_status(txq, offset);
	vnic_gate_leave(&txq->gate);
	return ret;
}

int
vnic_queue_tx_count(void *queue)
{
	struct vnic_txq *txq = queue;
	const struct vring *vr = &txq->vr;
	bool chain = !vnic_dev_has(txq->dev, VIRTIO_F_INDIRECT_DESC);
	int n = 0;

	if (vnic_gate_enter(&txq->gate, 1) > 0)
		n = chain ? vring_size(vr) - vr->nr_free -
			(int)chains_done(vr, txq->dev) :
			vring_outstanding(vr) -
			slots_done(vr, txq->dev, vring_size(vr));
	vnic_gate_leave(&txq->gate);
	return n;
}
