/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"

int
vnic_pci_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	struct vnic_pci *pci = dev->priv;
	struct vnic_pci_vq *vq;
	uint16_t size;

	*max = 0;
	if (index >= pci->nb_vqs)
		return 0;
	vq = &pci->vqs[index];
	/* QEMU's num_queues follows the features that were agreed last, so it
	 * is not to be remembered.
	 */
	if (vq->size_max == 0 && index < VNIC_PCI_GET(pci, 16, num_queues)) {
		VNIC_PCI_SET(pci, 16, queue_select, index);
		size = VNIC_PCI_GET(pci, 16, queue_size);
		if (size > VNIC_DESC_MAX) {
			VNIC_LOG(ERR, "%s: queue_size of virtqueue %u is %u, at most %u is possible",
				 dev->name, index, size, VNIC_DESC_MAX);
			return -EPROTO;
		}
		vq->size_max = size;
	}
	*max = vq->size_max;
	return 0;
}

/** Where the doorbell of the selected virtqueue is, proven to be inside. */
static int
queue_notify_place(struct vnic_dev *dev, uint16_t index,
		   struct vnic_notify *notify)
{
	struct vnic_pci *pci = dev->priv;
	bool data = vnic_dev_has(dev, VIRTIO_F_NOTIFICATION_DATA);
	unsigned int width = data ? sizeof(uint32_t) : sizeof(uint16_t);
	uint16_t unit = VNIC_PCI_GET(pci, 16, queue_notify_off);
	uint64_t off = (uint64_t)unit * pci->notify_off_multiplier;

	if (off + width > pci->notify.len) {
		VNIC_LOG(ERR, "%s: queue_notify_off %u of virtqueue %u, times %" PRIu32 ", is outside of the notification structure of %" PRIu32 " bytes",
			 dev->name, unit, index, pci->notify_off_multiplier,
			 pci->notify.len);
		return -EPROTO;
	}
	notify->kind = data ? VNIC_NOTIFY_MMIO32 : VNIC_NOTIFY_MMIO16;
	notify->addr = pci->notify.base + off;
	notify->value = index;
	if (vnic_dev_has(dev, VIRTIO_F_NOTIF_CONFIG_DATA))
		notify->value = VNIC_PCI_GET(pci, 16, queue_notif_config_data);
	return 0;
}

/** All that can be wrong before anything is written. */
static int
queue_check(struct vnic_dev *dev, const struct vnic_vq_setup *setup)
{
	struct vnic_pci *pci = dev->priv;
	uint16_t max, now;
	int ret;

	ret = vnic_pci_queue_max(dev, setup->index, &max);
	if (ret < 0)
		return ret;
	if (max != 0) {
		VNIC_PCI_SET(pci, 16, queue_select, setup->index);
		now = VNIC_PCI_GET(pci, 16, queue_size);
		max = RTE_MIN(max, now);
	}
	if (setup->size == 0 || setup->size > max) {
		VNIC_LOG(ERR, "%s: virtqueue %u cannot have %u entries, 1 to %u are possible",
			 dev->name, setup->index, setup->size, max);
		return -EINVAL;
	}
	if (setup->vector != VIRTIO_PCI_NO_VECTOR &&
	    (!pci->msix || setup->vector >= pci->nb_vectors)) {
		VNIC_LOG(ERR, "%s: virtqueue %u cannot have MSI-X vector %u of %u",
			 dev->name, setup->index, setup->vector,
			 pci->msix ? pci->nb_vectors : 0);
		return -EINVAL;
	}
	if (VNIC_PCI_GET(pci, 16, queue_enable) == 0)
		return 0;
	VNIC_LOG(ERR, "%s: virtqueue %u is enabled already: it needs a reset",
		 dev->name, setup->index);
	return -EPROTO;
}

