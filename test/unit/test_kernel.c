/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_log.h>
#include <rte_memory.h>

#include <vhost_kernel.h>
#include <virtio_net.h>

#include "vnic_device.h"
#include "vnic_kernel.h"
#include "vnic_log.h"

/*
 * Back ends in the kernel, upon a model of their character devices: ioctl(2)
 * and write(2) of this program are replaced for the descriptors of a model.
 */

#define VQS 3

struct model {
	uint64_t features;
	uint64_t backend;
	uint64_t backend_set;
	uint32_t device_id;
	uint8_t status;
	struct vhost_vdpa_iova_range range;
	uint32_t base[VQS];
	uint32_t num[VQS];
	bool enabled[VQS];
	int map_error;		/**< of UPDATE, negative errno */
	unsigned int map_room;	/**< updates before that */
	bool old;		/**< a kernel before 5.11 */

	/* IOTLB, as it went */
	unsigned int begins, ends, updates, invalidates;
	uint64_t mapped;	/**< bytes */
	struct vhost_iotlb_msg last;
};

static struct model model;
static struct vnic_dev dev;

/* The kernel takes what it does not know for a question of a ring. */
static int
model_unknown(const void *arg)
{
	uint32_t index;

	memcpy(&index, arg, sizeof(index));
	errno = index < VQS ? ENOTTY : ENOBUFS;
	return -1;
}

static int
model_ioctl(unsigned long request, void *arg)
{
	struct vhost_vring_state *state = arg;
	struct vhost_vdpa_config *config = arg;

	switch (request) {
	case VHOST_GET_FEATURES:
		memcpy(arg, &model.features, 8);
		return 0;
	case VHOST_GET_BACKEND_FEATURES:
		memcpy(arg, &model.backend, 8);
		return 0;
	case VHOST_SET_BACKEND_FEATURES:
		memcpy(&model.backend_set, arg, 8);
		return 0;
	case VHOST_VDPA_GET_DEVICE_ID:
		memcpy(arg, &model.device_id, 4);
		return 0;
	case VHOST_VDPA_GET_STATUS:
		*(uint8_t *)arg = model.status;
		return 0;
	case VHOST_VDPA_SET_STATUS:
		model.status = *(uint8_t *)arg;
		return 0;
	case VHOST_VDPA_GET_IOVA_RANGE:
		if (model.old)
			return model_unknown(arg);
		memcpy(arg, &model.range, sizeof(model.range));
		return 0;
	case VHOST_VDPA_GET_VRING_NUM:
		*(uint16_t *)arg = 256;
		return 0;
	case VHOST_VDPA_GET_VQS_COUNT:
		if (model.old)
			return model_unknown(arg);
		*(uint32_t *)arg = VQS;
		return 0;
	case VHOST_VDPA_GET_CONFIG:
		memset(config->buf, 0x40 + config->off, config->len);
		return 0;
	case VHOST_SET_VRING_BASE:
		model.base[state->index] = state->num;
		return 0;
	case VHOST_SET_VRING_NUM:
		model.num[state->index] = state->num;
		return 0;
	case VHOST_VDPA_SET_VRING_ENABLE:
		model.enabled[state->index] = state->num;
		return 0;
	default:
		return 0;
	}
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if ((request >> 8 & 0xff) == 0xaf)
		return model_ioctl(request, arg);
	return syscall(SYS_ioctl, fd, request, arg);
}

static ssize_t
model_message(const struct vhost_msg_v2 *msg)
{
	assert_int_equal(msg->type, VHOST_IOTLB_MSG_V2);
	switch (msg->iotlb.type) {
	case VHOST_IOTLB_BATCH_BEGIN:
		model.begins++;
		break;
	case VHOST_IOTLB_BATCH_END:
		model.ends++;
		break;
	case VHOST_IOTLB_UPDATE:
		/* Only inside of a batch, one address for both sides. */
		assert_int_equal(model.begins, model.ends + 1);
		assert_int_equal(msg->iotlb.iova, msg->iotlb.uaddr);
		assert_int_equal(msg->iotlb.perm, VHOST_ACCESS_RW);
		if (model.map_error != 0 && model.updates >= model.map_room) {
			errno = -model.map_error;
			return -1;
		}
		model.updates++;
		model.mapped += msg->iotlb.size;
		break;
	default:
		assert_int_equal(msg->iotlb.type, VHOST_IOTLB_INVALIDATE);
		assert_true(msg->iotlb.size > 0);
		model.invalidates++;
		model.mapped = 0;
		break;
	}
	model.last = msg->iotlb;
	return sizeof(*msg);
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	if (dev.priv != NULL && fd == vnic_kernel(&dev)->fd &&
	    len == sizeof(struct vhost_msg_v2))
		return model_message(buf);
	return syscall(SYS_write, fd, buf, len);
}

