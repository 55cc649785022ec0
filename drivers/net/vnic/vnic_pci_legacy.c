/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include <vring.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"

/*
 * The legacy interface (virtio 1.4, 4.1.4.10 and the "Legacy Interface" notes):
 * one row of registers in I/O BAR 0, then the device configuration, in the
 * byte order of the machine; only little-endian machines are served.
 */

#define POLL_US 100
#define REG(name) VIRTIO_PCI_LEGACY_##name

static bool
legacy_is_gone(struct vnic_pci *pci)
{
	return vnic_pci_read8(&pci->common, REG(DEVICE_STATUS)) ==
		VIRTIO_STATUS_GONE;
}

/* There is no generation, no event and no completion: status alone tells. */
static int
legacy_wait_reset(struct vnic_pci *pci, uint8_t *status)
{
	uint64_t deadline = vnic_pci_now_us() + pci->reset_timeout_us;

	for (;;) {
		*status = vnic_pci_read8(&pci->common, REG(DEVICE_STATUS));
		if (*status == VIRTIO_STATUS_RESET)
			return 0;
		if (*status == VIRTIO_STATUS_GONE)
			return -ENODEV;
		if (vnic_pci_now_us() > deadline)
			return -ETIMEDOUT;
		rte_delay_us_sleep(POLL_US);
	}
}

int
vnic_pci_legacy_reset(struct vnic_dev *dev)
{
	struct vnic_pci *pci = dev->priv;
	uint8_t status;
	unsigned int i;
	int ret;

	vnic_pci_write8(&pci->common, REG(DEVICE_STATUS), VIRTIO_STATUS_RESET);
	ret = legacy_wait_reset(pci, &status);
	if (ret == -ETIMEDOUT && vnic_pci_function_reset(dev) == 0) {
		VNIC_LOG(WARNING, "%s: no answer to a reset: the kernel has reset the function",
			 dev->name);
		ret = legacy_wait_reset(pci, &status);
	}
	if (ret == -ENODEV)
		VNIC_LOG(ERR, "%s: device status reads all ones, the device is gone",
			 dev->name);
	if (ret == -ETIMEDOUT)
		VNIC_LOG(ERR, "%s: device status is %#x, not 0, %u ms after the reset: its memory must not be reused",
			 dev->name, status, pci->reset_timeout_us / 1000);
	if (ret < 0)
		return ret;
	pci->features_ok = false;
	for (i = 0; i < pci->nb_vqs; i++)
		pci->vqs[i].enabled = false;
	return 0;
}

/*
 * FEATURES_OK came with virtio 1.0 (3.1.2): a legacy device is not told of it,
 * and takes what the driver has chosen.
 */
int
vnic_pci_legacy_status_get(struct vnic_dev *dev, uint8_t *status)
{
	struct vnic_pci *pci = dev->priv;

	*status = vnic_pci_read8(&pci->common, REG(DEVICE_STATUS));
	if (*status == VIRTIO_STATUS_GONE)
		return -ENODEV;
	if (pci->features_ok)
		*status |= VIRTIO_STATUS_FEATURES_OK;
	return 0;
}

int
vnic_pci_legacy_status_set(struct vnic_dev *dev, uint8_t status)
{
	struct vnic_pci *pci = dev->priv;

	if (status == VIRTIO_STATUS_RESET)
		return -EINVAL;
	pci->features_ok = status & VIRTIO_STATUS_FEATURES_OK;
	status &= ~VIRTIO_STATUS_FEATURES_OK;
	vnic_pci_write8(&pci->common, REG(DEVICE_STATUS), status);
	return 0;
}

int
vnic_pci_legacy_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_pci *pci = dev->priv;

	memset(f, 0, sizeof(*f));
	f->w[0] = vnic_pci_read32(&pci->common, REG(DEVICE_FEATURES));
	return legacy_is_gone(pci) ? -ENODEV : 0;
}

int
vnic_pci_legacy_features_set(struct vnic_dev *dev,
			     const struct virtio_features *f)
{
	struct vnic_pci *pci = dev->priv;

	if (f->w[0] >> 32 != 0 || f->w[1] != 0)
		return -EINVAL;
	vnic_pci_write32(&pci->common, REG(DRIVER_FEATURES), f->w[0]);
	return 0;
}

/*
 * Enabling MSI-X moves the device configuration, and whoever binds an eventfd
 * does it, so the function itself is asked (4.1.4.10).
 */
