/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/pci_regs.h>

#include "fake_pci.h"

/* The model is reached by addresses only, so there is one at a time. */
static struct fake_pci *fake_current;
/* Registers without memory behind them: an access past the model faults. */
static uint8_t *fake_bar;

struct fake_field {
	uint32_t off;
	uint8_t width;
	bool writable;
};

#define FIELD(name, writable) { FAKE_OFF(name), \
	sizeof(((struct virtio_pci_common_cfg *)0)->name), writable }

static const struct fake_field fake_fields[] = {
	FIELD(device_feature_select, true), FIELD(device_feature, false),
	FIELD(driver_feature_select, true), FIELD(driver_feature, true),
	FIELD(config_msix_vector, true), FIELD(num_queues, false),
	FIELD(device_status, true), FIELD(config_generation, false),
	FIELD(queue_select, true), FIELD(queue_size, true),
	FIELD(queue_msix_vector, true), FIELD(queue_enable, true),
	FIELD(queue_notify_off, false),
	FIELD(queue_desc_lo, true), FIELD(queue_desc_hi, true),
	FIELD(queue_driver_lo, true), FIELD(queue_driver_hi, true),
	FIELD(queue_device_lo, true), FIELD(queue_device_hi, true),
	FIELD(queue_notif_config_data, false), FIELD(queue_reset, true),
	{ FAKE_ISR, 1, false },
	{ FAKE_DEVICE + 0, 1, false }, { FAKE_DEVICE + 1, 1, false },
	{ FAKE_DEVICE + 2, 1, false }, { FAKE_DEVICE + 3, 1, false },
	{ FAKE_DEVICE + 4, 1, false }, { FAKE_DEVICE + 5, 1, false },
	{ FAKE_DEVICE + 6, 2, false }, { FAKE_DEVICE + 8, 2, false },
	{ FAKE_DEVICE + 10, 2, false }, { FAKE_DEVICE + 12, 4, false },
	{ FAKE_DEVICE + 16, 1, false }, { FAKE_DEVICE + 17, 1, false },
	{ FAKE_DEVICE + 18, 2, false }, { FAKE_DEVICE + 20, 4, false },
	{ FAKE_DEVICE + 24, 4, false },
};

static void
fake_violation(struct fake_pci *fake, const char *what, uint32_t off,
	       uint32_t value)
{
	if (fake->violations++ == 0)
		snprintf(fake->violation, sizeof(fake->violation),
			 "%s at %#x (value %#x)", what, off, value);
}

static void
fake_log(struct fake_pci *fake, bool write, uint32_t off, unsigned int width,
	 uint32_t value)
{
	assert(fake->nb_log < FAKE_LOG_MAX);
	fake->log[fake->nb_log++] = (struct fake_access){
		.write = write, .width = width, .off = off, .value = value };
}

static void
fake_check(struct fake_pci *fake, bool write, uint32_t off, unsigned int width)
{
	size_t i;

	for (i = 0; i < sizeof(fake_fields) / sizeof(fake_fields[0]); i++) {
		if (fake_fields[i].off != off)
			continue;
		if (fake_fields[i].width != width)
			fake_violation(fake, "wrong width", off, width);
		if (write && !fake_fields[i].writable)
			fake_violation(fake, "write to a read-only field",
				       off, width);
		return;
	}
	fake_violation(fake, "access to no field", off, width);
}

static struct fake_vq *
fake_vq(struct fake_pci *fake)
{
	static struct fake_vq none;

	memset(&none, 0, sizeof(none));
	return fake->queue_select < FAKE_VQS ?
		&fake->vqs[fake->queue_select] : &none;
}

static void
fake_reset(struct fake_pci *fake)
{
	unsigned int i;

	memset(fake->driver_features, 0, sizeof(fake->driver_features));
	fake->config_vector = VIRTIO_PCI_NO_VECTOR;
	for (i = 0; i < FAKE_VQS; i++) {
		fake->vqs[i].size = fake->vqs[i].size_max;
		fake->vqs[i].enable = 0;
		fake->vqs[i].reset = 0;
		fake->vqs[i].vector = VIRTIO_PCI_NO_VECTOR;
		memset(fake->vqs[i].addr, 0, sizeof(fake->vqs[i].addr));
	}
}

static uint8_t
fake_status_read(struct fake_pci *fake)
{
	if (fake->pending_reset > 0 && --fake->pending_reset == 0) {
		fake->status = 0;
		fake_reset(fake);
	}
	return fake->status;
}

