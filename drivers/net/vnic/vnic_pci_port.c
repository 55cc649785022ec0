/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <rte_byteorder.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>
#include <ethdev_pci.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"
#include "vnic_port.h"

/*
 * I/O ports of legacy functions, by the kernel driver's means: port
 * instructions (uio_pci_generic) or a file descriptor (VFIO).
 */

/* Of this process: a port belongs to its rte_pci_device. */
static struct {
	struct rte_pci_ioport io;
	bool open;
} pci_ports[RTE_MAX_ETHPORTS];

static uint32_t
port_read(volatile void *base, uint32_t off, unsigned int width)
{
	struct rte_pci_ioport *io = (void *)(uintptr_t)base;
	uint32_t value = 0;

	/* A read that fails says what a missing device says. */
	memset(&value, 0xff, width);
	rte_pci_ioport_read(io, &value, width, off);
	return rte_le_to_cpu_32(value);
}

static void
port_write(volatile void *base, uint32_t off, uint32_t value,
	   unsigned int width)
{
	struct rte_pci_ioport *io = (void *)(uintptr_t)base;
	rte_le32_t raw = rte_cpu_to_le_32(value);

	rte_pci_ioport_write(io, &raw, width, off);
}

static const struct vnic_pci_model port_access = {
	.read = port_read,
	.write = port_write,
};

/* Bytes of the I/O BAR, which EAL does not keep; 0: not to be found out. */
static uint32_t
port_len(const struct rte_pci_device *pci_dev)
{
	uint64_t start = 0, end = 0;
	char path[PATH_MAX];
	FILE *f;

	/* One line a BAR, that of BAR 0 is the first. */
	snprintf(path, sizeof(path), "%s/%s/resource",
		 rte_pci_get_sysfs_path(), pci_dev->device.name);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNx64 " %" SCNx64, &start, &end) != 2 ||
	    end < start || end - start > UINT16_MAX)
		start = end + 1;
	fclose(f);
	return end + 1 - start;
}

/* NULL, or why the function has no legacy interface that we can use. */
static const char *
port_refuse(struct rte_pci_device *pci_dev)
{
	rte_le32_t bar = 0;

	if (RTE_BYTE_ORDER != RTE_LITTLE_ENDIAN)
		return "legacy devices are supported on little-endian machines only";
	if (rte_pci_read_config(pci_dev, &bar, sizeof(bar),
			PCI_BASE_ADDRESS_0 + 4 * VIRTIO_PCI_LEGACY_BAR) !=
	    sizeof(bar))
		return "PCI configuration space cannot be read";
	if (!(rte_le_to_cpu_32(bar) & PCI_BASE_ADDRESS_SPACE_IO) ||
	    port_len(pci_dev) <= VIRTIO_PCI_LEGACY_DEVICE_MSIX)
		return "BAR 0 is no I/O BAR, so it is no virtio device at all";
	return NULL;
}

int
vnic_pci_port_open(struct vnic_dev *dev, struct rte_pci_device *pci_dev,
		   struct vnic_pci_regs *regs)
{
	const char *why = port_refuse(pci_dev);
	int ret = 0;

	if (why == NULL && !pci_ports[dev->port_id].open) {
		ret = rte_pci_ioport_map(pci_dev, VIRTIO_PCI_LEGACY_BAR,
					 &pci_ports[dev->port_id].io);
		if (ret < 0)
			why = "its I/O ports cannot be reached: bind it to vfio-pci, or to uio_pci_generic and run as root";
	}
	if (why != NULL) {
		VNIC_LOG(ERR, "%s: no modern virtio interface, and %s",
			 dev->name, why);
		return -ENOTSUP;
	}
	pci_ports[dev->port_id].open = true;
	*regs = (struct vnic_pci_regs){
		.base = (void *)&pci_ports[dev->port_id].io,
		.len = port_len(pci_dev),
		.model = &port_access,
	};
	return 0;
}

void
vnic_pci_port_close(uint16_t port_id)
{
	if (pci_ports[port_id].open)
		rte_pci_ioport_unmap(&pci_ports[port_id].io);
	pci_ports[port_id].open = false;
}

/* A secondary process has a way of its own to the same ports. */
static int
port_notify_attach(struct vnic_dev *dev, uint16_t index,
		   struct vnic_notify *notify)
{
	const struct vnic_pci *pci = dev->priv;
	struct vnic_pci_regs regs;
	int ret;

	notify->kind = VNIC_NOTIFY_NONE;
	if (pci == NULL || index >= pci->nb_vqs)
		return -EINVAL;
	ret = vnic_pci_port_open(dev, RTE_ETH_DEV_TO_PCI(vnic_eth_dev(dev)),
				 &regs);
	if (ret < 0)
		return ret;
	notify->kind = VNIC_NOTIFY_PIO16;
	notify->value = index;
	notify->pio = (void *)(uintptr_t)regs.base;
	notify->pio_off = VIRTIO_PCI_LEGACY_QUEUE_NOTIFY;
	return 0;
}

static const struct vnic_transport_ops port_ops = {
	.name = "virtio PCI legacy",
	.status_register = true,
	.addr_is_va = false,
	.legacy = true,
	.reset = vnic_pci_legacy_reset,
	.status_get = vnic_pci_legacy_status_get,
	.status_set = vnic_pci_legacy_status_set,
	.features_get = vnic_pci_legacy_features_get,
	.features_set = vnic_pci_legacy_features_set,
	.config_read = vnic_pci_legacy_config_read,
	.mac_set = vnic_pci_legacy_mac_set,
	.queue_max = vnic_pci_legacy_queue_max,
	.queue_enable = vnic_pci_legacy_queue_enable,
	.queue_reset = vnic_pci_legacy_queue_reset,
	.queues_active = vnic_pci_queues_active,
	.event_enable = vnic_pci_event_enable,
	.intr_max = vnic_pci_intr_max,
	.intr_open = vnic_pci_intr_open,
	.link_get = vnic_pci_link_get,
	.notify_attach = port_notify_attach,
	.notify_detach = vnic_pci_port_close,
	.close = vnic_pci_close,
};

RTE_INIT(vnic_pci_port_register)
{
	vnic_transport_register(VNIC_TRANSPORT_LEGACY, &port_ops);
}