static int
legacy_msix(struct vnic_dev *dev, bool *on)
{
	struct vnic_pci *pci = dev->priv;
	rte_le16_t flags = 0;

	*on = false;
	if (pci->msix_pos == 0)
		return 0;
	if (pci->space.config_read(pci->space.ctx, &flags, sizeof(flags),
				   pci->msix_pos + PCI_MSIX_FLAGS) < 0 ||
	    flags == UINT16_MAX) {
		VNIC_LOG(ERR, "%s: PCI configuration space cannot be read, the device is gone",
			 dev->name);
		return -ENODEV;
	}
	*on = rte_le_to_cpu_16(flags) & PCI_MSIX_FLAGS_ENABLE;
	return 0;
}

/* The device configuration as registers of their own. */
static int
legacy_config(struct vnic_dev *dev, struct vnic_pci_regs *regs)
{
	struct vnic_pci *pci = dev->priv;
	uint32_t start;
	bool msix;
	int ret = legacy_msix(dev, &msix);

	if (ret < 0)
		return ret;
	start = msix ? REG(DEVICE_MSIX) : REG(DEVICE_INTX);
	if (pci->common.len <= start)
		return -EINVAL;
	*regs = pci->common;
	regs->start += start;
	regs->len -= start;
	return 0;
}

/* Without a generation: read until two reads agree (2.5.5). */
static int
legacy_config_read(const struct vnic_pci_regs *regs, size_t off, uint8_t *dst,
		   size_t len)
{
	uint8_t again[sizeof(struct virtio_net_config)];
	unsigned int i;

	if (vnic_pci_config_fields(regs, off, dst, len) != len)
		return -EINVAL;
	for (i = 0; i < VNIC_PCI_GENERATION_TRIES; i++) {
		vnic_pci_config_fields(regs, off, again, len);
		if (memcmp(again, dst, len) == 0)
			return 0;
		memcpy(dst, again, len);
	}
	return -EPROTO;
}

int
vnic_pci_legacy_config_read(struct vnic_dev *dev, size_t off, void *dst,
			    size_t len)
{
	struct vnic_pci *pci = dev->priv;
	struct vnic_pci_regs regs;
	int ret = legacy_config(dev, &regs);

	if (ret < 0)
		return ret;
	if (len > sizeof(struct virtio_net_config) || len > regs.len ||
	    off > regs.len - len)
		return -EINVAL;
	ret = legacy_config_read(&regs, off, dst, len);
	if (ret == 0 && legacy_is_gone(pci))
		return -ENODEV;
	if (ret == -EPROTO)
		VNIC_LOG(ERR, "%s: device configuration (offset %zu) changed during each of %u reads",
			 dev->name, off, VNIC_PCI_GENERATION_TRIES);
	return ret;
}

/* From the first byte to the last, which takes it over (5.1.6.5.2.2). */
int
vnic_pci_legacy_mac_set(struct vnic_dev *dev, const struct rte_ether_addr *mac)
{
	struct vnic_pci_regs regs;
	unsigned int i;
	int ret = legacy_config(dev, &regs);

	for (i = 0; i < RTE_ETHER_ADDR_LEN && ret == 0; i++)
		vnic_pci_write8(&regs, i, mac->addr_bytes[i]);
	return ret;
}

/* Write a vector register, which exists while MSI-X is enabled, and look. */
static int
legacy_vector(struct vnic_dev *dev, uint32_t reg, uint16_t vector,
	      uint16_t *echo)
{
	struct vnic_pci *pci = dev->priv;
	bool msix;
	int ret = legacy_msix(dev, &msix);

	*echo = VIRTIO_PCI_NO_VECTOR;
	if (ret < 0)
		return ret;
	if (!msix)
		return vector == VIRTIO_PCI_NO_VECTOR ? 0 : -ENOTSUP;
	vnic_pci_write16(&pci->common, reg, vector);
	*echo = vnic_pci_read16(&pci->common, reg);
	return *echo == vector ? 0 : -ENOTSUP;
}

int
vnic_pci_legacy_config_vector(struct vnic_dev *dev, uint16_t vector)
{
	uint16_t echo;

	if (legacy_vector(dev, REG(CONFIG_VECTOR), vector, &echo) == 0)
		return 0;
	VNIC_LOG(WARNING, "%s: the device did not take MSI-X vector %#x for configuration changes (reads %#x): link state will be polled",
		 dev->name, vector, echo);
	return -ENOTSUP;
}

