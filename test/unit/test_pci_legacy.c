/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/pci_regs.h>

#include <rte_common.h>
#include <rte_log.h>

#include <vring.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"

/*
 * The legacy interface upon a model of its registers (virtio 1.4, 4.1.4.10):
 * widths and places, the configuration that moves with MSI-X, rings by page
 * number, and devices that answer late, never, or nonsense.
 */

int vnic_logtype;

#define VQS 3
#define BAR_LEN 64
#define MSIX_POS 0x40
#define NET_LEN 28

struct model {
	uint32_t offered, accepted;
	uint32_t page[VQS];
	uint16_t size[VQS], vector[VQS], select, config_vector;
	uint8_t status, isr, net[NET_LEN];
	bool msix, config_fails, gone, page_stuck, vector_refused;
	unsigned int reset_reads;	/**< reads of status until it is 0 */
	unsigned int changes;	/**< configuration reads that change it */
	uint8_t written[16];	/**< statuses, in their order */
	unsigned int nb_written;
	unsigned int net_writes;
	unsigned int violations;
	unsigned int function_resets;	/**< that the kernel can do */
};

struct world {
	struct model m;
	struct vnic_dev dev;
	struct vnic_pci *pci;
};

struct field {
	uint8_t width;
	bool writable;
};

static const struct field fields[VIRTIO_PCI_LEGACY_DEVICE_MSIX] = {
	[0] = { 4, false }, [4] = { 4, true }, [8] = { 4, true },
	[12] = { 2, false }, [14] = { 2, true }, [16] = { 2, true },
	[18] = { 1, true }, [19] = { 1, false },
	[20] = { 2, true }, [22] = { 2, true },
};

static uint32_t
net_start(const struct model *m)
{
	return m->msix ? VIRTIO_PCI_LEGACY_DEVICE_MSIX :
		VIRTIO_PCI_LEGACY_DEVICE_INTX;
}

static void
check(struct model *m, uint32_t off, unsigned int width, bool write)
{
	assert_true(off + width <= BAR_LEN);
	if (off >= net_start(m))
		return;
	if (fields[off].width != width || (write && !fields[off].writable))
		m->violations++;
}

static uint32_t
net_read(struct model *m, uint32_t off, unsigned int width)
{
	uint32_t value = 0;

	if (off + width > NET_LEN)
		return UINT32_MAX;
	if (m->changes > 0) {
		m->changes--;
		m->net[off]++;
	}
	memcpy(&value, &m->net[off], width);
	return value;
}

static uint8_t
status_read(struct model *m)
{
	if (m->reset_reads > 0 && --m->reset_reads == 0)
		m->status = 0;
	return m->status;
}

static uint32_t
model_read(volatile void *base, uint32_t off, unsigned int width)
{
	struct model *m = (void *)(uintptr_t)base;
	uint16_t q = m->select;

	check(m, off, width, false);
	if (m->gone)
		return UINT32_MAX >> (32 - 8 * width);
	if (off >= net_start(m))
		return net_read(m, off - net_start(m), width);
	switch (off) {
	case 0:
		return m->offered;
	case 8:
		return q < VQS ? m->page[q] : 0;
	case 12:
		return q < VQS ? m->size[q] : 0;
	case 18:
		return status_read(m);
	case 20:
		return m->vector_refused ? 0xffff : m->config_vector;
	case 22:
		return m->vector_refused || q >= VQS ? 0xffff : m->vector[q];
	default:
		return 0;
	}
}

static void
status_write(struct model *m, uint8_t value)
{
	if (m->nb_written < RTE_DIM(m->written))
		m->written[m->nb_written++] = value;
	if (value != 0)
		m->status = value;
	else if (m->reset_reads == 0)
		m->status = 0;
	if (value == 0)
		memset(m->page, 0, sizeof(m->page));
}

static void
model_write(volatile void *base, uint32_t off, uint32_t value,
	    unsigned int width)
{
	struct model *m = (void *)(uintptr_t)base;

	check(m, off, width, true);
	if (off >= net_start(m)) {
		m->net[off - net_start(m)] = value;
		m->net_writes++;
	} else if (off == 4) {
		m->accepted = value;
	} else if (off == 8 && !m->page_stuck) {
		m->page[m->select] = value;
	} else if (off == 14) {
		m->select = value;
	} else if (off == 18) {
		status_write(m, value);
	} else if (off == 20) {
		m->config_vector = value;
	} else if (off == 22) {
		m->vector[m->select] = value;
	}
}

static const struct vnic_pci_model model = {
	.read = model_read,
	.write = model_write,
};

static int
config_space_read(void *ctx, void *buf, size_t len, off_t off)
{
	struct model *m = ctx;
	uint16_t flags = 2 | (m->msix ? PCI_MSIX_FLAGS_ENABLE : 0);

	assert_int_equal(off, MSIX_POS + PCI_MSIX_FLAGS);
	assert_int_equal(len, sizeof(flags));
	memcpy(buf, &flags, sizeof(flags));
	return m->config_fails ? -EIO : 0;
}

