/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devsim_priv.h"

#define SEGS_MAX 1024

struct devsim_elem *
devsim_list_take(struct devsim_list *list, uint16_t pos)
{
	struct devsim_elem *elem = list->e[pos];

	list->nr--;
	memmove(&list->e[pos], &list->e[pos + 1],
		(list->nr - pos) * sizeof(list->e[0]));
	return elem;
}

void
devsim_list_put(struct devsim_list *list, struct devsim_elem *elem)
{
	list->e[list->nr++] = elem;
}

int
devsim_elem_add(struct devsim_elem *elem, uint64_t addr, uint32_t len,
		bool write)
{
	struct devsim_seg *segs = elem->segs;
	uint16_t cap = elem->cap_segs;

	if (elem->nr_segs == SEGS_MAX)
		return -E2BIG;
	if (elem->nr_segs == cap) {
		cap = cap == 0 ? 4 : cap * 2;
		segs = realloc(segs, cap * sizeof(*segs));
		if (segs == NULL)
			return -ENOMEM;
		elem->segs = segs;
		elem->cap_segs = cap;
	}
	segs[elem->nr_segs].addr = (uint8_t *)(uintptr_t)addr;
	segs[elem->nr_segs].len = len;
	segs[elem->nr_segs++].write = write;
	if (write)
		elem->writable += len;
	else
		elem->readable += len;
	return 0;
}

static bool
lists_alloc(struct devsim_vq *vq)
{
	struct devsim_list *lists[] = {
		&vq->idle, &vq->ready, &vq->done, &vq->staged,
	};
	unsigned int i;

	vq->elems = calloc(vq->size, sizeof(*vq->elems));
	vq->shadow = calloc(vq->size, sizeof(*vq->shadow));
	vq->owned = calloc(vq->size, 1);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		lists[i]->nr = 0;
		lists[i]->e = calloc(vq->size, sizeof(lists[i]->e[0]));
		if (lists[i]->e == NULL)
			return false;
	}
	if (vq->elems == NULL || vq->shadow == NULL || vq->owned == NULL)
		return false;
	for (i = 0; i < vq->size; i++)
		devsim_list_put(&vq->idle, &vq->elems[i]);
	return true;
}

int
devsim_vq_setup(struct devsim_vq *vq, const struct devsim_ring *ring)
{
	vq->size = ring->size;
	vq->packed = devsim_has(vq->dev, VIRTIO_F_RING_PACKED);
	vq->desc = ring->desc;
	vq->avail = ring->driver;
	vq->used = ring->device;
	vq->avail_idx = ring->base;
	vq->used_idx = ring->base;
	vq->avail_slot = ring->base % ring->size;
	vq->used_slot = vq->avail_slot;
	/* The wrap counter begins as 1 and changes every lap (2.8.1). */
	vq->avail_wrap = !(ring->base / ring->size & 1);
	vq->used_wrap = vq->avail_wrap;
	vq->last_id = 0;
	vq->idx_lie = 0;
	if (!lists_alloc(vq)) {
		devsim_vq_clear(vq);
		return -ENOMEM;
	}
	vq->enabled = true;
	return 0;
}

void
devsim_vq_clear(struct devsim_vq *vq)
{
	uint64_t ignored;
	uint16_t i;

	for (i = 0; vq->elems != NULL && i < vq->size; i++) {
		free(vq->elems[i].segs);
		free(vq->elems[i].table_copy);
	}
	free(vq->elems);
	free(vq->shadow);
	free(vq->owned);
	free(vq->idle.e);
	free(vq->ready.e);
	free(vq->done.e);
	free(vq->staged.e);
	vq->elems = NULL;
	vq->shadow = NULL;
	vq->owned = NULL;
	memset(&vq->idle, 0, sizeof(vq->idle));
	memset(&vq->ready, 0, sizeof(vq->ready));
	memset(&vq->done, 0, sizeof(vq->done));
	memset(&vq->staged, 0, sizeof(vq->staged));
	vq->enabled = false;
	vq->size = 0;
	/* Doorbells rung for the old life say nothing of the next. */
	(void)!read(vq->kick_fd, &ignored, sizeof(ignored));
}

