/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "packet.h"
#include "path.h"

/* Offloads of frames inside of UDP tunnels, both ways. */

#define LOW(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define HIGH(name) (UINT64_C(1) << (VIRTIO_NET_F_##name - 64))

#define TNL_TSO (RTE_ETH_TX_OFFLOAD_VXLAN_TNL_TSO | \
		 RTE_ETH_TX_OFFLOAD_GENEVE_TNL_TSO)

/* All of one tunnel: large frames, plain ones, with an outer sum or not. */
static void
tunnel_send(struct sim_port *port, struct packet k, bool outer_sum)
{
	uint64_t outer = outer_sum ? RTE_MBUF_F_TX_OUTER_UDP_CKSUM : 0;
	struct packet_seen s;
	const struct virtio_net_hdr_tunnel *h = (const void *)s.hdr;

	k.payload = 9000;
	s = packet_send(port, &k, 77, outer | (k.udp ? RTE_MBUF_F_TX_UDP_SEG :
			RTE_MBUF_F_TX_TCP_SEG), 1300);
	assert_int_equal(h->hash.hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM |
		(outer_sum ? VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM : 0));
	k.payload = 1001;
	s = packet_send(port, &k, 77, outer | (k.udp ? RTE_MBUF_F_TX_UDP_CKSUM :
			RTE_MBUF_F_TX_TCP_CKSUM), 0);
	assert_int_equal(h->hash.hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(h->hash.hdr.gso_type, 0);
}

/* The outer sum alone: the inner one is there already. */
static void
tunnel_outer_only(struct sim_port *port)
{
	struct packet k = {
		.tunnel = PACKET_VXLAN, .udp = true, .payload = 700,
	};

	/* Inner UDP over IPv4 without a sum. */
	packet_send(port, &k, 77, RTE_MBUF_F_TX_OUTER_UDP_CKSUM, 0);
	k.outer6 = true;
	packet_send(port, &k, 77, RTE_MBUF_F_TX_OUTER_UDP_CKSUM, 0);
}

static void
tunnel_port(const struct sim_row *row, uint64_t more)
{
	struct sim_options o = {
		.extra = {
			LOW(HOST_USO) | LOW(GUEST_HDRLEN) | LOW(HOST_ECN),
			HIGH(HOST_UDP_TUNNEL_GSO) |
				HIGH(HOST_UDP_TUNNEL_GSO_CSUM) | more },
		.tx_offloads = TNL_TSO | RTE_ETH_TX_OFFLOAD_OUTER_UDP_CKSUM |
			RTE_ETH_TX_OFFLOAD_OUTER_IPV4_CKSUM |
			RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
	};
	struct sim_port *port = sim_open(row, &o);
	unsigned int i;

	assert_int_equal(devsim_hdr_len(port->dev), more != 0 ? 32 : 24);
	for (i = 0; i < 64; i++) {
		struct packet k = {
			.tunnel = i & 1 ? PACKET_VXLAN : PACKET_GENEVE,
			.outer6 = i & 2, .ipv6 = i & 4, .udp = i & 8,
			.vlan = i & 16,
		};

		tunnel_send(port, k, i & 32);
	}
	tunnel_outer_only(port);
	sim_close(port, true);
}

/* NTX-20 to NTX-30; with OUT_NET_HEADER too. */
static void
tunnel_tx_row(const struct sim_row *row)
{
	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	tunnel_port(row, 0);
	tunnel_port(row, HIGH(OUT_NET_HEADER));
}

void
case_tunnel_tx(void **state)
{
	(void)state;
	sim_for_rows(tunnel_tx_row);
}

static void
tunnel_refused_row(const struct sim_row *row)
{
	struct sim_options o = {
		.extra = { LOW(HOST_USO), HIGH(HOST_UDP_TUNNEL_GSO) },
		.tx_offloads = TNL_TSO,
	};
	struct packet k = { .tunnel = PACKET_VXLAN, .payload = 3000 };
	struct sim_port *port;
	struct rte_mbuf *m;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, &o);
	/* NTX-22. */
	packet_refused(port, packet_mbuf(port->pool, &k, 9,
			RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_OUTER_UDP_CKSUM,
			500), ENOTSUP, true);
	m = packet_mbuf(port->pool, &k, 9, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->ol_flags &= ~RTE_MBUF_F_TX_TUNNEL_MASK;
	m->ol_flags |= RTE_MBUF_F_TX_TUNNEL_GRE;
	packet_refused(port, m, ENOTSUP, true);
	/* NTX-29: a sum that would be wrong in each segment. */
	m = packet_mbuf(port->pool, &k, 9, RTE_MBUF_F_TX_TCP_SEG, 500);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, 40) = 1;
	packet_refused(port, m, EINVAL, false);
	m = packet_mbuf(port->pool, &k, 9, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->l2_len = 7;
	packet_refused(port, m, EINVAL, true);
	packet_send(port, &k, 9, RTE_MBUF_F_TX_TCP_SEG, 500);
	sim_close(port, true);
}

void
case_tunnel_refused(void **state)
{
	(void)state;
	sim_for_rows(tunnel_refused_row);
}

/* ---- receive ---- */

static struct virtio_net_hdr_tunnel
rx_hdr(const struct packet *k)
{
	uint32_t hdrs = packet_hdrs(k), l4 = k->udp ? 8 : 20;
	uint32_t inner = hdrs - l4 - (k->ipv6 ? 40 : 20);

	return (struct virtio_net_hdr_tunnel){
		.hash.hdr = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = (k->udp ? VIRTIO_NET_HDR_GSO_UDP_L4 :
				     k->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
				     VIRTIO_NET_HDR_GSO_TCPV4) | (k->ipv6 ?
				VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 :
				VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4),
			.hdr_len = rte_cpu_to_le_16(hdrs),
			.gso_size = rte_cpu_to_le_16(1200),
			.csum_start = rte_cpu_to_le_16(hdrs - l4),
			.csum_offset = rte_cpu_to_le_16(k->udp ? 6 : 16),
		},
		.outer_th_offset = rte_cpu_to_le_16(k->outer6 ? 54 : 34),
		.inner_nh_offset = rte_cpu_to_le_16(inner),
	};
}