/** A function without MSI-X has no use for the field; leave it alone. */
static int
queue_vector_set(struct vnic_dev *dev, const struct vnic_vq_setup *setup)
{
	struct vnic_pci *pci = dev->priv;
	uint16_t echo;

	if (pci->nb_vectors == 0)
		return 0;
	VNIC_PCI_SET(pci, 16, queue_msix_vector, setup->vector);
	echo = VNIC_PCI_GET(pci, 16, queue_msix_vector);
	if (echo == setup->vector)
		return 0;
	VNIC_LOG(ERR, "%s: virtqueue %u did not take MSI-X vector %#x, it reads %#x",
		 dev->name, setup->index, setup->vector, echo);
	return echo == VIRTIO_PCI_NO_VECTOR ? -ENOTSUP : -EPROTO;
}

static int
queue_size_set(struct vnic_dev *dev, const struct vnic_vq_setup *setup)
{
	struct vnic_pci *pci = dev->priv;
	uint16_t echo;

	VNIC_PCI_SET(pci, 16, queue_size, setup->size);
	echo = VNIC_PCI_GET(pci, 16, queue_size);
	if (echo == setup->size)
		return 0;
	VNIC_LOG(ERR, "%s: virtqueue %u did not take %u entries, queue_size reads %u",
		 dev->name, setup->index, setup->size, echo);
	return -EPROTO;
}

int
vnic_pci_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *setup,
		      struct vnic_notify *notify)
{
	struct vnic_pci *pci = dev->priv;
	struct vnic_notify doorbell = { .kind = VNIC_NOTIFY_NONE };
	int ret;

	ret = queue_check(dev, setup);
	if (ret == 0)
		ret = queue_notify_place(dev, setup->index, &doorbell);
	if (ret == 0)
		ret = queue_size_set(dev, setup);
	if (ret == 0)
		ret = queue_vector_set(dev, setup);
	if (ret < 0)
		return ret;
	VNIC_PCI_SET(pci, 64, queue_desc_lo, setup->desc);
	VNIC_PCI_SET(pci, 64, queue_driver_lo, setup->driver);
	VNIC_PCI_SET(pci, 64, queue_device_lo, setup->device);
	VNIC_PCI_SET(pci, 16, queue_enable, 1);
	if (VNIC_PCI_GET(pci, 16, queue_enable) != 1) {
		VNIC_LOG(ERR, "%s: virtqueue %u did not become enabled",
			 dev->name, setup->index);
		return -EPROTO;
	}
	pci->vqs[setup->index].enabled = true;
	pci->vqs[setup->index].notify = doorbell;
	*notify = doorbell;
	return 0;
}

static bool
queue_reset_done(struct vnic_pci *pci)
{
	return VNIC_PCI_GET(pci, 16, queue_reset) == 0 &&
		VNIC_PCI_GET(pci, 16, queue_enable) == 0;
}

int
vnic_pci_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	struct vnic_pci *pci = dev->priv;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_F_RING_RESET))
		return -ENOTSUP;
	if (index >= pci->nb_vqs)
		return -EINVAL;
	VNIC_PCI_SET(pci, 16, queue_select, index);
	VNIC_PCI_SET(pci, 16, queue_reset, 1);
	ret = vnic_pci_wait(pci, queue_reset_done);
	if (ret == -ENODEV)
		VNIC_LOG(ERR, "%s: device status reads all ones, the device is gone",
			 dev->name);
	if (ret == -ETIMEDOUT)
		VNIC_LOG(ERR, "%s: virtqueue %u is not reset %u ms after queue_reset was written: its memory must not be reused",
			 dev->name, index, pci->reset_timeout_us / 1000);
	if (ret < 0)
		return ret;
	pci->vqs[index].enabled = false;
	return 0;
}

int
vnic_pci_notify_attach(struct vnic_dev *dev, uint16_t index,
		       struct vnic_notify *notify)
{
	const struct vnic_pci *pci = dev->priv;

	notify->kind = VNIC_NOTIFY_NONE;
	if (pci == NULL || index >= pci->nb_vqs)
		return -EINVAL;
	/* It stays the same over stop and start: this process is not told. */
	*notify = pci->vqs[index].notify;
	return 0;
}
