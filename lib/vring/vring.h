/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_H
#define VRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include <virtio_ring.h>

#include "vring_order.h"

/**
 * @file
 * The driver's half of a virtqueue whose buffers are one descriptor each
 * (which may be an indirect one): virtio 1.4 sections 2.7 and 2.8. For
 * buffers of several descriptors see vring_chain.h.
 *
 * How it works. A *slot* is a place in the ring: avail and used entries of a
 * split ring, descriptors of a packed one. Both rings are walked by two
 * free-running 16-bit indexes: slots [used_idx, avail_idx) are outstanding.
 * Each slot has an id (split: descriptor index, packed: buffer id) and a
 * cookie. A device that completes in order gives back exactly the id that
 * slot_id[] expects, so one compare proves that the id is in range, is
 * outstanding, and has not been given back before. If the id is another one,
 * vring_reorder() proves the same and swaps the two slots' records, after
 * which slot order is completion order again. So everything behind take
 * works on consecutive slots, whatever the order of completion was.
 *
 * Nothing that the driver wrote to shared memory is read back.
 *
 * The verbs, in the order of use:
 *   take (see what the device gave back) -> release (slots are free)
 *   post (write descriptors) -> publish (make visible) -> kick_needed?
 *
 * One thread at a time; @p packed and @p in_order are compile-time constants.
 * Another one may look at avail_idx, used_idx and fault by vring_peek().
 */

enum vring_fault {
	VRING_FAULT_NONE,
	VRING_FAULT_USED_IDX,	/**< more used than outstanding */
	VRING_FAULT_USED_ID,	/**< out of range, or not outstanding */
	VRING_FAULT_USED_LEN,	/**< longer than the buffer */
	VRING_FAULT_NUM_BUFFERS, /**< frame longer than what is used */
};

struct vring {
	union {
		struct {
			struct vring_desc *desc;
			struct vring_avail *avail;
			struct vring_used *used;
		} split;
		struct {
			struct vring_packed_desc *desc;
			struct vring_packed_desc_event *driver;
			struct vring_packed_desc_event *device;
		} packed;
	};
	void **cookie;		/**< by slot; chain: by id */
	uint16_t *slot_id;
	uint32_t *slot_len;	/**< lengths of the slots taken */
	uint16_t *id_slot;	/**< chain: descriptors of a buffer, 0 = free */

	uint16_t mask;
	uint16_t avail_idx;
	uint16_t used_idx;
	uint16_t used_seen;	/**< split: device's index when last read */
	uint16_t known;		/**< slots from used_idx proven and recorded */
	uint16_t kick_idx;	/**< avail_idx at the last doorbell, or later */
	uint16_t dirty;		/**< split: posts to come that must write avail */
	uint16_t post_flags;	/**< descriptor flags of each buffer posted */
	uint32_t full_len;	/**< length of an in-order buffer skipped */
	uint32_t len_low;	/**< ordinary lengths begin here ... */
	uint32_t len_range;	/**< ... and go so much beyond */
	uint8_t odd;		/**< a slot known has another length */
	uint8_t shift;		/**< log2 of the size */
	bool event_idx;
	uint8_t fault;		/**< enum vring_fault, first one stays */

	/* chain rings only */
	uint16_t nr_free;
	uint16_t free_head;
	uint16_t free_tail;
	uint16_t *free_ids;
	uint16_t *next;		/**< split: private copy of the chain */
	uint32_t posted;	/**< posts so far */
};

/** Byte offsets of a ring's parts in one block of @p bytes. */
struct vring_layout {
	size_t driver;
	size_t device;
	size_t bytes;
};

/**
 * Lay a ring of @p size slots (a power of two, at most 32768) out in one
 * block that also suits a legacy device (section 2.7.2): descriptors first,
 * device area on a page of its own.
 */
struct vring_layout
vring_layout(uint16_t size, bool packed);

/** Bytes of private records that vring_init wants for a ring. */
size_t
vring_private_bytes(uint16_t size);

/**
 * Start from an empty ring: zero the shared block, number the slots. Used
 * buffer notifications are off; used flags are 0 (section 2.7.10).
 *
 * @param mem block of vring_layout().bytes, page aligned
 * @param priv vring_private_bytes() of memory, 8-byte aligned
 * @param post_flags VRING_DESC_F_WRITE for receive rings, else 0
 */
void
vring_init(struct vring *vr, void *mem, void *priv, uint16_t size, bool packed,
	   bool event_idx, uint16_t post_flags);

/** Ask for a used-buffer notification at the next completion, or for none. */
void
vring_intr_set(struct vring *vr, bool packed, bool on);

