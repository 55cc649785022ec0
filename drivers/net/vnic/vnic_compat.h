/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COMPAT_H
#define VNIC_COMPAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_pci.h>
#include <rte_version.h>

/**
 * @file
 * The only place that knows how DPDK releases differ, from 22.11 on. The
 * build includes it ahead of every source of the driver, as DPDK does with
 * rte_config.h, so that no source has to think of it.
 */

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "vnic needs DPDK >= 22.11"
#endif

#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#define rte_tel_data_add_array_uint rte_tel_data_add_array_u64
#define RTE_TEL_UINT_VAL RTE_TEL_U64_VAL
#endif

/* 25.03 wants the attribute at both ends for the sake of another compiler. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 3, 0, 0)
#undef __rte_packed
#define __rte_packed __attribute__((__packed__))
#endif

#if RTE_VERSION >= RTE_VERSION_NUM(26, 7, 0, 0)
#define RTE_ETH_DEV_TO_PCI(eth_dev) \
	RTE_CLASS_TO_BUS_DEVICE(eth_dev, struct rte_pci_device)
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

/** Say that the hash is Toeplitz's; before 23.11 it could not be another. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define VNIC_COMPAT_RSS_TOEPLITZ_CAPA(info) \
	((info)->rss_algo_capa |= RTE_ETH_HASH_ALGO_CAPA_MASK(TOEPLITZ))
#define VNIC_COMPAT_RSS_TOEPLITZ(conf) \
	((conf)->algorithm = RTE_ETH_HASH_FUNCTION_TOEPLITZ)
#else
#define VNIC_COMPAT_RSS_TOEPLITZ_CAPA(info) RTE_SET_USED(info)
#define VNIC_COMPAT_RSS_TOEPLITZ(conf) RTE_SET_USED(conf)
#endif

/** What eth_dev_ops.rx_queue_count returns; an error cannot be told before 25.11. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
typedef int vnic_queue_count_t;
#else
typedef uint32_t vnic_queue_count_t;
#endif

/**
 * rte_eth_recycle_mbufs came with 23.11; before, the driver's two halves can
 * be built and tried, and ethdev knows nothing of them.
 */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define VNIC_COMPAT_RECYCLE_OPS(info) .recycle_rxq_info_get = info,
#define VNIC_COMPAT_RECYCLE_SET(eth_dev, reuse, refill) do { \
	(eth_dev)->recycle_tx_mbufs_reuse = (reuse); \
	(eth_dev)->recycle_rx_descriptors_refill = (refill); \
} while (0)
#else
struct rte_mbuf;
struct rte_mempool;
struct rte_eth_recycle_rxq_info {
	struct rte_mbuf **mbuf_ring;
	struct rte_mempool *mp;
	uint16_t *refill_head;
	uint16_t *receive_tail;
	uint16_t mbuf_ring_size;
	uint16_t refill_requirement;
};
#define VNIC_COMPAT_RECYCLE_OPS(info)
#define VNIC_COMPAT_RECYCLE_SET(eth_dev, reuse, refill) do { \
	RTE_SET_USED(reuse); \
	RTE_SET_USED(refill); \
} while (0)
#endif

/** eth_dev.tx_queue_count, which 24.03 brought. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define VNIC_COMPAT_TX_COUNT_SET(eth_dev, fn) ((eth_dev)->tx_queue_count = (fn))
#else
#define VNIC_COMPAT_TX_COUNT_SET(eth_dev, fn) RTE_SET_USED(fn)
#endif

/** Pointers of struct rte_eth_fp_ops that are not in every release. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define VNIC_COMPAT_FP_SET(fp, eth_dev) do { \
	(fp)->tx_queue_count = (eth_dev)->tx_queue_count; \
	(fp)->recycle_tx_mbufs_reuse = (eth_dev)->recycle_tx_mbufs_reuse; \
	(fp)->recycle_rx_descriptors_refill = \
		(eth_dev)->recycle_rx_descriptors_refill; \
} while (0)
#elif RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define VNIC_COMPAT_FP_SET(fp, eth_dev) do { \
	(fp)->recycle_tx_mbufs_reuse = (eth_dev)->recycle_tx_mbufs_reuse; \
	(fp)->recycle_rx_descriptors_refill = \
		(eth_dev)->recycle_rx_descriptors_refill; \
} while (0)
#else
#define VNIC_COMPAT_FP_SET(fp, eth_dev) RTE_SET_USED(fp)
#endif

/** For eth_dev.tx_pkt_prepare: nothing to do. 25.11 calls it unasked. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
#define VNIC_COMPAT_TX_PREPARE_NONE rte_eth_tx_pkt_prepare_dummy
#else
#define VNIC_COMPAT_TX_PREPARE_NONE NULL
#endif

/**
 * VNIC_COMPAT_STATS_GET(name) defines name##_op, for eth_dev_ops.stats_get, by
 *   int name(struct rte_eth_dev *, struct rte_eth_stats *, struct eth_queue_stats *)
 * whose last argument may be NULL. A header declares
 *   int name##_op(VNIC_COMPAT_STATS_GET_ARGS);
 */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