static bool
in_fifo(const struct devsim_vq *vq)
{
	return vq->policy.order == DEVSIM_ORDER_FIFO ||
		devsim_has(vq->dev, VIRTIO_F_IN_ORDER);
}

static uint16_t
list_choose(struct devsim_vq *vq, const struct devsim_list *list)
{
	uint16_t window = vq->policy.window;

	if (in_fifo(vq))
		return 0;
	if (window > list->nr)
		window = list->nr;
	if (vq->policy.order == DEVSIM_ORDER_REVERSE)
		return window - 1;
	return devsim_rand(&vq->rng) % window;
}

uint16_t
devsim_vq_choose(struct devsim_vq *vq)
{
	return list_choose(vq, &vq->ready);
}

static unsigned int
fetch(struct devsim_vq *vq)
{
	return vq->packed ? devsim_packed_fetch(vq) : devsim_split_fetch(vq);
}

static void
suppress(struct devsim_vq *vq, bool want)
{
	if (vq->packed)
		devsim_packed_suppress(vq, want);
	else
		devsim_split_suppress(vq, want);
}

unsigned int
devsim_vq_fetch(struct devsim_vq *vq)
{
	unsigned int nr = fetch(vq);
	bool sleep = vq->policy.kicks == DEVSIM_KICKS_SLEEP &&
		vq->ready.nr == 0;

	if (nr > 0 || vq->policy.kicks != DEVSIM_KICKS_ALWAYS)
		suppress(vq, sleep || vq->policy.kicks == DEVSIM_KICKS_ALWAYS);
	if (!sleep)
		return vq->ready.nr;
	/*
	 * Asking for a doorbell and going to sleep: a buffer published before
	 * the driver could see the request must be found now (2.7.10.1,
	 * 2.8.21.3). Pairs with the driver's fence before it reads our request.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	fetch(vq);
	return vq->ready.nr;
}

void
devsim_vq_flush(struct devsim_vq *vq)
{
	uint16_t old_idx = vq->used_idx, old_slot = vq->used_slot;
	bool old_wrap = vq->used_wrap, notify;
	uint16_t nr = vq->staged.nr, i;
	const uint64_t one = 1;

	if (nr == 0)
		return;
	for (i = 0; i < nr; i++)
		devsim_check_elem(vq, vq->staged.e[i]);
	if (vq->packed)
		devsim_packed_publish(vq);
	else
		devsim_split_publish(vq);
	vq->stats.used += nr;
	while (vq->staged.nr > 0)
		devsim_list_put(&vq->idle, devsim_list_take(&vq->staged,
				vq->staged.nr - 1));
	devsim_fault_publish(vq);
	/* Used entries before the driver's request is read (2.7.8.2). */
	atomic_thread_fence(memory_order_seq_cst);
	notify = vq->packed ?
		devsim_packed_wants_notify(vq, old_slot, old_wrap) :
		devsim_split_wants_notify(vq, old_idx);
	vq->stats.notified += notify;
	/* A full counter is read as a notification too. */
	if (notify)
		(void)!write(vq->call_fd, &one, sizeof(one));
}

static bool
ring_ok(struct devsim *dev, struct devsim_vq *vq,
	const struct devsim_ring *ring)
{
	bool packed = devsim_has(dev, VIRTIO_F_RING_PACKED);
	unsigned int driver_align = packed ? VRING_EVENT_ALIGN :
		VRING_AVAIL_ALIGN;
	bool ok = true;

	if (ring->size == 0 || ring->size > dev->config.queue_size_max ||
	    (!packed && (ring->size & (ring->size - 1)) != 0)) {
		devsim_violation(dev, vq, "ring size %u of at most %u",
				 ring->size, dev->config.queue_size_max);
		ok = false;
	}
	if ((uintptr_t)ring->desc % VRING_DESC_ALIGN != 0 ||
	    (uintptr_t)ring->driver % driver_align != 0 ||
	    (uintptr_t)ring->device % VRING_USED_ALIGN != 0) {
		devsim_violation(dev, vq, "ring areas misaligned");
		ok = false;
	}
	if (ok && !packed &&
	    ((struct vring_used *)ring->device)->flags != 0)
		devsim_violation(dev, vq, "used flags are not initialised to 0");
	return ok;
}

