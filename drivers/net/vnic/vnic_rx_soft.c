/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vnic_queue.h"
#include "vnic_rx_soft.h"

eth_rx_burst_t vnic_rx_soft_rows[RTE_MAX_ETHPORTS];

/** Extension headers of one IPv6 frame that are walked. */
#define IP6_EXT_MAX 8

/* A private copy: the device may still write to what it has delivered. */
static bool
soft_read(const struct rte_mbuf *m, uint32_t off, uint32_t len, void *dst)
{
	const void *p = rte_pktmbuf_read(m, off, len, dst);

	if (p == NULL)
		return false;
	if (p != dst)
		memcpy(dst, p, len);
	rte_compiler_barrier();
	return true;
}

/* ---- tags ---- */

#define TAG_LEN RTE_VLAN_HLEN
#define MACS_LEN (2 * RTE_ETHER_ADDR_LEN)

struct soft_tag {
	rte_be16_t tpid;
	rte_be16_t tci;
};

/* Take @p len bytes out from behind the addresses. */
static void
strip_bytes(struct rte_mbuf *m, uint16_t len)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(p + len, p, MACS_LEN);
	m->data_off += len;
	m->data_len -= len;
	m->pkt_len -= len;
	/* Where the row has set a type it was of the frame with its tags. */
	if (m->packet_type & RTE_PTYPE_L2_MASK)
		m->packet_type = (m->packet_type & ~RTE_PTYPE_L2_MASK) |
			RTE_PTYPE_L2_ETHER;
}

void
vnic_rx_soft_strip(struct rte_mbuf *m, uint32_t soft)
{
	const rte_be16_t dot1q = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	const rte_be16_t dot1ad = RTE_BE16(RTE_ETHER_TYPE_QINQ);
	struct soft_tag tag[2] = { { 0 } };

	if (m->data_len < RTE_ETHER_HDR_LEN + TAG_LEN)
		return;
	memcpy(tag, rte_pktmbuf_mtod_offset(m, void *, MACS_LEN),
	       m->data_len < RTE_ETHER_HDR_LEN + 2 * TAG_LEN ?
	       sizeof(tag[0]) : sizeof(tag));
	rte_compiler_barrier();
	if ((soft & VNIC_RX_SOFT_QINQ) && tag[1].tpid == dot1q &&
	    (tag[0].tpid == dot1ad || tag[0].tpid == dot1q)) {
		m->vlan_tci_outer = rte_be_to_cpu_16(tag[0].tci);
		m->vlan_tci = rte_be_to_cpu_16(tag[1].tci);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_QINQ |
			RTE_MBUF_F_RX_VLAN_STRIPPED |
			RTE_MBUF_F_RX_QINQ_STRIPPED;
		strip_bytes(m, 2 * TAG_LEN);
	} else if ((soft & VNIC_RX_SOFT_VLAN) && tag[0].tpid == dot1q) {
		m->vlan_tci = rte_be_to_cpu_16(tag[0].tci);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		strip_bytes(m, TAG_LEN);
	}
}

/* ---- checksums ---- */

/** What an IP header says of the protocol above it. */
struct soft_l4 {
	uint32_t off;		/**< of its header in the frame */
	uint32_t len;		/**< with its header */
	uint32_t sum;		/**< of the two addresses */
	uint8_t proto;
	bool v6;
	bool known;		/**< there is something to verify */
	bool cut;		/**< the frame ends before it does */
};

/* Offset of the IP header, and its Ethernet type; 0 for a short frame. */
static uint16_t
soft_l3(const struct rte_mbuf *m, uint32_t *off)
{
	unsigned int tags;
	rte_be16_t type;

	*off = MACS_LEN;
	for (tags = 0; tags < 3; tags++) {
		if (!soft_read(m, *off, sizeof(type), &type))
			return 0;
		if (type != RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
		    type != RTE_BE16(RTE_ETHER_TYPE_QINQ)) {
			*off += sizeof(type);
			return rte_be_to_cpu_16(type);
		}
		*off += TAG_LEN;
	}
	return 0;
}

/*
 * Sum of @p len bytes from @p off on, folded to 16 bits; false if they are
 * not all in the frame. What begins at an odd byte counts with its bytes
 * swapped.
 */
