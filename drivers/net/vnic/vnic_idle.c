/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_malloc.h>
#include <rte_memzone.h>

#include <vring.h>

#include "vnic.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_queue_mem.h"

/*
 * Virtqueues come in pairs, applications' queues need not. The other half of
 * such a pair is a ring of the smallest size that never gets a buffer: back
 * ends that wait for both halves find them, and nothing is ever written.
 */

/* Either layout fits: the port may be configured anew. */
static size_t
idle_bytes(uint16_t size)
{
	size_t split = vring_layout(size, false).bytes;
	size_t packed = vring_layout(size, true).bytes;

	return RTE_MAX(split, packed);
}

/* The device does not have it: it is to be given to it. */
static const struct rte_memzone *
idle_memory(struct vnic_dev *dev, uint16_t vq_index, uint16_t size)
{
	const struct rte_memzone **mz;

	if (dev->idle == NULL)
		dev->idle = rte_zmalloc("vnic_idle", (size_t)dev->room_pairs *
					2 * sizeof(*dev->idle), 0);
	if (dev->idle == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the records of idle rings",
			 dev->name);
		return NULL;
	}
	mz = &dev->idle[vq_index];
	/* A legacy device that was probed again has other sizes. */
	if (*mz != NULL && (*mz)->len < idle_bytes(size)) {
		rte_memzone_free(*mz);
		*mz = NULL;
	}
	if (*mz == NULL)
		*mz = vnic_queue_mz(dev, "idle", vq_index, idle_bytes(size),
				    SOCKET_ID_ANY);
	return *mz;
}

static int
idle_hand_over(struct vnic_dev *dev, const struct rte_memzone *mz,
	       uint16_t vq_index, uint16_t size)
{
	struct vring vr;
	void *priv = rte_zmalloc("vnic_idle", vring_private_bytes(size), 0);
	int ret;

	if (priv == NULL)
		return -ENOMEM;
	vring_init(&vr, mz->addr, priv, size,
		   vnic_dev_has(dev, VIRTIO_F_RING_PACKED),
		   vnic_dev_has(dev, VIRTIO_F_EVENT_IDX), 0);
	ret = vnic_queue_hand_over(dev, &vr, mz, vq_index, 0);
	rte_free(priv);
	return ret;
}

int
vnic_idle_start(struct vnic_dev *dev, uint16_t vq_index)
{
	const struct rte_memzone *mz;
	uint16_t size;
	int ret = vnic_queue_ring_size(dev, vq_index, VNIC_DESC_MIN, &size);

	if (ret < 0)
		return ret;
	mz = idle_memory(dev, vq_index, size);
	return mz == NULL ? -ENOMEM : idle_hand_over(dev, mz, vq_index, size);
}

void
vnic_idle_free(struct vnic_dev *dev)
{
	uint32_t i;

	for (i = 0; dev->idle != NULL && i < dev->room_pairs * 2u; i++)
		rte_memzone_free(dev->idle[i]);
	rte_free(dev->idle);
	dev->idle = NULL;
}