int
vnic_pci_legacy_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	struct vnic_pci *pci = dev->priv;
	struct vnic_pci_vq *vq;
	uint16_t size;

	*max = 0;
	if (index >= pci->nb_vqs)
		return 0;
	vq = &pci->vqs[index];
	if (vq->size_max == 0) {
		vnic_pci_write16(&pci->common, REG(QUEUE_SELECT), index);
		size = vnic_pci_read16(&pci->common, REG(QUEUE_SIZE));
		if (size == UINT16_MAX && legacy_is_gone(pci))
			return -ENODEV;
		if (size > VNIC_DESC_MAX ||
		    (size != 0 && !rte_is_power_of_2(size))) {
			VNIC_LOG(ERR, "%s: queue size of virtqueue %u is %u, which is no power of two up to %u",
				 dev->name, index, size, VNIC_DESC_MAX);
			return -EPROTO;
		}
		vq->size_max = size;
	}
	*max = vq->size_max;
	return 0;
}

/* The device knows the whole ring by its size and one page number. */
static int
legacy_queue_check(struct vnic_dev *dev, const struct vnic_vq_setup *setup)
{
	struct vring_layout l = vring_layout(setup->size, false);
	struct vnic_pci *pci = dev->priv;
	uint16_t max;
	int ret = vnic_pci_legacy_queue_max(dev, setup->index, &max);

	if (ret < 0)
		return ret;
	if (max != 0) {
		/* What it will go by, whatever it said before. */
		vnic_pci_write16(&pci->common, REG(QUEUE_SELECT), setup->index);
		max = vnic_pci_read16(&pci->common, REG(QUEUE_SIZE));
	}
	if (max == 0 || setup->size != max) {
		VNIC_LOG(ERR, "%s: virtqueue %u cannot have %u entries, it has %u",
			 dev->name, setup->index, setup->size, max);
		return -EINVAL;
	}
	if (setup->base != 0 || setup->desc % REG(PAGE) != 0 ||
	    setup->driver != setup->desc + l.driver ||
	    setup->device != setup->desc + l.device)
		return -EINVAL;
	if (setup->desc / REG(PAGE) > UINT32_MAX) {
		VNIC_LOG(ERR, "%s: virtqueue %u at address %#" PRIx64 " is out of the device's reach, 16 TiB: start EAL with --iova-mode=pa, or --base-virtaddr below",
			 dev->name, setup->index, setup->desc);
		return -EINVAL;
	}
	vnic_pci_write16(&pci->common, REG(QUEUE_SELECT), setup->index);
	if (vnic_pci_read32(&pci->common, REG(QUEUE_ADDRESS)) == 0)
		return 0;
	VNIC_LOG(ERR, "%s: virtqueue %u is in use already: it needs a reset",
		 dev->name, setup->index);
	return -EPROTO;
}

static int
legacy_queue_vector(struct vnic_dev *dev, const struct vnic_vq_setup *setup)
{
	uint16_t echo;
	int ret = legacy_vector(dev, REG(QUEUE_VECTOR), setup->vector, &echo);

	if (ret < 0 && ret != -ENODEV)
		VNIC_LOG(ERR, "%s: virtqueue %u did not take MSI-X vector %#x, it reads %#x",
			 dev->name, setup->index, setup->vector, echo);
	return ret;
}

int
vnic_pci_legacy_queue_enable(struct vnic_dev *dev,
			     const struct vnic_vq_setup *setup,
			     struct vnic_notify *notify)
{
	struct vnic_pci *pci = dev->priv;
	struct vnic_notify doorbell = {
		.kind = VNIC_NOTIFY_PIO16,
		.value = setup->index,
	};
	uint32_t page = setup->desc / REG(PAGE);
	int ret;

	doorbell.pio = (void *)(uintptr_t)pci->common.base;
	doorbell.pio_off = REG(QUEUE_NOTIFY);
	ret = legacy_queue_check(dev, setup);
	if (ret == 0)
		ret = legacy_queue_vector(dev, setup);
	if (ret < 0)
		return ret;
	vnic_pci_write32(&pci->common, REG(QUEUE_ADDRESS), page);
	if (vnic_pci_read32(&pci->common, REG(QUEUE_ADDRESS)) != page) {
		VNIC_LOG(ERR, "%s: virtqueue %u did not take page %#" PRIx32,
			 dev->name, setup->index, page);
		return -EPROTO;
	}
	pci->vqs[setup->index].enabled = true;
	*notify = doorbell;
	return 0;
}

/* RING_RESET is a feature of virtio 1.2. */
int
vnic_pci_legacy_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(index);
	return -ENOTSUP;
}
