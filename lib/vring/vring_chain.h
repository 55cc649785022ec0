/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_CHAIN_H
#define VRING_CHAIN_H

#include "vring.h"

/**
 * @file
 * The driver's half of a virtqueue whose buffers may be chains of several
 * descriptors: the control queue, and transmit queues of a device without
 * INDIRECT_DESC. A ring is used through these verbs or through those of
 * vring.h, never both. Descriptors are given out first in, first out, which
 * is the order that IN_ORDER asks for (sections 2.7.5.1 and 2.7.9).
 */

/** One element of a buffer, address as the device sees it. */
struct vring_seg {
	uint64_t addr;
	uint32_t len;
};

/** After vring_init: all descriptors are free. */
void
vring_chain_init(struct vring *vr);

/**
 * Put one buffer on the ring: @p nr_read device-readable elements, then
 * @p nr_write device-writable ones. Not available before vring_chain_publish.
 *
 * @return 0; -ENOSPC if fewer descriptors are free (nothing changed).
 */
int
vring_chain_post(struct vring *vr, bool packed, const struct vring_seg *segs,
		 uint16_t nr_read, uint16_t nr_write, void *cookie);

/** One device-readable element, as vring_chain_post; nr_free is not 0. */
static __rte_always_inline void
vring_chain_post_one(struct vring *vr, const bool packed, uint64_t addr,
		     uint32_t len, void *cookie)
{
	uint16_t id = vr->free_ids[vr->free_head++ & vr->mask];
	uint16_t slot = vr->avail_idx & vr->mask;

	if (packed) {
		const struct vring_run run = {
			.desc = &vr->packed.desc[slot], .ids = &id,
			.flags = vring_packed_avail_flags(vr, vr->avail_idx),
		};

		vring_post_packed(&run, 0, addr, len, 0);
	} else {
		const struct vring_run run = {
			.desc = vr->split.desc, .ids = &id,
		};

		vring_post_split(&run, 0, addr, len, 0);
	}
	/* While all frames are alone the ids stay where they were, and the
	 * device's copy of the avail ring stays good. */
	if (vr->slot_id[slot] != id) {
		vr->slot_id[slot] = id;
		if (!packed)
			vring_store16(&vr->split.avail->ring[slot],
				      rte_cpu_to_le_16(id));
	}
	/* Partner: vring_peek. */
	vring_store16(&vr->avail_idx, vr->avail_idx + 1);
	vr->nr_free--;
	vr->id_slot[id] = 1;
	vr->slot_len[id] = vr->posted++;
	vr->cookie[id] = cookie;
}

/** The id that the next vring_chain_post will use. */
static inline uint16_t
vring_chain_next_id(const struct vring *vr)
{
	return vr->free_ids[vr->free_head & vr->mask];
}

/** Make all that was posted available. */
void
vring_chain_publish(struct vring *vr, bool packed);

/**
 * Take one buffer that the device has given back.
 *
 * @param[out] len as the device reported, unchecked
 * @return its cookie; NULL if there is none, or with vr->fault if the device
 *   lied.
 */
void *
vring_chain_take(struct vring *vr, bool packed, bool in_order, uint32_t *len);

/** As vring_chain_take, up to @p max of them; returns how many. */
uint16_t
vring_chain_take_bulk(struct vring *vr, bool packed, bool in_order,
		      void **cookies, uint16_t max);

/**
 * Take back the oldest buffer that is still outstanding; the device has let
 * go of the ring. NULL when there is none left.
 */
void *
vring_chain_reclaim(struct vring *vr);

/** Whether a doorbell is wanted for what was published since the last call. */
static inline bool
vring_chain_kick_needed(struct vring *vr, bool packed)
{
	return vring_kick_needed(vr, packed);
}

#endif /* VRING_CHAIN_H */
