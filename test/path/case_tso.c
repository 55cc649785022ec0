/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "packet.h"
#include "path.h"

/* Checksums and segmentation in transmit, as they come out of the device. */

#define BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)

static const uint32_t payloads[] = { 1, 2, 499, 500, 501, 1460, 2900, 60000 };

static void
tso_family(struct sim_port *port, bool ipv6, bool udp)
{
	struct packet k = { .ipv6 = ipv6, .udp = udp };
	uint64_t seg = udp ? RTE_MBUF_F_TX_UDP_SEG : RTE_MBUF_F_TX_TCP_SEG;
	uint64_t sum = udp ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM;
	unsigned int i;

	for (i = 0; i < RTE_DIM(payloads); i++) {
		k.payload = payloads[i];
		k.vlan = i & 1;
		k.options = i & 2;
		packet_send(port, &k, i * 3, seg, 500);
		if (k.payload < 1460)
			packet_send(port, &k, i * 3, sum, 0);
	}
}

/* NTX-05 to NTX-19. */
static void
tso_row(const struct sim_row *row)
{
	struct sim_options o = {
		.extra = { BIT(HOST_USO) | BIT(HOST_ECN) | BIT(GUEST_HDRLEN) },
		.tx_offloads = RTE_ETH_TX_OFFLOAD_UDP_TSO |
			RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
	};
	struct packet k = { .payload = 3000, .cwr = true };
	struct packet_seen s;
	struct sim_port *port;
	unsigned int i;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, &o);
	for (i = 0; i < 4; i++)
		tso_family(port, i & 1, i & 2);
	s = packet_send(port, &k, 100, RTE_MBUF_F_TX_TCP_SEG, 1400);
	assert_int_equal(s.hdr[1], VIRTIO_NET_HDR_GSO_TCPV4 |
			 VIRTIO_NET_HDR_GSO_ECN);
	sim_close(port, true);
}

void
case_tso(void **state)
{
	(void)state;
	sim_for_rows(tso_row);
}

/* A frame padded to the least that Ethernet has: the sum ends with IP. */
static void
padded_row(const struct sim_row *row)
{
	struct packet k = { .payload = 2, .udp = true };
	struct sim_port *port;
	struct rte_mbuf *m;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, NULL);
	m = packet_mbuf(port->pool, &k, 2, RTE_MBUF_F_TX_UDP_CKSUM, 0);
	m->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM;
	memset(rte_pktmbuf_append(m, 16), 0, 16);
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, NULL, NULL), 1);
	sim_close(port, true);
}

void
case_tso_padded(void **state)
{
	(void)state;
	sim_for_rows(padded_row);
}

static void
refused(struct sim_port *port, const struct packet *k, uint64_t ol_flags,
	uint16_t mss, int err)
{
	packet_refused(port, packet_mbuf(port->pool, k, 100, ol_flags, mss),
		       err, true);
}

/* What was not negotiated, or contradicts itself, is not sent. */
static void
refused_offload(struct sim_port *port)
{
	struct packet tcp = { .payload = 3000 }, udp = tcp, cwr = tcp;
	struct packet small = { .payload = 1000 };
	struct rte_mbuf *m;

	udp.udp = true;
	cwr.cwr = true;
	refused(port, &udp, RTE_MBUF_F_TX_UDP_SEG, 500, ENOTSUP);
	/* NTX-09. */
	refused(port, &cwr, RTE_MBUF_F_TX_TCP_SEG, 500, ENOTSUP);
	refused(port, &tcp, RTE_MBUF_F_TX_SCTP_CKSUM, 0, ENOTSUP);
	/* NTX-15. */
	refused(port, &tcp, RTE_MBUF_F_TX_TCP_SEG, 0, EINVAL);
	refused(port, &tcp, RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG, 500,
		EINVAL);
	small.tunnel = PACKET_VXLAN;
	refused(port, &small, RTE_MBUF_F_TX_TCP_SEG, 500, ENOTSUP);
	small.tunnel = PACKET_NO_TUNNEL;

	m = packet_mbuf(port->pool, &small, 1000, RTE_MBUF_F_TX_TCP_CKSUM, 0);
	m->l3_len = 511;
	m->l2_len = 127;
	m->outer_l2_len = 127;
	m->outer_l3_len = 511;
	m->ol_flags |= RTE_MBUF_F_TX_OUTER_IPV4;
	packet_refused(port, m, EINVAL, true);
	m = packet_mbuf(port->pool, &tcp, 100, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->l4_len = 4;
	packet_refused(port, m, EINVAL, true);
}

/* Only rte_eth_tx_prepare looks at the frame's bytes. */
static void
refused_bytes(struct sim_port *port)
{
	struct packet tcp = { .payload = 3000 };
	struct rte_mbuf *m;

	m = packet_mbuf(port->pool, &tcp, 100, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->ol_flags ^= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 |
		RTE_MBUF_F_TX_IP_CKSUM;
	packet_refused(port, m, EINVAL, false);
	m = packet_mbuf(port->pool, &tcp, 100, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->l4_len = 24;
	packet_refused(port, m, EINVAL, false);
	m = packet_mbuf(port->pool, &tcp, 100, RTE_MBUF_F_TX_TCP_SEG, 500);
	m->l3_len = 24;
	packet_refused(port, m, EINVAL, false);
	m = packet_mbuf(port->pool, &tcp, 100, RTE_MBUF_F_TX_TCP_CKSUM, 0);
	rte_pktmbuf_mtod(m, uint8_t *)[16] = 0xff;
	packet_refused(port, m, EINVAL, false);
}

static void
refused_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, NULL);
	struct packet k = { .payload = 1000 };

	if (row->flags & VNIC_PATH_OFFLOAD) {
		refused_offload(port);
		refused_bytes(port);
		packet_send(port, &k, 100, RTE_MBUF_F_TX_TCP_CKSUM, 0);
	} else {
		/* No burst of these rows looks at the flags. */
		packet_refused(port, packet_mbuf(port->pool, &k, 100,
				RTE_MBUF_F_TX_TCP_CKSUM, 0), ENOTSUP, false);
		packet_refused(port, packet_mbuf(port->pool, &k, 100,
				RTE_MBUF_F_TX_TCP_SEG, 500), ENOTSUP, false);
	}
	sim_close(port, true);
}

void
case_tso_refused(void **state)
{
	(void)state;
	sim_for_rows(refused_row);
}