static const struct vnic_transport_ops *
ops(void)
{
	return vnic_transport_ops(&dev);
}

static int
vdpa_open(void)
{
	memset(&dev, 0, sizeof(dev));
	dev.transport = VNIC_TRANSPORT_VDPA;
	snprintf(dev.name, sizeof(dev.name), "vdpa");
	snprintf(dev.args.path, sizeof(dev.args.path), "/dev/null");
	return vnic_kernel_create(&dev);
}

static int
setup(void **state)
{
	(void)state;
	memset(&model, 0, sizeof(model));
	model.device_id = 1;
	model.backend = 0x16;	/* MSG_V2, BATCH and one that is not ours */
	model.range.last = UINT64_MAX;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (dev.priv != NULL)
		ops()->close(&dev);
	return dev.priv != NULL;
}

static struct vnic_vq_setup
ring(uint16_t index)
{
	return (struct vnic_vq_setup){ .index = index, .size = 64,
		.desc = 0x10000, .driver = 0x10400, .device = 0x11000 };
}

static void
test_refused(void **state)
{
	(void)state;
	model.device_id = 2;
	assert_int_equal(vdpa_open(), -ENOTSUP);
	assert_null(dev.priv);
	model.device_id = 1;
	model.backend = 0x4;
	assert_int_equal(vdpa_open(), -ENOTSUP);
	assert_null(dev.priv);
	memset(&dev, 0, sizeof(dev));
	dev.transport = VNIC_TRANSPORT_VDPA;
	snprintf(dev.args.path, sizeof(dev.args.path), "/dev/vhost-vdpa-none");
	assert_int_equal(vnic_kernel_create(&dev), -ENOENT);
	dev.args.server = true;
	assert_int_equal(vnic_kernel_create(&dev), -EINVAL);
}

static void
test_features(void **state)
{
	struct virtio_features f;

	(void)state;
	model.features = UINT64_MAX;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(model.backend_set, 0x6);
	assert_int_equal(ops()->features_get(&dev, &f), 0);
	assert_false(virtio_features_has(&f, VIRTIO_F_RING_RESET));
	assert_true(virtio_features_has(&f, VIRTIO_F_ACCESS_PLATFORM));
	f.w[1] = 1;
	assert_int_equal(ops()->features_set(&dev, &f), -ENOTSUP);
}

static void
test_config(void **state)
{
	uint8_t two[2], end[sizeof(struct virtio_net_config) + 1];

	(void)state;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->config_read(&dev, 6, two, 2), 0);
	assert_int_equal(two[0], 0x46);
	assert_int_equal(ops()->config_read(&dev, 0, end, sizeof(end)),
			 -EINVAL);
	assert_int_equal(ops()->config_read(&dev, SIZE_MAX, two, 2), -EINVAL);
}

/* All memory once; without PERSIST a reset takes it back. */
static void
test_memory(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };
	unsigned int segments;
	uint64_t bytes = rte_eal_get_physmem_size();

	(void)state;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(notify.kind, VNIC_NOTIFY_EVENTFD);
	assert_true(model.enabled[0]);
	assert_int_equal(model.num[0], 64);
	assert_int_equal(model.mapped, bytes);
	segments = model.updates;
	vq = ring(1);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.updates, segments);
	vq = ring(VQS);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), -EINVAL);

	model.status = 15;
	assert_int_equal(ops()->reset(&dev), 0);
	assert_int_equal(model.status, 0);
	assert_int_equal(model.invalidates, 1);
	assert_int_equal(model.last.type, VHOST_IOTLB_BATCH_END);
	vq = ring(0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.updates, 2 * segments);
	assert_int_equal(model.begins, model.ends);
}

static void
test_memory_persists(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify;
	unsigned int segments;

	(void)state;
	model.backend = 0x106;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(model.backend_set, 0x106);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	segments = model.updates;
	assert_int_equal(ops()->reset(&dev), 0);
	assert_int_equal(model.invalidates, 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.updates, segments);
}

