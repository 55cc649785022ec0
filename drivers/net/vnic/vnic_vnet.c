/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_memory.h>

#include <vhost_kernel.h>
#include <virtio_net.h>

#include "vnic_device.h"
#include "vnic_kernel.h"
#include "vnic_log.h"
#include "vnic_vhost_msg.h"

/*
 * The kernel's vhost-net: it moves frames between our rings and the queues of
 * a tap interface. All that a device has beyond rings is ours: status,
 * configuration, link. Each queue pair is a character device of its own, with
 * rings 0 (receive) and 1 (transmit).
 */

#define RING_SIZE_MAX 1024
#define REGIONS_PATH "/sys/module/vhost/parameters/max_mem_regions"
#define REGIONS_DEFAULT 64

#define BIT(name) (UINT64_C(1) << (name))

/* What vhost itself implements. ACCESS_PLATFORM would ask us for an IOTLB,
 * bit 27 means a tap without headers, RING_RESET has no way to be said.
 */
#define VNET_RING_FEATURES (BIT(VIRTIO_F_INDIRECT_DESC) | \
	BIT(VIRTIO_F_EVENT_IDX) | BIT(VIRTIO_F_VERSION_1) | \
	BIT(VIRTIO_F_IN_ORDER) | BIT(VIRTIO_NET_F_MRG_RXBUF))

/* What the tap and this file implement. */
#define VNET_NET_FEATURES (BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | \
	BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) | \
	BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN))

/* Bind a ring to its tap queue, or take it back: the kernel has then let go. */
static int
vnet_ring_run(struct vnic_kernel *k, uint16_t index, bool run)
{
	struct vhost_vring_file file = { .index = index % 2,
		.fd = run ? k->taps[index / 2] : -1 };
	struct vnic_kernel_ring *ring = &k->rings[index];
	int ret;

	if (ring->running == run)
		return 0;
	ret = VNIC_KERNEL_IOCTL(k, k->vhosts[index / 2],
				VHOST_NET_SET_BACKEND, &file);
	if (ret == 0)
		ring->running = run;
	return ret;
}

static int
vnet_ring_stop(struct vnic_kernel *k, uint16_t index)
{
	int ret = vnet_ring_run(k, index, false);

	if (ret == 0)
		k->rings[index].owned = false;
	return ret;
}

static int
vnet_reset(struct vnic_dev *dev)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint16_t i;
	int ret = 0;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < k->nr_rings && ret == 0; i++)
		ret = vnet_ring_stop(k, i);
	if (ret == 0)
		k->status = VIRTIO_STATUS_RESET;
	pthread_mutex_unlock(&k->lock);
	return ret;
}

static int
vnet_status_get(struct vnic_dev *dev, uint8_t *status)
{
	*status = vnic_kernel(dev)->status;
	return 0;
}

static int
vnet_status_set(struct vnic_dev *dev, uint8_t status)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint16_t i;
	int ret = 0;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < k->nr_rings && ret == 0; i++)
		if (k->rings[i].owned && (status & VIRTIO_STATUS_DRIVER_OK))
			ret = vnet_ring_run(k, i, true);
	if (ret == 0)
		k->status = status;
	pthread_mutex_unlock(&k->lock);
	return ret;
}

static int
vnet_features_get(struct vnic_dev *dev, struct virtio_features *f)
{
	struct vnic_kernel *k = vnic_kernel(dev);

	*f = (struct virtio_features){ .w = {
		(k->offered & VNET_RING_FEATURES) | VNET_NET_FEATURES } };
	if (k->pairs > 1)
		virtio_features_add(f, VIRTIO_NET_F_MQ);
	return 0;
}

static int
vnet_features_set(struct vnic_dev *dev, const struct virtio_features *f)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	uint64_t ours = f->w[0] & VNET_RING_FEATURES;
	uint16_t i;
	int ret = 0;

	for (i = 0; i < k->pairs && ret == 0; i++)
		ret = VNIC_KERNEL_IOCTL(k, k->vhosts[i], VHOST_SET_FEATURES,
					&ours);
	return ret < 0 ? ret : vnic_tap_features(k, f);
}

