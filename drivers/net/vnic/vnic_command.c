/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "vnic.h"
#include "vnic_command.h"
#include "vnic_ctrl.h"
#include "vnic_log.h"

int
vnic_command_announce_ack(struct vnic_dev *dev)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_GUEST_ANNOUNCE))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_ANNOUNCE,
			      VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0);
}

static struct virtio_net_ctrl_coal
command_coal(const struct vnic_coalesce *coal)
{
	return (struct virtio_net_ctrl_coal){
		.max_packets = rte_cpu_to_le_32(coal->max_packets),
		.max_usecs = rte_cpu_to_le_32(coal->max_usecs),
	};
}

int
vnic_command_coalesce_set(struct vnic_dev *dev, bool tx,
			  const struct vnic_coalesce *coal)
{
	struct virtio_net_ctrl_coal data = command_coal(coal);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_NOTF_COAL))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_NOTF_COAL, tx ?
			      VIRTIO_NET_CTRL_NOTF_COAL_TX_SET :
			      VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, &data,
			      sizeof(data));
}

int
vnic_command_coalesce_vq_set(struct vnic_dev *dev, uint16_t vq_index,
			     const struct vnic_coalesce *coal)
{
	struct virtio_net_ctrl_coal_vq data = {
		.vq_index = rte_cpu_to_le_16(vq_index),
		.coal = command_coal(coal),
	};

	if (!vnic_dev_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_NOTF_COAL,
			      VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &data,
			      sizeof(data));
}

/* An answer of a fixed layout: all of it, or none. */
static int
command_ask(struct vnic_dev *dev, uint8_t class, uint8_t command,
	    const void *data, size_t len, void *answer, size_t want)
{
	size_t got;
	int ret = vnic_ctrl_query(dev, class, command, data, len, answer, want,
				  &got);

	if (ret < 0 || got == want)
		return ret;
	dev->violations[VNIC_VIOLATION_CTRL]++;
	VNIC_LOG(WARNING, "%s: control command %u/%u was answered with %zu bytes instead of %zu",
		 dev->name, class, command, got, want);
	return -EPROTO;
}

int
vnic_command_coalesce_vq_get(struct vnic_dev *dev, uint16_t vq_index,
			     struct vnic_coalesce *coal)
{
	/* vq_index and reserved are the driver's to write, the rest is not. */
	rte_le16_t ask[2] = { rte_cpu_to_le_16(vq_index), 0 };
	struct virtio_net_ctrl_coal answer;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -ENOTSUP;
	ret = command_ask(dev, VIRTIO_NET_CTRL_NOTF_COAL,
			  VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, ask, sizeof(ask),
			  &answer, sizeof(answer));
	if (ret < 0)
		return ret;
	coal->max_packets = rte_le_to_cpu_32(answer.max_packets);
	coal->max_usecs = rte_le_to_cpu_32(answer.max_usecs);
	return 0;
}

int
vnic_command_stats_query(struct vnic_dev *dev, uint64_t *types)
{
	rte_le64_t answer;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_DEVICE_STATS))
		return -ENOTSUP;
	ret = command_ask(dev, VIRTIO_NET_CTRL_STATS,
			  VIRTIO_NET_CTRL_STATS_QUERY, NULL, 0, &answer,
			  sizeof(answer));
	if (ret == 0)
		*types = rte_le_to_cpu_64(answer);
	return ret;
}

int
vnic_command_stats_get(struct vnic_dev *dev,
		       const struct vnic_stats_want *want, unsigned int nb,
		       void *reply, size_t max, size_t *got)
{
	struct virtio_net_ctrl_queue_stats data[VNIC_STATS_WANT_MAX];
	unsigned int i;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_DEVICE_STATS))
		return -ENOTSUP;
	if (nb == 0 || nb > RTE_DIM(data))
		return -EINVAL;
	memset(data, 0, sizeof(data));
	for (i = 0; i < nb; i++) {
		data[i].vq_index = rte_cpu_to_le_16(want[i].vq_index);
		data[i].types_bitmap = rte_cpu_to_le_64(want[i].types);
	}
	return vnic_ctrl_query(dev, VIRTIO_NET_CTRL_STATS,
			       VIRTIO_NET_CTRL_STATS_GET, data,
			       nb * sizeof(data[0]), reply, max, got);
}