/**
 * Ask for a notification, then look: true if a buffer is used that was not
 * released yet, for which none may come. False: the next one is notified.
 * Partner: the device's full fence between what it uses and its look at the
 * driver's wishes (2.7.7.1, 2.8.10); without either, both miss the other's
 * store, and the driver sleeps on a frame.
 */
bool
vring_intr_arm(struct vring *vr, bool packed);

static inline uint16_t
vring_size(const struct vring *vr)
{
	return vr->mask + 1;
}

static inline uint16_t
vring_outstanding(const struct vring *vr)
{
	return vr->avail_idx - vr->used_idx;
}

static inline uint16_t
vring_free(const struct vring *vr)
{
	return vr->mask + 1 - vring_outstanding(vr);
}

/** What a thread that does not own the ring may see of it: a moment's view. */
struct vring_view {
	uint16_t avail_idx;
	uint16_t used_idx;
	uint8_t fault;		/**< enum vring_fault */
};

static inline struct vring_view
vring_peek(const struct vring *vr)
{
	return (struct vring_view){
		.avail_idx = vring_load16(&vr->avail_idx),
		.used_idx = vring_load16(&vr->used_idx),
		.fault = __atomic_load_n(&vr->fault, __ATOMIC_RELAXED),
	};
}

static inline void
vring_set_fault(struct vring *vr, enum vring_fault fault)
{
	if (vr->fault == VRING_FAULT_NONE)
		__atomic_store_n(&vr->fault, fault, __ATOMIC_RELAXED);
}

/** Wrap counter of a packed ring at a free-running index (section 2.8.1). */
static inline bool
vring_wrap(const struct vring *vr, uint16_t idx)
{
	return !((idx >> vr->shift) & 1);
}

static inline uint16_t
vring_packed_avail_flags(const struct vring *vr, uint16_t idx)
{
	return vring_wrap(vr, idx) ? VRING_PACKED_DESC_F_AVAIL :
		VRING_PACKED_DESC_F_USED;
}

/** AVAIL and USED bits of a used descriptor at a free-running index. */
static inline uint16_t
vring_packed_used_flags(const struct vring *vr, uint16_t idx)
{
	return vring_wrap(vr, idx) ? VRING_PACKED_DESC_F_AVAIL |
		VRING_PACKED_DESC_F_USED : 0;
}

static inline bool
vring_packed_is_used(const struct vring *vr, uint16_t idx, uint16_t flags)
{
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL |
		VRING_PACKED_DESC_F_USED;

	return (flags & both) == vring_packed_used_flags(vr, idx);
}

/**
 * Slot @p idx came back with another id than expected: prove the id and swap
 * its record here.
 *
 * @return 0, or -EPROTO with the fault recorded.
 */
int
vring_reorder(struct vring *vr, uint16_t idx, uint32_t id);

/**
 * IN_ORDER, and slot @p idx came back with a later slot's id: all up to that
 * one are used (section 2.7.9), the skipped ones in full. @p rest slots from
 * @p idx can be used at most.
 *
 * @return slots covered, at least 1; 0 with the fault recorded.
 */
uint16_t
vring_batch(struct vring *vr, uint16_t idx, uint16_t rest, uint32_t id,
	    uint32_t len);

/** Record a slot's length, and whether it is out of the ordinary. */
static __rte_always_inline void
vring_len_note(struct vring *vr, uint16_t slot, uint32_t len)
{
	vr->slot_len[slot] = len;
	if (unlikely(len - vr->len_low > vr->len_range))
		vr->odd = 1;
}

/** Where a run of posts goes: consecutive slots up to the ring's end. */
struct vring_run {
	void *desc;		/**< packed: of the first slot; split: table */
	const uint16_t *ids;	/**< of the slots */
	uint16_t slot;
	uint16_t len;		/**< slots of the run */
	uint16_t flags;		/**< packed: AVAIL and USED of this round */
};

#include "vring_vec.h"
#include "vring_split.h"
#include "vring_packed.h"

/**
 * See how many slots the device has given back, up to @p max, counted from
 * used_idx, each proven and its length in slot_len[]; vr->odd says whether
 * any length is outside [len_low, len_low + len_range]. Nothing is consumed:
 * call vring_release for those that are done with. Returns fewer and records
 * vr->fault when the device lied; the ring is then to be stopped.
 */
static __rte_always_inline uint16_t
vring_take(struct vring *vr, const bool packed, const bool in_order,
	   uint16_t max)
{
	if (vr->known < max) {
		if (packed)
			vring_match_packed(vr, in_order, max);
		else
			vring_match_split(vr, in_order, max);
	}
	return RTE_MIN(vr->known, max);
}

