/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>
#include <rte_log.h>

#include "fake_pci.h"
#include "vnic_log.h"

/*
 * Registers of a virtio PCI function: widths, order, what may be written,
 * and devices that answer late, never, or nonsense.
 */

int vnic_logtype;

struct world {
	struct fake_pci *fake;
	struct vnic_dev *dev;
	struct vnic_pci *pci;
};

static const struct vnic_vq_setup vq_good = {
	.index = 1,
	.size = 128,
	.desc = 0x123456789000,
	.driver = 0x223456789000,
	.device = 0x323456789000,
	.vector = VIRTIO_PCI_NO_VECTOR,
};

static void
accept_feature(struct world *w, unsigned int bit)
{
	virtio_features_add(&w->dev->accepted, bit);
}

static void
test_reset(void **state)
{
	struct world *w = *state;
	uint8_t status;

	w->fake->status = 7;
	w->fake->reset_reads = 5;
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	assert_int_equal(vnic_pci_status_get(w->dev, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(vnic_pci_status_set(w->dev, 0), -EINVAL);
	assert_int_equal(vnic_pci_status_set(w->dev, 1), 0);
	assert_int_equal(vnic_pci_status_set(w->dev, 3), 0);
	assert_int_equal(vnic_pci_status_get(w->dev, &status), 0);
	assert_int_equal(status, 3);
	/* The one write of 0, then reads only until it was 0. */
	assert_true(w->fake->log[0].write);
	assert_int_equal(w->fake->log[0].off, FAKE_OFF(device_status));
	assert_false(w->fake->log[1].write);
	assert_int_equal(w->fake->log[5].value, 0);
}

static void
test_reset_never(void **state)
{
	struct world *w = *state;

	w->fake->status = 7;
	w->fake->reset_reads = UINT32_MAX;
	assert_int_equal(vnic_pci_reset(w->dev), -ETIMEDOUT);
	assert_int_equal(w->fake->function_resets, 0);
}

/* What does not answer to its own registers is reset from outside. */
static void
test_reset_function(void **state)
{
	struct world *w = *state;
	uint8_t status;

	w->fake->function_reset = true;
	w->fake->status = 7;
	w->fake->reset_reads = 5;
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	assert_int_equal(w->fake->function_resets, 0);
	w->fake->status = 7;
	w->fake->reset_reads = UINT32_MAX;
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	assert_int_equal(w->fake->function_resets, 1);
	assert_int_equal(vnic_pci_status_get(w->dev, &status), 0);
	assert_int_equal(status, 0);
}

/* Every register of every queue, and as many as were announced. */
static void
test_regs(void **state)
{
	const uint32_t nb = VNIC_PCI_REGS_COMMON + 2 * VNIC_PCI_REGS_QUEUE;
	struct world *w = *state;
	uint32_t regs[80];
	struct vnic_notify notify;

	w->fake->features[1] = 0x1234;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	assert_int_equal(vnic_pci_regs_get(w->dev, NULL, 0), nb);
	memset(regs, 0xee, sizeof(regs));
	assert_int_equal(vnic_pci_regs_get(w->dev, regs, nb - 1), nb);
	assert_int_equal(regs[0], 0xeeeeeeee);
	assert_int_equal(vnic_pci_regs_get(w->dev, regs, nb), nb);
	assert_int_equal(regs[nb], 0xeeeeeeee);
	assert_int_equal(regs[1], 0x1234);
	assert_int_equal(regs[5], FAKE_VQS);
	assert_int_equal(regs[8 + 2], 0);
	assert_int_equal(regs[20], vq_good.size);
	assert_int_equal(regs[20 + 2], 1);
	assert_int_equal(regs[20 + 4], (uint32_t)vq_good.desc);
	assert_int_equal(regs[20 + 5], vq_good.desc >> 32);
	/* More pairs than the function has records of: bounded. */
	w->dev->nb_pairs = 1000;
	assert_int_equal(vnic_pci_regs_get(w->dev, NULL, 0),
			 VNIC_PCI_REGS_COMMON + FAKE_VQS * VNIC_PCI_REGS_QUEUE);
}

static void
test_gone(void **state)
{
	struct world *w = *state;
	struct virtio_features f;
	struct vnic_notify notify;
	uint16_t max;
	uint8_t byte;

	accept_feature(w, VIRTIO_F_RING_RESET);
	w->fake->gone = true;
	assert_int_equal(vnic_pci_reset(w->dev), -ENODEV);
	assert_int_equal(vnic_pci_status_get(w->dev, &byte), -ENODEV);
	assert_int_equal(vnic_pci_features_get(w->dev, &f), -ENODEV);
	assert_int_equal(vnic_pci_config_read(w->dev, 0, &byte, 1), -ENODEV);
	assert_int_equal(vnic_pci_queue_reset(w->dev, 0), -ENODEV);
	assert_true(vnic_pci_queue_max(w->dev, 0, &max) < 0);
	assert_true(vnic_pci_queue_enable(w->dev, &vq_good, &notify) < 0);
}

static void
test_features(void **state)
{
	struct world *w = *state;
	struct virtio_features f, set = { { 0x1122334455667788, 0x5 } };
	int i;

	w->fake->features[0] = 0x89abcdef;
	w->fake->features[1] = 0x01234567;
	w->fake->features[2] = 0x00000042;
	w->fake->features[3] = 0x80000000;
	assert_int_equal(vnic_pci_features_get(w->dev, &f), 0);
	assert_int_equal(f.w[0], 0x0123456789abcdef);
	assert_int_equal(f.w[1], 0x8000000000000042);
	assert_int_equal(vnic_pci_features_set(w->dev, &set), 0);
	assert_int_equal(w->fake->driver_features[0], 0x55667788);
	assert_int_equal(w->fake->driver_features[1], 0x11223344);
	assert_int_equal(w->fake->driver_features[2], 0x5);
	/* Each select comes right before its value. */
	for (i = 0; i < 3; i++)
		assert_int_equal(fake_pci_write_at(w->fake,
				FAKE_OFF(driver_feature_select), i) + 1,
			fake_pci_write_at(w->fake,
				FAKE_OFF(driver_feature), i));
}

/* An offer that the structures cannot carry is not passed on. */
static void
test_features_bound(void **state)
{
	struct world *w = *state;
	struct virtio_features f;

	w->fake->features[1] = 1u << (VIRTIO_F_NOTIF_CONFIG_DATA - 32) |
		1u << (VIRTIO_F_RING_RESET - 32) |
		1u << (VIRTIO_F_NOTIFICATION_DATA - 32);
	assert_int_equal(vnic_pci_features_get(w->dev, &f), 0);
	assert_true(virtio_features_has(&f, VIRTIO_F_NOTIF_CONFIG_DATA));
	assert_true(virtio_features_has(&f, VIRTIO_F_RING_RESET));
	assert_true(virtio_features_has(&f, VIRTIO_F_NOTIFICATION_DATA));
	w->pci->common.len = 58;
	assert_int_equal(vnic_pci_features_get(w->dev, &f), 0);
	assert_true(virtio_features_has(&f, VIRTIO_F_NOTIF_CONFIG_DATA));
	assert_false(virtio_features_has(&f, VIRTIO_F_RING_RESET));
	w->pci->common.len = 56;
	w->pci->notify_off_multiplier = 2;
	assert_int_equal(vnic_pci_features_get(w->dev, &f), 0);
	assert_false(virtio_features_has(&f, VIRTIO_F_NOTIF_CONFIG_DATA));
	assert_false(virtio_features_has(&f, VIRTIO_F_NOTIFICATION_DATA));
}

static void
test_access_platform(void **state)
{
	struct world *w = *state;
	struct virtio_features f = { { 0, 0 } };

	virtio_features_add(&w->dev->offered, VIRTIO_F_ACCESS_PLATFORM);
	assert_int_equal(vnic_pci_features_set(w->dev, &f), -EINVAL);
	assert_int_equal(w->fake->nb_log, 0);
	virtio_features_add(&f, VIRTIO_F_ACCESS_PLATFORM);
	assert_int_equal(vnic_pci_features_set(w->dev, &f), 0);
}

static void
test_config(void **state)
{
	struct world *w = *state;
	uint8_t all[sizeof(struct virtio_net_config)];
	uint8_t mac[6], some[8];

	assert_int_equal(vnic_pci_config_read(w->dev, 0, mac, 6), 0);
	assert_memory_equal(mac, w->fake->net, 6);
	assert_int_equal(vnic_pci_config_read(w->dev, 0, all, sizeof(all)), 0);
	assert_memory_equal(all, w->fake->net, sizeof(all));
	assert_int_equal(vnic_pci_config_read(w->dev, 12, some, 5), 0);
	assert_memory_equal(some, &w->fake->net[12], 5);
	/* Half a field, past the fields, past the structure, wrapping. */
	assert_int_equal(vnic_pci_config_read(w->dev, 7, some, 1), -EINVAL);
	assert_int_equal(vnic_pci_config_read(w->dev, 6, some, 1), -EINVAL);
	assert_int_equal(vnic_pci_config_read(w->dev, 28, some, 4), -EINVAL);
	w->pci->device.len = 12;
	w->fake->nb_log = 0;
	assert_int_equal(vnic_pci_config_read(w->dev, 12, some, 4), -EINVAL);
	assert_int_equal(vnic_pci_config_read(w->dev, SIZE_MAX, some, 4),
			 -EINVAL);
	w->pci->device.base = NULL;
	assert_int_equal(vnic_pci_config_read(w->dev, 0, some, 1), -EINVAL);
	assert_int_equal(w->fake->nb_log, 0);
}

/* The value of the last, quiet read counts. */
static void
config_count(struct fake_pci *fake)
{
	fake->net[6]++;
}

static void
test_generation(void **state)
{
	struct world *w = *state;
	uint16_t status;

	w->fake->net[6] = w->fake->net[7] = 0;
	w->fake->on_config_read = config_count;
	w->fake->changes = VNIC_PCI_GENERATION_TRIES - 1;
	assert_int_equal(vnic_pci_config_read(w->dev, 6, &status, 2), 0);
	assert_int_equal(status, VNIC_PCI_GENERATION_TRIES);
	w->fake->changes = UINT32_MAX;
	assert_int_equal(vnic_pci_config_read(w->dev, 6, &status, 2), -EPROTO);
	assert_int_equal(w->fake->net[6], 2 * VNIC_PCI_GENERATION_TRIES);
}

static void
test_config_vector(void **state)
{
	struct world *w = *state;

	assert_int_equal(vnic_pci_config_vector(w->dev, 0), 0);
	assert_int_equal(w->fake->config_vector, 0);
	w->fake->vector_wrong = true;
	assert_int_equal(vnic_pci_config_vector(w->dev, 1), -ENOTSUP);
	assert_int_equal(w->fake->config_vector, VIRTIO_PCI_NO_VECTOR);
	w->fake->vector_wrong = false;
	w->fake->vector_refused = true;
	assert_int_equal(vnic_pci_config_vector(w->dev, 0), -ENOTSUP);
	assert_int_equal(w->fake->config_vector, VIRTIO_PCI_NO_VECTOR);
	assert_int_equal(vnic_pci_config_vector(w->dev,
						VIRTIO_PCI_NO_VECTOR), 0);
}

static void
test_queue_max(void **state)
{
	struct world *w = *state;
	struct vnic_notify notify;
	uint16_t max;

	assert_int_equal(vnic_pci_queue_max(w->dev, 1, &max), 0);
	assert_int_equal(max, 256);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	/* queue_size reads 128 now; the largest is still 256. */
	assert_int_equal(vnic_pci_queue_max(w->dev, 1, &max), 0);
	assert_int_equal(max, 256);
	/* Numbers that the device does not have touch no register. */
	w->fake->nb_log = 0;
	assert_int_equal(vnic_pci_queue_max(w->dev, FAKE_VQS, &max), 0);
	assert_int_equal(max, 0);
	assert_int_equal(vnic_pci_queue_max(w->dev, UINT16_MAX, &max), 0);
	assert_int_equal(max, 0);
	assert_int_equal(w->fake->nb_log, 0);
	/* num_queues may grow when features are agreed. */
	w->fake->num_queues = 3;
	assert_int_equal(vnic_pci_queue_max(w->dev, 3, &max), 0);
	assert_int_equal(max, 0);
	assert_int_equal(fake_pci_write_at(w->fake, FAKE_OFF(queue_select), 0),
			 -1);
	w->fake->num_queues = FAKE_VQS;
	/* What was seen once holds over resets that hide the queue. */
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	w->fake->num_queues = 1;
	assert_int_equal(vnic_pci_queue_max(w->dev, 1, &max), 0);
	assert_int_equal(max, 256);
	/* But not against a device that has less when it counts. */
	w->fake->vqs[1].size = 64;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify),
			 -EINVAL);
	w->fake->num_queues = FAKE_VQS;
	w->fake->vqs[2].size = 0;
	assert_int_equal(vnic_pci_queue_max(w->dev, 2, &max), 0);
	assert_int_equal(max, 0);
	w->fake->vqs[3].size = VNIC_DESC_MAX + 1;
	assert_int_equal(vnic_pci_queue_max(w->dev, 3, &max), -EPROTO);
	assert_int_equal(max, 0);
}

