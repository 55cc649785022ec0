/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_ethdev.h>

#include "vnic_hash.h"

static const struct {
	uint32_t type;
	uint64_t rss_hf;
} hash_types[] = {
	{ VIRTIO_NET_HASH_TYPE(IPv4), RTE_ETH_RSS_IPV4 },
	{ VIRTIO_NET_HASH_TYPE(TCPv4), RTE_ETH_RSS_NONFRAG_IPV4_TCP },
	{ VIRTIO_NET_HASH_TYPE(UDPv4), RTE_ETH_RSS_NONFRAG_IPV4_UDP },
	{ VIRTIO_NET_HASH_TYPE(IPv6), RTE_ETH_RSS_IPV6 },
	{ VIRTIO_NET_HASH_TYPE(TCPv6), RTE_ETH_RSS_NONFRAG_IPV6_TCP },
	{ VIRTIO_NET_HASH_TYPE(UDPv6), RTE_ETH_RSS_NONFRAG_IPV6_UDP },
	{ VIRTIO_NET_HASH_TYPE(IPv6_EX), RTE_ETH_RSS_IPV6_EX },
	{ VIRTIO_NET_HASH_TYPE(TCPv6_EX), RTE_ETH_RSS_IPV6_TCP_EX },
	{ VIRTIO_NET_HASH_TYPE(UDPv6_EX), RTE_ETH_RSS_IPV6_UDP_EX },
};

uint64_t
vnic_hash_rss_hf(uint32_t types)
{
	uint64_t rss_hf = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hash_types); i++)
		if (types & hash_types[i].type)
			rss_hf |= hash_types[i].rss_hf;
	return rss_hf;
}

uint32_t
vnic_hash_types(uint64_t rss_hf, uint64_t *rest)
{
	uint32_t types = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hash_types); i++) {
		if (rss_hf & hash_types[i].rss_hf)
			types |= hash_types[i].type;
		rss_hf &= ~hash_types[i].rss_hf;
	}
	*rest = rss_hf;
	return types;
}

/*
 * Whether there are options or extension headers is told by *_EX alone: for
 * the others a device may have skipped them (5.1.6.4.3.4). Layer 2 is not
 * told at all, there may be tags.
 */
#define V4 RTE_PTYPE_L3_IPV4_EXT_UNKNOWN
#define V6 RTE_PTYPE_L3_IPV6_EXT_UNKNOWN
#define EX RTE_PTYPE_L3_IPV6_EXT
#define TCP RTE_PTYPE_L4_TCP
#define UDP RTE_PTYPE_L4_UDP
#define REPORT(name, ptype) [VIRTIO_NET_HASH_REPORT_##name] = { \
	ptype, RTE_MBUF_F_RX_RSS_HASH }

static_assert(RTE_MBUF_F_RX_RSS_HASH <= UINT32_MAX, "vnic_hash_report");

const struct vnic_hash_report vnic_hash_reports[VNIC_HASH_REPORTS] = {
	REPORT(IPv4, V4), REPORT(TCPv4, V4 | TCP), REPORT(UDPv4, V4 | UDP),
	REPORT(IPv6, V6), REPORT(TCPv6, V6 | TCP), REPORT(UDPv6, V6 | UDP),
	REPORT(IPv6_EX, EX), REPORT(TCPv6_EX, EX | TCP),
	REPORT(UDPv6_EX, EX | UDP),
};
