/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include <virtio_net.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"

#define POLL_US 100

uint64_t
vnic_pci_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int
vnic_pci_wait(struct vnic_pci *pci, bool (*done)(struct vnic_pci *pci))
{
	uint64_t deadline = vnic_pci_now_us() + pci->reset_timeout_us;

	while (!done(pci)) {
		if (VNIC_PCI_GET(pci, 8, device_status) == VIRTIO_STATUS_GONE)
			return -ENODEV;
		if (vnic_pci_now_us() > deadline)
			return -ETIMEDOUT;
		rte_delay_us_sleep(POLL_US);
	}
	return 0;
}

static bool
pci_reset_done(struct vnic_pci *pci)
{
	return VNIC_PCI_GET(pci, 8, device_status) == VIRTIO_STATUS_RESET;
}

int
vnic_pci_reset(struct vnic_dev *dev)
{
	struct vnic_pci *pci = dev->priv;
	unsigned int i;
	int ret;

	VNIC_PCI_SET(pci, 8, device_status, VIRTIO_STATUS_RESET);
	ret = vnic_pci_wait(pci, pci_reset_done);
	if (ret == -ETIMEDOUT && vnic_pci_function_reset(dev) == 0) {
		VNIC_LOG(WARNING, "%s: no answer to a reset: the kernel has reset the function",
			 dev->name);
		ret = vnic_pci_wait(pci, pci_reset_done);
	}
	if (ret == -ENODEV)
		VNIC_LOG(ERR, "%s: device status reads all ones, the device is gone",
			 dev->name);
	if (ret == -ETIMEDOUT)
		VNIC_LOG(ERR, "%s: device status is %#x, not 0, %u ms after the reset: its memory must not be reused",
			 dev->name, VNIC_PCI_GET(pci, 8, device_status),
			 pci->reset_timeout_us / 1000);
	if (ret < 0)
		return ret;
	for (i = 0; i < pci->nb_vqs; i++)
		pci->vqs[i].enabled = false;
	return 0;
}

int
vnic_pci_status_get(struct vnic_dev *dev, uint8_t *status)
{
	struct vnic_pci *pci = dev->priv;

	*status = VNIC_PCI_GET(pci, 8, device_status);
	return *status == VIRTIO_STATUS_GONE ? -ENODEV : 0;
}

int
vnic_pci_status_set(struct vnic_dev *dev, uint8_t status)
{
	struct vnic_pci *pci = dev->priv;

	if (status == VIRTIO_STATUS_RESET)
		return -EINVAL;
	VNIC_PCI_SET(pci, 8, device_status, status);
	return 0;
}

static void
pci_feature_drop(struct vnic_dev *dev, struct virtio_features *f,
		 unsigned int bit, const char *why)
{
	if (!virtio_features_has(f, bit))
		return;
	virtio_features_del(f, bit);
	VNIC_LOG(WARNING, "%s: %s is offered but not used: %s", dev->name,
		 virtio_features_name(bit), why);
}

/** Take away what the registers that go with it cannot carry. */
static void
pci_features_bound(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_pci *pci = dev->priv;

	if (!VNIC_PCI_HAS(pci, queue_notif_config_data))
		pci_feature_drop(dev, f, VIRTIO_F_NOTIF_CONFIG_DATA,
				 "the device has no queue_notif_config_data");
	if (!VNIC_PCI_HAS(pci, queue_reset))
		pci_feature_drop(dev, f, VIRTIO_F_RING_RESET,
				 "the device has no queue_reset");
	if (pci->notify_off_multiplier % 4 != 0 || pci->notify.len < 4 ||
	    (uintptr_t)pci->notify.base % 4 != 0)
		pci_feature_drop(dev, f, VIRTIO_F_NOTIFICATION_DATA,
				 "its notification addresses are not multiples of 4");
}

int
vnic_pci_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_pci *pci = dev->priv;
	unsigned int i;
	uint64_t word;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < VIRTIO_FEATURES_BITS / 32; i++) {
		VNIC_PCI_SET(pci, 32, device_feature_select, i);
		word = VNIC_PCI_GET(pci, 32, device_feature);
		f->w[i / 2] |= word << (i % 2 * 32);
	}
	if (VNIC_PCI_GET(pci, 8, device_status) == VIRTIO_STATUS_GONE)
		return -ENODEV;
	pci_features_bound(dev, f);
	return 0;
}