static void
test_queue_enable(void **state)
{
	static const uint32_t before[] = {
		FAKE_OFF(queue_select), FAKE_OFF(queue_size),
		FAKE_OFF(queue_msix_vector),
		FAKE_OFF(queue_desc_lo), FAKE_OFF(queue_desc_hi),
		FAKE_OFF(queue_driver_lo), FAKE_OFF(queue_driver_hi),
		FAKE_OFF(queue_device_lo), FAKE_OFF(queue_device_hi),
	};
	struct world *w = *state;
	struct fake_vq *vq = &w->fake->vqs[1];
	struct vnic_notify notify, again;
	int enable, at;
	unsigned int i;

	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	enable = fake_pci_write_at(w->fake, FAKE_OFF(queue_enable), 0);
	for (i = 0; i < RTE_DIM(before); i++) {
		at = fake_pci_write_at(w->fake, before[i], 0);
		assert_in_range(at, 0, enable - 1);
	}
	assert_int_equal(vq->size, 128);
	assert_int_equal(vq->vector, VIRTIO_PCI_NO_VECTOR);
	assert_int_equal(vq->addr[0], 0x56789000);
	assert_int_equal(vq->addr[1], 0x1234);
	assert_int_equal(vq->addr[3], 0x2234);
	assert_int_equal(vq->addr[5], 0x3234);
	assert_int_equal(notify.kind, VNIC_NOTIFY_MMIO16);
	assert_int_equal(notify.value, 1);
	assert_ptr_equal(notify.addr, w->pci->notify.base + 4);
	/* Another process gets the same; what was never enabled has none. */
	assert_int_equal(vnic_pci_notify_attach(w->dev, 1, &again), 0);
	assert_int_equal(again.kind, VNIC_NOTIFY_MMIO16);
	assert_ptr_equal(again.addr, notify.addr);
	assert_int_equal(vnic_pci_notify_attach(w->dev, 0, &again), 0);
	assert_int_equal(again.kind, VNIC_NOTIFY_NONE);
	assert_int_equal(vnic_pci_notify_attach(w->dev, FAKE_VQS, &again),
			 -EINVAL);
	/* Twice is once too often. */
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify),
			 -EPROTO);
}

