/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

#define NAME(kind) [DEVSIM_FAULT_##kind] = #kind

static const char *const fault_names[DEVSIM_FAULT_MAX] = {
	NAME(NONE), NAME(USED_IDX_AHEAD), NAME(USED_IDX_BACK), NAME(ID_RANGE),
	NAME(ID_HUGE), NAME(ID_REPEAT), NAME(ID_OTHER), NAME(LEN_ZERO),
	NAME(LEN_SHORT), NAME(LEN_LONG), NAME(LEN_MAX), NAME(LEN_WRAP16),
	NAME(NUM_BUFFERS), NAME(HDR_GARBAGE), NAME(USED_FLAGS),
	NAME(EVENT_GARBAGE), NAME(PACKED_FLAGS), NAME(SCRIBBLE_DESC),
	NAME(SCRIBBLE_DRIVER), NAME(SCRIBBLE_DEVICE), NAME(SCRIBBLE_INDIRECT),
	[DEVSIM_FAULT_RING_MAX] = "-", NAME(CTRL_SILENT), NAME(CTRL_ERR),
	NAME(CTRL_GARBAGE), NAME(CTRL_ID), NAME(STATS_SIZE), NAME(STATS_VQ),
	NAME(STATS_TYPE), NAME(RESET_STUCK),
	NAME(FEATURES_REFUSED), NAME(GONE),
};

const char *
devsim_fault_name(enum devsim_fault_kind kind)
{
	return kind < DEVSIM_FAULT_MAX ? fault_names[kind] : "?";
}

void
devsim_fault_set(struct devsim *dev, const struct devsim_fault *fault)
{
	pthread_mutex_lock(&dev->lock);
	dev->fault = *fault;
	dev->fault_seen = 0;
	dev->fault_done = false;
	pthread_mutex_unlock(&dev->lock);
}

bool
devsim_fault_done(struct devsim *dev)
{
	return dev->fault_done;
}

bool
devsim_fault_hit(struct devsim_vq *vq, enum devsim_fault_kind kind)
{
	struct devsim *dev = vq->dev;

	if (dev->fault.kind != kind || dev->fault.vq != vq->index ||
	    dev->fault_done)
		return false;
	if (dev->fault_seen++ < dev->fault.after)
		return false;
	dev->fault_done = true;
	return true;
}

static void
fault_id(struct devsim_vq *vq, uint32_t *id)
{
	if (devsim_fault_hit(vq, DEVSIM_FAULT_ID_RANGE))
		*id = vq->size + vq->dev->fault.value;
	if (!vq->packed && devsim_fault_hit(vq, DEVSIM_FAULT_ID_HUGE))
		*id |= 0x10000;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_ID_REPEAT))
		*id = vq->last_id;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_ID_OTHER))
		*id = (*id + 1 + vq->dev->fault.value) % vq->size;
}

void
devsim_fault_used(struct devsim_vq *vq, const struct devsim_elem *elem,
		  uint32_t *id, uint32_t *len)
{
	fault_id(vq, id);
	if (devsim_fault_hit(vq, DEVSIM_FAULT_LEN_ZERO))
		*len = 0;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_LEN_SHORT))
		*len = devsim_hdr_len_locked(vq->dev) - 1 +
			vq->dev->fault.value % 14;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_LEN_LONG))
		*len = elem->writable + 1;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_LEN_MAX))
		*len = UINT32_MAX;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_LEN_WRAP16))
		*len += 0x10000;
}

static void
fault_idx(struct devsim_vq *vq)
{
	if (vq->packed)
		return;
	if (devsim_fault_hit(vq, DEVSIM_FAULT_USED_IDX_AHEAD))
		vq->idx_lie = vq->dev->fault.value;
	else if (devsim_fault_hit(vq, DEVSIM_FAULT_USED_IDX_BACK))
		vq->idx_lie = -vq->dev->fault.value;
	else
		return;
	devsim_store16(&vq->used->idx, vq->used_idx + vq->idx_lie,
		       memory_order_release);
}

