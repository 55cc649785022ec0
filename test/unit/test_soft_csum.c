/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "soft_mbuf.h"
#include "vnic_rx_soft.h"
#include "vnic_tx_soft.h"
#include "wire.h"

/* Checksum verification by the processor, frame by frame. */

#define ALL_CSUM VNIC_RX_SOFT_CSUM
#define GOOD4 (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)

static uint64_t
verify(const struct wire *f)
{
	return vnic_rx_soft_csum(whole(f->data, f->len), ALL_CSUM);
}

/* ---- checksums ---- */

static void
check_good_and_bad(struct wire *f)
{
	uint64_t good = f->v6 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : GOOD4;
	uint64_t bad = (good & RTE_MBUF_F_RX_IP_CKSUM_GOOD) |
		RTE_MBUF_F_RX_L4_CKSUM_BAD;
	uint32_t i;

	assert_int_equal(verify(f), good);
	for (i = f->l4; i < f->len; i++) {
		f->data[i] ^= 0x10;
		assert_int_equal(verify(f), bad);
		f->data[i] ^= 0x10;
	}
	/* Padding behind the datagram is not part of it. */
	f->data[f->len] = 0xff;
	assert_int_equal(vnic_rx_soft_csum(whole(f->data, f->len + 1),
					   ALL_CSUM), good);
}

static void
test_sums(void **state)
{
	struct wire f;
	unsigned int tags, v6, tcp, payload;

	(void)state;
	for (tags = 0; tags < 3; tags++)
		for (v6 = 0; v6 < 2; v6++)
			for (tcp = 0; tcp < 2; tcp++)
				for (payload = 0; payload < 40; payload++) {
					wire_simple(&f, tags, v6, tcp ? 6 : 17,
						     payload);
					check_good_and_bad(&f);
				}
}

