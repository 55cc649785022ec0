/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_errno.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vnic_tx.h"
#include "vnic_tx_soft.h"

/*
 * rte_eth_tx_prepare: what a frame asks for is checked against its bytes, and
 * checksum fields get what the device expects to find there (virtio 1.4,
 * 5.1.6.2.1). Headers are to lie in the first segment, and not be shared.
 */

/* Asked for by no flag of vnic_hdr.h, and done by no virtio device. */
#define PREPARE_NEVER (RTE_MBUF_F_TX_SEC_OFFLOAD | RTE_MBUF_F_TX_MACSEC | \
		       RTE_MBUF_F_TX_IEEE1588_TMST)

static uint16_t
sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Sum of the pseudo-header of @p len bytes of @p proto behind @p l3. */
static uint16_t
sum_pseudo(const void *l3, bool ipv6, uint8_t proto, uint32_t len)
{
	const struct rte_ipv4_hdr *ip = l3;
	const struct rte_ipv6_hdr *ip6 = l3;
	uint32_t sum = rte_cpu_to_be_16(proto) +
		rte_cpu_to_be_16(len & 0xffff) + rte_cpu_to_be_16(len >> 16);

	if (ipv6)
		sum += rte_raw_cksum(&ip6->src_addr, sizeof(ip6->src_addr) +
				     sizeof(ip6->dst_addr));
	else
		sum += rte_raw_cksum(&ip->src_addr, sizeof(ip->src_addr) +
				     sizeof(ip->dst_addr));
	return sum_fold(sum);
}

/* An IP header of that family and length at @p off, which is in the frame. */
static bool
l3_is(const struct rte_mbuf *m, uint32_t off, uint32_t len, bool ipv6)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, off);

	if (ipv6)
		return len >= sizeof(struct rte_ipv6_hdr) && p[0] >> 4 == 6;
	return len >= sizeof(struct rte_ipv4_hdr) && p[0] >> 4 == 4 &&
		len == (uint32_t)(p[0] & 15) * RTE_IPV4_IHL_MULTIPLIER;
}

static bool
l4_is_tcp(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ||
		(!(m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) &&
		 (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) ==
		 RTE_MBUF_F_TX_TCP_CKSUM);
}

static bool
l4_is_udp(const struct rte_mbuf *m)
{
	return !l4_is_tcp(m) && (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG ||
		(m->ol_flags & RTE_MBUF_F_TX_L4_MASK) ==
		RTE_MBUF_F_TX_UDP_CKSUM);
}

/* Bytes of headers that are looked at: whole in the first segment. */
static int
check_room(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	uint32_t end = o->l4;

	if (l4_is_tcp(m))
		end += sizeof(struct rte_tcp_hdr);
	else if (l4_is_udp(m))
		end += sizeof(struct rte_udp_hdr);
	if (m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM)
		end = RTE_MAX(end, o->outer_l4 +
			      (uint32_t)sizeof(struct rte_udp_hdr));
	if (end > m->pkt_len)
		return -EINVAL;
	return end > m->data_len ? -ENOTSUP : 0;
}

static int
check_outer(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	const uint64_t ip = RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_OUTER_IPV6;
	const uint64_t asks = RTE_MBUF_F_TX_OUTER_IP_CKSUM |
		RTE_MBUF_F_TX_OUTER_UDP_CKSUM;

	if ((m->ol_flags & ip) == 0)
		return m->ol_flags & asks ? -EINVAL : 0;
	if ((m->ol_flags & ip) == ip ||
	    (m->ol_flags & RTE_MBUF_F_TX_OUTER_IPV6 &&
	     m->ol_flags & RTE_MBUF_F_TX_OUTER_IP_CKSUM))
		return -EINVAL;
	if (m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM && o->l4 != o->outer_l4 &&
	    o->l3 < o->outer_l4 + (uint32_t)sizeof(struct rte_udp_hdr))
		return -EINVAL;
	return l3_is(m, o->outer_l3, m->outer_l3_len,
		     m->ol_flags & RTE_MBUF_F_TX_OUTER_IPV6) ? 0 : -EINVAL;
}