int
vnic_pci_function_reset(struct vnic_dev *dev)
{
	struct world *w = (struct world *)((char *)dev -
					   offsetof(struct world, dev));

	if (w->m.function_resets == 0)
		return -ENOTSUP;
	w->m.function_resets--;
	w->m.reset_reads = 0;
	w->m.status = 0;
	return 0;
}

static struct vnic_vq_setup
ring_at(uint64_t desc)
{
	struct vring_layout l = vring_layout(256, false);

	return (struct vnic_vq_setup){
		.index = 1, .size = 256, .desc = desc,
		.driver = desc + l.driver, .device = desc + l.device,
		.vector = VIRTIO_PCI_NO_VECTOR,
	};
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned int i;

	w->pci = calloc(1, sizeof(*w->pci) + 8 * sizeof(w->pci->vqs[0]));
	w->dev.priv = w->pci;
	w->pci->common = (struct vnic_pci_regs){ .base = (void *)&w->m,
		.len = BAR_LEN, .model = &model };
	w->pci->space.config_read = config_space_read;
	w->pci->space.ctx = &w->m;
	w->pci->msix_pos = MSIX_POS;
	w->pci->nb_vectors = 3;
	w->pci->nb_vqs = 8;
	w->pci->reset_timeout_us = 20000;
	for (i = 0; i < VQS; i++)
		w->m.size[i] = 256;
	for (i = 0; i < NET_LEN; i++)
		w->m.net[i] = i + 1;
	w->m.config_vector = 0xffff;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	unsigned int violations = w->m.violations;

	free(w->pci);
	free(w);
	return violations != 0;
}

static void
test_status(void **state)
{
	struct world *w = *state;
	uint8_t status;

	/* FEATURES_OK is between us: the device never sees it. */
	assert_int_equal(vnic_pci_legacy_status_set(&w->dev, 1), 0);
	assert_int_equal(vnic_pci_legacy_status_set(&w->dev, 3), 0);
	assert_int_equal(vnic_pci_legacy_status_set(&w->dev, 11), 0);
	assert_int_equal(vnic_pci_legacy_status_get(&w->dev, &status), 0);
	assert_int_equal(status, 11);
	assert_int_equal(vnic_pci_legacy_status_set(&w->dev, 15), 0);
	assert_int_equal(w->m.status, 7);
	assert_int_equal(vnic_pci_legacy_status_set(&w->dev, 0), -EINVAL);
	w->m.reset_reads = 5;
	w->pci->vqs[1].enabled = true;
	assert_int_equal(vnic_pci_legacy_reset(&w->dev), 0);
	assert_int_equal(vnic_pci_legacy_status_get(&w->dev, &status), 0);
	assert_int_equal(status, 0);
	assert_false(w->pci->vqs[1].enabled);
	assert_memory_equal(w->m.written, ((uint8_t[]){ 1, 3, 3, 7, 0 }), 5);
}

static void
test_trouble(void **state)
{
	struct world *w = *state;
	struct virtio_features f;
	uint16_t max;
	uint8_t byte;

	w->m.status = 7;
	w->m.reset_reads = UINT32_MAX;
	assert_int_equal(vnic_pci_legacy_reset(&w->dev), -ETIMEDOUT);
	/* If the kernel can, it resets the function. */
	w->m.function_resets = 1;
	assert_int_equal(vnic_pci_legacy_reset(&w->dev), 0);
	assert_int_equal(w->m.function_resets, 0);
	w->m.gone = true;
	assert_int_equal(vnic_pci_legacy_reset(&w->dev), -ENODEV);
	assert_int_equal(vnic_pci_legacy_status_get(&w->dev, &byte), -ENODEV);
	assert_int_equal(vnic_pci_legacy_features_get(&w->dev, &f), -ENODEV);
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 0, &byte, 1),
			 -ENODEV);
	assert_int_equal(vnic_pci_legacy_queue_max(&w->dev, 0, &max), -ENODEV);
}

static void
test_features(void **state)
{
	struct world *w = *state;
	struct virtio_features f, set = { { 0x20018020, 0 } };

	w->m.offered = 0xf9ffffe7;
	assert_int_equal(vnic_pci_legacy_features_get(&w->dev, &f), 0);
	assert_int_equal(f.w[0], 0xf9ffffe7);
	assert_int_equal(f.w[1], 0);
	assert_int_equal(vnic_pci_legacy_features_set(&w->dev, &set), 0);
	assert_int_equal(w->m.accepted, 0x20018020);
	virtio_features_add(&set, VIRTIO_F_VERSION_1);
	assert_int_equal(vnic_pci_legacy_features_set(&w->dev, &set), -EINVAL);
}