int
devsim_queue_enable(struct devsim *dev, uint16_t index,
		    const struct devsim_ring *ring)
{
	struct devsim_vq *vq;
	int rc = -EINVAL;

	if (index >= dev->nr_vqs)
		return -EINVAL;
	vq = &dev->vqs[index];
	pthread_mutex_lock(&dev->lock);
	if (!(dev->status & VIRTIO_STATUS_FEATURES_OK))
		devsim_violation(dev, vq, "enabled before FEATURES_OK");
	else if (vq->enabled)
		devsim_violation(dev, vq, "enabled twice");
	else if ((dev->status & VIRTIO_STATUS_DRIVER_OK) && !vq->was_reset)
		devsim_violation(dev, vq, "enabled after DRIVER_OK");
	else if (ring_ok(dev, vq, ring))
		rc = devsim_vq_setup(vq, ring);
	/* A data queue that comes back has what all of its kind were told. */
	if (rc == 0 && index < dev->config.pairs * 2)
		memcpy(vq->coal, index & 1 ? dev->state.coal_tx :
		       dev->state.coal_rx, sizeof(vq->coal));
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

int
devsim_queue_reset(struct devsim *dev, uint16_t index)
{
	struct devsim_vq *vq;
	int rc = 0;

	if (index >= dev->nr_vqs)
		return -EINVAL;
	vq = &dev->vqs[index];
	pthread_mutex_lock(&dev->lock);
	if (!devsim_has(dev, VIRTIO_F_RING_RESET)) {
		rc = -ENOTSUP;
	} else if (!vq->enabled) {
		devsim_violation(dev, vq, "reset of a queue that is not enabled");
		rc = -EINVAL;
	} else {
		devsim_vq_clear(vq);
		devsim_rss_left(dev, index);
		vq->was_reset = true;
		vq->wild = false;
	}
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

bool
devsim_queue_enabled(struct devsim *dev, uint16_t index)
{
	return index < dev->nr_vqs && dev->vqs[index].enabled;
}

uint16_t
devsim_queue_max(struct devsim *dev, uint16_t index)
{
	if (dev->fault.kind == DEVSIM_FAULT_GONE)
		return UINT16_MAX;
	return index < dev->nr_vqs ? dev->config.queue_size_max : 0;
}

int
devsim_call_fd(struct devsim *dev, uint16_t index)
{
	return index < dev->nr_vqs ? dev->vqs[index].call_fd : -1;
}

int
devsim_kick_fd(struct devsim *dev, uint16_t index)
{
	return index < dev->nr_vqs ? dev->vqs[index].kick_fd : -1;
}

uint64_t
devsim_kicked(struct devsim *dev, uint16_t index)
{
	uint64_t nr = 0;

	if (index >= dev->nr_vqs ||
	    read(dev->vqs[index].kick_fd, &nr, sizeof(nr)) != sizeof(nr))
		return 0;
	pthread_mutex_lock(&dev->lock);
	if (!(dev->status & VIRTIO_STATUS_DRIVER_OK))
		devsim_violation(dev, &dev->vqs[index],
				 "doorbell before DRIVER_OK");
	dev->vqs[index].stats.kicks += nr;
	pthread_mutex_unlock(&dev->lock);
	return nr;
}

void
devsim_policy_set(struct devsim *dev, uint16_t index,
		  const struct devsim_policy *policy)
{
	struct devsim_vq *vq = &dev->vqs[index];

	pthread_mutex_lock(&dev->lock);
	vq->policy = *policy;
	if (vq->policy.window == 0)
		vq->policy.window = 1;
	vq->rng = policy->seed;
	pthread_mutex_unlock(&dev->lock);
}

void
devsim_vq_stats_get(struct devsim *dev, uint16_t index,
		    struct devsim_vq_stats *stats)
{
	devsim_kicked(dev, index);
	*stats = dev->vqs[index].stats;
}
