/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
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
 * vhost-net with a tap, upon a model of both character devices: ioctl(2) of
 * this program is replaced, and its devices are /dev/null.
 */

#define PAIRS 2

static struct {
	uint64_t features;	/**< offered, and then set */
	uint64_t set;
	uint32_t regions;
	uint64_t bytes;
	int backend[PAIRS * 2];	/**< by virtqueue: bound, as a count */
	unsigned int binds, tables;
	int hdr_len;
	unsigned long offloads;
	unsigned int attached;	/**< tap queues that take frames */
	int busy;		/**< errno of TUNSETIFF */
	bool multi;		/**< made with multi_queue */
	bool deleted;
	uint8_t mac[6];		/**< as set */
	bool up;
} model;

static struct vnic_dev dev;

static unsigned int
pair_of(int fd)
{
	unsigned int i;

	for (i = 0; i < PAIRS; i++)
		if (vnic_kernel(&dev)->vhosts[i] == fd)
			return i;
	fail_msg("ioctl of descriptor %d", fd);
	return 0;
}

static void
memory_table(const struct vhost_memory *table)
{
	uint32_t i;

	model.tables++;
	model.regions = table->nregions;
	model.bytes = 0;
	for (i = 0; i < table->nregions; i++) {
		assert_int_equal(table->regions[i].guest_phys_addr,
				 table->regions[i].userspace_addr);
		model.bytes += table->regions[i].memory_size;
	}
}

static void
backend(int fd, const struct vhost_vring_file *file)
{
	unsigned int vq = pair_of(fd) * 2 + file->index;

	assert_true(file->index < 2);
	assert_true(file->fd == -1 ||
		    file->fd == vnic_kernel(&dev)->taps[vq / 2]);
	model.backend[vq] = file->fd != -1;
	model.binds++;
}

static int
tap(unsigned long request, void *arg)
{
	struct ifreq *ifr = arg;

	if (request == TUNSETIFF) {
		errno = model.busy;
		assert_true(ifr->ifr_flags & IFF_VNET_HDR);
		if (model.multi && !(ifr->ifr_flags & IFF_MULTI_QUEUE))
			errno = EINVAL;
		model.attached += errno == 0;
		return errno != 0 ? -1 : 0;
	}
	if (request == TUNGETIFF) {
		errno = EBADFD;
		snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "renamed");
		return model.deleted ? -1 : 0;
	}
	if (request == TUNSETVNETHDRSZ)
		model.hdr_len = *(int *)arg;
	if (request == TUNSETOFFLOAD)
		model.offloads = (uintptr_t)arg;
	if (request == TUNSETQUEUE)
		model.attached += ifr->ifr_flags & IFF_ATTACH_QUEUE ? 1 : -1;
	return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if ((request >> 8 & 0xff) == 'T' && request >= TUNSETIFF)
		return tap(request, arg);
	switch (request) {
	case VHOST_GET_FEATURES:
		memcpy(arg, &model.features, 8);
		return 0;
	case VHOST_SET_FEATURES:
		memcpy(&model.set, arg, 8);
		return 0;
	case VHOST_SET_MEM_TABLE:
		memory_table(arg);
		return 0;
	case VHOST_NET_SET_BACKEND:
		backend(fd, arg);
		return 0;
	case SIOCSIFHWADDR:
		memcpy(model.mac, ((struct ifreq *)arg)->ifr_hwaddr.sa_data, 6);
		return 0;
	case SIOCGIFFLAGS:
		assert_string_equal(((struct ifreq *)arg)->ifr_name, "renamed");
		((struct ifreq *)arg)->ifr_flags = model.up ?
			IFF_UP | IFF_RUNNING : 0;
		return 0;
	default:
		return (request >> 8 & 0xff) == 0xaf ? 0 :
			syscall(SYS_ioctl, fd, request, arg);
	}
}

/* With 64-bit offsets, as the driver is compiled. */
int
open64(const char *path, int flags, ...);

int
open64(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (strcmp(path, "/dev/net/tun") == 0 ||
	    strcmp(path, "/dev/vhost-net") == 0)
		path = "/dev/null";
	return syscall(SYS_openat, -100, path, flags, mode);
}

static const struct vnic_transport_ops *
ops(void)
{
	return vnic_transport_ops(&dev);
}

static int
vnet_open(uint16_t pairs)
{
	memset(&dev, 0, sizeof(dev));
	dev.transport = VNIC_TRANSPORT_VNET;
	dev.args.queues = pairs;
	snprintf(dev.name, sizeof(dev.name), "vnet");
	snprintf(dev.args.path, sizeof(dev.args.path), "/dev/vhost-net");
	return vnic_kernel_create(&dev);
}

static int
setup(void **state)
{
	(void)state;
	memset(&model, 0, sizeof(model));
	model.features = UINT64_MAX;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (dev.priv != NULL)
		ops()->close(&dev);
	return 0;
}

static void
enable(uint16_t index)
{
	struct vnic_vq_setup vq = { .index = index, .size = 64 };
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), 0);
	assert_int_equal(notify.kind, VNIC_NOTIFY_EVENTFD);
}

