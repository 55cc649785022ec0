/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stddef.h>

#include "vnic_log.h"
#include "vnic_port.h"

/* The bit stays until its ACK: it is one request for as long as it is seen. */
static void
link_announce(struct vnic_dev *dev, bool asked)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_GUEST_ANNOUNCE))
		return;
	if (asked && !dev->announce.seen)
		dev->announce.asked = true;
	dev->announce.seen = asked;
}

/* Section 5.1.4.2: without STATUS the link is up. */
static bool
link_is_up(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	rte_le16_t raw = 0;
	uint16_t status;

	if (!vnic_dev_running(dev))
		return false;
	if (!vnic_dev_has(dev, VIRTIO_NET_F_STATUS))
		return ops->link_get == NULL || ops->link_get(dev) == 1;
	if (ops->config_read(dev, offsetof(struct virtio_net_config, status),
			     &raw, sizeof(raw)) < 0)
		return false;
	status = rte_le_to_cpu_16(raw);
	/* All ones is what a dead function reads as. */
	if (status == UINT16_MAX)
		return false;
	link_announce(dev, status & VIRTIO_NET_S_ANNOUNCE);
	return status & VIRTIO_NET_S_LINK_UP;
}

/* Values that the specification does not define mean unknown (5.1.4.2). */
static uint32_t
link_speed_read(struct vnic_dev *dev)
{
	struct {
		rte_le32_t speed;
		uint8_t duplex;
	} __rte_packed raw;
	uint32_t speed;

	dev->link_duplex = RTE_ETH_LINK_FULL_DUPLEX;
	/* The operator knows what the device's own figure stands for. */
	if (dev->args.speed != 0)
		return dev->args.speed;
	if (!vnic_dev_has(dev, VIRTIO_NET_F_SPEED_DUPLEX) ||
	    vnic_transport_ops(dev)->config_read(dev,
			offsetof(struct virtio_net_config, speed), &raw,
			sizeof(raw)) < 0)
		return RTE_ETH_SPEED_NUM_UNKNOWN;
	if (raw.duplex == VIRTIO_NET_DUPLEX_HALF)
		dev->link_duplex = RTE_ETH_LINK_HALF_DUPLEX;
	speed = rte_le_to_cpu_32(raw.speed);
	return speed > 0 && speed <= VIRTIO_NET_SPEED_MAX ? speed :
		RTE_ETH_SPEED_NUM_UNKNOWN;
}

bool
vnic_link_refresh(struct vnic_dev *dev)
{
	bool up = link_is_up(dev);
	bool changed = up != dev->link_up;
	struct rte_eth_link link = { .link_autoneg = RTE_ETH_LINK_FIXED };

	if (up)
		/* In one piece: it is told without the lock too. */
		__atomic_store_n(&dev->link_speed, link_speed_read(dev),
				 __ATOMIC_RELAXED);
	dev->link_up = up;
	link.link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
	link.link_speed = up ? dev->link_speed : RTE_ETH_SPEED_NUM_NONE;
	link.link_duplex = dev->link_duplex;
	rte_eth_linkstatus_set(vnic_eth_dev(dev), &link);
	if (changed) {
		vnic_event_note(dev, RTE_ETH_EVENT_INTR_LSC);
		VNIC_LOG(INFO, "%s: port %u link %s", dev->name, dev->port_id,
			 up ? "up" : "down");
	}
	return changed;
}

int
vnic_link_update(struct rte_eth_dev *eth_dev, int wait_to_complete)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct rte_eth_link before, after;

	/* A virtio link does not negotiate: there is nothing to wait for. */
	RTE_SET_USED(wait_to_complete);
	if (vnic_dev_lock(dev, VNIC_LOCK_EVENT_MS) < 0)
		return -1;
	rte_eth_linkstatus_get(eth_dev, &before);
	vnic_link_refresh(dev);
	rte_eth_linkstatus_get(eth_dev, &after);
	vnic_dev_unlock(dev);
	return before.link_status == after.link_status ? -1 : 0;
}
