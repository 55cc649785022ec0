/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <unistd.h>

#include <rte_interrupts.h>
#include <rte_power_intrinsics.h>

#include <virtio_pci.h>

#include "vnic_gate.h"
#include "vnic_intr.h"
#include "vnic_log.h"
#include "vnic_notify.h"
#include "vnic_port.h"
#include "vnic_queue.h"

/* ---- before and after ---- */

int
vnic_intr_check(const struct vnic_dev *dev, uint16_t nb)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint16_t max = ops->intr_max == NULL ? 0 : ops->intr_max(dev);

	if (nb <= max)
		return 0;
	VNIC_LOG(ERR, "%s: receive interrupts for %u queues, the device can have %u (one MSI-X vector each, beside that of configuration changes): ask for fewer queues, or leave intr_conf.rxq 0",
		 dev->name, nb, max);
	return -ENOTSUP;
}

/* Descriptors that the transport has in any case. */
static int
intr_adopt(const struct vnic_dev *dev, struct rte_intr_handle *intr,
	   uint16_t nb)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint16_t i;
	int fd, ret = 0;

	if (rte_intr_type_set(intr, RTE_INTR_HANDLE_VDEV) != 0 ||
	    rte_intr_efd_counter_size_set(intr, sizeof(uint64_t)) != 0 ||
	    rte_intr_nb_efd_set(intr, nb) != 0 ||
	    rte_intr_max_intr_set(intr, nb + 1) != 0)
		return -EIO;
	for (i = 0; i < nb && ret == 0; i++) {
		fd = ops->intr_fd(dev, i);
		ret = fd < 0 ? fd : rte_intr_efds_index_set(intr, i, fd);
	}
	return ret;
}

static int
intr_vectors(struct rte_intr_handle *intr, uint16_t nb)
{
	uint16_t i;
	int ret = rte_intr_vec_list_alloc(intr, "vnic_vectors", nb);

	for (i = 0; i < nb && ret == 0; i++)
		ret = rte_intr_vec_list_index_set(intr, i,
						  RTE_INTR_VEC_RXTX_OFFSET + i);
	return ret;
}

static int
intr_open(struct vnic_dev *dev, struct rte_eth_dev *eth_dev, uint16_t nb)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	int ret = 0;

	if (ops->intr_open != NULL)
		ret = ops->intr_open(dev, nb);
	else if (eth_dev->intr_handle == NULL)
		eth_dev->intr_handle =
			rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (ret == 0 && eth_dev->intr_handle == NULL)
		ret = -ENOMEM;
	if (ret == 0 && ops->intr_open == NULL)
		ret = intr_adopt(dev, eth_dev->intr_handle, nb);
	if (ret == 0)
		ret = intr_vectors(eth_dev->intr_handle, nb);
	return ret;
}

int
vnic_intr_open(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint16_t nb = dev->data->nb_rx_queues;
	int ret;

	if (dev->data->dev_conf.intr_conf.rxq == 0 || dev->rx_intr)
		return 0;
	ret = vnic_intr_check(dev, nb);
	if (ret < 0)
		return ret;
	ret = intr_open(dev, eth_dev, nb);
	dev->rx_intr = true;
	if (ret >= 0)
		return 0;
	VNIC_LOG(ERR, "%s: receive interrupts cannot be set up: error %d (see ulimit -n)",
		 dev->name, ret);
	vnic_intr_close(eth_dev);
	return ret;
}

void
vnic_intr_close(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	struct rte_intr_handle *intr = eth_dev->intr_handle;

	if (!dev->rx_intr)
		return;
	dev->rx_intr = false;
	if (intr == NULL)
		return;
	rte_intr_vec_list_free(intr);
	if (ops->intr_open != NULL) {
		ops->intr_open(dev, 0);
		return;
	}
	rte_intr_free_epoll_fd(intr);
	rte_intr_instance_free(intr);
	eth_dev->intr_handle = NULL;
}

uint16_t
vnic_intr_vector(const struct vnic_dev *dev, uint16_t vq_index)
{
	uint16_t queue_id = vq_index / 2;

	if (!dev->rx_intr || vq_index % 2 != 0 ||
	    vq_index >= dev->nb_pairs * 2 ||
	    queue_id >= dev->data->nb_rx_queues)
		return VIRTIO_PCI_NO_VECTOR;
	return RTE_INTR_VEC_RXTX_OFFSET + queue_id;
}

