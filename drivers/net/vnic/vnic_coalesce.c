/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "vnic_coalesce.h"
#include "vnic_command.h"
#include "vnic_ctrl.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"

/* Either being 0 means a notification for each packet: the device's default. */
static bool
coalesce_asked(const struct vnic_coalesce *coal)
{
	return coal->max_usecs != 0 && coal->max_packets != 0;
}

static const struct vnic_coalesce *
coalesce_of(const struct vnic_dev *dev, bool tx)
{
	return tx ? &dev->args.tx_coal : &dev->args.rx_coal;
}

/* The device goes on as before; only a dead control queue ends the start. */
static int
coalesce_result(struct vnic_dev *dev, bool tx, int ret)
{
	if (ret == 0)
		return 0;
	if (ret == -ENOTSUP)
		VNIC_LOG(WARNING, "%s: %s_coal_usecs and %s_coal_packets have no effect: the device offers neither NOTF_COAL nor VQ_NOTF_COAL",
			 dev->name, tx ? "tx" : "rx", tx ? "tx" : "rx");
	return vnic_ctrl_is_dead(dev) ? ret : 0;
}

/* 5.1.6.5.8: of no other queue. */
static bool
coalesce_enabled(const struct vnic_dev *dev, bool tx, uint16_t queue_id)
{
	const struct vnic_rxq *rxq = tx ? NULL : vnic_rxq_of(dev, queue_id);
	const struct vnic_txq *txq = tx ? vnic_txq_of(dev, queue_id) : NULL;

	return (rxq != NULL && rxq->enabled) || (txq != NULL && txq->enabled);
}

static int
coalesce_each(struct vnic_dev *dev, bool tx)
{
	uint16_t nb = tx ? dev->data->nb_tx_queues : dev->data->nb_rx_queues;
	uint16_t i;
	int ret = 0;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -ENOTSUP;
	for (i = 0; i < nb && ret == 0; i++)
		if (coalesce_enabled(dev, tx, i))
			ret = vnic_command_coalesce_vq_set(dev,
				tx ? vnic_vq_tx(i) : vnic_vq_rx(i),
				coalesce_of(dev, tx));
	return ret;
}

static int
coalesce_way(struct vnic_dev *dev, bool tx)
{
	int ret;

	if (!coalesce_asked(coalesce_of(dev, tx)))
		return 0;
	if (vnic_dev_has(dev, VIRTIO_NET_F_NOTF_COAL))
		ret = vnic_command_coalesce_set(dev, tx, coalesce_of(dev, tx));
	else
		ret = coalesce_each(dev, tx);
	return coalesce_result(dev, tx, ret);
}

static bool
coalesce_is_used(const struct vnic_dev *dev)
{
	return dev->data->dev_conf.intr_conf.rxq != 0;
}

int
vnic_coalesce_restore(struct vnic_dev *dev)
{
	int ret;

	if (!coalesce_is_used(dev))
		return 0;
	ret = coalesce_way(dev, false);
	return ret == 0 ? coalesce_way(dev, true) : ret;
}

int
vnic_coalesce_restore_vq(struct vnic_dev *dev, uint16_t vq_index)
{
	bool tx = vq_index & 1;

	/* With NOTF_COAL the device itself gives it back (5.1.6.5.8). */
	if (!coalesce_is_used(dev) || !coalesce_asked(coalesce_of(dev, tx)) ||
	    vnic_dev_has(dev, VIRTIO_NET_F_NOTF_COAL) ||
	    !vnic_dev_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return 0;
	return coalesce_result(dev, tx, vnic_command_coalesce_vq_set(dev,
				vq_index, coalesce_of(dev, tx)));
}

int
vnic_coalesce_get(struct vnic_dev *dev, uint16_t vq_index,
		  struct vnic_coalesce *coal)
{
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -ENOTSUP;
	ret = vnic_dev_lock(dev, VNIC_LOCK_EVENT_MS);
	if (ret < 0)
		return ret;
	if (!vnic_dev_running(dev))
		ret = -EBUSY;
	else if (!coalesce_enabled(dev, vq_index & 1, vq_index / 2))
		ret = -ENOENT;
	else
		ret = vnic_command_coalesce_vq_get(dev, vq_index, coal);
	vnic_dev_unlock(dev);
	return ret;
}
