/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vnic_hdr.h"

/* A received net header against a frame of known length. */

#define LEN 100
#define ALL UINT16_MAX
#define TUNNEL4 VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4
#define TUNNEL6 VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6

static struct rte_mbuf m, tail;
static uint8_t data[2048];

static void
mbuf_fill(struct rte_mbuf *mbuf, uint8_t *at, uint16_t len)
{
	memset(mbuf, 0, sizeof(*mbuf));
	mbuf->buf_addr = at;
	mbuf->buf_len = sizeof(data);
	mbuf->data_len = len;
	mbuf->pkt_len = len;
	mbuf->nb_segs = 1;
}

static int
parse_tunnel(const struct virtio_net_hdr_tunnel *hdr, uint16_t can)
{
	struct virtio_net_hdr_outer h = { .tunnel = *hdr };

	memset(data, 0, sizeof(data));
	mbuf_fill(&m, data, LEN);
	return vnic_hdr_to_mbuf(&m, &h, can);
}

static int
parse_can(struct virtio_net_hdr hdr, uint16_t can)
{
	struct virtio_net_hdr_tunnel t = { .hash.hdr = hdr };

	return parse_tunnel(&t, can);
}

static int
parse(struct virtio_net_hdr hdr)
{
	return parse_can(hdr, ALL);
}

static void
test_checksum_bounds(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	uint32_t start, offset;

	(void)state;
	for (start = 0; start < 65536; start += start < 128 ? 1 : 4099)
		for (offset = 0; offset < 65536;
		     offset += offset < 128 ? 1 : 4099) {
			h.csum_start = rte_cpu_to_le_16(start);
			h.csum_offset = rte_cpu_to_le_16(offset);
			assert_int_equal(parse(h) == 0,
					 start + offset + 2 <= LEN);
		}
}

/* NRX-06, NRX-10: bits that nobody knows change nothing. */
static void
test_flags(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };
	unsigned int bit;

	(void)state;
	assert_int_equal(parse_can(h, VNIC_HDR_CSUM), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	h.flags = 0;
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, 0);
	for (bit = 3; bit < 8; bit++) {
		h.flags = 1u << bit;
		assert_int_equal(parse(h), 0);
		assert_int_equal(m.ol_flags, 0);
	}
	h.flags = VIRTIO_NET_HDR_F_DATA_VALID |
		VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	assert_int_equal(parse_can(h, VNIC_HDR_CSUM), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD |
			 RTE_MBUF_F_RX_OUTER_L4_CKSUM_GOOD);
}

/* NRX-08: counts of segments are no place in the frame. */
static void
test_rsc(void **state)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM |
			VIRTIO_NET_HDR_F_RSC_INFO,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = rte_cpu_to_le_16(20),
		.csum_start = rte_cpu_to_le_16(UINT16_MAX),
		.csum_offset = rte_cpu_to_le_16(UINT16_MAX),
	};

	(void)state;
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_LRO |
			 RTE_MBUF_F_RX_L4_CKSUM_NONE);
}

/* Every gso_type under every single feature: what was not negotiated, or
 * makes no sense, is dropped; nothing has a segment size of 0. */
static void
test_gso(void **state)
{
	static const uint16_t need[8] = {
		[1] = VNIC_HDR_TSO4, [4] = VNIC_HDR_TSO6, [5] = VNIC_HDR_USO,
	};
	struct virtio_net_hdr h = { .gso_size = rte_cpu_to_le_16(50) };
	unsigned int type, base, can;

	(void)state;
	for (type = 1; type < 256; type++)
		for (can = 0; can < 256; can++) {
			base = type & ~VIRTIO_NET_HDR_GSO_ECN;
			h.gso_type = type;
			assert_int_equal(parse_can(h, can) == 0, base < 8 &&
					 (need[base] & can) != 0);
		}
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_LRO);
	assert_int_equal(m.tso_segsz, 50);
	h.gso_size = 0;
	assert_int_equal(parse(h), -EPROTO);
}

/* A segment as long as the frame is the frame. */
static void
test_gso_size(void **state)
{
	struct virtio_net_hdr h = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 };
	unsigned int size;

	(void)state;
	for (size = 1; size < 65536; size++) {
		h.gso_size = rte_cpu_to_le_16(size);
		assert_int_equal(parse(h), 0);
		assert_int_equal(m.ol_flags & RTE_MBUF_F_RX_LRO,
				 size < LEN ? RTE_MBUF_F_RX_LRO : 0);
	}
}