static void
test_features(void **state)
{
	static const uint8_t never[] = { VIRTIO_F_NOTIFY_ON_EMPTY, 26,
		VIRTIO_F_ANY_LAYOUT, VIRTIO_F_ACCESS_PLATFORM,
		VIRTIO_F_RING_RESET, VIRTIO_F_RING_PACKED,
		VIRTIO_NET_F_CTRL_VQ };
	struct virtio_features f, set = { { 0 } };
	unsigned int i;

	(void)state;
	assert_int_equal(vnet_open(PAIRS), 0);
	assert_int_equal(ops()->features_get(&dev, &f), 0);
	for (i = 0; i < RTE_DIM(never); i++)
		assert_false(virtio_features_has(&f, never[i]));
	assert_true(virtio_features_has(&f, VIRTIO_NET_F_MQ));
	/* What is the tap's or ours is not told to vhost. */
	virtio_features_add(&set, VIRTIO_F_VERSION_1);
	virtio_features_add(&set, VIRTIO_NET_F_MAC);
	virtio_features_add(&set, VIRTIO_NET_F_GUEST_CSUM);
	virtio_features_add(&set, VIRTIO_NET_F_GUEST_TSO4);
	assert_int_equal(ops()->features_set(&dev, &set), 0);
	assert_int_equal(model.set, UINT64_C(1) << VIRTIO_F_VERSION_1);
	assert_int_equal(model.hdr_len, 12);
	assert_int_equal(model.offloads, TUN_F_CSUM | TUN_F_TSO4);
}

/* Frames flow from DRIVER_OK on, until the reset; memory is told before. */
static void
test_rings(void **state)
{
	uint16_t i;

	(void)state;
	assert_int_equal(vnet_open(PAIRS), 0);
	for (i = 0; i < PAIRS * 2; i++)
		enable(i);
	assert_int_equal(model.tables, PAIRS);
	assert_int_equal(model.bytes, rte_eal_get_physmem_size());
	assert_int_equal(model.binds, 0);
	assert_int_equal(ops()->status_set(&dev, 15), 0);
	for (i = 0; i < PAIRS * 2; i++)
		assert_int_equal(model.backend[i], 1);
	assert_int_equal(ops()->queue_reset(&dev, 1), 0);
	assert_int_equal(model.backend[1], 0);
	assert_int_equal(model.backend[0], 1);
	enable(1);
	assert_int_equal(model.backend[1], 1);
	assert_int_equal(ops()->reset(&dev), 0);
	for (i = 0; i < PAIRS * 2; i++)
		assert_int_equal(model.backend[i], 0);
	/* The same memory is not told again. */
	enable(0);
	assert_int_equal(model.tables, PAIRS);
	assert_int_equal(ops()->queue_reset(&dev, PAIRS * 2), -EINVAL);
}

static void
test_memory_limit(void **state)
{
	struct vnic_vq_setup vq = { .index = 0, .size = 64 };
	struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };

	(void)state;
	assert_int_equal(vnet_open(1), 0);
	vnic_kernel(&dev)->max_regions = 0;
	assert_int_equal(ops()->queue_enable(&dev, &vq, &notify), -E2BIG);
	assert_int_equal(notify.kind, VNIC_NOTIFY_NONE);
	assert_int_equal(model.tables, 0);
	/* All of it about to be freed: an empty table, and then it is back. */
	vnic_kernel(&dev)->max_regions = 64;
	enable(0);
	assert_true(model.regions > 0);
	assert_int_equal(vnic_vnet_memory(vnic_kernel(&dev), (void *)4096,
					  SIZE_MAX - 4096), 0);
	assert_int_equal(model.regions, 0);
	assert_int_equal(vnic_vnet_memory(vnic_kernel(&dev), NULL, 0), 0);
	assert_true(model.regions > 0);
}

static void
test_tap(void **state)
{
	rte_le16_t status;

	(void)state;
	model.busy = EBUSY;
	assert_int_equal(vnet_open(1), -EBUSY);
	assert_null(dev.priv);
	model.busy = 0;
	model.attached = 0;
	assert_int_equal(vnet_open(PAIRS), 0);
	assert_int_equal(model.attached, PAIRS);
	assert_int_equal(ops()->queues_active(&dev, 1), 0);
	assert_int_equal(model.attached, 1);
	assert_int_equal(ops()->queues_active(&dev, 1), 0);
	assert_int_equal(model.attached, 1);
	assert_int_equal(ops()->queues_active(&dev, 2), 0);
	assert_int_equal(model.attached, 2);
	assert_int_equal(ops()->config_read(&dev, 6, &status, 2), 0);
	assert_int_equal(rte_le_to_cpu_16(status), 0);
	model.up = true;
	assert_int_equal(ops()->config_read(&dev, 6, &status, 2), 0);
	assert_int_equal(rte_le_to_cpu_16(status), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(ops()->config_read(&dev, 4096, &status, 2), -EINVAL);
	model.deleted = true;
	assert_int_equal(ops()->config_read(&dev, 6, &status, 2), 0);
	assert_int_equal(rte_le_to_cpu_16(status), 0);
}

/* One that is there already, with multi_queue, for one queue pair. */
static void
test_tap_joined(void **state)
{
	(void)state;
	model.multi = true;
	assert_int_equal(vnet_open(1), 0);
	assert_int_equal(model.attached, 1);
}

/* mac= is that of the interface too; without it that has its own. */
static void
test_tap_mac(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 }, none[6];

	(void)state;
	assert_int_equal(vnet_open(1), 0);
	assert_memory_equal(model.mac, none, 6);
	ops()->close(&dev);
	memset(&dev, 0, sizeof(dev));
	dev.transport = VNIC_TRANSPORT_VNET;
	dev.args.queues = 1;
	dev.args.has_mac = true;
	memcpy(&dev.args.mac, mac, 6);
	snprintf(dev.args.path, sizeof(dev.args.path), "/dev/vhost-net");
	assert_int_equal(vnic_kernel_create(&dev), 0);
	assert_memory_equal(model.mac, mac, 6);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_features),
		CASE(test_rings),
		CASE(test_memory_limit),
		CASE(test_tap),
		CASE(test_tap_joined),
		CASE(test_tap_mac),
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
