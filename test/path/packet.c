/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include <rte_errno.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "packet.h"

#define SEQ 0xfffff000u

static uint8_t
payload_byte(uint32_t i)
{
	return i * 7 + (i >> 8) + 3;
}

static uint32_t
l2_bytes(const struct packet *k)
{
	return k->vlan ? 18 : 14;
}

static uint32_t
l3_bytes(bool ipv6)
{
	return ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
}

static uint32_t
l4_bytes(const struct packet *k)
{
	return k->udp ? 8 : k->options ? 32 : 20;
}

static uint32_t
inner_bytes(const struct packet *k)
{
	return l3_bytes(k->ipv6) + l4_bytes(k) + k->payload;
}

uint32_t
packet_hdrs(const struct packet *k)
{
	uint32_t outer = k->tunnel == PACKET_NO_TUNNEL ? 0 :
		l3_bytes(k->outer6) + 8 + 8 + 14;

	return l2_bytes(k) + outer + l3_bytes(k->ipv6) + l4_bytes(k);
}

/* An Ethernet header of @p len bytes, with a tag if that is 18. */
static uint8_t *
ether_write(uint8_t *p, uint32_t len, bool ipv6)
{
	memset(p, 2, 12);
	if (len == 18) {
		p[12] = 0x81;
		p[14] = 0;
		p[15] = 5;
	}
	p[len - 2] = ipv6 ? 0x86 : 0x08;
	p[len - 1] = ipv6 ? 0xdd : 0x00;
	return p + len;
}

/* @p len is all behind the header; what IP cannot say is 0. */
static uint8_t *
ip_write(uint8_t *p, bool ipv6, uint8_t proto, uint32_t len)
{
	struct rte_ipv4_hdr *ip = (void *)p;
	uint32_t total = len + (ipv6 ? 0 : sizeof(*ip));

	total = total > UINT16_MAX ? 0 : total;
	if (ipv6) {
		p[0] = 0x60;
		p[4] = total >> 8;
		p[5] = total;
		p[6] = proto;
		p[7] = 64;
		memset(p + 8, 0xfd, 15);
		p[23] = 1;
		memset(p + 24, 0xfd, 15);
		p[39] = 2;
		return p + 40;
	}
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(total);
	ip->packet_id = rte_cpu_to_be_16(0xfffe);
	ip->time_to_live = 64;
	ip->next_proto_id = proto;
	ip->src_addr = rte_cpu_to_be_32(0x0a000001);
	ip->dst_addr = rte_cpu_to_be_32(0xc0a80102);
	return p + sizeof(*ip);
}

static uint8_t *
udp_write(uint8_t *p, uint16_t port, uint32_t len)
{
	struct rte_udp_hdr *uh = (void *)p;

	uh->src_port = rte_cpu_to_be_16(40000);
	uh->dst_port = rte_cpu_to_be_16(port);
	uh->dgram_len = rte_cpu_to_be_16(len > UINT16_MAX ? 0 : len);
	return p + sizeof(*uh);
}

static uint8_t *
tunnel_write(uint8_t *p, const struct packet *k)
{
	uint32_t len = 8 + 8 + 14 + inner_bytes(k);

	p = ip_write(p, k->outer6, IPPROTO_UDP, len);
	p = udp_write(p, k->tunnel == PACKET_VXLAN ? 4789 : 6081, len);
	if (k->tunnel == PACKET_VXLAN)
		p[0] = 0x08;
	else
		p[2] = 0x65;
	return ether_write(p + 8, 14, k->ipv6);
}

uint32_t
packet_write(uint8_t *p, const struct packet *k)
{
	uint8_t *at = p;
	uint32_t i;

	memset(p, 0, PACKET_HDRS_MAX);
	at = ether_write(at, l2_bytes(k), k->tunnel ? k->outer6 : k->ipv6);
	if (k->tunnel != PACKET_NO_TUNNEL)
		at = tunnel_write(at, k);
	at = ip_write(at, k->ipv6, k->udp ? IPPROTO_UDP : IPPROTO_TCP,
		      l4_bytes(k) + k->payload);
	if (k->udp) {
		at = udp_write(at, 9, 8 + k->payload);
	} else {
		struct rte_tcp_hdr *th = (void *)at;

		th->sent_seq = rte_cpu_to_be_32(SEQ);
		th->data_off = l4_bytes(k) << 2;
		th->tcp_flags = 0x18 | (k->cwr ? 0x80 : 0);
		memset(at + 20, 1, l4_bytes(k) - 20);
		at += l4_bytes(k);
	}
	for (i = 0; i < k->payload; i++)
		at[i] = payload_byte(i);
	return at - p + k->payload;
}