static void
test_notify_features(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq = vq_good;
	struct vnic_notify notify;

	accept_feature(w, VIRTIO_F_NOTIF_CONFIG_DATA);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	assert_int_equal(notify.kind, VNIC_NOTIFY_MMIO16);
	assert_int_equal(notify.value, 0xa501);
	accept_feature(w, VIRTIO_F_NOTIFICATION_DATA);
	vq.index = 2;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	assert_int_equal(notify.kind, VNIC_NOTIFY_MMIO32);
	assert_int_equal(notify.value, 0xa502);
	assert_ptr_equal(notify.addr, w->pci->notify.base + 8);
}

/* The doorbell must end inside the structure, in 64-bit arithmetic. */
static void
test_notify_bounds(void **state)
{
	struct world *w = *state;
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	w->pci->notify.len = 10;
	w->fake->vqs[1].notify_off = 2;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	vnic_pci_reset(w->dev);
	accept_feature(w, VIRTIO_F_NOTIFICATION_DATA);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify),
			 -EPROTO);
	w->fake->vqs[1].notify_off = UINT16_MAX;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify),
			 -EPROTO);
	w->pci->notify_off_multiplier = 0x80000000;
	w->fake->vqs[1].notify_off = 2;	/* 2^32: 0 if it wrapped */
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify),
			 -EPROTO);
	w->fake->vqs[1].notify_off = UINT16_MAX;
	w->pci->notify_off_multiplier = 0;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	assert_ptr_equal(notify.addr, w->pci->notify.base);
}