/**
 * As vring_take for a ring whose lengths nobody wants (transmit): with
 * IN_ORDER the count alone says which slots are done, so a split ring's used
 * entries are not read at all, and of a packed ring one in a batch.
 */
static __rte_always_inline uint16_t
vring_take_done(struct vring *vr, const bool packed, const bool in_order,
		uint16_t max)
{
	if (!in_order)
		return vring_take(vr, packed, false, max);
	if (vr->known < max) {
		if (packed)
			vring_done_packed(vr, max);
		else
			vr->known = RTE_MAX(vr->known,
					    vring_used_split(vr, max));
	}
	return RTE_MIN(vr->known, max);
}

static __rte_always_inline void
vring_release(struct vring *vr, uint16_t n)
{
	vring_store16(&vr->used_idx, vr->used_idx + n);
	vr->known -= n;
	if (unlikely(vr->odd != 0) && vr->known == 0)
		vr->odd = 0;
}

/** The run of slots from avail_idx + @p i on, at most @p n long. */
static __rte_always_inline struct vring_run
vring_run(const struct vring *vr, const bool packed, uint16_t i, uint16_t n)
{
	uint16_t idx = vr->avail_idx + i;
	uint16_t slot = idx & vr->mask;
	struct vring_run run = {
		.desc = packed ? (void *)&vr->packed.desc[slot] :
			(void *)vr->split.desc,
		.ids = &vr->slot_id[slot],
		.slot = slot,
		.len = RTE_MIN(n, vring_size(vr) - slot),
		.flags = packed ? vring_packed_avail_flags(vr, idx) : 0,
	};

	return run;
}

/**
 * Write one buffer into slot run->slot + @p j, j < run->len, which is free.
 * Packed: the device may see it at once; split: at vring_publish.
 */
static __rte_always_inline void
vring_post_run(const bool packed, const struct vring_run *run, uint16_t j,
	       uint64_t addr, uint32_t len, uint16_t flags)
{
	if (packed)
		vring_post_packed(run, j, addr, len, flags);
	else
		vring_post_split(run, j, addr, len, flags);
}

/** Write one buffer into slot avail_idx + @p i, i < vring_free(). */
static __rte_always_inline void
vring_post(struct vring *vr, const bool packed, uint16_t i, uint64_t addr,
	   uint32_t len, uint16_t flags)
{
	struct vring_run run = vring_run(vr, packed, i, 1);

	vring_post_run(packed, &run, 0, addr, len, flags);
}

/**
 * Ask for the descriptors of @p n slots from free-running index @p idx on, to
 * write them soon: the device has read them last, so they are in its cache.
 */
static __rte_always_inline void
vring_prefetch_post(const struct vring *vr, const bool packed, uint16_t idx,
		    uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i += RTE_CACHE_LINE_SIZE / 16) {
		uint16_t slot = (idx + i) & vr->mask;

		/* Ids are nearly always in the order of the slots. */
		if (packed)
			rte_prefetch0_write(&vr->packed.desc[slot]);
		else
			rte_prefetch0_write(&vr->split.desc[slot]);
	}
}

/** Make the next @p n slots, all posted, available. */
static __rte_always_inline void
vring_publish(struct vring *vr, const bool packed, uint16_t n)
{
	if (!packed && unlikely(vr->dirty != 0))
		vring_avail_rewrite(vr, n);
	vring_store16(&vr->avail_idx, vr->avail_idx + n);
	if (!packed)
		vring_store_release16(&vr->split.avail->idx,
				      rte_cpu_to_le_16(vr->avail_idx));
}

/**
 * Whether the device, as far as can be seen now, wants a doorbell for what
 * was published since the last one. Without a fence, so a device that goes
 * to sleep at this moment may be missed: then avail_idx != kick_idx stays,
 * and the caller must look again later (a queue that is polled does so at
 * each burst). True counts as rung.
 */
static __rte_always_inline bool
vring_kick_peek(struct vring *vr, const bool packed)
{
	uint16_t since = vr->avail_idx - vr->kick_idx;

	if (since == 0)
		return false;
	if (packed ? vring_kick_packed(vr) : vring_kick_split(vr)) {
		vr->kick_idx = vr->avail_idx;
		return true;
	}
	/* Never a lap of the indexes behind: what was published would look
	 * like nothing, or like less than the device has not seen. */
	if (unlikely(since > UINT16_MAX / 2 + 1))
		vr->kick_idx = vr->avail_idx - vring_size(vr);
	return false;
}

/** The same, sure: behind a full fence, nothing can be missed (2.7.13.3). */
static __rte_always_inline bool
vring_kick_needed(struct vring *vr, const bool packed)
{
	vring_full_fence();
	return vring_kick_peek(vr, packed);
}

#endif /* VRING_H */