/* NRX-09. */
static void
test_hdr_len_unused(void **state)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_DATA_VALID,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = rte_cpu_to_le_16(10),
	};
	unsigned int len;

	(void)state;
	for (len = 0; len < 65536; len++) {
		h.hdr_len = rte_cpu_to_le_16(len);
		assert_int_equal(parse(h), 0);
		assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_LRO |
				 RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	}
}

static struct virtio_net_hdr_tunnel
tunnel_hdr(uint8_t bits)
{
	return (struct virtio_net_hdr_tunnel){
		.hash.hdr = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | bits,
			.gso_size = rte_cpu_to_le_16(20),
			.csum_start = rte_cpu_to_le_16(76),
			.csum_offset = rte_cpu_to_le_16(16),
		},
		.outer_th_offset = rte_cpu_to_le_16(34),
		.inner_nh_offset = rte_cpu_to_le_16(56),
	};
}

/* NRX-11, NRX-13, NRX-14. */
static void
test_tunnel_rules(void **state)
{
	struct virtio_net_hdr_tunnel h = tunnel_hdr(TUNNEL4);

	(void)state;
	assert_int_equal(parse_tunnel(&h, ALL), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_LRO |
			 RTE_MBUF_F_RX_L4_CKSUM_NONE);
	assert_int_equal(m.packet_type & RTE_PTYPE_INNER_L4_MASK,
			 RTE_PTYPE_INNER_L4_TCP);
	assert_int_equal(parse_tunnel(&h, ALL & ~VNIC_HDR_TUNNEL), -EPROTO);
	h = tunnel_hdr(TUNNEL6);
	assert_int_equal(parse_tunnel(&h, ALL), 0);
	h = tunnel_hdr(TUNNEL4 | TUNNEL6);
	assert_int_equal(parse_tunnel(&h, ALL), -EPROTO);
	h = tunnel_hdr(TUNNEL4);
	h.hash.hdr.flags = 0;
	assert_int_equal(parse_tunnel(&h, ALL), -EPROTO);
	h.hash.hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM |
		VIRTIO_NET_HDR_F_DATA_VALID;
	assert_int_equal(parse_tunnel(&h, ALL), -EPROTO);
	h = tunnel_hdr(TUNNEL4);
	h.hash.hdr.gso_type = TUNNEL4;
	assert_int_equal(parse_tunnel(&h, ALL), -EPROTO);
	h = tunnel_hdr(0);
	h.hash.hdr.flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	assert_int_equal(parse_tunnel(&h, ALL), -EPROTO);
	h = tunnel_hdr(TUNNEL4);
	h.hash.hdr.flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	assert_int_equal(parse_tunnel(&h, ALL), 0);
	assert_true(m.ol_flags & RTE_MBUF_F_RX_OUTER_L4_CKSUM_MASK);
}

/* Every pair of offsets: in order, each header whole, all in the frame. */
static void
test_tunnel_bounds(void **state)
{
	struct virtio_net_hdr_tunnel h = tunnel_hdr(TUNNEL4);
	uint32_t outer, inner, start;

	(void)state;
	for (outer = 0; outer < 65536; outer += outer < 128 ? 1 : 8191)
		for (inner = 0; inner < 65536;
		     inner += inner < 128 ? 1 : 8191) {
			h.outer_th_offset = rte_cpu_to_le_16(outer);
			h.inner_nh_offset = rte_cpu_to_le_16(inner);
			assert_int_equal(parse_tunnel(&h, ALL) == 0,
					 outer >= 34 && inner >= outer + 8 &&
					 inner + 20 <= 76);
		}
	h = tunnel_hdr(TUNNEL4);
	for (start = 0; start < 65536; start++) {
		h.hash.hdr.csum_start = rte_cpu_to_le_16(start);
		assert_int_equal(parse_tunnel(&h, ALL) == 0,
				 start >= 76 && start + 18 <= LEN);
	}
	/* NRX-12: unused without a tunnel bit. */
	h = tunnel_hdr(0);
	h.outer_th_offset = UINT16_MAX;
	h.inner_nh_offset = UINT16_MAX;
	assert_int_equal(parse_tunnel(&h, ALL), 0);
}

