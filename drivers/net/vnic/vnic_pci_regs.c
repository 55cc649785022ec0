/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_common.h>

#include "vnic.h"
#include "vnic_pci.h"

/* Read only, but for the two selectors; ISR and notification, whose access
 * means something to the device, are left alone. */

static uint32_t
regs_feature(struct vnic_pci *pci, unsigned int word)
{
	VNIC_PCI_SET(pci, 32, device_feature_select, word);
	return VNIC_PCI_GET(pci, 32, device_feature);
}

static void
regs_common(struct vnic_pci *pci, uint32_t *out)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		*out++ = regs_feature(pci, i);
	*out++ = VNIC_PCI_GET(pci, 16, config_msix_vector);
	*out++ = VNIC_PCI_GET(pci, 16, num_queues);
	*out++ = VNIC_PCI_GET(pci, 8, device_status);
	*out = VNIC_PCI_GET(pci, 8, config_generation);
}

static void
regs_queue(struct vnic_pci *pci, uint16_t index, uint32_t *out)
{
	VNIC_PCI_SET(pci, 16, queue_select, index);
	*out++ = VNIC_PCI_GET(pci, 16, queue_size);
	*out++ = VNIC_PCI_GET(pci, 16, queue_msix_vector);
	*out++ = VNIC_PCI_GET(pci, 16, queue_enable);
	*out++ = VNIC_PCI_GET(pci, 16, queue_notify_off);
	*out++ = VNIC_PCI_GET(pci, 32, queue_desc_lo);
	*out++ = VNIC_PCI_GET(pci, 32, queue_desc_hi);
	*out++ = VNIC_PCI_GET(pci, 32, queue_driver_lo);
	*out++ = VNIC_PCI_GET(pci, 32, queue_driver_hi);
	*out++ = VNIC_PCI_GET(pci, 32, queue_device_lo);
	*out++ = VNIC_PCI_GET(pci, 32, queue_device_hi);
	*out++ = VNIC_PCI_HAS(pci, queue_notif_config_data) ?
		VNIC_PCI_GET(pci, 16, queue_notif_config_data) : 0;
	*out = VNIC_PCI_HAS(pci, queue_reset) ?
		VNIC_PCI_GET(pci, 16, queue_reset) : 0;
}

uint32_t
vnic_pci_regs_get(struct vnic_dev *dev, uint32_t *out, uint32_t max)
{
	struct vnic_pci *pci = dev->priv;
	uint16_t queues = RTE_MIN(RTE_MAX(dev->nb_pairs, 1) * 2, pci->nb_vqs);
	uint32_t nb = VNIC_PCI_REGS_COMMON + queues * VNIC_PCI_REGS_QUEUE;
	uint16_t i;

	if (max < nb)
		return nb;
	regs_common(pci, out);
	out += VNIC_PCI_REGS_COMMON;
	for (i = 0; i < queues; i++, out += VNIC_PCI_REGS_QUEUE)
		regs_queue(pci, i, out);
	return nb;
}
