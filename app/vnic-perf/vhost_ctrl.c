/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <unistd.h>

#include "device_ring.h"

/*
 * Control queue, virtio 1.4 section 5.1.6.5: every command gets VIRTIO_NET_OK,
 * the benchmark has nothing to filter or to steer. The acknowledgement is the
 * last byte of the chain.
 */

static void
ctrl_acknowledge(const struct perf_chain *chain)
{
	unsigned int last = chain->nr - 1;

	if (chain->nr > 0 && chain->seg[last].len > 0)
		chain->seg[last].base[chain->seg[last].len - 1] = VIRTIO_NET_OK;
}

static bool
ctrl_split(struct perf_device *dev, struct perf_vq *vq)
{
	uint16_t mask = vq->size - 1, head;
	struct perf_chain chain;

	if (__atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE) == vq->next)
		return false;
	head = vq->avail->ring[vq->next & mask];
	if (head >= vq->size || !perf_chain_split(dev, vq, head, &chain)) {
		perf_device_fail(dev, vq, "control command malformed", head);
		return false;
	}
	ctrl_acknowledge(&chain);
	vq->used->ring[vq->next & mask] = (struct vring_used_elem){ head, 1 };
	vq->next++;
	__atomic_store_n(&vq->used->idx, vq->next, __ATOMIC_RELEASE);
	if (dev->event_idx)
		perf_avail_event_set(vq, vq->next);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return true;
}

static bool
ctrl_packed(struct perf_device *dev, struct perf_vq *vq)
{
	struct vring_packed_desc *d = &vq->desc.packed[vq->next];
	uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
	bool avail = flags & VRING_PACKED_DESC_F_AVAIL;
	bool used = flags & VRING_PACKED_DESC_F_USED;
	struct perf_chain chain;

	if (avail != vq->wrap || used == vq->wrap)
		return false;
	if (!perf_chain_packed(dev, vq, vq->next, &chain)) {
		perf_device_fail(dev, vq, "control command malformed", vq->next);
		return false;
	}
	ctrl_acknowledge(&chain);
	d->id = chain.id;
	d->len = 1;
	flags = vq->wrap ? VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED : 0;
	__atomic_store_n(&d->flags, flags | VRING_DESC_F_WRITE, __ATOMIC_RELEASE);
	vq->next += chain.nr_slots;
	if (vq->next >= vq->size) {
		vq->next -= vq->size;
		vq->wrap = !vq->wrap;
	}
	return true;
}

void
perf_ctrl_serve(struct perf_device *dev, struct perf_vq *vq)
{
	const uint64_t one = 1;
	bool any = false;

	while (dev->packed ? ctrl_packed(dev, vq) : ctrl_split(dev, vq))
		any = true;
	if (any && vq->call_fd >= 0 && write(vq->call_fd, &one, sizeof(one)) < 0)
		perf_device_fail(dev, vq, "control queue's call failed", vq->call_fd);
}
