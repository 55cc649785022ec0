/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "vnic_log.h"
#include "vnic_vhost_user.h"

static bool
vnic_user_mem_running(const struct vnic_user *user)
{
	unsigned int i;

	for (i = 0; i < user->nr_rings; i++) {
		if (user->rings[i].owned)
			return true;
	}
	return false;
}

int
vnic_user_rings_pause(struct vnic_user *user, bool pause)
{
	struct vnic_user_conn *conn = &user->conn;
	unsigned int i;
	int ret;

	if (vnic_user_features_sent(0, conn) == 0)
		return 0;
	for (i = 0; i < user->nr_rings; i++) {
		if (!user->rings[i].owned || !user->rings[i].enabled)
			continue;
		ret = vnic_vhost_set_state(&conn->chan,
			VHOST_USER_SET_VRING_ENABLE, i, !pause);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
vnic_user_mem_too_many(const struct vnic_user *user, uint64_t nr, uint64_t max)
{
	VNIC_LOG(ERR, "%s: EAL's memory is %" PRIu64 " files or pieces of files and the back end at %s maps at most %" PRIu64 "; start with --single-file-segments, or with fewer or bigger huge pages",
		user->dev->name, nr, user->dev->args.path, max);
	return -E2BIG;
}

static bool
vnic_user_mem_same(const struct vnic_vhost_mem *a,
		   const struct vnic_vhost_mem *b)
{
	unsigned int i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		if (!vnic_vhost_mem_holds(a, &b->regions[i]) ||
		    !vnic_vhost_mem_holds(b, &a->regions[i]))
			return false;
	}
	return true;
}

static void
vnic_user_mem_wire(struct vhost_user_region *wire,
		   const struct vnic_vhost_region *r)
{
	/* Descriptors hold our own addresses: they are the guest's. */
	*wire = (struct vhost_user_region){
		.guest_addr = r->addr, .size = r->size,
		.user_addr = r->addr, .mmap_offset = r->offset,
	};
}

static int
vnic_user_mem_send_table(struct vnic_user *user,
			 const struct vnic_vhost_mem *want)
{
	struct vhost_user_mem_table table = { .nregions = want->nr };
	int fds[VHOST_USER_MEM_TABLE_REGIONS];
	unsigned int i;

	for (i = 0; i < want->nr; i++) {
		vnic_user_mem_wire(&table.regions[i], &want->regions[i]);
		fds[i] = want->regions[i].fd;
	}
	return vnic_vhost_set(&user->conn.chan, VHOST_USER_SET_MEM_TABLE,
		&table, offsetof(struct vhost_user_mem_table, regions) +
		want->nr * sizeof(table.regions[0]), fds, want->nr);
}

/**
 * Nobody knows what a back end maps that refused to replace or to give up
 * memory: only a new connection does away with it.
 */
static int
vnic_user_mem_unknown(struct vnic_user *user, int err)
{
	if (err != 0)
		vnic_vhost_break(&user->conn.chan, err);
	return err;
}

/** One message replaces everything; *@p want becomes the connection's. */
static int
vnic_user_mem_sync_table(struct vnic_user *user, struct vnic_vhost_mem *want)
{
	struct vnic_user_conn *conn = &user->conn;
	int ret;

	if (vnic_user_mem_same(&conn->mem, want))
		return 0;
	if (want->nr > VHOST_USER_MEM_TABLE_REGIONS) {
		/* Freed memory may come back in the same place, of other pages
		 * but the same number of a file: not the same any more.
		 */
		vnic_vhost_mem_free(&conn->mem);
		return vnic_user_mem_too_many(user, want->nr,
			VHOST_USER_MEM_TABLE_REGIONS);
	}
	ret = vnic_user_rings_pause(user, true);
	if (ret == 0)
		ret = vnic_user_mem_unknown(user,
			vnic_user_mem_send_table(user, want));
	if (ret == 0)
		ret = vnic_user_rings_pause(user, false);
	if (ret == 0)
		RTE_SWAP(conn->mem, *want);
	return ret;
}

static int
vnic_user_mem_send_region(struct vnic_user *user, uint32_t request,
			  const struct vnic_vhost_region *r)
{
	struct vhost_user_mem_reg reg = { .padding = 0 };

	vnic_user_mem_wire(&reg.region, r);
	return vnic_vhost_set(&user->conn.chan, request, &reg, sizeof(reg),
		&r->fd, request == VHOST_USER_ADD_MEM_REG ? 1 : 0);
}

/** Take back regions that are no longer, whole, EAL's. */
static int
vnic_user_mem_remove(struct vnic_user *user, const struct vnic_vhost_mem *want)
{
	struct vnic_vhost_mem *mem = &user->conn.mem;
	unsigned int i = 0;
	int ret;

	while (i < mem->nr) {
		if (vnic_vhost_mem_holds(want, &mem->regions[i])) {
			i++;
			continue;
		}
		ret = vnic_user_mem_send_region(user, VHOST_USER_REM_MEM_REG,
			&mem->regions[i]);
		if (ret != 0)
			return vnic_user_mem_unknown(user, ret);
		vnic_vhost_mem_del(mem, i);
	}
	return 0;
}

/** Give those parts of @p r that the back end has not. */
static int
vnic_user_mem_add(struct vnic_user *user, const struct vnic_vhost_region *r)
{
	struct vnic_user_conn *conn = &user->conn;
	struct vnic_vhost_region part;
	uint64_t from = 0;
	int ret;

	while (vnic_vhost_mem_missing(&conn->mem, r, &from, &part)) {
		if (conn->mem.nr >= conn->mem_slots)
			return vnic_user_mem_too_many(user, conn->mem.nr + 1,
				conn->mem_slots);
		ret = vnic_user_mem_send_region(user, VHOST_USER_ADD_MEM_REG,
			&part);
		if (ret == 0)
			ret = vnic_vhost_mem_add(&conn->mem, &part);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static bool
vnic_user_mem_all_held(const struct vnic_vhost_mem *mem,
		       const struct vnic_vhost_mem *want)
{
	unsigned int i;

	for (i = 0; i < mem->nr; i++) {
		if (!vnic_vhost_mem_holds(want, &mem->regions[i]))
			return false;
	}
	return true;
}

/** Region by region: what stays is not touched, so rings run on. */
static int
vnic_user_mem_sync_slots(struct vnic_user *user,
			 const struct vnic_vhost_mem *want)
{
	bool pause = !vnic_user_mem_all_held(&user->conn.mem, want);
	unsigned int i;
	int resumed, ret = 0;

	if (pause)
		ret = vnic_user_rings_pause(user, true);
	if (ret == 0)
		ret = vnic_user_mem_remove(user, want);
	for (i = 0; ret == 0 && i < want->nr; i++)
		ret = vnic_user_mem_add(user, &want->regions[i]);
	if (!pause || user->conn.chan.broken)
		return ret;
	/* Also if there was no room: what it maps may still be used. */
	resumed = vnic_user_rings_pause(user, false);
	return ret != 0 ? ret : resumed;
}

/** As vnic_user_mem_sync, without what is about to be freed. */
static int
vnic_user_mem_sync_but(struct vnic_user *user, const void *skip,
		       size_t skip_len)
{
	struct vnic_vhost_mem want;
	int ret;

	if (!user->connected || user->conn.chan.broken)
		return 0;
	ret = vnic_vhost_mem_collect(&want, skip, skip_len);
	if (ret != 0)
		return ret;
	if (user->conn.mem_slots > 0)
		ret = vnic_user_mem_sync_slots(user, &want);
	else
		ret = vnic_user_mem_sync_table(user, &want);
	vnic_vhost_mem_free(&want);
	return ret;
}

int
vnic_user_mem_sync(struct vnic_user *user)
{
	return vnic_user_mem_sync_but(user, NULL, 0);
}

void
vnic_user_mem_lock(struct vnic_user *user)
{
	rte_mcfg_mem_read_lock();
	pthread_mutex_lock(&user->lock);
}

void
vnic_user_mem_unlock(struct vnic_user *user)
{
	pthread_mutex_unlock(&user->lock);
	rte_mcfg_mem_read_unlock();
}

/**
 * EAL calls this with its memory lock held: after it mapped [addr, addr +
 * len), before it unmaps it.
 */
static void
vnic_user_mem_event(enum rte_mem_event event, const void *addr, size_t len,
		    void *arg)
{
	struct vnic_user *user = arg;
	bool freed = event == RTE_MEM_EVENT_FREE;

	pthread_mutex_lock(&user->lock);
	/* An idle back end gets all of it when its rings are handed over; but
	 * one that maps freed memory would keep stale pages of it.
	 */
	if (vnic_user_mem_running(user) ||
	    (user->conn.mem_slots > 0 && freed && user->conn.mem.nr > 0)) {
		if (vnic_user_mem_sync_but(user, freed ? addr : NULL,
				freed ? len : 0) != 0)
			VNIC_LOG(ERR, "%s: the back end does not know of EAL's %s memory %p, length %zu",
				user->dev->name, freed ? "freed" : "new",
				addr, len);
	} else if (user->conn.mem_slots == 0) {
		vnic_vhost_mem_free(&user->conn.mem);
	}
	pthread_mutex_unlock(&user->lock);
}

static void
vnic_user_mem_event_name(const struct vnic_user *user, char *name, size_t len)
{
	snprintf(name, len, "vnic_user_%p", (const void *)user);
}

int
vnic_user_mem_start(struct vnic_user *user)
{
	char name[32];

	vnic_user_mem_event_name(user, name, sizeof(name));
	if (rte_mem_event_callback_register(name, vnic_user_mem_event,
			user) == 0)
		return 0;
	/* Memory that cannot change, --legacy-mem or --no-huge. */
	if (rte_errno == ENOTSUP)
		return 0;
	VNIC_LOG(ERR, "%s: cannot watch EAL's memory: %s", user->dev->name,
		rte_strerror(rte_errno));
	return -rte_errno;
}

void
vnic_user_mem_stop(struct vnic_user *user)
{
	char name[32];

	vnic_user_mem_event_name(user, name, sizeof(name));
	rte_mem_event_callback_unregister(name, user);
}
