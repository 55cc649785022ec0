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

static const struct rte_memzone *
idle_memory(struct vnic_dev *dev, uint16_t vq_index, bool packed)
{
	size_t bytes = vring_layout(VNIC_DESC_MIN, packed).bytes;

	if (dev->idle == NULL)
		dev->idle = rte_zmalloc("vnic_idle", (size_t)dev->max_pairs *
					2 * sizeof(*dev->idle), 0);
	if (dev->idle == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the records of idle rings",
			 dev->name);
		return NULL;
	}
	/* Either layout fits: a page of descriptors, a page of used entries. */
	if (dev->idle[vq_index] == NULL)
		dev->idle[vq_index] = vnic_queue_mz(dev, "idle", vq_index,
			RTE_MAX(bytes, vring_layout(VNIC_DESC_MIN,
						    false).bytes),
			SOCKET_ID_ANY);
	return dev->idle[vq_index];
}

int
vnic_idle_start(struct vnic_dev *dev, uint16_t vq_index)
{
	bool packed = vnic_dev_has(dev, VIRTIO_F_RING_PACKED);
	const struct rte_memzone *mz = idle_memory(dev, vq_index, packed);
	struct vring vr;
	void *priv;
	int ret;

	if (mz == NULL)
		return -ENOMEM;
	priv = rte_zmalloc("vnic_idle", vring_private_bytes(VNIC_DESC_MIN), 0);
	if (priv == NULL)
		return -ENOMEM;
	vring_init(&vr, mz->addr, priv, VNIC_DESC_MIN, packed,
		   vnic_dev_has(dev, VIRTIO_F_EVENT_IDX), 0);
	ret = vnic_queue_hand_over(dev, &vr, mz, vq_index, 0);
	rte_free(priv);
	return ret;
}

void
vnic_idle_free(struct vnic_dev *dev)
{
	uint32_t i;

	for (i = 0; dev->idle != NULL && i < dev->max_pairs * 2u; i++)
		rte_memzone_free(dev->idle[i]);
	rte_free(dev->idle);
	dev->idle = NULL;
}