static uint16_t
fake_queue_reset_read(struct fake_pci *fake)
{
	struct fake_vq *vq = fake_vq(fake);

	if (fake->pending_vq_reset > 0 && --fake->pending_vq_reset == 0) {
		vq->reset = 0;
		vq->size = vq->size_max;
	}
	return vq->reset;
}

static uint16_t
fake_queue_enable_read(struct fake_pci *fake)
{
	struct fake_vq *vq = fake_vq(fake);

	if (fake->pending_vq_reset == 0 && fake->pending_enable > 0 &&
	    --fake->pending_enable == 0)
		vq->enable = 0;
	return vq->enable;
}

static uint32_t
fake_net_read(struct fake_pci *fake, uint32_t off, unsigned int width)
{
	uint32_t value = 0;

	if (fake->on_config_read != NULL)
		fake->on_config_read(fake);
	if (fake->changes > 0) {
		fake->changes--;
		fake->generation++;
	}
	assert(off + width <= sizeof(fake->net));
	memcpy(&value, &fake->net[off], width);
	return value;
}

static uint16_t
fake_vector_echo(const struct fake_pci *fake, uint16_t vector)
{
	if (fake->vector_refused)
		return VIRTIO_PCI_NO_VECTOR;
	if (fake->vector_wrong && vector != VIRTIO_PCI_NO_VECTOR)
		return vector + 1;
	return vector;
}

static uint32_t
fake_read_queue(struct fake_pci *fake, uint32_t off)
{
	const struct fake_vq *vq = fake_vq(fake);

	switch (off) {
	case FAKE_OFF(queue_size):
		return vq->size;
	case FAKE_OFF(queue_msix_vector):
		return fake_vector_echo(fake, vq->vector);
	case FAKE_OFF(queue_enable):
		return fake_queue_enable_read(fake);
	case FAKE_OFF(queue_notify_off):
		return vq->notify_off;
	case FAKE_OFF(queue_notif_config_data):
		return vq->notif_config_data;
	case FAKE_OFF(queue_reset):
		return fake_queue_reset_read(fake);
	default:
		if (off >= FAKE_OFF(queue_desc_lo) &&
		    off <= FAKE_OFF(queue_device_hi))
			return vq->addr[(off - FAKE_OFF(queue_desc_lo)) / 4];
		return 0;
	}
}

static uint32_t
fake_read_common(struct fake_pci *fake, uint32_t off)
{
	switch (off) {
	case FAKE_OFF(device_feature):
		return fake->device_select < 4 ?
			fake->features[fake->device_select] : 0;
	case FAKE_OFF(config_msix_vector):
		return fake_vector_echo(fake, fake->config_vector);
	case FAKE_OFF(num_queues):
		return fake->num_queues;
	case FAKE_OFF(device_status):
		return fake_status_read(fake);
	case FAKE_OFF(config_generation):
		return fake->generation;
	default:
		return fake_read_queue(fake, off);
	}
}

static uint32_t
fake_read(volatile void *base, uint32_t at, unsigned int width)
{
	struct fake_pci *fake = fake_current;
	uint32_t off = (volatile uint8_t *)base - fake_bar + at;
	uint32_t value;

	fake_check(fake, false, off, width);
	if (fake->gone)
		value = UINT32_MAX >> (32 - 8 * width);
	else if (off >= FAKE_DEVICE)
		value = fake_net_read(fake, off - FAKE_DEVICE, width);
	else if (off >= FAKE_ISR) {
		value = fake->isr;
		fake->isr = 0;
	} else
		value = fake_read_common(fake, off);
	fake_log(fake, false, off, width, value);
	return value;
}

static void
fake_write_status(struct fake_pci *fake, uint8_t value)
{
	if (fake->pending_reset != 0)
		fake_violation(fake, "status written before reset was done",
			       FAKE_OFF(device_status), value);
	if (value == 0)
		fake->pending_reset = fake->reset_reads;
	else if ((value & fake->status) != fake->status)
		fake_violation(fake, "status bit cleared",
			       FAKE_OFF(device_status), value);
	else
		fake->status = value;
}

/* Sections 4.1.4.3.2: power of two unless packed, never 0. */
static void
fake_write_size(struct fake_pci *fake, struct fake_vq *vq, uint32_t value)
{
	bool packed = fake->driver_features[1] & (1u << (34 - 32));

	if (value == 0 || (!packed && (value & (value - 1)) != 0))
		fake_violation(fake, "queue_size", FAKE_OFF(queue_size), value);
	if (!fake->size_stuck)
		vq->size = value;
}

