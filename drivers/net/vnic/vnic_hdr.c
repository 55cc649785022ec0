/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vnic_hdr.h"
#include "vnic_rsc.h"

#define HDR_GSO_TUNNEL (VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 | \
			VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)

#define TCP_CKSUM_OFFSET offsetof(struct rte_tcp_hdr, cksum)
#define UDP_CKSUM_OFFSET offsetof(struct rte_udp_hdr, dgram_cksum)

/* What an IP packet can be at most, its header included (IPv6). */
#define HDR_L3_MAX (UINT16_MAX + (uint32_t)sizeof(struct rte_ipv6_hdr))

struct hdr_bit {
	uint8_t feature;
	uint16_t can;
};

static uint16_t
hdr_can(const struct virtio_features *accepted, const struct hdr_bit *bits,
	unsigned int nb)
{
	uint16_t can = 0;
	unsigned int i;

	for (i = 0; i < nb; i++)
		if (virtio_features_has(accepted, bits[i].feature))
			can |= bits[i].can;
	return can;
}

uint16_t
vnic_hdr_tx_can(const struct virtio_features *accepted)
{
	static const struct hdr_bit bits[] = {
		{ VIRTIO_NET_F_CSUM, VNIC_HDR_CSUM },
		{ VIRTIO_NET_F_HOST_TSO4, VNIC_HDR_TSO4 },
		{ VIRTIO_NET_F_HOST_TSO6, VNIC_HDR_TSO6 },
		{ VIRTIO_NET_F_HOST_USO, VNIC_HDR_USO },
		{ VIRTIO_NET_F_HOST_UFO, VNIC_HDR_UFO },
		{ VIRTIO_NET_F_HOST_ECN, VNIC_HDR_ECN },
		{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO, VNIC_HDR_TUNNEL },
		{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM, VNIC_HDR_TUNNEL_CSUM },
		{ VIRTIO_NET_F_OUT_NET_HEADER, VNIC_HDR_OUT_NET },
	};

	return hdr_can(accepted, bits, RTE_DIM(bits));
}

uint16_t
vnic_hdr_rx_can(const struct virtio_features *accepted)
{
	static const struct hdr_bit bits[] = {
		{ VIRTIO_NET_F_GUEST_CSUM, VNIC_HDR_CSUM },
		{ VIRTIO_NET_F_GUEST_TSO4, VNIC_HDR_TSO4 },
		{ VIRTIO_NET_F_GUEST_TSO6, VNIC_HDR_TSO6 },
		{ VIRTIO_NET_F_GUEST_USO4, VNIC_HDR_USO },
		{ VIRTIO_NET_F_GUEST_USO6, VNIC_HDR_USO },
		{ VIRTIO_NET_F_GUEST_UFO, VNIC_HDR_UFO },
		{ VIRTIO_NET_F_GUEST_ECN, VNIC_HDR_ECN },
		{ VIRTIO_NET_F_RSC_EXT, VNIC_HDR_RSC },
		{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, VNIC_HDR_TUNNEL },
		{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM, VNIC_HDR_TUNNEL_CSUM },
	};

	return hdr_can(accepted, bits, RTE_DIM(bits));
}

/* ---- transmit ---- */

struct vnic_hdr_offsets
vnic_hdr_tx_offsets(const struct rte_mbuf *m)
{
	struct vnic_hdr_offsets o = { .l3 = m->l2_len };

	o.outer_l3 = m->l2_len;
	if (m->ol_flags & VNIC_TX_TUNNEL_MASK) {
		/* l2_len is all from the outer transport header on. */
		o.outer_l3 = m->outer_l2_len;
		o.outer_l4 = m->outer_l2_len + m->outer_l3_len;
		o.l3 = o.outer_l4 + m->l2_len;
	}
	o.l4 = o.l3 + m->l3_len;
	return o;
}

/* Ask for the sum from @p start on, at @p offset behind it. */
static int
tx_csum(struct virtio_net_hdr *hdr, uint16_t can, const struct rte_mbuf *m,
	uint32_t start, uint32_t offset)
{
	if (!(can & VNIC_HDR_CSUM))
		return -ENOTSUP;
	if (start == 0 || start + offset + sizeof(uint16_t) > m->pkt_len)
		return -EINVAL;
	hdr->flags |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = rte_cpu_to_le_16(start);
	hdr->csum_offset = rte_cpu_to_le_16(offset);
	return 0;
}

