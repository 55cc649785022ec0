/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_SPLIT_H
#define VRING_SPLIT_H

/**
 * @file
 * The batch verbs on a split ring; included by vring.h only.
 */

/** Split: entries of the used ring not yet looked at, proven by its index. */
static __rte_always_inline uint16_t
vring_used_split(struct vring *vr, uint16_t max)
{
	uint16_t n = vr->used_seen - vr->used_idx;

	if (n >= max)
		return max;
	vr->used_seen = rte_le_to_cpu_16(
		vring_load_acquire16(&vr->split.used->idx));
	n = vr->used_seen - vr->used_idx;
	if (unlikely(n > vring_outstanding(vr) || n < vr->known)) {
		vring_set_fault(vr, VRING_FAULT_USED_IDX);
		vr->used_seen = vr->used_idx + vr->known;
		return vr->known;
	}
	return RTE_MIN(n, max);
}

static __rte_always_inline void
vring_match_split(struct vring *vr, const bool in_order, uint16_t max)
{
	uint16_t next = (vr->used_idx + vr->known) & vr->mask;
	uint16_t n, known;

	/* On its way while the index is, rather than after it. */
	rte_prefetch0(&vr->split.used->ring[next]);
	n = vring_used_split(vr, max);
	known = vring_match_vec(vr, false, vr->known, n);

	while (known < n) {
		uint16_t idx = vr->used_idx + known;
		uint16_t slot = idx & vr->mask;
		const struct vring_used_elem *e = &vr->split.used->ring[slot];
		uint32_t id = rte_le_to_cpu_32(
			__atomic_load_n(&e->id, __ATOMIC_RELAXED));
		uint32_t len = rte_le_to_cpu_32(
			__atomic_load_n(&e->len, __ATOMIC_RELAXED));
		uint16_t covered = 1;

		if (unlikely(id != vr->slot_id[slot])) {
			if (in_order)
				covered = vring_batch(vr, idx, vr->used_seen -
						      idx, id, len);
			else if (vring_reorder(vr, idx, id))
				covered = 0;
			if (covered == 0)
				break;
		}
		if (covered == 1)
			vring_len_note(vr, slot, len);
		known += covered;
	}
	vr->known = known;
}

static __rte_always_inline void
vring_post_split(const struct vring_run *run, uint16_t j, uint64_t addr,
		 uint32_t len, uint16_t flags)
{
	struct vring_desc *d = (struct vring_desc *)run->desc + run->ids[j];

	d->addr = rte_cpu_to_le_64(addr);
	d->len = rte_cpu_to_le_32(len);
	d->flags = rte_cpu_to_le_16(flags);
}

/** Some slots' ids have changed: write them for the next @p n posts. */
void
vring_avail_rewrite(struct vring *vr, uint16_t n);

/**
 * With EVENT_IDX: whether the device's mark was published and not rung for
 * since. A mark of a device that is awake cannot lie more than a ring behind,
 * so an older one is stale (section 2.7.10).
 */
static __rte_always_inline bool
vring_kick_split(const struct vring *vr)
{
	const uint16_t *avail_event;
	uint16_t event, since;

	if (!vr->event_idx)
		return !(vring_load16(&vr->split.used->flags) &
			 rte_cpu_to_le_16(VRING_USED_F_NO_NOTIFY));
	avail_event = (const uint16_t *)&vr->split.used->ring[vr->mask + 1];
	event = rte_le_to_cpu_16(vring_load16(avail_event));
	since = vr->avail_idx - vr->kick_idx;
	return (uint16_t)(vr->avail_idx - event - 1) <
		RTE_MIN(since, vr->mask + 1);
}

#endif /* VRING_SPLIT_H */
