/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_VHOST_MEM_H
#define VNIC_VHOST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file
 * DPDK's memory as a list of mappable regions, ordered by address inside each
 * segment list. Descriptors belong to EAL.
 */

struct vnic_vhost_region {
	uint64_t addr;
	uint64_t size;
	uint64_t offset;	/**< in the file */
	int fd;
};

struct vnic_vhost_mem {
	struct vnic_vhost_region *regions;
	unsigned int nr;
	unsigned int room;
};

/**
 * List all of EAL's memory but [@p skip, @p skip + @p skip_len), adjacent
 * segments of one file as one region. The caller holds EAL's memory lock.
 *
 * @return 0; -ENOMEM; -ENOTSUP if a segment has no file (logged).
 */
int
vnic_vhost_mem_collect(struct vnic_vhost_mem *mem, const void *skip,
		       size_t skip_len);

/** True if all of @p r is in one region of @p mem, from the same file bytes. */
bool
vnic_vhost_mem_holds(const struct vnic_vhost_mem *mem,
		     const struct vnic_vhost_region *r);

/**
 * The first part of @p r that @p mem has not, at or after address *@p from.
 *
 * @return false if there is none, else @p part is filled and *@p from moved
 *   behind it.
 */
bool
vnic_vhost_mem_missing(const struct vnic_vhost_mem *mem,
		       const struct vnic_vhost_region *r, uint64_t *from,
		       struct vnic_vhost_region *part);

int
vnic_vhost_mem_add(struct vnic_vhost_mem *mem,
		   const struct vnic_vhost_region *r);

void
vnic_vhost_mem_del(struct vnic_vhost_mem *mem, unsigned int i);

void
vnic_vhost_mem_free(struct vnic_vhost_mem *mem);

#endif /* VNIC_VHOST_MEM_H */
