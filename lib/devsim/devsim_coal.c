/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Notification coalescing, section 5.1.6.5.8. */

/** max_packets, then max_usecs. */
static void
coal_read(uint32_t coal[2], const uint8_t *data)
{
	coal[1] = devsim_get32(data);
	coal[0] = devsim_get32(data + 4);
}

/** All queues of one direction; later ones get it when they are enabled. */
static uint8_t
coal_all(struct devsim *dev, unsigned int way, const uint8_t *data,
	 uint32_t len)
{
	uint32_t *all = way == 0 ? dev->state.coal_rx : dev->state.coal_tx;
	unsigned int i;

	if (!devsim_has(dev, VIRTIO_NET_F_NOTF_COAL)) {
		devsim_violation(dev, NULL, "coalescing without NOTF_COAL");
		return VIRTIO_NET_ERR;
	}
	if (len != 8)
		return VIRTIO_NET_ERR;
	coal_read(all, data);
	for (i = way; i < dev->config.pairs * 2u; i += 2)
		memcpy(dev->vqs[i].coal, all, sizeof(dev->vqs[i].coal));
	dev->state.coal_sets++;
	return VIRTIO_NET_OK;
}

static uint8_t
coal_one(struct devsim *dev, bool set, const uint8_t *data, uint32_t len)
{
	struct virtio_net_ctrl_coal answer;
	struct devsim_vq *vq;

	if (!devsim_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL)) {
		devsim_violation(dev, NULL, "coalescing without VQ_NOTF_COAL");
		return VIRTIO_NET_ERR;
	}
	if (len != (set ? 12 : 4))
		return VIRTIO_NET_ERR;
	if (devsim_get16(data) >= dev->config.pairs * 2 ||
	    !dev->vqs[devsim_get16(data)].enabled) {
		devsim_violation(dev, NULL, "coalescing of virtqueue %u",
				 devsim_get16(data));
		return VIRTIO_NET_ERR;
	}
	vq = &dev->vqs[devsim_get16(data)];
	if (set) {
		coal_read(vq->coal, data + 4);
		dev->state.coal_sets++;
		return VIRTIO_NET_OK;
	}
	answer.max_packets = rte_cpu_to_le_32(vq->coal[1]);
	answer.max_usecs = rte_cpu_to_le_32(vq->coal[0]);
	devsim_reply(dev, &answer, sizeof(answer));
	return VIRTIO_NET_OK;
}

uint8_t
devsim_coal_command(struct devsim *dev, uint8_t command, const uint8_t *data,
		    uint32_t len)
{
	switch (command) {
	case VIRTIO_NET_CTRL_NOTF_COAL_RX_SET:
		return coal_all(dev, 0, data, len);
	case VIRTIO_NET_CTRL_NOTF_COAL_TX_SET:
		return coal_all(dev, 1, data, len);
	case VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET:
		return coal_one(dev, true, data, len);
	case VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET:
		return coal_one(dev, false, data, len);
	default:
		return VIRTIO_NET_ERR;
	}
}

void
devsim_coal_get(struct devsim *dev, uint16_t index, uint32_t coal[2])
{
	pthread_mutex_lock(&dev->lock);
	memset(coal, 0, 2 * sizeof(coal[0]));
	if (index < dev->nr_vqs)
		memcpy(coal, dev->vqs[index].coal, sizeof(dev->vqs[0].coal));
	pthread_mutex_unlock(&dev->lock);
}