static void
mbuf_describe(struct rte_mbuf *m, const struct packet *k)
{
	m->ol_flags = k->ipv6 ? RTE_MBUF_F_TX_IPV6 :
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	m->l2_len = l2_bytes(k);
	m->l3_len = l3_bytes(k->ipv6);
	m->l4_len = l4_bytes(k);
	if (k->tunnel == PACKET_NO_TUNNEL)
		return;
	m->outer_l2_len = l2_bytes(k);
	m->outer_l3_len = l3_bytes(k->outer6);
	m->l2_len = 8 + 8 + 14;
	m->ol_flags |= k->outer6 ? RTE_MBUF_F_TX_OUTER_IPV6 :
		RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_OUTER_IP_CKSUM;
	m->ol_flags |= k->tunnel == PACKET_VXLAN ?
		RTE_MBUF_F_TX_TUNNEL_VXLAN : RTE_MBUF_F_TX_TUNNEL_GENEVE;
}

struct rte_mbuf *
packet_mbuf(struct rte_mempool *pool, const struct packet *k, uint32_t first,
	    uint64_t ol_flags, uint16_t mss)
{
	static uint8_t flat[PACKET_MAX];
	uint32_t len = packet_write(flat, k), off = 0;
	uint32_t part = RTE_MIN(len, packet_hdrs(k) + first);
	struct rte_mbuf *head = NULL;

	while (off < len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		part = RTE_MIN(part, (uint32_t)rte_pktmbuf_tailroom(m));
		memcpy(rte_pktmbuf_append(m, part), flat + off, part);
		off += part;
		part = len - off;
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	mbuf_describe(head, k);
	head->ol_flags |= ol_flags;
	head->tso_segsz = mss;
	return head;
}

static void
wire_see(void *arg, const struct devsim_frame *frame)
{
	struct packet_seen *s = arg;
	uint32_t hdrs = packet_hdrs(s->k), i;
	const char *bad = devsim_sums_check(frame->data, frame->len);
	const uint8_t *outer = frame->data + l2_bytes(s->k) +
		l3_bytes(s->k->outer6);

	if (bad != NULL)
		print_error("frame %u of %u bytes: %s checksum\n", s->frames,
			    frame->len, bad);
	assert_null(bad);
	assert_true(s->mss == 0 || frame->len - hdrs <= s->mss);
	if (s->k->tunnel != PACKET_NO_TUNNEL)
		assert_int_equal(outer[6] != 0 || outer[7] != 0, s->outer_sum);
	if (!s->k->udp) {
		const struct rte_tcp_hdr *th = (const void *)(frame->data +
			hdrs - l4_bytes(s->k));

		assert_int_equal(rte_be_to_cpu_32(th->sent_seq),
				 SEQ + s->payload);
	}
	for (i = hdrs; i < frame->len; i++)
		assert_int_equal(frame->data[i], payload_byte(s->payload++));
	s->frames++;
}

void
packet_see(void *arg, const struct devsim_frame *frame)
{
	struct packet_seen *s = arg;

	memcpy(s->hdr, frame->hdr, frame->hdr_len);
	assert_true(devsim_wire(frame, wire_see, s) > 0);
}

struct packet_seen
packet_send(struct sim_port *port, const struct packet *k, uint32_t first,
	    uint64_t ol_flags, uint16_t mss)
{
	struct rte_mbuf *m = packet_mbuf(port->pool, k, first, ol_flags, mss);
	struct packet_seen s = {
		.k = k, .mss = mss,
		.outer_sum = ol_flags & RTE_MBUF_F_TX_OUTER_UDP_CKSUM,
	};

	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, packet_see, &s), 1);
	assert_int_equal(s.payload, k->payload);
	assert_int_equal(s.frames, mss == 0 ? 1 :
			 (k->payload + mss - 1) / mss);
	sim_honest(port);
	return s;
}

void
packet_refused(struct sim_port *port, struct rte_mbuf *m, int err, bool burst)
{
	uint64_t errors = sim_txq(port, 0)->stats.errors;

	rte_errno = 0;
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 0);
	assert_int_equal(rte_errno, err);
	if (!burst) {
		rte_pktmbuf_free(m);
		return;
	}
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(sim_txq(port, 0)->stats.errors, errors + 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, NULL, NULL), 0);
	sim_honest(port);
}
