/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>
#include <ethdev_pci.h>

#include "vnic.h"
#include "vnic_args.h"
#include "vnic_device.h"
#include "vnic_log.h"
#include "vnic_pci.h"
#include "vnic_pmdinfo.h"
#include "vnic_port.h"
#include "vnic_queue.h"

/* Data queues of as many pairs as the driver can have, and the control one. */
#define PCI_VQS_MAX (VNIC_QUEUE_PAIRS_MAX * 2 + 1)

static int
pci_config_read(void *ctx, void *buf, size_t len, off_t off)
{
	int ret = rte_pci_read_config(ctx, buf, len, off);

	return ret == (int)len ? 0 : -EIO;
}

static void
pci_space_fill(struct rte_pci_device *pci_dev, struct vnic_pci_space *space)
{
	unsigned int i;

	space->name = pci_dev->device.name;
	space->config_read = pci_config_read;
	space->ctx = pci_dev;
	for (i = 0; i < VNIC_PCI_BARS; i++)
		space->bar_len[i] = pci_dev->mem_resource[i].addr != NULL ?
			pci_dev->mem_resource[i].len : 0;
}

static struct vnic_pci_regs
pci_regs(const struct rte_pci_device *pci_dev,
	 const struct vnic_pci_place *place)
{
	struct vnic_pci_regs regs = { .base = NULL };

	if (place->length != 0) {
		regs.base = (uint8_t *)pci_dev->mem_resource[place->bar].addr +
			place->offset;
		regs.len = place->length;
	}
	return regs;
}

/** The registers answer; num_queues is looked at when it counts. */
static int
pci_check(const char *name, const struct vnic_pci_regs *common)
{
	uint8_t status = vnic_pci_read8(common,
		offsetof(struct virtio_pci_common_cfg, device_status));

	if (status != VIRTIO_STATUS_GONE)
		return 0;
	VNIC_LOG(ERR, "%s: device status reads all ones, the device is gone or its memory decoding is off",
		 name);
	return -ENODEV;
}

static int
pci_vfio_fd(const struct rte_pci_device *pci_dev)
{
	return pci_dev->kdrv == RTE_PCI_KDRV_VFIO ?
		rte_intr_dev_fd_get(pci_dev->intr_handle) : -1;
}

static struct vnic_pci *
pci_alloc(const struct vnic_dev *dev, const struct rte_pci_device *pci_dev,
	  const struct vnic_pci_caps *caps)
{
	struct vnic_pci *pci = rte_zmalloc_socket("vnic_pci",
		sizeof(*pci) + PCI_VQS_MAX * sizeof(pci->vqs[0]), 0,
		pci_dev->device.numa_node);

	if (pci == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the records of %u virtqueues",
			 dev->name, PCI_VQS_MAX);
		return NULL;
	}
	pci->nb_vectors = caps->nb_vectors;
	pci->reset_timeout_us = VNIC_PCI_RESET_TIMEOUT_US;
	pci->vfio_fd = pci_vfio_fd(pci_dev);
	pci->nb_vqs = PCI_VQS_MAX;
	return pci;
}

static int
pci_open_modern(struct vnic_dev *dev, struct rte_pci_device *pci_dev,
		const struct vnic_pci_caps *caps)
{
	struct vnic_pci_regs common = pci_regs(pci_dev, &caps->common);
	struct vnic_pci *pci;
	int ret = pci_check(dev->name, &common);

	if (ret < 0)
		return ret;
	pci = pci_alloc(dev, pci_dev, caps);
	if (pci == NULL)
		return -ENOMEM;
	pci->common = common;
	pci->notify = pci_regs(pci_dev, &caps->notify);
	pci->isr = pci_regs(pci_dev, &caps->isr);
	pci->device = pci_regs(pci_dev, &caps->device);
	pci->notify_off_multiplier = caps->notify_off_multiplier;
	pci->config_vector = vnic_pci_config_vector;
	dev->priv = pci;
	return 0;
}

/** No virtio structure: the registers in I/O BAR 0 (4.1.5.1.1.1). */
static int
pci_open_legacy(struct vnic_dev *dev, struct rte_pci_device *pci_dev,
		const struct vnic_pci_space *space,
		const struct vnic_pci_caps *caps)
{
	struct vnic_pci_regs common;
	struct vnic_pci *pci;
	int ret;

	if (pci_dev->id.device_id != VIRTIO_PCI_DEVICE_ID_NET_TRANSITIONAL) {
		VNIC_LOG(ERR, "%s: no virtio capability, which a device of ID %#x must have",
			 dev->name, pci_dev->id.device_id);
		return -ENOTSUP;
	}
	dev->transport = VNIC_TRANSPORT_LEGACY;
	ret = vnic_pci_port_open(dev, pci_dev, &common);
	if (ret < 0)
		return ret;
	pci = pci_alloc(dev, pci_dev, caps);
	if (pci == NULL) {
		vnic_pci_port_close(dev->port_id);
		return -ENOMEM;
	}
	pci->common = common;
	pci->isr = common;
	pci->isr.start = VIRTIO_PCI_LEGACY_ISR;
	pci->msix_pos = caps->msix_pos;
	pci->space = *space;
	pci->config_vector = vnic_pci_legacy_config_vector;
	dev->priv = pci;
	VNIC_LOG(INFO, "%s: a legacy device, driven through its I/O ports",
		 dev->name);
	return 0;
}