static void
test_queue_refuse(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq = vq_good;
	struct vnic_notify notify;

	vq.size = 0;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EINVAL);
	vq.size = 512;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EINVAL);
	vq = vq_good;
	vq.index = FAKE_VQS;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EINVAL);
	vq = vq_good;
	vq.vector = 3;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EINVAL);
	w->pci->msix = false;
	vq.vector = 1;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EINVAL);
	/* A refusal writes nothing but the selector. */
	assert_int_equal(fake_pci_write_at(w->fake, FAKE_OFF(queue_size), 0),
			 -1);
}

static void
test_queue_liar(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq = vq_good;
	struct vnic_notify notify;

	w->fake->size_stuck = true;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EPROTO);
	w->fake->size_stuck = false;
	w->fake->enable_stuck = true;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EPROTO);
	w->fake->enable_stuck = false;
	vq.vector = 1;
	w->fake->vector_wrong = true;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -EPROTO);
	w->fake->vector_wrong = false;
	w->fake->vector_refused = true;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), -ENOTSUP);
	w->fake->vector_refused = false;
	assert_int_equal(w->fake->vqs[1].enable, 0);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	assert_int_equal(w->fake->vqs[1].vector, 1);
}

/* A function without MSI-X: its vector fields are left alone. */
static void
test_no_msix(void **state)
{
	struct world *w = *state;
	struct vnic_notify notify;

	w->pci->msix = false;
	w->pci->nb_vectors = 0;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq_good, &notify), 0);
	assert_int_equal(fake_pci_write_at(w->fake,
					   FAKE_OFF(queue_msix_vector), 0), -1);
}