/* A device that does not know of CWR would set it in every segment. */
static int
tx_ecn(struct virtio_net_hdr *hdr, uint16_t can, const struct rte_mbuf *m,
       uint32_t l4)
{
	const uint8_t *flags;
	uint8_t copy;

	flags = rte_pktmbuf_read(m, l4 + offsetof(struct rte_tcp_hdr, tcp_flags),
				 sizeof(copy), &copy);
	if (flags == NULL)
		return -EINVAL;
	if (!(*flags & RTE_TCP_CWR_FLAG))
		return 0;
	if (!(can & VNIC_HDR_ECN))
		return -ENOTSUP;
	hdr->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return 0;
}

/* Segmentation inside a UDP tunnel (5.1.6.2, item 5). */
static int
tx_tunnel(struct virtio_net_hdr_tunnel *hdr, uint16_t can,
	  const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	switch (m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) {
	case RTE_MBUF_F_TX_TUNNEL_VXLAN:
	case RTE_MBUF_F_TX_TUNNEL_GENEVE:
	case RTE_MBUF_F_TX_TUNNEL_VXLAN_GPE:
	case RTE_MBUF_F_TX_TUNNEL_GTP:
	case RTE_MBUF_F_TX_TUNNEL_MPLSINUDP:
	case RTE_MBUF_F_TX_TUNNEL_UDP:
		break;
	default:
		return -ENOTSUP;
	}
	if (!(can & VNIC_HDR_TUNNEL))
		return -ENOTSUP;
	if (o->l3 < o->outer_l4 + (uint32_t)sizeof(struct rte_udp_hdr) ||
	    m->outer_l2_len == 0 || m->outer_l3_len == 0)
		return -EINVAL;
	if (m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM) {
		if (!(can & VNIC_HDR_TUNNEL_CSUM))
			return -ENOTSUP;
		hdr->hash.hdr.flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	}
	hdr->hash.hdr.gso_type |= m->ol_flags & RTE_MBUF_F_TX_IPV6 ?
		VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 :
		VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4;
	hdr->outer_th_offset = rte_cpu_to_le_16(o->outer_l4);
	hdr->inner_nh_offset = rte_cpu_to_le_16(o->l3);
	return 0;
}

/*
 * Type of segmentation; the feature that it needs into @p need. HOST_UFO is
 * accepted only where UDP_SEG means it (udp_tso=ufo); tunnels know USO alone.
 */
static uint8_t
tx_gso_type(const struct rte_mbuf *m, uint16_t can, bool tunnel, uint16_t *need)
{
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG && can & VNIC_HDR_UFO &&
	    !tunnel) {
		*need = VNIC_HDR_UFO;
		return VIRTIO_NET_HDR_GSO_UDP;
	}
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) {
		*need = VNIC_HDR_USO;
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	}
	if (m->ol_flags & RTE_MBUF_F_TX_IPV6) {
		*need = VNIC_HDR_TSO6;
		return VIRTIO_NET_HDR_GSO_TCPV6;
	}
	*need = VNIC_HDR_TSO4;
	return VIRTIO_NET_HDR_GSO_TCPV4;
}

static int
tx_gso(struct virtio_net_hdr_tunnel *hdr, uint16_t can,
       const struct rte_mbuf *m, const struct vnic_hdr_offsets *o)
{
	bool udp = m->ol_flags & RTE_MBUF_F_TX_UDP_SEG;
	uint32_t min = udp ? sizeof(struct rte_udp_hdr) :
		sizeof(struct rte_tcp_hdr);
	uint32_t len = o->l4 + (udp ? min : m->l4_len);
	uint16_t need;
	int ret = 0;

	if ((m->ol_flags & VNIC_TX_GSO_MASK) == VNIC_TX_GSO_MASK)
		return -EINVAL;
	hdr->hash.hdr.gso_type = tx_gso_type(m, can, o->outer_l4 != 0, &need);
	if (!(can & need))
		return -ENOTSUP;
	/* Fragments begin at multiples of eight bytes. */
	if (need == VNIC_HDR_UFO && m->tso_segsz % 8 != 0)
		return -EINVAL;
	if (m->tso_segsz == 0 || len < o->l4 + min || len > m->pkt_len ||
	    m->pkt_len - o->outer_l3 > HDR_L3_MAX)
		return -EINVAL;
	hdr->hash.hdr.gso_size = rte_cpu_to_le_16(m->tso_segsz);
	hdr->hash.hdr.hdr_len = rte_cpu_to_le_16(len);
	if (!udp)
		ret = tx_ecn(&hdr->hash.hdr, can, m, o->l4);
	if (ret == 0 && o->outer_l4 != 0)
		ret = tx_tunnel(hdr, can, m, o);
	return ret;
}

/*
 * Sums that the device is to complete: the innermost asked for. An outer one
 * before it is complete already (rte_eth_tx_prepare), for the header has
 * place for one only (5.1.6.2.1).
 */