int
vnic_pci_features_set(struct vnic_dev *dev, const struct virtio_features *f)
{
	struct vnic_pci *pci = dev->priv;
	unsigned int i;
	uint32_t word;

	if (virtio_features_has(&dev->offered, VIRTIO_F_ACCESS_PLATFORM) &&
	    !virtio_features_has(f, VIRTIO_F_ACCESS_PLATFORM)) {
		VNIC_LOG(ERR, "%s: ACCESS_PLATFORM is offered and must be accepted",
			 dev->name);
		return -EINVAL;
	}
	for (i = 0; i < VIRTIO_FEATURES_BITS / 32; i++) {
		word = f->w[i / 2] >> (i % 2 * 32);
		/* Bits 64 on are 0 since the reset; old devices do not
		 * decode their selectors, so they are written if needed.
		 */
		if (i >= 2 && word == 0)
			continue;
		VNIC_PCI_SET(pci, 32, driver_feature_select, i);
		VNIC_PCI_SET(pci, 32, driver_feature, word);
	}
	return 0;
}

struct pci_config_field {
	uint8_t off;
	uint8_t width;
};

#define CONFIG_FIELD(field) { offsetof(struct virtio_net_config, field), \
	sizeof(((struct virtio_net_config *)0)->field) }

/* In the order of their offsets, without a gap; mac is read by bytes. */
static const struct pci_config_field pci_config_fields[] = {
	{ 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 5, 1 },
	CONFIG_FIELD(status),
	CONFIG_FIELD(max_virtqueue_pairs),
	CONFIG_FIELD(mtu),
	CONFIG_FIELD(speed),
	CONFIG_FIELD(duplex),
	CONFIG_FIELD(rss_max_key_size),
	CONFIG_FIELD(rss_max_indirection_table_length),
	CONFIG_FIELD(supported_hash_types),
	CONFIG_FIELD(supported_tunnel_types),
};

/** Copy one field as it is on the bus: little-endian. */
static void
pci_config_field_read(const struct vnic_pci_regs *regs,
		      const struct pci_config_field *field, uint8_t *dst)
{
	rte_le16_t v16;
	rte_le32_t v32;

	switch (field->width) {
	case 1:
		*dst = vnic_pci_read8(regs, field->off);
		break;
	case 2:
		v16 = rte_cpu_to_le_16(vnic_pci_read16(regs, field->off));
		memcpy(dst, &v16, sizeof(v16));
		break;
	default:
		v32 = rte_cpu_to_le_32(vnic_pci_read32(regs, field->off));
		memcpy(dst, &v32, sizeof(v32));
		break;
	}
}

size_t
vnic_pci_config_fields(const struct vnic_pci_regs *regs, size_t off,
		       uint8_t *dst, size_t len)
{
	const struct pci_config_field *field;
	size_t i, nr = 0;

	for (i = 0; i < RTE_DIM(pci_config_fields); i++) {
		field = &pci_config_fields[i];
		if (field->off < off || field->off + field->width > off + len)
			continue;
		pci_config_field_read(regs, field, dst + (field->off - off));
		nr += field->width;
	}
	return nr;
}

int
vnic_pci_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	struct vnic_pci *pci = dev->priv;
	uint8_t before, after;
	unsigned int i;

	if (pci->device.base == NULL || len > pci->device.len ||
	    off > pci->device.len - len)
		return -EINVAL;
	for (i = 0; i < VNIC_PCI_GENERATION_TRIES; i++) {
		before = VNIC_PCI_GET(pci, 8, config_generation);
		if (vnic_pci_config_fields(&pci->device, off, dst, len) != len)
			return -EINVAL;
		after = VNIC_PCI_GET(pci, 8, config_generation);
		if (before == after)
			break;
	}
	if (VNIC_PCI_GET(pci, 8, device_status) == VIRTIO_STATUS_GONE)
		return -ENODEV;
	if (i < VNIC_PCI_GENERATION_TRIES)
		return 0;
	VNIC_LOG(ERR, "%s: device configuration (offset %zu) changed during each of %u reads",
		 dev->name, off, VNIC_PCI_GENERATION_TRIES);
	return -EPROTO;
}

int
vnic_pci_config_vector(struct vnic_dev *dev, uint16_t vector)
{
	struct vnic_pci *pci = dev->priv;
	uint16_t echo;

	VNIC_PCI_SET(pci, 16, config_msix_vector, vector);
	echo = VNIC_PCI_GET(pci, 16, config_msix_vector);
	if (echo == vector)
		return 0;
	VNIC_LOG(WARNING, "%s: the device did not take MSI-X vector %#x for configuration changes (reads %#x): link state will be polled",
		 dev->name, vector, echo);
	if (vector != VIRTIO_PCI_NO_VECTOR)
		VNIC_PCI_SET(pci, 16, config_msix_vector,
			     VIRTIO_PCI_NO_VECTOR);
	return -ENOTSUP;
}

/** The control queue says how many pairs are in use; nothing to do here. */
int
vnic_pci_queues_active(struct vnic_dev *dev, uint16_t nb_pairs)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(nb_pairs);
	return 0;
}

/** Without VIRTIO_NET_F_STATUS the link is always up (section 5.1.4). */
int
vnic_pci_link_get(struct vnic_dev *dev)
{
	RTE_SET_USED(dev);
	return 1;
}