static bool
soft_raw_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len,
	     uint16_t *out)
{
	uint32_t sum = 0, done = 0;

	for (; m != NULL && done < len; m = m->next) {
		uint32_t part;
		uint16_t one;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = RTE_MIN(m->data_len - off, len - done);
		one = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, void *, off),
				    part);
		sum += done % 2 == 0 ? one : rte_bswap16(one);
		done += part;
		off = 0;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	*out = (sum & 0xffff) + (sum >> 16);
	return done == len;
}

static uint64_t
soft_ipv4(const struct rte_mbuf *m, uint32_t off, struct soft_l4 *l4)
{
	const uint16_t parts = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
	struct rte_ipv4_hdr ip;
	uint32_t len, total;
	uint16_t sum;

	if (!soft_read(m, off, sizeof(ip), &ip))
		return RTE_MBUF_F_RX_IP_CKSUM_BAD;
	len = rte_ipv4_hdr_len(&ip);
	total = rte_be_to_cpu_16(ip.total_length);
	if (ip.version_ihl >> 4 != 4 || len < sizeof(ip) || total < len ||
	    !soft_raw_sum(m, off, len, &sum))
		return RTE_MBUF_F_RX_IP_CKSUM_BAD;
	l4->off = off + len;
	l4->len = total - len;
	l4->cut = off + total > m->pkt_len;
	l4->sum = rte_raw_cksum(&ip.src_addr, 2 * sizeof(ip.src_addr));
	l4->proto = ip.next_proto_id;
	l4->known = (rte_be_to_cpu_16(ip.fragment_offset) & parts) == 0;
	return sum == 0xffff ? RTE_MBUF_F_RX_IP_CKSUM_GOOD :
		RTE_MBUF_F_RX_IP_CKSUM_BAD;
}

/*
 * The extension header of type l4->proto at l4->off, of which only the first
 * eight bytes matter; l4 is what follows it. False: no sum can be told.
 */
static bool
soft_ip6_ext(const struct rte_mbuf *m, struct soft_l4 *l4)
{
	uint8_t ext[8];
	uint32_t len;

	if (!soft_read(m, l4->off, sizeof(ext), ext))
		return false;
	switch (l4->proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		len = (ext[1] + 1) * 8;
		break;
	case IPPROTO_ROUTING:
		/* The last destination counts, which is not in the header. */
		if (ext[3] != 0)
			return false;
		len = (ext[1] + 1) * 8;
		break;
	case IPPROTO_FRAGMENT:
		if (ext[2] != 0 || (ext[3] & ~0x6) != 0)
			return false;
		len = sizeof(ext);
		break;
	case IPPROTO_AH:
		len = (ext[1] + 2) * 4;
		break;
	default:
		return false;
	}
	if (len > l4->len)
		return false;
	l4->proto = ext[0];
	l4->off += len;
	l4->len -= len;
	return true;
}