static int
vnet_config_read(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	struct virtio_net_config config = { .mtu = 0 };

	if (len > sizeof(config) || off > sizeof(config) - len)
		return -EINVAL;
	memcpy(config.mac, &k->mac, sizeof(config.mac));
	config.max_virtqueue_pairs = rte_cpu_to_le_16(k->pairs);
	if (vnic_tap_link(k))
		config.status = rte_cpu_to_le_16(VIRTIO_NET_S_LINK_UP);
	memcpy(dst, (const uint8_t *)&config + off, len);
	return 0;
}

static int
vnet_queue_max(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	struct vnic_kernel *k = vnic_kernel(dev);

	*max = index < k->nr_rings ? k->ring_max : 0;
	return 0;
}

static int
vnet_queue_enable(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
		  struct vnic_notify *notify)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	int ret;

	if (vq->index >= k->nr_rings)
		return -EINVAL;
	vnic_kernel_mem_lock(k);
	ret = vnic_vnet_memory(k, NULL, 0);
	if (ret == 0)
		ret = vnic_kernel_ring_set(k, k->vhosts[vq->index / 2],
					   vq->index % 2, vq, notify);
	if (ret == 0 && (k->status & VIRTIO_STATUS_DRIVER_OK))
		ret = vnet_ring_run(k, vq->index, true);
	vnic_kernel_mem_unlock(k);
	return ret;
}

static int
vnet_queue_reset(struct vnic_dev *dev, uint16_t index)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	int ret;

	if (index >= k->nr_rings)
		return -EINVAL;
	pthread_mutex_lock(&k->lock);
	ret = vnet_ring_stop(k, index);
	pthread_mutex_unlock(&k->lock);
	return ret;
}

static int
vnet_queues_active(struct vnic_dev *dev, uint16_t nb_pairs)
{
	return vnic_tap_active(vnic_kernel(dev), nb_pairs);
}

static int
vnet_link_get(struct vnic_dev *dev)
{
	return vnic_tap_link(vnic_kernel(dev));
}

static void
vnet_close(struct vnic_dev *dev)
{
	if (dev->priv != NULL)
		vnic_kernel_free(vnic_kernel(dev));
}

/* ---- memory: one table of all that EAL has, by its addresses ---- */

struct vnet_walk {
	struct vnic_vhost_mem *mem;
	uint64_t skip;
	uint64_t skip_end;
};

/* Files do not matter to the kernel: neighbours are one region. */
static int
vnet_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms,
	     void *arg)
{
	struct vnet_walk *walk = arg;
	struct vnic_vhost_mem *mem = walk->mem;
	struct vnic_vhost_region r = { .addr = ms->addr_64, .size = ms->len,
		.offset = ms->addr_64, .fd = -1 };
	struct vnic_vhost_region *last;

	RTE_SET_USED(msl);
	if (r.addr >= walk->skip && r.addr < walk->skip_end)
		return 0;
	last = mem->nr > 0 ? &mem->regions[mem->nr - 1] : NULL;
	if (last != NULL && last->addr + last->size == r.addr) {
		last->size += r.size;
		return 0;
	}
	return vnic_vhost_mem_add(mem, &r);
}

static bool
vnet_memory_same(const struct vnic_vhost_mem *a, const struct vnic_vhost_mem *b)
{
	unsigned int i;

	for (i = 0; i < a->nr && a->nr == b->nr; i++)
		if (a->regions[i].addr != b->regions[i].addr ||
		    a->regions[i].size != b->regions[i].size)
			return false;
	return a->nr == b->nr;
}

static int
vnet_memory_send(struct vnic_kernel *k, const struct vnic_vhost_mem *want)
{
	struct vhost_memory *table = calloc(1, sizeof(*table) +
		want->nr * sizeof(table->regions[0]));
	unsigned int i;
	int ret = 0;

	if (table == NULL)
		return -ENOMEM;
	table->nregions = want->nr;
	for (i = 0; i < want->nr; i++) {
		/* Descriptors hold our own addresses: they are the guest's. */
		table->regions[i].guest_phys_addr = want->regions[i].addr;
		table->regions[i].userspace_addr = want->regions[i].addr;
		table->regions[i].memory_size = want->regions[i].size;
	}
	for (i = 0; i < k->pairs && ret == 0; i++)
		ret = VNIC_KERNEL_IOCTL(k, k->vhosts[i], VHOST_SET_MEM_TABLE,
					table);
	free(table);
	return ret;
}