static int
tx_sums(struct virtio_net_hdr *hdr, uint16_t can, const struct rte_mbuf *m,
	const struct vnic_hdr_offsets *o)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;

	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ||
	    (l4 == RTE_MBUF_F_TX_TCP_CKSUM &&
	     !(m->ol_flags & RTE_MBUF_F_TX_UDP_SEG)))
		return tx_csum(hdr, can, m, o->l4, TCP_CKSUM_OFFSET);
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG ||
	    l4 == RTE_MBUF_F_TX_UDP_CKSUM)
		return tx_csum(hdr, can, m, o->l4, UDP_CKSUM_OFFSET);
	if (l4 != RTE_MBUF_F_TX_L4_NO_CKSUM)
		return -ENOTSUP;
	if (m->ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM)
		return tx_csum(hdr, can, m, o->outer_l4, UDP_CKSUM_OFFSET);
	return 0;
}

int
vnic_hdr_from_mbuf(void *hdr, uint16_t can, const struct rte_mbuf *m)
{
	struct vnic_hdr_offsets o = vnic_hdr_tx_offsets(m);
	struct virtio_net_hdr_outer *h = hdr;
	int ret = tx_sums(&h->tunnel.hash.hdr, can, m, &o);

	if (ret == 0 && m->ol_flags & VNIC_TX_GSO_MASK)
		ret = tx_gso(&h->tunnel, can, m, &o);
	if (ret == 0 && can & VNIC_HDR_OUT_NET)
		h->outer_nh_offset = rte_cpu_to_le_16(o.outer_l3);
	return ret;
}

/* ---- receive ---- */

/* The rules for which a driver must not accept a frame (5.1.6.4.2). */
static int
rx_check(const struct virtio_net_hdr *hdr, uint16_t can)
{
	uint8_t tunnel = hdr->gso_type & HDR_GSO_TUNNEL;

	if (tunnel == 0)
		return (hdr->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM) &&
			(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ?
			-EPROTO : 0;
	if (!(can & VNIC_HDR_TUNNEL) || tunnel == HDR_GSO_TUNNEL ||
	    !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	    (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID))
		return -EPROTO;
	return 0;
}

/* Whether a frame of @p ptype has its L4 checksum at @p at. */
static bool
rx_csum_is_l4(uint32_t ptype, const struct rte_net_hdr_lens *lens, uint32_t at)
{
	uint32_t l4 = lens->l2_len + lens->l3_len;

	if (ptype & RTE_PTYPE_TUNNEL_MASK)
		return false;
	switch (ptype & RTE_PTYPE_L4_MASK) {
	case RTE_PTYPE_L4_TCP:
		return at == l4 + TCP_CKSUM_OFFSET;
	case RTE_PTYPE_L4_UDP:
		return at == l4 + UDP_CKSUM_OFFSET;
	}
	return false;
}

static void
rx_byte_set(struct rte_mbuf *m, uint32_t off, uint8_t byte)
{
	for (; off >= m->data_len; m = m->next)
		off -= m->data_len;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, off) = byte;
}

/*
 * Ones' complement sum from @p start to the frame's end. Releases of DPDK differ
 * in rte_raw_cksum_mbuf on segments of odd length.
 */
static uint16_t
rx_sum(const struct rte_mbuf *m, uint32_t start)
{
	uint32_t sum = 0, done = 0;

	for (; m != NULL; m = m->next) {
		uint32_t len = m->data_len;
		uint16_t part;

		if (start >= len) {
			start -= len;
			continue;
		}
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *,
							     start), len - start);
		sum += done & 1 ? rte_bswap16(part) : part;
		done += len - start;
		start = 0;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/*
 * Complete the sum, as the device says (5.1.6.2, item 3): the mbuf can tell of
 * one that is missing only where every application looks for it. Within the
 * frame, checked by the caller.
 */
static void
rx_csum_complete(struct rte_mbuf *m, uint32_t start, uint32_t at)
{
	uint8_t bytes[sizeof(uint16_t)];
	uint16_t sum = rx_sum(m, start);

	/* 0 would be none (RFC 768). */
	sum = sum == UINT16_MAX ? sum : (uint16_t)~sum;
	memcpy(bytes, &sum, sizeof(bytes));
	rx_byte_set(m, at, bytes[0]);
	rx_byte_set(m, at + 1, bytes[1]);
}