/* ---- sleep and wake ---- */

/* As the device would: the lcore's next wait ends at once. */
static void
intr_raise(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	const uint64_t one = 1;
	int fd = rte_intr_efds_index_get(eth_dev->intr_handle, queue_id);

	/* Full means that it is raised already. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void
vnic_intr_wake(struct vnic_dev *dev)
{
	uint16_t i;

	if (!dev->rx_intr)
		return;
	/* Partner: the fence of vnic_intr_rx_enable, between its mark and its
	 * look at the gate: one of the two sees the other's store. */
	rte_mb();
	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL &&
		    __atomic_load_n(&rxq->armed, __ATOMIC_RELAXED))
			intr_raise(vnic_eth_dev(dev), i);
	}
}

/** True if frames wait already: nobody will notify for those. */
static bool
intr_arm(struct vnic_rxq *rxq, bool packed)
{
	struct vring *vr = &rxq->vr;

	/* Bursts ring for what they post one burst later: there is none. */
	if (vring_kick_needed(vr, packed)) {
		rxq->stats.kicks++;
		vnic_notify(rxq->port_id, rxq->vq_index, vr, packed);
	}
	return vring_intr_arm(vr, packed);
}

int
vnic_intr_rx_enable(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_rxq *rxq = vnic_rxq_of(dev, queue_id);
	bool waits = false;

	if (!dev->rx_intr || rxq == NULL)
		return -ENOTSUP;
	__atomic_store_n(&rxq->armed, true, __ATOMIC_RELAXED);
	rte_mb();
	if (vnic_gate_enter(&rxq->gate, 1) > 0)
		waits = intr_arm(rxq, vnic_dev_has(dev,
						   VIRTIO_F_RING_PACKED));
	vnic_gate_leave(&rxq->gate);
	if (waits)
		intr_raise(eth_dev, queue_id);
	return 0;
}

int
vnic_intr_rx_disable(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_rxq *rxq = vnic_rxq_of(dev, queue_id);

	if (!dev->rx_intr || rxq == NULL)
		return -ENOTSUP;
	__atomic_store_n(&rxq->armed, false, __ATOMIC_RELAXED);
	if (vnic_gate_enter(&rxq->gate, 1) > 0)
		vring_intr_set(&rxq->vr,
			       vnic_dev_has(dev, VIRTIO_F_RING_PACKED), false);
	vnic_gate_leave(&rxq->gate);
	return 0;
}

/* ---- rte_power's monitor ---- */

/* Both tell to wake, by -1, once the watched word says that a buffer is used. */
static int
monitor_split(const uint64_t value, const uint64_t opaque[4])
{
	return (uint16_t)value != (uint16_t)opaque[0] ? -1 : 0;
}

static int
monitor_packed(const uint64_t value, const uint64_t opaque[4])
{
	return (value & opaque[0]) == opaque[1] ? -1 : 0;
}

/* Frames are known already, of which the word may say nothing. */
static int
monitor_known(const uint64_t value, const uint64_t opaque[4])
{
	RTE_SET_USED(value);
	RTE_SET_USED(opaque);
	return -1;
}

int
vnic_intr_monitor(void *queue, struct rte_power_monitor_cond *cond)
{
	struct vnic_rxq *rxq = queue;
	struct vring *vr = &rxq->vr;

	if (vr->cookie == NULL)
		return -EIO;
	cond->size = sizeof(uint16_t);
	if (vnic_dev_has(rxq->dev, VIRTIO_F_RING_PACKED)) {
		cond->addr = &vr->packed.desc[vr->used_idx & vr->mask].flags;
		cond->opaque[0] = rte_cpu_to_le_16(VRING_PACKED_DESC_F_AVAIL |
						   VRING_PACKED_DESC_F_USED);
		cond->opaque[1] = rte_cpu_to_le_16(
			vring_packed_used_flags(vr, vr->used_idx));
		cond->fn = monitor_packed;
	} else {
		cond->addr = &vr->split.used->idx;
		cond->opaque[0] = rte_cpu_to_le_16(vr->used_idx);
		cond->fn = monitor_split;
	}
	if (vr->known > 0)
		cond->fn = monitor_known;
	return 0;
}
