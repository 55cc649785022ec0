/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "packet.h"
#include "path.h"

/* HOST_UFO and GUEST_UFO: one UDP datagram, fragmented beyond the device. */

#define BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define FRAGMENT 1480
#define IP6_FRAG_LEN 8
#define L2 14

/** Puts the fragments of one datagram together again. */
struct reassembly {
	uint8_t whole[PACKET_MAX];
	uint32_t hdrs;		/**< up to the IP payload */
	uint32_t off;		/**< IP payload so far */
	uint32_t fragments;
	bool ipv6;
	bool last;
	uint8_t gso_type;
};

static uint16_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void
fragment_see(void *arg, const struct devsim_frame *frame)
{
	struct reassembly *r = arg;
	const uint8_t *ip = frame->data + L2;
	uint32_t hdrs = r->hdrs + (r->ipv6 ? IP6_FRAG_LEN : 0);
	uint32_t part = frame->len - hdrs;
	uint16_t field = get16(r->ipv6 ? frame->data + r->hdrs + 2 : ip + 6);
	uint32_t at = r->ipv6 ? field & ~7u : (field & 0x1fff) * 8u;

	assert_false(r->last);
	assert_int_equal(at, r->off);
	r->last = !(r->ipv6 ? field & 1 : field & 0x2000);
	assert_true(r->last ? part <= FRAGMENT : part == FRAGMENT);
	if (r->ipv6) {
		assert_int_equal(ip[6], 44);
		assert_int_equal(get16(ip + 4), IP6_FRAG_LEN + part);
	} else {
		assert_int_equal(get16(ip + 2), r->hdrs - L2 + part);
		assert_int_equal(rte_raw_cksum(ip, r->hdrs - L2), 0xffff);
	}
	if (r->off == 0)
		memcpy(r->whole, frame->data, r->hdrs);
	memcpy(r->whole + r->hdrs + r->off, frame->data + hdrs, part);
	r->off += part;
	r->fragments++;
}

static void
datagram_see(void *arg, const struct devsim_frame *frame)
{
	struct reassembly *r = arg;

	r->gso_type = frame->hdr[1];
	assert_true(devsim_wire(frame, fragment_see, r) > 0);
}

/* The headers of a datagram that was never in pieces. */
static void
reassembly_heal(struct reassembly *r)
{
	struct rte_ipv4_hdr *ip4 = (void *)(r->whole + L2);
	struct rte_ipv6_hdr *ip6 = (void *)(r->whole + L2);

	if (r->ipv6) {
		ip6->proto = IPPROTO_UDP;
		ip6->payload_len = rte_cpu_to_be_16(r->off);
		return;
	}
	ip4->fragment_offset = 0;
	ip4->total_length = rte_cpu_to_be_16(r->hdrs - L2 + r->off);
	ip4->hdr_checksum = 0;
	ip4->hdr_checksum = rte_ipv4_cksum(ip4);
}

static void
ufo_send(struct sim_port *port, bool ipv6, uint32_t payload)
{
	static struct reassembly r;
	static uint8_t flat[PACKET_MAX];
	struct packet k = { .ipv6 = ipv6, .udp = true, .payload = payload };
	struct rte_mbuf *m = packet_mbuf(port->pool, &k, 100,
					 RTE_MBUF_F_TX_UDP_SEG, FRAGMENT);
	uint32_t len = packet_write(flat, &k), udp;

	r = (struct reassembly){ .ipv6 = ipv6, .hdrs = L2 + (ipv6 ? 40 : 20) };
	udp = r.hdrs + sizeof(struct rte_udp_hdr);
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, datagram_see, &r), 1);
	assert_int_equal(r.gso_type, VIRTIO_NET_HDR_GSO_UDP);
	assert_true(r.last);
	assert_int_equal(r.hdrs + r.off, len);
	assert_int_equal(r.fragments, (r.off + FRAGMENT - 1) / FRAGMENT);
	reassembly_heal(&r);
	assert_null(devsim_sums_check(r.whole, len));
	/* One datagram of that length, and not several. */
	assert_int_equal(get16(r.whole + r.hdrs + 4), r.off);
	assert_memory_equal(r.whole + udp, flat + udp, len - udp);
	sim_honest(port);
}