static void
rx_one(struct sim_port *port, const struct packet *k,
       const struct virtio_net_hdr_tunnel *h, bool delivered)
{
	static uint8_t data[PACKET_MAX];
	uint32_t len = packet_write(data, k), off = 0;
	const struct rte_mbuf *seg;
	struct rte_mbuf *m;

	assert_true(devsim_rx_inject(port->dev, 0, data, len, h) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), delivered);
	if (!delivered)
		return;
	assert_int_equal(m->pkt_len, len);
	for (seg = m; seg != NULL; seg = seg->next) {
		assert_memory_equal(rte_pktmbuf_mtod(seg, uint8_t *),
				    data + off, seg->data_len);
		off += seg->data_len;
	}
	assert_true(m->ol_flags & RTE_MBUF_F_RX_LRO);
	assert_int_equal(m->tso_segsz, 1200);
	assert_int_equal(m->packet_type & RTE_PTYPE_INNER_L4_MASK, k->udp ?
			 RTE_PTYPE_INNER_L4_UDP : RTE_PTYPE_INNER_L4_TCP);
	rte_pktmbuf_free(m);
}

static void
tunnel_rx_row(const struct sim_row *row)
{
	struct sim_options o = {
		.extra = {
			LOW(GUEST_USO4) | LOW(GUEST_USO6) | LOW(GUEST_ECN),
			HIGH(GUEST_UDP_TUNNEL_GSO) |
				HIGH(GUEST_UDP_TUNNEL_GSO_CSUM) },
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.lro = VNIC_LRO_TUNNEL,
	};
	struct packet k = { .payload = 30000 };
	struct virtio_net_hdr_tunnel h;
	struct sim_port *port;
	unsigned int i;

	if (!(row->flags & VNIC_PATH_OFFLOAD) || !(row->flags & VNIC_PATH_MRG))
		return;
	port = sim_open(row, &o);
	for (i = 0; i < 16; i++) {
		k.tunnel = i & 1 ? PACKET_VXLAN : PACKET_GENEVE;
		k.outer6 = i & 2;
		k.ipv6 = i & 4;
		k.udp = i & 8;
		h = rx_hdr(&k);
		rx_one(port, &k, &h, true);
		h.hash.hdr.flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
		rx_one(port, &k, &h, true);
		h.inner_nh_offset = rte_cpu_to_le_16(UINT16_MAX);
		rx_one(port, &k, &h, false);
	}
	assert_int_equal(sim_rxq(port, 0)->stats.errors, 16);
	sim_close(port, true);
}

void
case_tunnel_rx(void **state)
{
	(void)state;
	sim_for_rows(tunnel_rx_row);
}