static void
test_ipv4_header(void **state)
{
	struct wire f;
	uint32_t i;

	(void)state;
	wire_ether(&f, 1, 0x0800);
	wire_ipv4(&f, 6, 40, 0);
	wire_l4(&f, 6, 17);
	check_good_and_bad(&f);
	for (i = f.l3; i < f.l4; i++) {
		f.data[i] ^= 4;
		assert_int_equal(verify(&f) & RTE_MBUF_F_RX_IP_CKSUM_MASK,
				 RTE_MBUF_F_RX_IP_CKSUM_BAD);
		f.data[i] ^= 4;
	}
	/* Each flag asks for its own only. */
	assert_int_equal(vnic_rx_soft_csum(whole(f.data, f.len),
			 VNIC_RX_SOFT_IP), RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	assert_int_equal(vnic_rx_soft_csum(whole(f.data, f.len),
			 VNIC_RX_SOFT_TCP), RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(vnic_rx_soft_csum(whole(f.data, f.len),
			 VNIC_RX_SOFT_UDP), 0);
}

/* Every way to cut a frame into three segments gives the same result. */
static void
test_segments(void **state)
{
	struct wire f;
	unsigned int i, j, v6;

	(void)state;
	for (v6 = 0; v6 < 2; v6++) {
		wire_simple(&f, 2, v6, v6 ? 17 : 6, 9);
		for (i = 1; i < f.len; i++)
			for (j = i; j < f.len; j++) {
				struct rte_mbuf *m = chain(f.data, f.len, i, j);

				assert_int_equal(vnic_rx_soft_csum(m, ALL_CSUM),
					v6 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD :
					GOOD4);
			}
	}
}

/* A frame that ends early is never good, and is read no further. */
static void
test_truncated(void **state)
{
	struct wire f;
	unsigned int v6, len;
	uint64_t r;

	(void)state;
	for (v6 = 0; v6 < 2; v6++) {
		wire_simple(&f, 2, v6, v6 ? 6 : 17, 21);
		for (len = 0; len < f.len; len++) {
			r = vnic_rx_soft_csum(whole(f.data, len), ALL_CSUM);
			assert_int_not_equal(r & RTE_MBUF_F_RX_L4_CKSUM_MASK,
					     RTE_MBUF_F_RX_L4_CKSUM_GOOD);
			if (len >= f.l3 + 20 && !v6)
				assert_int_equal(r, RTE_MBUF_F_RX_L4_CKSUM_BAD |
					RTE_MBUF_F_RX_IP_CKSUM_GOOD);
			if (len >= f.l3 + 40 && v6)
				assert_int_equal(r, RTE_MBUF_F_RX_L4_CKSUM_BAD);
			if (len >= f.l3 && len < f.l3 + 20 && !v6)
				assert_int_equal(r, RTE_MBUF_F_RX_IP_CKSUM_BAD);
		}
	}
}

static void
test_ipv6_extensions(void **state)
{
	struct wire f;
	unsigned int i;

	(void)state;
	wire_ether(&f, 0, 0x86dd);
	wire_ipv6(&f, 0);
	wire_ext(&f, 43, 1, 5, 2);	/* hop by hop */
	wire_ext(&f, 44, 2, 0, 0);	/* routing, no segment left */
	wire_ext(&f, 60, 0, 0, 0);	/* fragment, the only one */
	wire_ext(&f, 51, 0, 1, 4);	/* destination options */
	wire_ext(&f, 17, 2, 0, 0);	/* authentication: units of 4 bytes */
	f.len -= 8;
	f.l4 = f.len;
	wire_l4(&f, 17, 5);
	check_good_and_bad(&f);

	for (i = 7; i <= 8; i++) {
		unsigned int nr = i;

		wire_ether(&f, 0, 0x86dd);
		wire_ipv6(&f, 60);
		while (--nr > 0)
			wire_ext(&f, 60, 0, 0, 0);
		wire_ext(&f, 6, 0, 0, 0);
		wire_l4(&f, 6, 5);
		check_good_and_bad(&f);
	}
	/* One more than is walked. */
	wire_ether(&f, 0, 0x86dd);
	wire_ipv6(&f, 60);
	for (i = 0; i < 8; i++)
		wire_ext(&f, 60, 0, 0, 0);
	wire_ext(&f, 6, 0, 0, 0);
	wire_l4(&f, 6, 5);
	assert_int_equal(verify(&f), 0);
}

/* Frames of which no sum can be told. */
static void
test_unknown(void **state)
{
	static const uint16_t parts[] = { 0x2000, 0x0001, 0x1fff, 0x2064 };
	struct wire f;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(parts); i++) {
		wire_ether(&f, 0, 0x0800);
		wire_ipv4(&f, 17, 0, parts[i]);
		wire_l4(&f, 17, 30);
		assert_int_equal(verify(&f), RTE_MBUF_F_RX_IP_CKSUM_GOOD);
		wire_ether(&f, 0, 0x86dd);
		wire_ipv6(&f, 44);
		wire_ext(&f, 17, 0, parts[i] >> 5, (parts[i] << 3 & 0xf8) |
			parts[i] >> 13);
		wire_l4(&f, 17, 30);
		assert_int_equal(verify(&f), 0);
	}
	wire_ether(&f, 0, 0x86dd);
	wire_ipv6(&f, 43);
	wire_ext(&f, 6, 2, 4, 1);
	wire_l4(&f, 6, 30);
	assert_int_equal(verify(&f), 0);
	/* Other protocols, other types, three tags. */
	wire_ether(&f, 0, 0x0800);
	wire_ipv4(&f, 132, 0, 0);
	wire_l4(&f, 6, 30);
	assert_int_equal(verify(&f), RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	wire_ether(&f, 0, 0x88b5);
	wire_fill(&f, 60);
	assert_int_equal(verify(&f), 0);
	wire_ether(&f, 2, 0x8100);
	wire_fill(&f, 60);
	assert_int_equal(verify(&f), 0);
}

static void
test_udp(void **state)
{
	struct wire f;

	(void)state;
	/* No checksum: nothing wrong over IPv4, for nobody to say over IPv6. */
	wire_simple(&f, 0, false, 17, 13);
	wire_store16(f.data + f.l4 + 6, 0);
	assert_int_equal(verify(&f), GOOD4);
	wire_simple(&f, 0, true, 17, 13);
	wire_store16(f.data + f.l4 + 6, 0);
	assert_int_equal(verify(&f), 0);
	/* A length that is shorter than its header, or longer than the rest. */
	wire_store16(f.data + f.l4 + 4, 7);
	assert_int_equal(verify(&f), RTE_MBUF_F_RX_L4_CKSUM_BAD);
	wire_store16(f.data + f.l4 + 4, 22);
	assert_int_equal(verify(&f), RTE_MBUF_F_RX_L4_CKSUM_BAD);
}

/* What the device has told stays, and is not worked out again. */
static void
test_told(void **state)
{
	static const uint64_t told[] = {
		RTE_MBUF_F_RX_L4_CKSUM_NONE, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_LRO,
	};
	struct rte_mbuf *m;
	struct wire f;
	unsigned int i;

	(void)state;
	wire_simple(&f, 0, false, 6, 13);
	f.data[f.len - 1] ^= 1;
	for (i = 0; i < RTE_DIM(told); i++) {
		m = whole(f.data, f.len);
		m->ol_flags = told[i];
		assert_int_equal(vnic_rx_soft_csum(m, ALL_CSUM),
				 RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	}
}

/* ---- garbage ---- */

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* A frame of some kind, a few of its bytes overwritten, cut anywhere. */
static void
garbage_one(uint64_t *seed)
{
	const uint64_t may = RTE_MBUF_F_RX_IP_CKSUM_MASK |
		RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t r = next_random(seed);
	struct rte_mbuf *m;
	struct wire f;
	uint32_t len;
	unsigned int i;

	wire_ether(&f, r % 3, r & 4 ? 0x86dd : 0x0800);
	if (r & 4) {
		wire_ipv6(&f, (r >> 8) % 64);
		wire_ext(&f, (r >> 16) % 64, (r >> 24) % 4, 0, 0);
	} else {
		wire_ipv4(&f, r & 8 ? 6 : 17, (r >> 8) % 11 * 4, 0);
	}
	wire_l4(&f, r & 8 ? 6 : 17, (r >> 32) % 64);
	for (i = (r >> 40) % 8; i > 0; i--) {
		uint64_t w = next_random(seed);

		f.data[12 + (w >> 8) % (f.len - 12)] = w;
	}
	len = next_random(seed) % (f.len + 1);
	m = chain(f.data, len, (r >> 48) % (len + 1), len);
	vnic_rx_soft_strip(m, (r >> 56) & 3);
	assert_int_equal(vnic_rx_soft_csum(m, ALL_CSUM) & ~may, 0);
	vnic_rx_soft_ptype(m, RTE_PTYPE_L4_MASK);
	m->ol_flags = RTE_MBUF_F_TX_VLAN;
	vnic_tx_soft_tag(m, VNIC_TX_SOFT_VLAN);
}

static void
test_garbage(void **state)
{
	uint64_t seed = 20261122;
	unsigned int i;

	(void)state;
	for (i = 0; i < 300000; i++)
		garbage_one(&seed);
}

static int
teardown(void **state)
{
	(void)state;
	chain_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_ipv4_header),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_ipv6_extensions),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