static bool
soft_is_l4(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

static void
soft_ipv6(const struct rte_mbuf *m, uint32_t off, struct soft_l4 *l4)
{
	uint8_t ip[sizeof(struct rte_ipv6_hdr)];
	rte_be16_t len;
	unsigned int i;

	if (!soft_read(m, off, sizeof(ip), ip) || ip[0] >> 4 != 6)
		return;
	memcpy(&len, &ip[4], sizeof(len));
	l4->v6 = true;
	l4->off = off + sizeof(ip);
	l4->len = rte_be_to_cpu_16(len);
	l4->sum = rte_raw_cksum(&ip[8], 32);
	l4->proto = ip[6];
	l4->cut = l4->off + l4->len > m->pkt_len;
	/* 0 says that a jumbo option has the length. */
	if (l4->len == 0)
		return;
	for (i = 0; i < IP6_EXT_MAX && !soft_is_l4(l4->proto); i++)
		if (!soft_ip6_ext(m, l4))
			return;
	l4->known = soft_is_l4(l4->proto);
}

/* The whole sum over @p len bytes and their pseudo header. */
static uint64_t
soft_sum(const struct rte_mbuf *m, const struct soft_l4 *l4, uint32_t len)
{
	uint16_t data;
	uint32_t sum;

	if (!soft_raw_sum(m, l4->off, len, &data))
		return RTE_MBUF_F_RX_L4_CKSUM_BAD;
	sum = l4->sum + data + rte_cpu_to_be_16(len) +
		rte_cpu_to_be_16(l4->proto);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? RTE_MBUF_F_RX_L4_CKSUM_GOOD :
		RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

static uint64_t
soft_udp(const struct rte_mbuf *m, const struct soft_l4 *l4)
{
	struct rte_udp_hdr udp;
	uint16_t len;

	if (l4->cut || !soft_read(m, l4->off, sizeof(udp), &udp))
		return RTE_MBUF_F_RX_L4_CKSUM_BAD;
	len = rte_be_to_cpu_16(udp.dgram_len);
	if (len < sizeof(udp) || len > l4->len)
		return RTE_MBUF_F_RX_L4_CKSUM_BAD;
	if (udp.dgram_cksum == 0)
		return l4->v6 ? 0 : RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return soft_sum(m, l4, len);
}

static uint64_t
soft_tcp(const struct rte_mbuf *m, const struct soft_l4 *l4)
{
	if (l4->cut || l4->len < sizeof(struct rte_tcp_hdr))
		return RTE_MBUF_F_RX_L4_CKSUM_BAD;
	return soft_sum(m, l4, l4->len);
}

uint64_t
vnic_rx_soft_csum(const struct rte_mbuf *m, uint32_t soft)
{
	/* A frame made of many has no sum of its own. */
	const uint64_t told = RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO;
	struct soft_l4 l4 = { .known = false };
	uint64_t flags = 0;
	uint32_t off;

	switch (soft_l3(m, &off)) {
	case RTE_ETHER_TYPE_IPV4:
		flags = soft_ipv4(m, off, &l4);
		break;
	case RTE_ETHER_TYPE_IPV6:
		soft_ipv6(m, off, &l4);
		break;
	default:
		return 0;
	}
	if (!(soft & VNIC_RX_SOFT_IP) ||
	    (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != 0)
		flags = 0;
	if (!l4.known || (m->ol_flags & told) != 0)
		return flags;
	if (l4.proto == IPPROTO_UDP && (soft & VNIC_RX_SOFT_UDP))
		flags |= soft_udp(m, &l4);
	else if (l4.proto == IPPROTO_TCP && (soft & VNIC_RX_SOFT_TCP))
		flags |= soft_tcp(m, &l4);
	return flags;
}

/* ---- packet types ---- */

uint32_t
vnic_rx_soft_ptype(const struct rte_mbuf *m, uint32_t mask)
{
	uint32_t layers = RTE_PTYPE_L2_MASK;

	/* The parser stops at the first layer that is not asked for. */
	if (mask & (RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK))
		layers |= RTE_PTYPE_L3_MASK;
	if (mask & RTE_PTYPE_L4_MASK)
		layers |= RTE_PTYPE_L4_MASK;
	return rte_net_get_ptype(m, NULL, layers) & mask;
}

/* ---- the burst ---- */

uint16_t
vnic_rx_soft_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb)
{
	const struct vnic_rxq *rxq = queue;
	uint32_t soft, ptypes;
	uint16_t i;

	nb = vnic_rx_soft_rows[rxq->port_id](queue, pkts, nb);
	/* The control plane changes them under traffic; each is whole. After
	 * the row, so that they hold for frames that came after a change. */
	soft = __atomic_load_n(&rxq->soft, __ATOMIC_RELAXED);
	ptypes = __atomic_load_n(&rxq->ptypes, __ATOMIC_RELAXED);
	if (soft == 0)
		return nb;
	for (i = 0; i < nb; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (i = 0; i < nb; i++) {
		struct rte_mbuf *m = pkts[i];

		if (soft & (VNIC_RX_SOFT_VLAN | VNIC_RX_SOFT_QINQ))
			vnic_rx_soft_strip(m, soft);
		if (soft & VNIC_RX_SOFT_CSUM)
			m->ol_flags |= vnic_rx_soft_csum(m, soft);
		if (soft & VNIC_RX_SOFT_PTYPE)
			m->packet_type = vnic_rx_soft_ptype(m, ptypes);
	}
	return nb;
}