/* Hot-plug: what is freed is unmapped, what came is mapped. */
static void
test_memory_changes(void **state)
{
	struct vnic_kernel *k;
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify;
	void *somewhere = (void *)(uintptr_t)0x200000;
	unsigned int segments;

	(void)state;
	assert_int_equal(vdpa_open(), 0);
	k = vnic_kernel(&dev);
	/* Not mapped yet: nothing to change. */
	assert_int_equal(vnic_vdpa_memory(k, true, somewhere, 4096), 0);
	assert_int_equal(model.invalidates, 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	segments = model.updates;
	assert_int_equal(vnic_vdpa_memory(k, true, somewhere, 4096), 0);
	assert_int_equal(model.invalidates, 1);
	/* Exactly the segments that begin inside. */
	assert_int_equal(vnic_vdpa_memory(k, false, NULL, SIZE_MAX), 0);
	assert_int_equal(model.updates, 2 * segments);
	assert_int_equal(vnic_vdpa_memory(k, false, NULL, 4096), 0);
	assert_int_equal(model.updates, 2 * segments);
	assert_int_equal(model.begins, model.ends);
}

static void
test_memory_refused(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	(void)state;
	model.range.last = 0xffff;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), -ENOTSUP);
	assert_int_equal(notify.kind, VNIC_NOTIFY_NONE);
	assert_false(model.enabled[0]);
	assert_int_equal(model.begins, model.ends);
	ops()->close(&dev);

	model.range.last = UINT64_MAX;
	model.map_error = -ENOMEM;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), -ENOMEM);
	assert_int_equal(model.begins, model.ends);
}

/* What was mapped before it failed is no memory that the device has. */
static void
test_memory_in_part(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	(void)state;
	model.backend = 0x106;
	model.map_error = -ENOMEM;
	model.map_room = 1;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), -ENOMEM);
	assert_int_equal(model.mapped, 0);
	assert_int_equal(ops()->reset(&dev), 0);
	model.map_error = 0;
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.mapped, rte_eal_get_physmem_size());
	assert_int_equal(model.begins, model.ends);
}

/* One that has no word for its limits has none but ours. */
static void
test_old_kernel(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };
	uint16_t max = 0;

	(void)state;
	model.old = true;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(ops()->queue_max(&dev, VQS, &max), 0);
	assert_int_equal(max, 256);
}

/* A packed ring begins with wrap counters of 1, in bits 15 and 31. */
static void
test_base(void **state)
{
	struct vnic_vq_setup vq = ring(0);
	struct vnic_notify notify;

	(void)state;
	assert_int_equal(vdpa_open(), 0);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.base[0], 0);
	virtio_features_add(&dev.accepted, VIRTIO_F_RING_PACKED);
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.base[0], 0x80008000);
	vq.base = 65;
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(model.base[0], 0x00010001);
}

/* What is behind a path. */
static void
test_kind(void **state)
{
	(void)state;
	assert_int_equal(vnic_kernel_kind("/run/vhost.sock"),
			 VNIC_TRANSPORT_USER);
	assert_int_equal(vnic_kernel_kind("/run/vhost-net"),
			 VNIC_TRANSPORT_USER);
	assert_int_equal(vnic_kernel_kind("/dev/null"), VNIC_TRANSPORT_USER);
	assert_int_equal(vnic_kernel_kind("/dev/vhost-net"),
			 VNIC_TRANSPORT_VNET);
	assert_int_equal(vnic_kernel_kind("/dev/vhost-vdpa-7"),
			 VNIC_TRANSPORT_VDPA);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_kind),
		CASE(test_refused),
		CASE(test_features),
		CASE(test_config),
		CASE(test_memory),
		CASE(test_memory_persists),
		CASE(test_memory_changes),
		CASE(test_memory_refused),
		CASE(test_memory_in_part),
		CASE(test_old_kernel),
		CASE(test_base),
	};
	char *eal[] = { argv[0], (char[]){ "--no-huge" },
		(char[]){ "--no-pci" }, (char[]){ "-m" }, (char[]){ "64" },
		(char[]){ "--no-telemetry" }, (char[]){ "--no-shconf" },
		(char[]){ "--lcores=0" } };

	(void)argc;
	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		return 1;
	rte_log_set_level(vnic_logtype, RTE_LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