/* The same bytes, wherever MSI-X has them. */
static void
test_config(void **state)
{
	struct world *w = *state;
	uint8_t mac[6], one;
	uint16_t word;

	for (w->m.msix = false;; w->m.msix = true) {
		assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 0, mac,
							     6), 0);
		assert_memory_equal(mac, w->m.net, 6);
		assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 6, &word,
							     2), 0);
		assert_memory_equal(&word, &w->m.net[6], 2);
		if (w->m.msix)
			break;
	}
	/* Past the end, a cut field, and a function without MSI-X. */
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, BAR_LEN - 23,
						     &one, 1), -EINVAL);
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 7, &one, 1),
			 -EINVAL);
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, SIZE_MAX, &one,
						     1), -EINVAL);
	w->m.config_fails = true;
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 0, &one, 1),
			 -ENODEV);
	w->pci->msix_pos = 0;
	w->m.msix = false;
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 0, &one, 1), 0);
	assert_int_equal(one, w->m.net[0]);
}

static void
test_config_changes(void **state)
{
	struct world *w = *state;
	uint16_t word;

	w->m.changes = 3;
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 6, &word, 2), 0);
	assert_memory_equal(&word, &w->m.net[6], 2);
	assert_int_equal(w->m.changes, 0);
	w->m.changes = UINT32_MAX;
	assert_int_equal(vnic_pci_legacy_config_read(&w->dev, 6, &word, 2),
			 -EPROTO);
}

static void
test_mac(void **state)
{
	struct world *w = *state;
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 0x77 } };

	w->m.msix = true;
	assert_int_equal(vnic_pci_legacy_mac_set(&w->dev, &mac), 0);
	assert_memory_equal(w->m.net, &mac, 6);
	assert_int_equal(w->m.net_writes, 6);
}

static void
test_vectors(void **state)
{
	struct world *w = *state;

	/* The registers are not there while MSI-X is off. */
	assert_int_equal(vnic_pci_legacy_config_vector(&w->dev, 0), -ENOTSUP);
	assert_int_equal(vnic_pci_legacy_config_vector(&w->dev, 0xffff), 0);
	assert_int_equal(w->m.net[0], 1);
	w->m.msix = true;
	assert_int_equal(vnic_pci_legacy_config_vector(&w->dev, 0), 0);
	assert_int_equal(w->m.config_vector, 0);
	w->m.vector_refused = true;
	assert_int_equal(vnic_pci_legacy_config_vector(&w->dev, 1), -ENOTSUP);
}

static void
test_queue(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq = ring_at(UINT64_C(0xffffffff000));
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };
	uint16_t max;

	assert_int_equal(vnic_pci_legacy_queue_max(&w->dev, 1, &max), 0);
	assert_int_equal(max, 256);
	assert_int_equal(vnic_pci_legacy_queue_max(&w->dev, 5, &max), 0);
	assert_int_equal(max, 0);
	assert_int_equal(vnic_pci_legacy_queue_enable(&w->dev, &vq, &notify),
			 0);
	assert_int_equal(w->m.page[1], 0xffffffff);
	assert_int_equal(notify.kind, VNIC_NOTIFY_PIO16);
	assert_int_equal(notify.value, 1);
	assert_int_equal(notify.pio_off, 16);
	assert_ptr_equal(notify.pio, &w->m);
	assert_true(w->pci->vqs[1].enabled);
	/* Only a reset takes it back. */
	assert_int_equal(vnic_pci_legacy_queue_enable(&w->dev, &vq, &notify),
			 -EPROTO);
	assert_int_equal(vnic_pci_legacy_queue_reset(&w->dev, 1), -ENOTSUP);
}

static void
refused(struct world *w, struct vnic_vq_setup vq, int err)
{
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	assert_int_equal(vnic_pci_legacy_queue_enable(&w->dev, &vq, &notify),
			 err);
	assert_int_equal(notify.kind, VNIC_NOTIFY_NONE);
	assert_int_equal(w->m.page[1], 0);
	assert_false(w->pci->vqs[1].enabled);
}

static void
test_queue_refused(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq;
	uint16_t max;

	refused(w, ring_at(UINT64_C(0x100000000000)), -EINVAL);
	refused(w, ring_at(0x1000800), -EINVAL);
	vq = ring_at(0x1000000);
	vq.size = 128;
	refused(w, vq, -EINVAL);
	vq = ring_at(0x1000000);
	vq.device += 4096;
	refused(w, vq, -EINVAL);
	vq = ring_at(0x1000000);
	vq.vector = 1;
	refused(w, vq, -ENOTSUP);
	w->m.page_stuck = true;
	refused(w, ring_at(0x1000000), -EPROTO);
	w->m.page_stuck = false;
	/* Another size than it said at first: it would see another ring. */
	w->m.size[1] = 512;
	refused(w, ring_at(0x1000000), -EINVAL);
	w->m.size[0] = 100;
	assert_int_equal(vnic_pci_legacy_queue_max(&w->dev, 0, &max), -EPROTO);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_status),
		CASE(test_trouble),
		CASE(test_features),
		CASE(test_config),
		CASE(test_config_changes),
		CASE(test_mac),
		CASE(test_vectors),
		CASE(test_queue),
		CASE(test_queue_refused),
	};

	rte_log_set_global_level(RTE_LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
