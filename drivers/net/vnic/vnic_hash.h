/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_HASH_H
#define VNIC_HASH_H

#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include <virtio_net.h>

/**
 * @file
 * Hash types (virtio 1.4, 5.1.6.4.3) as ethdev and mbufs have them. Pure.
 */

/** RTE_ETH_RSS_* of VIRTIO_NET_HASH_TYPE_*; types not known give nothing. */
uint64_t
vnic_hash_rss_hf(uint32_t hash_types);

/**
 * VIRTIO_NET_HASH_TYPE_* of RTE_ETH_RSS_*.
 *
 * @param rest the bits of @p rss_hf that no hash type stands for.
 */
uint32_t
vnic_hash_types(uint64_t rss_hf, uint64_t *rest);

/** What an mbuf says of each hash_report; a power of two of them. */
#define VNIC_HASH_REPORTS 16
static_assert(VIRTIO_NET_HASH_REPORT_MAX <= VNIC_HASH_REPORTS,
	      "vnic_hash_report");
struct vnic_hash_report {
	uint32_t packet_type;
	uint32_t ol_flags;	/**< RTE_MBUF_F_RX_RSS_HASH, or 0 */
};
extern const struct vnic_hash_report vnic_hash_reports[VNIC_HASH_REPORTS];

/** A received header's hash, in mbuf terms. */
struct vnic_hash {
	uint32_t value;
	struct vnic_hash_report report;
};

/**
 * Read the hash of a received header that has one (HASH_REPORT); a report
 * that virtio 1.4 does not define is none.
 *
 * @param ptype_mask 0 if the report may be that of an inner header, which
 *   says nothing of the packet's own type; else all ones.
 */
static __rte_always_inline struct vnic_hash
vnic_hash_read(const void *hdr, uint32_t ptype_mask)
{
	const struct virtio_net_hdr_hash *h = hdr;
	/* Once: the device may change it between the check and the use. */
	uint16_t report = rte_le_to_cpu_16(__atomic_load_n(&h->hash_report,
							   __ATOMIC_RELAXED));
	struct vnic_hash hash = { .value = rte_le_to_cpu_32(h->hash_value) };

	if (unlikely(report >= VNIC_HASH_REPORTS))
		report = VIRTIO_NET_HASH_REPORT_NONE;
	hash.report = vnic_hash_reports[report];
	hash.report.packet_type &= ptype_mask;
	return hash;
}

#endif /* VNIC_HASH_H */
