/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_memory.h>

#include "vnic_log.h"
#include "vnic_vhost_mem.h"

static uint64_t
vnic_vhost_region_end(const struct vnic_vhost_region *r)
{
	return r->addr + r->size;
}

/** True if @p b continues @p a, in memory and in the same file. */
static bool
vnic_vhost_region_continues(const struct vnic_vhost_region *a,
			    const struct vnic_vhost_region *b)
{
	return a->fd == b->fd && vnic_vhost_region_end(a) == b->addr &&
		a->offset + a->size == b->offset;
}

/** True if @p part is inside @p r and of the same bytes of the file. */
static bool
vnic_vhost_region_holds(const struct vnic_vhost_region *r,
			const struct vnic_vhost_region *part)
{
	return r->fd == part->fd && part->addr >= r->addr &&
		vnic_vhost_region_end(part) <= vnic_vhost_region_end(r) &&
		part->offset - r->offset == part->addr - r->addr;
}

int
vnic_vhost_mem_add(struct vnic_vhost_mem *mem,
		   const struct vnic_vhost_region *r)
{
	struct vnic_vhost_region *regions;
	unsigned int room;

	if (mem->nr == mem->room) {
		room = mem->room ? mem->room * 2 : 16;
		regions = realloc(mem->regions, room * sizeof(*regions));
		if (regions == NULL)
			return -ENOMEM;
		mem->regions = regions;
		mem->room = room;
	}
	mem->regions[mem->nr++] = *r;
	return 0;
}

void
vnic_vhost_mem_del(struct vnic_vhost_mem *mem, unsigned int i)
{
	mem->regions[i] = mem->regions[--mem->nr];
}

void
vnic_vhost_mem_free(struct vnic_vhost_mem *mem)
{
	free(mem->regions);
	*mem = (struct vnic_vhost_mem){ .regions = NULL };
}

bool
vnic_vhost_mem_holds(const struct vnic_vhost_mem *mem,
		     const struct vnic_vhost_region *r)
{
	unsigned int i;

	for (i = 0; i < mem->nr; i++) {
		if (vnic_vhost_region_holds(&mem->regions[i], r))
			return true;
	}
	return false;
}

/** Where @p addr, inside a region of @p mem, leaves it; else @p addr. */
static uint64_t
vnic_vhost_mem_skip(const struct vnic_vhost_mem *mem, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < mem->nr; i++) {
		if (addr >= mem->regions[i].addr &&
		    addr < vnic_vhost_region_end(&mem->regions[i]))
			return vnic_vhost_region_end(&mem->regions[i]);
	}
	return addr;
}

/** Start of the first region of @p mem behind @p addr, at most @p end. */
static uint64_t
vnic_vhost_mem_next(const struct vnic_vhost_mem *mem, uint64_t addr,
		    uint64_t end)
{
	unsigned int i;

	for (i = 0; i < mem->nr; i++) {
		if (mem->regions[i].addr > addr && mem->regions[i].addr < end)
			end = mem->regions[i].addr;
	}
	return end;
}

bool
vnic_vhost_mem_missing(const struct vnic_vhost_mem *mem,
		       const struct vnic_vhost_region *r, uint64_t *from,
		       struct vnic_vhost_region *part)
{
	uint64_t end = vnic_vhost_region_end(r);
	uint64_t addr = RTE_MAX(*from, r->addr);
	uint64_t next;

	while (addr < end) {
		next = vnic_vhost_mem_skip(mem, addr);
		if (next == addr)
			break;
		addr = next;
	}
	if (addr >= end)
		return false;
	*from = vnic_vhost_mem_next(mem, addr, end);
	*part = (struct vnic_vhost_region){
		.addr = addr, .size = *from - addr,
		.offset = r->offset + (addr - r->addr), .fd = r->fd,
	};
	return true;
}

struct vnic_vhost_walk {
	struct vnic_vhost_mem *mem;
	uint64_t skip;
	uint64_t skip_end;
};

/** EAL's walk: 0 goes on, anything else ends it. */
static int
vnic_vhost_mem_segment(const struct rte_memseg_list *msl,
		       const struct rte_memseg *ms, void *arg)
{
	struct vnic_vhost_walk *walk = arg;
	struct vnic_vhost_mem *mem = walk->mem;
	struct vnic_vhost_region r = {
		.addr = ms->addr_64, .size = ms->len };
	size_t offset;

	/* An application's own memory: EAL knows no file of it. */
	if (msl->external ||
	    (r.addr >= walk->skip && r.addr < walk->skip_end))
		return 0;
	r.fd = rte_memseg_get_fd_thread_unsafe(ms);
	if (r.fd < 0 ||
	    rte_memseg_get_fd_offset_thread_unsafe(ms, &offset) < 0) {
		VNIC_LOG(ERR, "EAL's memory at %p has no file that a back end could map; give EAL huge pages, or --in-memory",
			ms->addr);
		return -ENOTSUP;
	}
	r.offset = offset;
	if (mem->nr > 0 &&
	    vnic_vhost_region_continues(&mem->regions[mem->nr - 1], &r)) {
		mem->regions[mem->nr - 1].size += r.size;
		return 0;
	}
	return vnic_vhost_mem_add(mem, &r);
}

int
vnic_vhost_mem_collect(struct vnic_vhost_mem *mem, const void *skip,
		       size_t skip_len)
{
	struct vnic_vhost_walk walk = {
		.mem = mem,
		.skip = (uintptr_t)skip,
		.skip_end = (uintptr_t)skip + skip_len,
	};
	int ret;

	*mem = (struct vnic_vhost_mem){ .regions = NULL };
	ret = rte_memseg_walk_thread_unsafe(vnic_vhost_mem_segment, &walk);
	if (ret < 0)
		vnic_vhost_mem_free(mem);
	return ret;
}