static void
test_queue_reset(void **state)
{
	struct world *w = *state;
	struct vnic_vq_setup vq = vq_good;
	struct vnic_notify notify, again;

	assert_int_equal(vnic_pci_queue_reset(w->dev, 1), -ENOTSUP);
	accept_feature(w, VIRTIO_F_RING_RESET);
	assert_int_equal(vnic_pci_queue_reset(w->dev, FAKE_VQS), -EINVAL);
	assert_int_equal(w->fake->nb_log, 0);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	w->fake->vq_reset_reads = 7;
	assert_int_equal(vnic_pci_queue_reset(w->dev, 1), 0);
	assert_int_equal(w->fake->vqs[1].enable, 0);
	assert_int_equal(w->fake->vqs[1].reset, 0);
	/* A process that comes now rings it when it is back. */
	assert_int_equal(vnic_pci_notify_attach(w->dev, 1, &again), 0);
	assert_int_equal(again.kind, VNIC_NOTIFY_MMIO16);
	assert_ptr_equal(again.addr, notify.addr);
	/* Over a reset of the device too, and when it is enabled again. */
	w->fake->status = 7;
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	assert_int_equal(vnic_pci_notify_attach(w->dev, 1, &again), 0);
	assert_ptr_equal(again.addr, notify.addr);
	accept_feature(w, VIRTIO_F_NOTIFICATION_DATA);
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	assert_int_equal(vnic_pci_notify_attach(w->dev, 1, &again), 0);
	assert_int_equal(again.kind, VNIC_NOTIFY_MMIO32);
	assert_int_equal(vnic_pci_queue_reset(w->dev, 1), 0);
	/* One that lets go of queue_enable last, and back at another size. */
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	w->fake->enable_reads = 5;
	assert_int_equal(vnic_pci_queue_reset(w->dev, 1), 0);
	assert_int_equal(w->fake->vqs[1].enable, 0);
	vq.size = 256;
	assert_int_equal(vnic_pci_queue_enable(w->dev, &vq, &notify), 0);
	assert_int_equal(w->fake->vqs[1].size, 256);
	w->fake->vq_reset_reads = UINT32_MAX;
	assert_int_equal(vnic_pci_queue_reset(w->dev, 1), -ETIMEDOUT);
}

static int
setup(void **state)
{
	static struct world world;

	world.fake = fake_pci_create();
	world.dev = fake_pci_dev(world.fake);
	world.pci = world.dev->priv;
	*state = &world;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	unsigned int violations = w->fake->violations;

	if (violations != 0)
		print_error("%s\n", w->fake->violation);
	fake_pci_dev_free(w->dev);
	fake_pci_free(w->fake);
	return violations != 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_reset),
		CASE(test_reset_never),
		CASE(test_reset_function),
		CASE(test_regs),
		CASE(test_gone),
		CASE(test_features),
		CASE(test_features_bound),
		CASE(test_access_platform),
		CASE(test_config),
		CASE(test_generation),
		CASE(test_config_vector),
		CASE(test_queue_max),
		CASE(test_queue_enable),
		CASE(test_notify_features),
		CASE(test_notify_bounds),
		CASE(test_queue_refuse),
		CASE(test_queue_liar),
		CASE(test_no_msix),
		CASE(test_queue_reset),
	};

	vnic_logtype = rte_log_register("test.vnic");
	rte_log_set_level(vnic_logtype, RTE_LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