static void
fake_write_enable(struct fake_pci *fake, struct fake_vq *vq, uint32_t value)
{
	if (value != 1)
		fake_violation(fake, "queue_enable", FAKE_OFF(queue_enable),
			       value);
	if (vq->addr[0] == 0 || vq->addr[2] == 0 || vq->addr[4] == 0)
		fake_violation(fake, "enabled before its addresses",
			       FAKE_OFF(queue_enable), value);
	if (!fake->enable_stuck)
		vq->enable = 1;
}

static void
fake_write_queue(struct fake_pci *fake, uint32_t off, uint32_t value)
{
	struct fake_vq *vq = fake_vq(fake);

	if (off == FAKE_OFF(queue_reset)) {
		if (value != 1 || vq->enable == 0)
			fake_violation(fake, "queue_reset", off, value);
		vq->reset = 1;
		fake->pending_vq_reset = fake->vq_reset_reads;
		fake->pending_enable = fake->enable_reads;
		if (fake->enable_reads == 0)
			vq->enable = 0;
		return;
	}
	if (vq->enable)
		fake_violation(fake, "field of an enabled queue", off, value);
	if (off == FAKE_OFF(queue_size))
		fake_write_size(fake, vq, value);
	else if (off == FAKE_OFF(queue_msix_vector))
		vq->vector = value;
	else if (off == FAKE_OFF(queue_enable))
		fake_write_enable(fake, vq, value);
	else if (off >= FAKE_OFF(queue_desc_lo) &&
		 off <= FAKE_OFF(queue_device_hi))
		vq->addr[(off - FAKE_OFF(queue_desc_lo)) / 4] = value;
}

static void
fake_write(volatile void *base, uint32_t at, uint32_t value,
	   unsigned int width)
{
	struct fake_pci *fake = fake_current;
	uint32_t off = (volatile uint8_t *)base - fake_bar + at;

	fake_check(fake, true, off, width);
	fake_log(fake, true, off, width, value);
	if (fake->gone)
		return;
	switch (off) {
	case FAKE_OFF(device_feature_select):
		fake->device_select = value;
		break;
	case FAKE_OFF(driver_feature_select):
		fake->driver_select = value;
		break;
	case FAKE_OFF(driver_feature):
		if (fake->driver_select < 4)
			fake->driver_features[fake->driver_select] = value;
		break;
	case FAKE_OFF(config_msix_vector):
		fake->config_vector = value;
		break;
	case FAKE_OFF(device_status):
		fake_write_status(fake, value);
		break;
	case FAKE_OFF(queue_select):
		fake->queue_select = value;
		break;
	default:
		fake_write_queue(fake, off, value);
		break;
	}
}

static const struct vnic_pci_model fake_model = {
	.read = fake_read,
	.write = fake_write,
};

static int
fake_config_read(void *ctx, void *buf, size_t len, off_t off)
{
	struct fake_pci *fake = ctx;

	fake->config_reads++;
	if (fake->config_fails || off < 0 || off + len > sizeof(fake->config))
		return -EIO;
	memcpy(buf, fake->config + off, len);
	return 0;
}

void
fake_pci_caps_clear(struct fake_pci *fake)
{
	memset(fake->config, 0, sizeof(fake->config));
	fake->config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
}

uint8_t
fake_pci_cap_add(struct fake_pci *fake, uint8_t id, const void *cap,
		 uint8_t len)
{
	uint8_t pos = fake->config[PCI_CAPABILITY_LIST];
	uint8_t *link = &fake->config[PCI_CAPABILITY_LIST];
	uint8_t end = PCI_STD_HEADER_SIZEOF;

	/* The last byte of the header, unused in it, holds the end. */
	while (pos != 0) {
		link = &fake->config[pos + 1];
		pos = *link;
	}
	if (fake->config[0x3f] != 0)
		end = fake->config[0x3f];
	assert(end + len <= 256);
	memcpy(&fake->config[end], cap, len);
	fake->config[end] = id;
	fake->config[end + 1] = 0;
	*link = end;
	fake->config[0x3f] = (end + len + 3) & ~3;
	return end;
}

uint8_t
fake_pci_virtio_cap(struct fake_pci *fake, uint8_t cfg_type, uint8_t cap_len,
		    uint8_t bar, uint32_t offset, uint32_t length,
		    uint32_t multiplier)
{
	struct {
		struct virtio_pci_cap cap;
		rte_le32_t multiplier;
		uint8_t more[44];
	} cap = { .cap = { .cap_len = cap_len, .cfg_type = cfg_type,
			   .bar = bar, .offset = rte_cpu_to_le_32(offset),
			   .length = rte_cpu_to_le_32(length) },
		  .multiplier = rte_cpu_to_le_32(multiplier) };

	assert(cap_len <= sizeof(cap));
	return fake_pci_cap_add(fake, PCI_CAP_ID_VNDR, &cap, cap_len);
}