#define VNIC_COMPAT_STATS_GET_ARGS struct rte_eth_dev *dev, \
	struct rte_eth_stats *stats, struct eth_queue_stats *qstats

#define VNIC_COMPAT_STATS_GET(name) \
int \
name##_op(VNIC_COMPAT_STATS_GET_ARGS); \
int \
name##_op(VNIC_COMPAT_STATS_GET_ARGS) \
{ \
	return name(dev, stats, qstats); \
} \
_Static_assert(1, "takes the semicolon")
#else
#define VNIC_COMPAT_STATS_GET_ARGS struct rte_eth_dev *dev, \
	struct rte_eth_stats *stats

struct eth_queue_stats {
	uint64_t q_ipackets[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_opackets[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_ibytes[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_obytes[RTE_ETHDEV_QUEUE_STAT_CNTRS];
	uint64_t q_errors[RTE_ETHDEV_QUEUE_STAT_CNTRS];
};

#define VNIC_COMPAT_STATS_GET(name) \
int \
name##_op(VNIC_COMPAT_STATS_GET_ARGS); \
int \
name##_op(VNIC_COMPAT_STATS_GET_ARGS) \
{ \
	struct eth_queue_stats q = { .q_ipackets = { 0 } }; \
	int ret = name(dev, stats, &q); \
\
	if (ret != 0) \
		return ret; \
	memcpy(stats->q_ipackets, q.q_ipackets, sizeof(q.q_ipackets)); \
	memcpy(stats->q_opackets, q.q_opackets, sizeof(q.q_opackets)); \
	memcpy(stats->q_ibytes, q.q_ibytes, sizeof(q.q_ibytes)); \
	memcpy(stats->q_obytes, q.q_obytes, sizeof(q.q_obytes)); \
	memcpy(stats->q_errors, q.q_errors, sizeof(q.q_errors)); \
	return 0; \
} \
_Static_assert(1, "takes the semicolon")
#endif

/**
 * VNIC_COMPAT_PTYPES_GET(name) defines name##_op, for
 * eth_dev_ops.dev_supported_ptypes_get, by
 *   const uint32_t *name(struct rte_eth_dev *, size_t *nb)
 * whose array ends, after the nb types, with RTE_PTYPE_UNKNOWN. A header
 * declares
 *   const uint32_t *name##_op(VNIC_COMPAT_PTYPES_GET_ARGS);
 */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define VNIC_COMPAT_PTYPES_GET_ARGS struct rte_eth_dev *dev, size_t *nb
#define VNIC_COMPAT_PTYPES_NB
#else
#define VNIC_COMPAT_PTYPES_GET_ARGS struct rte_eth_dev *dev
#define VNIC_COMPAT_PTYPES_NB size_t count, *nb = &count;
#endif

#define VNIC_COMPAT_PTYPES_GET(name) \
const uint32_t * \
name##_op(VNIC_COMPAT_PTYPES_GET_ARGS); \
const uint32_t * \
name##_op(VNIC_COMPAT_PTYPES_GET_ARGS) \
{ \
	VNIC_COMPAT_PTYPES_NB \
	return name(dev, nb); \
} \
_Static_assert(1, "takes the semicolon")

#endif /* VNIC_COMPAT_H */
