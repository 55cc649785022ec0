/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_STATS_H
#define VNIC_STATS_H

#include <stddef.h>
#include <stdint.h>

#include <ethdev_driver.h>

#include "vnic_compat.h"
#include "vnic_queue.h"

/**
 * @file
 * Counters as the application sees them. The lcores' counters only grow: a
 * reset keeps their values of that moment and subtracts them later. All of
 * it works in any process.
 */

struct vnic_dev;

/**
 * A counter since its last reset. The base is read first: a reset in another
 * thread or process may be between the two, and a base is never above a
 * counter that is read after it.
 */
static inline uint64_t
vnic_stats_since(const uint64_t *counter, const uint64_t *base)
{
	/* Partner: the release in vnic_stats_base_set. */
	uint64_t then = __atomic_load_n(base, __ATOMIC_ACQUIRE);

	return __atomic_load_n(counter, __ATOMIC_RELAXED) - then;
}

/** Counters are 0 from now on. */
static inline void
vnic_stats_base_set(void *base, const void *counters, size_t bytes)
{
	const uint64_t *from = counters;
	uint64_t *to = base;
	size_t i;

	/* Partner: the acquire in vnic_stats_since. */
	for (i = 0; i < bytes / sizeof(*to); i++)
		__atomic_store_n(&to[i], __atomic_load_n(&from[i],
				 __ATOMIC_RELAXED), __ATOMIC_RELEASE);
}

/** Counters at the last reset, for every queue that a port can have. */
int
vnic_stats_alloc(struct vnic_dev *dev);
void
vnic_stats_free(struct vnic_dev *dev);

/** A queue whose counters are 0 is about to take this place. Locked. */
void
vnic_stats_rxq_begin(struct vnic_dev *dev, uint16_t queue_id);
void
vnic_stats_txq_begin(struct vnic_dev *dev, uint16_t queue_id);

/** @p qstats may be NULL. */
int
vnic_stats_get(struct rte_eth_dev *eth_dev, struct rte_eth_stats *stats,
	       struct eth_queue_stats *qstats);
/**
 * Count a queue in the @p slot-th q_... of rte_eth_stats, beside those that are
 * there already; at first each queue has its own, as far as there are any.
 */
int
vnic_stats_map_queue(struct rte_eth_dev *eth_dev, uint16_t queue_id,
		     uint8_t slot, uint8_t is_rx);
int
vnic_stats_reset(struct rte_eth_dev *eth_dev);

/**
 * What a question for extended statistics is answered with: names, values, or
 * nothing but their number. Nothing is written beyond @p room.
 */
struct vnic_xstats {
	struct rte_eth_xstat_name *names;	/**< or NULL */
	struct rte_eth_xstat *values;		/**< or NULL */
	unsigned int room;
	unsigned int nb;	/**< so far, those that had no room too */
};
/** The next one; its id is its place. */
void
vnic_xstats_add(struct vnic_xstats *x, uint64_t value, const char *format, ...)
	__rte_format_printf(3, 4);
int
vnic_xstats_get(struct rte_eth_dev *eth_dev, struct rte_eth_xstat *xstats,
		unsigned int n);
int
vnic_xstats_get_names(struct rte_eth_dev *eth_dev,
		      struct rte_eth_xstat_name *names, unsigned int n);

/** Counters of a queue, all 64-bit, by name and offset in the structs. */
struct vnic_stats_field {
	const char *name;
	uint16_t offset;
};
const struct vnic_stats_field *
vnic_stats_rxq_fields(unsigned int *nb);
const struct vnic_stats_field *
vnic_stats_txq_fields(unsigned int *nb);
/** Name of a violation kind; see enum vnic_violation. */
const char *
vnic_stats_violation_name(unsigned int kind);

#endif /* VNIC_STATS_H */