static bool
vnet_any_owned(const struct vnic_kernel *k)
{
	uint16_t i;

	for (i = 0; i < k->nr_rings; i++)
		if (k->rings[i].owned)
			return true;
	return false;
}

int
vnic_vnet_memory(struct vnic_kernel *k, const void *skip, size_t len)
{
	struct vnic_vhost_mem want = { .regions = NULL };
	struct vnet_walk walk = { .mem = &want, .skip = (uintptr_t)skip,
		.skip_end = (uintptr_t)skip + len };
	int ret = rte_memseg_walk_thread_unsafe(vnet_segment, &walk);

	if (ret == 0 && want.nr > k->max_regions) {
		VNIC_LOG(ERR, "%s: EAL's memory is in %u pieces and vhost takes %u: raise max_mem_regions of module vhost, or give EAL fewer or bigger huge pages",
			 k->dev->name, want.nr, k->max_regions);
		ret = -E2BIG;
	}
	if (ret == 0 && !vnet_memory_same(&k->mem, &want)) {
		ret = vnet_memory_send(k, &want);
		if (ret == 0)
			RTE_SWAP(k->mem, want);
	}
	vnic_vhost_mem_free(&want);
	/* Idle rings are given the memory of then when they are handed over. */
	return vnet_any_owned(k) || skip == NULL ? ret : 0;
}

/* ---- opening ---- */

static unsigned int
vnet_max_regions(void)
{
	FILE *f = fopen(REGIONS_PATH, "r");
	unsigned int max = REGIONS_DEFAULT;

	if (f == NULL)
		return max;
	if (fscanf(f, "%u", &max) != 1 || max == 0)
		max = REGIONS_DEFAULT;
	fclose(f);
	return max;
}

static int
vnet_alloc(struct vnic_kernel *k)
{
	uint16_t i, pairs = RTE_MAX(k->dev->args.queues, 1);

	k->vhosts = calloc(pairs, sizeof(k->vhosts[0]));
	k->taps = calloc(pairs, sizeof(k->taps[0]));
	k->attached = calloc(pairs, sizeof(k->attached[0]));
	if (k->vhosts == NULL || k->taps == NULL || k->attached == NULL)
		return -ENOMEM;
	for (i = 0; i < pairs; i++)
		k->vhosts[i] = k->taps[i] = -1;
	k->pairs = pairs;
	return vnic_kernel_rings_alloc(k, pairs * 2);
}

static int
vnet_vhost_open(struct vnic_kernel *k, uint16_t pair)
{
	uint64_t offered = 0;
	int ret = vnic_kernel_open(k, k->dev->args.path);

	if (ret < 0)
		return ret;
	k->vhosts[pair] = ret;
	ret = VNIC_KERNEL_IOCTL(k, k->vhosts[pair], VHOST_SET_OWNER, NULL);
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, k->vhosts[pair], VHOST_GET_FEATURES,
					&offered);
	k->offered = offered;
	return ret;
}

int
vnic_vnet_create(struct vnic_kernel *k)
{
	uint16_t i;
	int ret = vnet_alloc(k);

	k->ring_max = RTE_MAX(k->dev->args.queue_size, RING_SIZE_MAX);
	k->max_regions = vnet_max_regions();
	for (i = 0; i < k->pairs && ret == 0; i++)
		ret = vnet_vhost_open(k, i);
	return ret < 0 ? ret : vnic_tap_open(k);
}

static const struct vnic_transport_ops vnet_ops = {
	.name = "vhost-net",
	.addr_is_va = true,
	.resets_queues = true,
	.reset = vnet_reset,
	.status_get = vnet_status_get,
	.status_set = vnet_status_set,
	.features_get = vnet_features_get,
	.features_set = vnet_features_set,
	.config_read = vnet_config_read,
	.queue_max = vnet_queue_max,
	.queue_enable = vnet_queue_enable,
	.queue_reset = vnet_queue_reset,
	.queues_active = vnet_queues_active,
	/* No event_enable: the health timer asks for the link. */
	.link_get = vnet_link_get,
	.notify_attach = vnic_kernel_notify_attach,
	.notify_detach = vnic_kernel_notify_detach,
	.close = vnet_close,
};

RTE_INIT(vnic_vnet_register)
{
	vnic_transport_register(VNIC_TRANSPORT_VNET, &vnet_ops);
}