static uint16_t
sum_all(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * A partial sum of a protocol that mbufs know nothing of is completed, at any
 * place, also where two segments meet.
 */
static void
test_completed(void **state)
{
	struct virtio_net_hdr_outer h = { .outer_nh_offset = 0 };
	struct virtio_net_hdr *hdr = &h.tunnel.hash.hdr;
	uint32_t split, at, i, stored;

	(void)state;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = rte_cpu_to_le_16(30);
	for (split = 1; split < LEN; split++)
		for (at = 30; at + 2 <= LEN; at += 2) {
			for (i = 0; i < LEN; i++)
				data[i] = i * 37 + split;
			/* Of a pseudo-header, for all that is known. */
			stored = data[at] << 8 | data[at + 1];
			hdr->csum_offset = rte_cpu_to_le_16(at - 30);
			mbuf_fill(&m, data, split);
			mbuf_fill(&tail, data + split, LEN - split);
			m.next = &tail;
			m.nb_segs = 2;
			m.pkt_len = LEN;
			assert_int_equal(vnic_hdr_to_mbuf(&m, &h, ALL), 0);
			assert_int_equal(m.ol_flags,
					 RTE_MBUF_F_RX_L4_CKSUM_GOOD);
			assert_int_equal(sum_all(data + 30, LEN - 30, stored),
					 0xffff);
		}
}

/* TCP and UDP are left to the application, which is told. */
static void
test_partial_known(void **state)
{
	struct virtio_net_hdr_outer h = { .outer_nh_offset = 0 };
	struct virtio_net_hdr *hdr = &h.tunnel.hash.hdr;
	unsigned int tcp;

	(void)state;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = rte_cpu_to_le_16(34);
	for (tcp = 0; tcp < 2; tcp++) {
		uint8_t before[LEN];

		memset(data, 0, sizeof(data));
		data[12] = 0x08;
		data[14] = 0x45;
		data[17] = LEN - 14;
		data[23] = tcp ? 6 : 17;
		data[46] = 0x50;
		memcpy(before, data, LEN);
		mbuf_fill(&m, data, LEN);
		hdr->csum_offset = rte_cpu_to_le_16(tcp ? 16 : 6);
		assert_int_equal(vnic_hdr_to_mbuf(&m, &h, ALL), 0);
		assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE);
		assert_memory_equal(before, data, LEN);
	}
}

/*
 * Random headers on random frames of exactly their length, in one segment and
 * in two: the sanitizers see a read beyond either.
 */
static void
test_random(void **state)
{
	uint64_t seed = 88172645463325252;
	unsigned int round, i;

	(void)state;
	for (round = 0; round < 200000; round++) {
		struct virtio_net_hdr_outer h;
		uint8_t *frame, *rest, raw[sizeof(h)];
		uint32_t len, split;

		for (i = 0; i < sizeof(raw); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			/* Small numbers reach further. */
			raw[i] = i > 1 && i & 1 ? 0 : seed >> 32;
		}
		raw[1] = seed & 3 ? 1 << (seed >> 40 & 7) | (seed >> 50 & 5) :
			raw[1];
		memcpy(&h, raw, sizeof(h));
		len = 14 + (seed >> 20) % 120;
		split = 14 + (seed >> 10) % (len - 13);
		frame = malloc(split);
		rest = malloc(len - split + 1);
		assert_non_null(frame);
		assert_non_null(rest);
		memset(frame, round, split);
		frame[12] = 0x08;
		frame[13] = 0;
		if (split > 14)
			frame[14] = 0x45 + (round & 7);
		memset(rest, 6, len - split + 1);
		mbuf_fill(&m, frame, split);
		mbuf_fill(&tail, rest, len - split);
		m.next = split < len ? &tail : NULL;
		m.nb_segs = split < len ? 2 : 1;
		m.pkt_len = len;
		if (vnic_hdr_to_mbuf(&m, &h, seed >> 48) == 0 &&
		    m.ol_flags & RTE_MBUF_F_RX_LRO)
			assert_in_range(m.tso_segsz, 1, len - 1);
		free(frame);
		free(rest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum_bounds),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_rsc),
		cmocka_unit_test(test_gso),
		cmocka_unit_test(test_gso_size),
		cmocka_unit_test(test_hdr_len_unused),
		cmocka_unit_test(test_tunnel_rules),
		cmocka_unit_test(test_tunnel_bounds),
		cmocka_unit_test(test_completed),
		cmocka_unit_test(test_partial_known),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