/* The innermost headers, where anything is asked of them. */
static int
check_inner(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	const uint64_t ip = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;
	bool ipv6 = m->ol_flags & RTE_MBUF_F_TX_IPV6;
	const struct rte_tcp_hdr *tcp;

	if (!(m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | VNIC_TX_GSO_MASK |
			     RTE_MBUF_F_TX_IP_CKSUM)))
		return 0;
	if ((m->ol_flags & ip) == 0 || (m->ol_flags & ip) == ip ||
	    (ipv6 && m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) ||
	    !l3_is(m, o->l3, m->l3_len, ipv6))
		return -EINVAL;
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return 0;
	/* hdr_len is to be exact (GUEST_HDRLEN). */
	tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, o->l4);
	return m->l4_len == (tcp->data_off >> 4) * 4 ? 0 : -EINVAL;
}

/*
 * Length that the innermost pseudo-header names: to the end of a frame that
 * is to be cut, which IP cannot say; else what IP says, for a short frame may
 * be padded behind it.
 */
static uint32_t
inner_len(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	const void *l3 = rte_pktmbuf_mtod_offset(m, const void *, o->l3);
	const struct rte_ipv4_hdr *ip = l3;
	const struct rte_ipv6_hdr *ip6 = l3;

	if (m->ol_flags & VNIC_TX_GSO_MASK)
		return m->pkt_len - o->l4;
	if (m->ol_flags & RTE_MBUF_F_TX_IPV6)
		return rte_be_to_cpu_16(ip6->payload_len) + sizeof(*ip6) -
			m->l3_len;
	return (uint32_t)rte_be_to_cpu_16(ip->total_length) - m->l3_len;
}

static int
fill_inner(struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	bool ipv6 = m->ol_flags & RTE_MBUF_F_TX_IPV6, tcp = l4_is_tcp(m);
	const void *l3 = rte_pktmbuf_mtod_offset(m, const void *, o->l3);
	struct rte_tcp_hdr *th;
	struct rte_udp_hdr *uh;
	uint32_t len = inner_len(m, o);
	uint16_t sum;

	/* A length below the IP header's has wrapped. */
	if (len > m->pkt_len - o->l4 || len < (tcp ? sizeof(*th) : sizeof(*uh)))
		return -EINVAL;
	sum = sum_pseudo(l3, ipv6, tcp ? IPPROTO_TCP : IPPROTO_UDP, len);
	if (tcp) {
		th = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, o->l4);
		th->cksum = sum;
		return 0;
	}
	uh = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, o->l4);
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) {
		if (len > UINT16_MAX)
			return -EINVAL;
		uh->dgram_len = rte_cpu_to_be_16(len);
	}
	uh->dgram_cksum = sum;
	return 0;
}

/*
 * A complete outer sum without a look at the payload: once the device has
 * completed the inner one, all that it covers sums up to the complement of
 * its pseudo-header, which is in its checksum field now.
 */
static uint16_t
outer_sum_local(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o,
		uint16_t pseudo)
{
	uint32_t at = o->l4 + (l4_is_tcp(m) ?
		offsetof(struct rte_tcp_hdr, cksum) :
		offsetof(struct rte_udp_hdr, dgram_cksum));
	uint32_t before = o->l4 - o->outer_l4;
	uint16_t inner;

	memcpy(&inner, rte_pktmbuf_mtod_offset(m, const uint8_t *, at),
	       sizeof(inner));
	inner = ~inner;
	if (before & 1)
		inner = rte_bswap16(inner);
	inner = sum_fold((uint32_t)pseudo + inner +
		rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *,
						      o->outer_l4), before));
	return inner == UINT16_MAX ? inner : (uint16_t)~inner;
}

