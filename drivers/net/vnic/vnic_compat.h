/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COMPAT_H
#define VNIC_COMPAT_H

#include <string.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_pci.h>
#include <rte_version.h>

#include <ethdev_driver.h>

/**
 * @file
 * The only place that knows how DPDK releases differ, from 22.11 on. The
 * driver is written for the newest; what follows makes an older one look so.
 */

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "vnic needs DPDK >= 22.11"
#endif

#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#define rte_tel_data_add_array_uint rte_tel_data_add_array_u64
#define RTE_TEL_UINT_VAL RTE_TEL_U64_VAL
#endif

/* Since 25.03: struct __rte_packed_begin name { ... } __rte_packed_end; */
#ifndef __rte_packed_begin
#define __rte_packed_begin
#define __rte_packed_end __attribute__((__packed__))
#endif

#ifndef RTE_PCI_CAP_ID_VNDR
#define RTE_PCI_STATUS 0x06
#define RTE_PCI_STATUS_CAP_LIST 0x10
#define RTE_PCI_CAPABILITY_LIST 0x34
#define RTE_PCI_CAP_ID_VNDR 0x09
#define RTE_PCI_CAP_ID_MSIX 0x11
#define RTE_PCI_MSIX_FLAGS 2
#define RTE_PCI_MSIX_FLAGS_ENABLE 0x8000
#endif

/** What eth_dev_ops.rx_queue_count returns; an error cannot be told before 25.11. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
typedef int vnic_queue_count_t;
#else
typedef uint32_t vnic_queue_count_t;
#endif

/**
 * VNIC_COMPAT_STATS_GET(name) makes name##_op, for eth_dev_ops.stats_get, of
 *   int name(struct rte_eth_dev *, struct rte_eth_stats *, struct eth_queue_stats *)
 * whose last argument may be NULL.
 */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
#define VNIC_COMPAT_STATS_GET(name) \
static int \
name##_op(struct rte_eth_dev *dev, struct rte_eth_stats *stats, \
	struct eth_queue_stats *qstats) \
{ \
	return name(dev, stats, qstats); \
} \
_Static_assert(1, "takes the semicolon")
#else
struct eth_queue_stats {
	uint64_t q_ipackets[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_opackets[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_ibytes[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_obytes[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_errors[RTE_ETHDEV_QUEUE_STAT_CNTRS];
};

static inline void
vnic_compat_queue_stats(struct rte_eth_stats *stats,
	const struct eth_queue_stats *qstats)
{
	memcpy(stats->q_ipackets, qstats->q_ipackets, sizeof(stats->q_ipackets));
	memcpy(stats->q_opackets, qstats->q_opackets, sizeof(stats->q_opackets));
	memcpy(stats->q_ibytes, qstats->q_ibytes, sizeof(stats->q_ibytes));
	memcpy(stats->q_obytes, qstats->q_obytes, sizeof(stats->q_obytes));
	memcpy(stats->q_errors, qstats->q_errors, sizeof(stats->q_errors));
}

#define VNIC_COMPAT_STATS_GET(name) \
static int \
name##_op(struct rte_eth_dev *dev, struct rte_eth_stats *stats) \
{ \
	struct eth_queue_stats qstats = { .q_ipackets = { 0 } }; \
	int ret = name(dev, stats, &qstats); \
\
	if (ret == 0) \
		vnic_compat_queue_stats(stats, &qstats); \
	return ret; \
} \
_Static_assert(1, "takes the semicolon")
#endif

/**
 * VNIC_COMPAT_PTYPES_GET(name) makes name##_op, for
 * eth_dev_ops.dev_supported_ptypes_get, of
 *   const uint32_t *name(struct rte_eth_dev *, size_t *nb)
 * whose array ends, after the nb types, with RTE_PTYPE_UNKNOWN.
 */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define VNIC_COMPAT_PTYPES_GET(name) \
static const uint32_t * \
name##_op(struct rte_eth_dev *dev, size_t *nb) \
{ \
	return name(dev, nb); \
} \
_Static_assert(1, "takes the semicolon")
#else
#define VNIC_COMPAT_PTYPES_GET(name) \
static const uint32_t * \
name##_op(struct rte_eth_dev *dev) \
{ \
	size_t nb; \
\
	return name(dev, &nb); \
} \
_Static_assert(1, "takes the semicolon")
#endif

#endif /* VNIC_COMPAT_H */