void
fake_pci_caps_good(struct fake_pci *fake)
{
	static const uint8_t msix[12] = { 0, 0, 2, 0, 1, 0, 0, 0 };

	fake_pci_caps_clear(fake);
	fake_pci_cap_add(fake, PCI_CAP_ID_MSIX, msix, sizeof(msix));
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_NOTIFY_CFG, 20, FAKE_BAR,
			    FAKE_NOTIFY, 0x1000, 4);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_DEVICE_CFG, 16, FAKE_BAR,
			    FAKE_DEVICE, 64, 0);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_ISR_CFG, 16, FAKE_BAR,
			    FAKE_ISR, 4, 0);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_COMMON_CFG, 16, FAKE_BAR,
			    FAKE_COMMON, 64, 0);
}

void
fake_pci_space(struct fake_pci *fake, struct vnic_pci_space *space)
{
	memset(space, 0, sizeof(*space));
	space->name = "fake";
	space->config_read = fake_config_read;
	space->ctx = fake;
	space->bar_len[1] = 0x1000;
	space->bar_len[FAKE_BAR] = FAKE_BAR_LEN;
}

struct fake_pci *
fake_pci_create(void)
{
	struct fake_pci *fake = calloc(1, sizeof(*fake));
	unsigned int i;

	assert(fake != NULL && fake_current == NULL);
	fake_bar = mmap(NULL, FAKE_BAR_LEN, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(fake_bar != MAP_FAILED);
	fake_current = fake;
	fake->num_queues = FAKE_VQS;
	fake->reset_reads = 1;
	fake->vq_reset_reads = 1;
	for (i = 0; i < FAKE_VQS; i++) {
		fake->vqs[i].size_max = 256;
		fake->vqs[i].notify_off = i;
		fake->vqs[i].notif_config_data = 0xa500 + i;
	}
	for (i = 0; i < sizeof(fake->net); i++)
		fake->net[i] = i + 1;
	fake_reset(fake);
	fake_pci_caps_good(fake);
	return fake;
}

void
fake_pci_free(struct fake_pci *fake)
{
	munmap(fake_bar, FAKE_BAR_LEN);
	fake_current = NULL;
	free(fake);
}

static struct vnic_pci_regs
fake_regs(uint32_t off, uint32_t len)
{
	return (struct vnic_pci_regs){ .base = fake_bar + off, .len = len,
		.model = &fake_model };
}

struct vnic_dev *
fake_pci_dev(struct fake_pci *fake)
{
	struct vnic_dev *dev = calloc(1, sizeof(*dev));
	struct vnic_pci *pci = calloc(1, sizeof(*pci) +
		FAKE_VQS * sizeof(pci->vqs[0]));

	assert(dev != NULL && pci != NULL && fake == fake_current);
	snprintf(dev->name, sizeof(dev->name), "fake");
	dev->priv = pci;
	pci->common = fake_regs(FAKE_COMMON, 64);
	pci->isr = fake_regs(FAKE_ISR, 4);
	pci->device = fake_regs(FAKE_DEVICE, 64);
	pci->notify = fake_regs(FAKE_NOTIFY, 0x1000);
	pci->notify_off_multiplier = 4;
	pci->nb_vectors = 3;
	pci->msix = true;
	pci->reset_timeout_us = 20000;
	pci->vfio_fd = -1;
	pci->nb_vqs = FAKE_VQS;
	return dev;
}

void
fake_pci_dev_free(struct vnic_dev *dev)
{
	free(dev->priv);
	free(dev);
}

int
fake_pci_write_at(const struct fake_pci *fake, uint32_t off, unsigned int nth)
{
	unsigned int i;

	for (i = 0; i < fake->nb_log; i++) {
		if (fake->log[i].write && fake->log[i].off == off &&
		    nth-- == 0)
			return i;
	}
	return -1;
}

/* Stands in for the kernel's reset of the function. */
int
vnic_pci_function_reset(struct vnic_dev *dev)
{
	struct fake_pci *fake = fake_current;

	(void)dev;
	if (!fake->function_reset)
		return -ENOTSUP;
	fake->function_resets++;
	fake->pending_reset = 0;
	fake->reset_reads = 0;
	fake->status = 0;
	return 0;
}
