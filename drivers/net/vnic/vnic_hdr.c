/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vnic_hdr.h"

static uint16_t
tx_csum_offset(uint64_t l4)
{
	switch (l4) {
	case RTE_MBUF_F_TX_UDP_CKSUM:
		return offsetof(struct rte_udp_hdr, dgram_cksum);
	case RTE_MBUF_F_TX_TCP_CKSUM:
		return offsetof(struct rte_tcp_hdr, cksum);
	default:
		return 0;
	}
}

void
vnic_hdr_from_mbuf(struct virtio_net_hdr *hdr, const struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint16_t start = m->l2_len + m->l3_len;

	memset(hdr, 0, sizeof(*hdr));
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		l4 = RTE_MBUF_F_TX_TCP_CKSUM;
	if (l4 != RTE_MBUF_F_TX_UDP_CKSUM && l4 != RTE_MBUF_F_TX_TCP_CKSUM)
		return;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = rte_cpu_to_le_16(start);
	hdr->csum_offset = rte_cpu_to_le_16(tx_csum_offset(l4));
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return;
	hdr->gso_type = m->ol_flags & RTE_MBUF_F_TX_IPV6 ?
		VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	hdr->gso_size = rte_cpu_to_le_16(m->tso_segsz);
	hdr->hdr_len = rte_cpu_to_le_16(start + m->l4_len);
}

static int
rx_gso(struct rte_mbuf *m, const struct virtio_net_hdr *hdr)
{
	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return hdr->gso_type == 0 ? 0 : -EPROTO;
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		m->tso_segsz = rte_le_to_cpu_16(hdr->gso_size);
		if (m->tso_segsz == 0)
			return -EPROTO;
		m->ol_flags |= RTE_MBUF_F_RX_LRO;
		return 0;
	default:
		return -EPROTO;
	}
}

int
vnic_hdr_to_mbuf(struct rte_mbuf *m, const struct virtio_net_hdr *hdr)
{
	struct rte_net_hdr_lens lens;

	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		uint32_t start = rte_le_to_cpu_16(hdr->csum_start);
		uint32_t offset = rte_le_to_cpu_16(hdr->csum_offset);

		/* The sum is to be finished inside the frame. */
		if (start + offset + sizeof(uint16_t) > m->pkt_len)
			return -EPROTO;
		m->packet_type = rte_net_get_ptype(m, &lens, RTE_PTYPE_ALL_MASK);
		/* Not in the frame, and known good: never left the host. */
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	} else if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	}
	return rx_gso(m, hdr);
}