static int
fill_outer(struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	bool gso = m->ol_flags & VNIC_TX_GSO_MASK;
	bool inner = l4_is_tcp(m) || l4_is_udp(m);
	struct rte_udp_hdr *uh = rte_pktmbuf_mtod_offset(m,
			struct rte_udp_hdr *, o->outer_l4);
	uint32_t len = m->pkt_len - o->outer_l4;
	uint16_t pseudo;

	if (!gso && rte_be_to_cpu_16(uh->dgram_len) != len)
		return -EINVAL;
	pseudo = sum_pseudo(rte_pktmbuf_mtod_offset(m, const void *,
						    o->outer_l3),
			    m->ol_flags & RTE_MBUF_F_TX_OUTER_IPV6,
			    IPPROTO_UDP, len);
	uh->dgram_cksum = pseudo;
	if (gso || !inner)
		return 0;
	/* It covers the inner IPv4 header, so that has to be complete. */
	if (vnic_tx_ip_sums(m) != 0)
		return -EINVAL;
	uh->dgram_cksum = 0;
	uh->dgram_cksum = outer_sum_local(m, o, pseudo);
	return 0;
}

/* Without an offload the outer sum of each segment would be another one. */
static int
check_outer_sum(const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	const struct rte_udp_hdr *uh;

	if (!(m->ol_flags & VNIC_TX_GSO_MASK) || o->outer_l4 == 0 ||
	    m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM)
		return 0;
	uh = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *,
				     o->outer_l4);
	return uh->dgram_cksum == 0 ? 0 : -EINVAL;
}

/*
 * The processor's own work is done only where the queue was configured for it:
 * the frame would go out without its tag, or with a wrong sum.
 */
static bool
soft_is_had(const struct vnic_txq *txq, uint64_t ol_flags)
{
	uint32_t soft = __atomic_load_n(&txq->soft, __ATOMIC_RELAXED);

	if (ol_flags & RTE_MBUF_F_TX_QINQ && !(soft & VNIC_TX_SOFT_QINQ))
		return false;
	if (ol_flags & RTE_MBUF_F_TX_VLAN && !(soft & VNIC_TX_SOFT_VLAN) &&
	    !(ol_flags & RTE_MBUF_F_TX_QINQ))
		return false;
	/* Rows that hand sums to the device make these too. */
	return !(ol_flags & (RTE_MBUF_F_TX_IP_CKSUM |
			     RTE_MBUF_F_TX_OUTER_IP_CKSUM)) ||
		txq->hdr_can & VNIC_HDR_CSUM ||
		txq->offloads & (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
				 RTE_ETH_TX_OFFLOAD_OUTER_IPV4_CKSUM);
}

static int
prepare_one(const struct vnic_txq *txq, struct rte_mbuf *m)
{
	struct virtio_net_hdr_outer hdr = { .outer_nh_offset = 0 };
	struct vnic_hdr_offsets o;
	int ret;

	if (m->ol_flags & PREPARE_NEVER || !soft_is_had(txq, m->ol_flags))
		return -ENOTSUP;
	ret = vnic_tx_check(txq, m);
	if (ret != 0 || !(m->ol_flags & VNIC_TX_OFFLOAD_MASK))
		return ret;
	o = vnic_hdr_tx_offsets(m);
	ret = check_room(m, &o);
	if (ret == 0)
		ret = vnic_hdr_from_mbuf(&hdr, txq->hdr_can, m);
	if (ret == 0)
		ret = check_outer(m, &o);
	if (ret == 0)
		ret = check_inner(m, &o);
	if (ret == 0)
		ret = check_outer_sum(m, &o);
	if (ret == 0 && (l4_is_tcp(m) || l4_is_udp(m)))
		ret = fill_inner(m, &o);
	if (ret == 0 && m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM)
		ret = fill_outer(m, &o);
	return ret;
}

uint16_t
vnic_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t i;

	for (i = 0; i < nb; i++) {
		int ret = prepare_one(queue, pkts[i]);

		if (ret != 0) {
			rte_errno = -ret;
			break;
		}
	}
	return i;
}