static void
ufo_refused(struct sim_port *port)
{
	struct packet k = { .udp = true, .payload = 3000 };

	/* Fragments begin at multiples of eight. */
	packet_refused(port, packet_mbuf(port->pool, &k, 100,
			RTE_MBUF_F_TX_UDP_SEG, FRAGMENT + 1), EINVAL, true);
	k.tunnel = PACKET_VXLAN;
	packet_refused(port, packet_mbuf(port->pool, &k, 100,
			RTE_MBUF_F_TX_UDP_SEG, FRAGMENT), ENOTSUP, true);
}

static void
ufo_row(const struct sim_row *row)
{
	struct sim_options o = {
		.extra = { BIT(HOST_UFO) | BIT(HOST_USO) },
		.tx_offloads = RTE_ETH_TX_OFFLOAD_UDP_TSO |
			RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
		.udp_tso = VNIC_UDP_TSO_UFO,
	};
	struct sim_port *port;
	uint32_t payload;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, &o);
	for (payload = 1; payload < 60000; payload = payload * 3 + 1) {
		ufo_send(port, false, payload);
		ufo_send(port, true, payload);
	}
	ufo_refused(port);
	sim_close(port, true);
}

void
case_ufo_tx(void **state)
{
	(void)state;
	sim_for_rows(ufo_row);
}

static bool
ufo_capable(const struct sim_row *row, uint64_t offered, enum vnic_udp_tso kind)
{
	struct sim_options o = { .extra = { offered }, .udp_tso = kind };
	struct sim_port *port = sim_open_stopped(row, &o);
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	sim_close(port, true);
	return info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_TSO;
}

/* Neither stands in for the other: what reaches the peer differs. */
static void
ufo_choice_row(const struct sim_row *row)
{
	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	assert_true(ufo_capable(row, BIT(HOST_UFO), VNIC_UDP_TSO_UFO));
	assert_false(ufo_capable(row, BIT(HOST_UFO), VNIC_UDP_TSO_USO));
	assert_false(ufo_capable(row, BIT(HOST_USO), VNIC_UDP_TSO_UFO));
	assert_true(ufo_capable(row, BIT(HOST_USO), VNIC_UDP_TSO_USO));
}

void
case_ufo_choice(void **state)
{
	(void)state;
	sim_for_rows(ufo_choice_row);
}

/* A datagram larger than any link's MTU is one frame, and not made of many. */
static void
ufo_receive(struct sim_port *port, bool ipv6, uint32_t payload, bool delivered)
{
	static uint8_t flat[PACKET_MAX], got[PACKET_MAX];
	struct packet k = { .ipv6 = ipv6, .udp = true, .payload = payload };
	uint32_t len = packet_write(flat, &k);
	struct virtio_net_hdr_tunnel h = { .hash.hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP,
		.gso_size = rte_cpu_to_le_16(FRAGMENT),
		.csum_start = rte_cpu_to_le_16(packet_hdrs(&k) - 8),
		.csum_offset = rte_cpu_to_le_16(6),
	} };
	struct rte_mbuf *m;
	const void *bytes;

	assert_true(devsim_rx_inject(port->dev, 0, flat, len, &h) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), delivered);
	if (!delivered)
		return;
	assert_int_equal(m->pkt_len, len);
	assert_false(m->ol_flags & RTE_MBUF_F_RX_LRO);
	assert_int_equal(m->tso_segsz, 0);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
			 RTE_MBUF_F_RX_L4_CKSUM_NONE);
	bytes = rte_pktmbuf_read(m, 0, len, got);
	assert_non_null(bytes);
	assert_memory_equal(bytes, flat, len);
	rte_pktmbuf_free(m);
}

static void
ufo_rx_row(const struct sim_row *row)
{
	struct sim_options o = {
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.extra = { BIT(GUEST_UFO) },
		.lro = VNIC_LRO_UDP,
	};
	struct sim_port *port;

	if (!(row->flags & VNIC_PATH_OFFLOAD) || !(row->flags & VNIC_PATH_MRG))
		return;
	port = sim_open(row, &o);
	ufo_receive(port, false, 3000, true);
	ufo_receive(port, true, 60000, true);
	sim_close(port, true);
	o.lro = VNIC_LRO_TCP;
	port = sim_open(row, &o);
	ufo_receive(port, false, 3000, false);
	sim_close(port, true);
}

void
case_ufo_rx(void **state)
{
	(void)state;
	sim_for_rows(ufo_rx_row);
}
