/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>

#include "vnic_hash.h"

/* Hash types, functions and reports, from section 5.1.6.4.3 once more. */

static const struct {
	uint16_t report;
	uint64_t rss_hf;
	uint32_t ptype;
} rows[] = {
	{ 1, RTE_ETH_RSS_IPV4, RTE_PTYPE_L3_IPV4_EXT_UNKNOWN },
	{ 2, RTE_ETH_RSS_NONFRAG_IPV4_TCP,
	  RTE_PTYPE_L3_IPV4_EXT_UNKNOWN | RTE_PTYPE_L4_TCP },
	{ 3, RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	  RTE_PTYPE_L3_IPV4_EXT_UNKNOWN | RTE_PTYPE_L4_UDP },
	{ 4, RTE_ETH_RSS_IPV6, RTE_PTYPE_L3_IPV6_EXT_UNKNOWN },
	{ 5, RTE_ETH_RSS_NONFRAG_IPV6_TCP,
	  RTE_PTYPE_L3_IPV6_EXT_UNKNOWN | RTE_PTYPE_L4_TCP },
	{ 6, RTE_ETH_RSS_NONFRAG_IPV6_UDP,
	  RTE_PTYPE_L3_IPV6_EXT_UNKNOWN | RTE_PTYPE_L4_UDP },
	{ 7, RTE_ETH_RSS_IPV6_EX, RTE_PTYPE_L3_IPV6_EXT },
	{ 8, RTE_ETH_RSS_IPV6_TCP_EX, RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_TCP },
	{ 9, RTE_ETH_RSS_IPV6_UDP_EX, RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_UDP },
};

static void
test_types(void **state)
{
	uint32_t types;
	uint64_t hf, rest;

	(void)state;
	/* Every set of types, there and back. */
	for (types = 0; types < 512; types++) {
		hf = vnic_hash_rss_hf(types);
		assert_int_equal(__builtin_popcountll(hf),
				 __builtin_popcount(types));
		assert_int_equal(vnic_hash_types(hf, &rest), types);
		assert_int_equal(rest, 0);
	}
	for (types = 0; types < RTE_DIM(rows); types++)
		assert_true(vnic_hash_rss_hf(1u << (rows[types].report - 1)) ==
			    rows[types].rss_hf);
}

static void
test_unknown_types(void **state)
{
	uint64_t rest;

	(void)state;
	assert_true(vnic_hash_rss_hf(UINT32_MAX) == vnic_hash_rss_hf(0x1ff));
	assert_int_equal(vnic_hash_types(UINT64_MAX, &rest), 0x1ff);
	assert_true(rest == ~vnic_hash_rss_hf(0x1ff));
	assert_int_equal(vnic_hash_types(RTE_ETH_RSS_L3_SRC_ONLY |
					 RTE_ETH_RSS_IPV4, &rest), 1);
	assert_true(rest == RTE_ETH_RSS_L3_SRC_ONLY);
}

/* All 65536 reports, under both masks. */
static void
test_reports(void **state)
{
	struct virtio_net_hdr_hash hdr = {
		.hash_value = rte_cpu_to_le_32(0x12345678) };
	struct vnic_hash h;
	uint32_t report;

	(void)state;
	for (report = 0; report < 65536; report++) {
		bool known = report >= 1 && report <= 9;

		hdr.hash_report = rte_cpu_to_le_16(report);
		hdr.padding = rte_cpu_to_le_16(~report);
		h = vnic_hash_read(&hdr, UINT32_MAX);
		assert_int_equal(h.report.ol_flags,
				 known ? RTE_MBUF_F_RX_RSS_HASH : 0);
		assert_int_equal(h.report.packet_type,
				 known ? rows[report - 1].ptype : 0);
		if (known)
			assert_int_equal(h.value, 0x12345678);
		h = vnic_hash_read(&hdr, 0);
		assert_int_equal(h.report.packet_type, 0);
		assert_int_equal(h.report.ol_flags,
				 known ? RTE_MBUF_F_RX_RSS_HASH : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_unknown_types),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
