/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_memzone.h>

#include "sim_transport.h"

/* The driver's transport operations on devsim's registers. */

static struct sim_port *
port_of(struct vnic_dev *dev)
{
	return dev->priv;
}

static int
sim_status_get(struct vnic_dev *dev, uint8_t *status)
{
	*status = devsim_status_get(port_of(dev)->dev);
	return *status == VIRTIO_STATUS_GONE ? -ENODEV : 0;
}

static int
sim_reset(struct vnic_dev *dev)
{
	uint8_t status;
	int ret;

	devsim_status_set(port_of(dev)->dev, 0);
	ret = sim_status_get(dev, &status);
	if (ret == 0 && status != 0)
		return -ETIMEDOUT;
	return ret;
}

static int
sim_status_set(struct vnic_dev *dev, uint8_t status)
{
	uint8_t now;
	int ret = sim_status_get(dev, &now);

	if (ret == 0)
		devsim_status_set(port_of(dev)->dev, status);
	return ret;
}

static int
sim_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	*f = devsim_features_get(port_of(dev)->dev);
	return 0;
}

static int
sim_features_set(struct vnic_dev *dev, const struct virtio_features *f)
{
	devsim_features_set(port_of(dev)->dev, *f);
	return 0;
}

static int
sim_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	return devsim_config_read(port_of(dev)->dev, off, dst, len);
}

static int
sim_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	*max = devsim_queue_max(port_of(dev)->dev, index);
	return 0;
}

static bool
shared_with_device(const struct rte_memzone *mz)
{
	/* Those of mempools have a prefix. */
	return strstr(mz->name, "vnic_") != NULL;
}

static void
memzone_sum(const struct rte_memzone *mz, void *arg)
{
	uint64_t *sum = arg;

	if (shared_with_device(mz))
		*sum = *sum * 31 + mz->addr_64 + mz->len;
}

static void
memzone_tell(const struct rte_memzone *mz, void *arg)
{
	if (shared_with_device(mz))
		devsim_mem_add(arg, mz->addr, mz->len);
}

static void
mbuf_tell(struct rte_mempool *pool, void *arg, void *obj, unsigned int i)
{
	struct rte_mbuf *m = obj;

	(void)pool;
	(void)i;
	devsim_mem_add(arg, m->buf_addr, m->buf_len);
}

/* What a descriptor may point to: rings and frame data, nothing else. */
static void
memory_tell(struct sim_port *port)
{
	uint64_t sum = 1;

	rte_memzone_walk(memzone_sum, &sum);
	if (sum == port->memory_sum)
		return;
	port->memory_sum = sum;
	devsim_mem_clear(port->dev);
	rte_mempool_obj_iter(port->pool, mbuf_tell, port->dev);
	if (port->pool2 != NULL)
		rte_mempool_obj_iter(port->pool2, mbuf_tell, port->dev);
	rte_memzone_walk(memzone_tell, port->dev);
}

static int
sim_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
		 struct vnic_notify *notify)
{
	struct sim_port *port = port_of(dev);
	struct devsim_ring ring = {
		.size = vq->size,
		.base = vq->base,
		.desc = (void *)(uintptr_t)vq->desc,
		.driver = (void *)(uintptr_t)vq->driver,
		.device = (void *)(uintptr_t)vq->device,
	};

	if (sim_legacy)
		assert_int_equal(vq->size, devsim_queue_max(port->dev,
							    vq->index));
	memory_tell(port);
	notify->kind = VNIC_NOTIFY_EVENTFD;
	notify->value = vq->index;
	notify->fd = devsim_kick_fd(port->dev, vq->index);
	return devsim_queue_enable(port->dev, vq->index, &ring);
}

static int
sim_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	return devsim_queue_reset(port_of(dev)->dev, index);
}

static uint16_t
sim_intr_max(const struct vnic_dev *dev)
{
	const struct sim_port *port = dev->priv;

	return port->opts.pairs;
}

static int
sim_intr_fd(const struct vnic_dev *dev, uint16_t queue_id)
{
	const struct sim_port *port = dev->priv;

	return devsim_call_fd(port->dev, vnic_vq_rx(queue_id));
}

const struct vnic_transport_ops sim_transport_ops = {
	.name = "sim",
	.status_register = true,
	.addr_is_va = true,
	.reset = sim_reset,
	.status_get = sim_status_get,
	.status_set = sim_status_set,
	.features_get = sim_features_get,
	.features_set = sim_features_set,
	.config_read = sim_config_read,
	.queue_max = sim_queue_max,
	.queue_enable = sim_queue_enable,
	.queue_reset = sim_queue_reset,
	.intr_max = sim_intr_max,
	.intr_fd = sim_intr_fd,
};