static void
fault_event(struct devsim_vq *vq)
{
	uint64_t seed = vq->dev->fault.seed;

	if (devsim_fault_hit(vq, DEVSIM_FAULT_USED_FLAGS)) {
		if (vq->packed)
			vq->device_event->flags = rte_cpu_to_le_16(0xffff);
		else
			vq->used->flags = rte_cpu_to_le_16(0xfffe);
	}
	if (!devsim_fault_hit(vq, DEVSIM_FAULT_EVENT_GARBAGE))
		return;
	if (vq->packed) {
		vq->device_event->off_wrap = devsim_rand(&seed);
		vq->device_event->flags = devsim_rand(&seed);
	} else {
		devsim_store16((void *)&vq->used->ring[vq->size],
			       devsim_rand(&seed), memory_order_relaxed);
	}
}

void
devsim_fault_publish(struct devsim_vq *vq)
{
	enum devsim_fault_kind kind;
	uint64_t seed = vq->dev->fault.seed;

	fault_idx(vq);
	fault_event(vq);
	for (kind = DEVSIM_FAULT_SCRIBBLE_DESC;
	     kind <= DEVSIM_FAULT_SCRIBBLE_INDIRECT; kind++)
		if (devsim_fault_hit(vq, kind))
			devsim_scribble_locked(vq, kind, &seed,
					       vq->dev->fault.value);
}

void
devsim_fault_header(struct devsim_vq *vq, uint8_t *hdr, uint16_t hdr_len)
{
	struct virtio_net_hdr *h = (struct virtio_net_hdr *)(void *)hdr;
	uint64_t seed = vq->dev->fault.seed;
	uint16_t i;

	if (devsim_fault_hit(vq, DEVSIM_FAULT_NUM_BUFFERS))
		h->num_buffers = rte_cpu_to_le_16(vq->dev->fault.value);
	if (!devsim_fault_hit(vq, DEVSIM_FAULT_HDR_GARBAGE))
		return;
	/* num_buffers has a fault of its own. */
	for (i = 0; i < hdr_len; i++)
		if (i < offsetof(struct virtio_net_hdr, num_buffers) ||
		    i >= sizeof(*h))
			hdr[i] = devsim_rand(&seed);
}

struct area {
	uint8_t *start;
	size_t len;
};

static struct area
area_of(struct devsim_vq *vq, enum devsim_fault_kind kind, uint64_t *seed)
{
	struct area a = { NULL, 0 };
	uint16_t i;

	switch (kind) {
	case DEVSIM_FAULT_SCRIBBLE_DESC:
		a.start = (uint8_t *)vq->desc;
		a.len = (size_t)vq->size * sizeof(struct vring_desc);
		break;
	case DEVSIM_FAULT_SCRIBBLE_DRIVER:
		a.start = (uint8_t *)vq->avail;
		a.len = vq->packed ? sizeof(struct vring_packed_desc_event) :
			6 + 2 * (size_t)vq->size;
		break;
	case DEVSIM_FAULT_SCRIBBLE_DEVICE:
		a.start = (uint8_t *)vq->used;
		a.len = vq->packed ? sizeof(struct vring_packed_desc_event) :
			6 + 8 * (size_t)vq->size;
		break;
	default:
		if (vq->ready.nr + vq->done.nr == 0)
			break;
		i = devsim_rand(seed) % (vq->ready.nr + vq->done.nr);
		{
			struct devsim_elem *e = i < vq->ready.nr ?
				vq->ready.e[i] : vq->done.e[i - vq->ready.nr];

			a.start = (uint8_t *)(uintptr_t)e->table;
			a.len = e->table == NULL ? 0 : e->table_len;
		}
	}
	return a;
}

void
devsim_scribble_locked(struct devsim_vq *vq, enum devsim_fault_kind kind,
		       uint64_t *seed, unsigned int nr_writes)
{
	vq->wild = true;
	for (; nr_writes > 0; nr_writes--) {
		struct area a = area_of(vq, kind, seed);

		if (a.len > 0)
			a.start[devsim_rand(seed) % a.len] = devsim_rand(seed);
	}
}

void
devsim_scribble(struct devsim *dev, uint16_t index,
		enum devsim_fault_kind area, uint64_t *seed,
		unsigned int nr_writes)
{
	struct devsim_vq *vq = &dev->vqs[index];

	pthread_mutex_lock(&dev->lock);
	if (vq->enabled) {
		devsim_vq_fetch(vq);
		devsim_scribble_locked(vq, area, seed, nr_writes);
	}
	pthread_mutex_unlock(&dev->lock);
}