/** Fill dev->priv from a mapped PCI function. */
static int
pci_open(struct vnic_dev *dev, struct rte_pci_device *pci_dev)
{
	struct vnic_pci_space space;
	struct vnic_pci_caps caps;
	int ret;

	pci_space_fill(pci_dev, &space);
	ret = vnic_pci_caps_read(&space, &caps);
	if (ret == 0)
		ret = pci_open_modern(dev, pci_dev, &caps);
	else if (ret == -ENOENT)
		ret = pci_open_legacy(dev, pci_dev, &space, &caps);
	if (ret == 0)
		vnic_pci_events_open(dev, pci_dev);
	return ret;
}

void
vnic_pci_close(struct vnic_dev *dev)
{
	struct vnic_pci *pci = dev->priv;

	if (pci == NULL)
		return;
	vnic_pci_events_close(dev);
	vnic_pci_port_close(dev->port_id);
	dev->priv = NULL;
	rte_free(pci);
}

static const struct vnic_transport_ops pci_ops = {
	.name = "virtio PCI modern",
	.status_register = true,
	.addr_is_va = false,
	.reset = vnic_pci_reset,
	.status_get = vnic_pci_status_get,
	.status_set = vnic_pci_status_set,
	.features_get = vnic_pci_features_get,
	.features_set = vnic_pci_features_set,
	.config_read = vnic_pci_config_read,
	.queue_max = vnic_pci_queue_max,
	.queue_enable = vnic_pci_queue_enable,
	.queue_reset = vnic_pci_queue_reset,
	.queues_active = vnic_pci_queues_active,
	.event_enable = vnic_pci_event_enable,
	.regs_get = vnic_pci_regs_get,
	.intr_max = vnic_pci_intr_max,
	.intr_open = vnic_pci_intr_open,
	.link_get = vnic_pci_link_get,
	.notify_attach = vnic_pci_notify_attach,
	.close = vnic_pci_close,
};

RTE_INIT(vnic_pci_register)
{
	vnic_transport_register(VNIC_TRANSPORT_PCI, &pci_ops);
}

static int
pci_init_primary(struct rte_eth_dev *eth_dev)
{
	struct rte_pci_device *pci_dev = RTE_ETH_DEV_TO_PCI(eth_dev);
	const struct rte_devargs *devargs = pci_dev->device.devargs;
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret;

	dev->port_id = eth_dev->data->port_id;
	dev->transport = VNIC_TRANSPORT_PCI;
	rte_strscpy(dev->name, pci_dev->device.name, sizeof(dev->name));
	ret = vnic_args_parse(dev->name,
			      devargs != NULL ? devargs->args : NULL,
			      VNIC_TRANSPORT_PCI, &dev->args);
	if (ret == 0)
		ret = pci_open(dev, pci_dev);
	if (ret < 0)
		return ret;
	ret = vnic_device_probe(eth_dev);
	if (ret < 0)
		vnic_pci_close(dev);
	return ret;
}

static int
pci_init(struct rte_eth_dev *eth_dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		return pci_init_primary(eth_dev);
	return vnic_device_attach(eth_dev);
}

static int
pci_uninit(struct rte_eth_dev *eth_dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY) {
		vnic_device_remove(eth_dev);
		return 0;
	}
	vnic_device_detach(eth_dev);
	return 0;
}

static int
pci_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci_dev)
{
	RTE_SET_USED(driver);
	return rte_eth_dev_pci_generic_probe(pci_dev, sizeof(struct vnic_dev),
					     pci_init);
}

static int
pci_remove(struct rte_pci_device *pci_dev)
{
	return rte_eth_dev_pci_generic_remove(pci_dev, pci_uninit);
}

/* Any revision (section 4.1.2); the class is not looked at. */
static const struct rte_pci_id pci_ids[] = {
	{ RTE_PCI_DEVICE(VIRTIO_PCI_VENDOR_ID,
			 VIRTIO_PCI_DEVICE_ID_NET_MODERN) },
	{ RTE_PCI_DEVICE(VIRTIO_PCI_VENDOR_ID,
			 VIRTIO_PCI_DEVICE_ID_NET_TRANSITIONAL) },
	{ .vendor_id = 0 },
};

static struct rte_pci_driver vnic_pci_driver = {
	.id_table = pci_ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING | RTE_PCI_DRV_INTR_LSC |
		RTE_PCI_DRV_INTR_RMV,
	.probe = pci_probe,
	.remove = pci_remove,
};

RTE_PMD_REGISTER_PCI(net_vnic, vnic_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(net_vnic, pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(net_vnic, "* vfio-pci | uio_pci_generic");
RTE_PMD_REGISTER_PARAM_STRING(net_vnic, VNIC_ARGS_PARAMS_COMMON);
/* 0x1af4 0x1041 and 0x1000 */
VNIC_PMD_INFO(net_vnic, VNIC_ARGS_PARAMS_COMMON, "* vfio-pci | uio_pci_generic",
	      VNIC_PMD_PCI_ID(6900, 4161) ", " VNIC_PMD_PCI_ID(6900, 4096));