static int
rx_partial(struct rte_mbuf *m, const struct virtio_net_hdr *hdr)
{
	uint32_t start = rte_le_to_cpu_16(hdr->csum_start);
	uint32_t at = start + rte_le_to_cpu_16(hdr->csum_offset);
	struct rte_net_hdr_lens lens;
	bool known;

	m->packet_type = rte_net_get_ptype(m, &lens, RTE_PTYPE_ALL_MASK);
	/* Then these two fields count segments (5.1.6.4). */
	known = !(hdr->flags & VIRTIO_NET_HDR_F_RSC_INFO);
	/* The sum is to be finished inside the frame. */
	if (known && at + sizeof(uint16_t) > m->pkt_len)
		return -EPROTO;
	if (known && hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
	    !rx_csum_is_l4(m->packet_type, &lens, at)) {
		rx_csum_complete(m, start, at);
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		return 0;
	}
	/* Not in the frame, and known good: never left the host. */
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return 0;
}

static void
rx_valid(struct rte_mbuf *m, const struct virtio_net_hdr *hdr, uint16_t can)
{
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	if (can & VNIC_HDR_TUNNEL_CSUM &&
	    hdr->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM)
		m->ol_flags |= RTE_MBUF_F_RX_OUTER_L4_CKSUM_GOOD;
}

/* Offsets of a tunnel in order and inside the frame, each header whole. */
static int
rx_tunnel(struct rte_mbuf *m, const struct virtio_net_hdr_tunnel *hdr,
	  uint16_t can)
{
	const struct virtio_net_hdr *h = &hdr->hash.hdr;
	uint32_t outer = rte_le_to_cpu_16(hdr->outer_th_offset);
	uint32_t inner = rte_le_to_cpu_16(hdr->inner_nh_offset);
	uint32_t end = inner + sizeof(struct rte_ipv4_hdr);
	bool udp = (h->gso_type & ~HDR_GSO_TUNNEL) == VIRTIO_NET_HDR_GSO_UDP_L4;

	if (outer < RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr) ||
	    inner < outer + sizeof(struct rte_udp_hdr) || end > m->pkt_len ||
	    (!(h->flags & VIRTIO_NET_HDR_F_RSC_INFO) &&
	     rte_le_to_cpu_16(h->csum_start) < end))
		return -EPROTO;
	m->packet_type &= ~(RTE_PTYPE_TUNNEL_MASK | RTE_PTYPE_INNER_L3_MASK |
			    RTE_PTYPE_INNER_L4_MASK);
	m->packet_type |= RTE_PTYPE_TUNNEL_GRENAT |
		(udp ? RTE_PTYPE_INNER_L4_UDP : RTE_PTYPE_INNER_L4_TCP);
	if (can & VNIC_HDR_TUNNEL_CSUM &&
	    h->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM)
		m->ol_flags |= RTE_MBUF_F_RX_OUTER_L4_CKSUM_INVALID;
	return 0;
}

static int
rx_gso(struct rte_mbuf *m, const struct virtio_net_hdr_tunnel *hdr,
       uint16_t can)
{
	static const uint16_t need[] = {
		[VIRTIO_NET_HDR_GSO_TCPV4] = VNIC_HDR_TSO4,
		[VIRTIO_NET_HDR_GSO_UDP] = VNIC_HDR_UFO,
		[VIRTIO_NET_HDR_GSO_TCPV6] = VNIC_HDR_TSO6,
		[VIRTIO_NET_HDR_GSO_UDP_L4] = VNIC_HDR_USO,
	};
	const struct virtio_net_hdr *h = &hdr->hash.hdr;
	uint8_t type = h->gso_type & ~(HDR_GSO_TUNNEL | VIRTIO_NET_HDR_GSO_ECN);
	uint16_t size = rte_le_to_cpu_16(h->gso_size);

	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return 0;
	if (type >= RTE_DIM(need) || !(can & need[type]) || size == 0)
		return -EPROTO;
	if (h->gso_type & HDR_GSO_TUNNEL && rx_tunnel(m, hdr, can) != 0)
		return -EPROTO;
	/* What fits into one segment is no sequence of them, and a datagram
	 * that was spared fragmentation is one datagram. */
	if (size < m->pkt_len && type != VIRTIO_NET_HDR_GSO_UDP) {
		m->tso_segsz = size;
		m->ol_flags |= RTE_MBUF_F_RX_LRO;
	}
	return 0;
}

int
vnic_hdr_to_mbuf(struct rte_mbuf *m, const struct virtio_net_hdr_outer *hdr,
		 uint16_t can)
{
	const struct virtio_net_hdr *h = &hdr->tunnel.hash.hdr;
	int ret = rx_check(h, can);

	if (ret != 0)
		return ret;
	if (can & VNIC_HDR_RSC && h->flags & VIRTIO_NET_HDR_F_RSC_INFO)
		vnic_rsc_store(m, rte_le_to_cpu_16(h->csum_start),
			       rte_le_to_cpu_16(h->csum_offset));
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		ret = rx_partial(m, h);
	else if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		rx_valid(m, h, can);
	return ret == 0 ? rx_gso(m, &hdr->tunnel, can) : ret;
}
