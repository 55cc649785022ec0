/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

int
perf_mem_add(struct perf_device *dev, const struct vhost_user_region *reg, int fd)
{
	struct perf_region *r;
	void *map;

	if (dev->nr_regions == PERF_MEM_SLOTS ||
	    reg->size + reg->mmap_offset < reg->size) {
		close(fd);
		return -EINVAL;
	}
	map = mmap(NULL, reg->size + reg->mmap_offset, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		fprintf(stderr, "vnic-perf: device %s: mapping %llu bytes of the driver's memory: %s\n",
			dev->name, (unsigned long long)reg->size, strerror(errno));
		return -errno;
	}
	r = &dev->region[dev->nr_regions++];
	*r = (struct perf_region){
		.guest = reg->guest_addr, .user = reg->user_addr,
		.size = reg->size, .map = map,
		.map_len = reg->size + reg->mmap_offset,
		.host = (uint8_t *)map + reg->mmap_offset,
	};
	return 0;
}

/** Translations remembered by the queues must not outlive a mapping. */
static void
near_forget(struct perf_device *dev)
{
	for (unsigned int i = 0; i < PERF_VQS; i++)
		dev->vq[i].near_size = 0;
}

int
perf_mem_remove(struct perf_device *dev, const struct vhost_user_region *reg)
{
	for (unsigned int i = 0; i < dev->nr_regions; i++) {
		struct perf_region *r = &dev->region[i];

		if (r->guest != reg->guest_addr || r->size != reg->size ||
		    r->user != reg->user_addr)
			continue;
		near_forget(dev);
		munmap(r->map, r->map_len);
		*r = dev->region[--dev->nr_regions];
		return 0;
	}
	return -ENOENT;
}

void
perf_mem_clear(struct perf_device *dev)
{
	near_forget(dev);
	while (dev->nr_regions > 0) {
		struct perf_region *r = &dev->region[--dev->nr_regions];

		munmap(r->map, r->map_len);
	}
}

void *
perf_mem_user(const struct perf_device *dev, uint64_t user, uint64_t len)
{
	for (unsigned int i = 0; i < dev->nr_regions; i++) {
		const struct perf_region *r = &dev->region[i];
		uint64_t offset = user - r->user;

		if (offset < r->size && len <= r->size - offset)
			return r->host + offset;
	}
	return NULL;
}

uint8_t *
perf_mem_guest(const struct perf_device *dev, struct perf_vq *vq, uint64_t addr,
	       uint64_t len)
{
	for (unsigned int i = 0; i < dev->nr_regions; i++) {
		const struct perf_region *r = &dev->region[i];
		uint64_t offset = addr - r->guest;

		if (offset >= r->size || len > r->size - offset)
			continue;
		vq->near_guest = r->guest;
		vq->near_size = r->size;
		vq->near_host = r->host;
		return r->host + offset;
	}
	return NULL;
}
