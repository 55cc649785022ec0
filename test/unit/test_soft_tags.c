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

/* Tags taken off and put on, packet types told, frame by frame. */

/* ---- tags off ---- */

static void
strip_check(unsigned int tags, uint32_t soft, unsigned int off, uint32_t at)
{
	struct rte_mbuf *m;
	uint8_t want[WIRE_MAX];
	struct wire f;
	uint64_t flags = 0;

	wire_simple(&f, tags, false, 17, 8);
	m = chain(f.data, f.len, at, f.len);
	m->packet_type = RTE_PTYPE_L2_ETHER_VLAN | RTE_PTYPE_L4_UDP;
	vnic_rx_soft_strip(m, soft);
	assert_int_equal(m->pkt_len, f.len - 4 * off);
	assert_int_equal(m->data_len, at - 4 * off);
	memcpy(want, f.data, 12);
	memcpy(want + 12, f.data + 12 + 4 * off, f.len - 12 - 4 * off);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), want, m->data_len);
	if (off > 0) {
		flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		assert_int_equal(m->vlan_tci, 0x6123);
		assert_int_equal(m->packet_type,
				 RTE_PTYPE_L2_ETHER | RTE_PTYPE_L4_UDP);
	}
	if (off > 1) {
		flags |= RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
		assert_int_equal(m->vlan_tci_outer, 0x2064);
	}
	assert_int_equal(m->ol_flags, flags);
}

static void
test_strip(void **state)
{
	const uint32_t vlan = VNIC_RX_SOFT_VLAN, qinq = VNIC_RX_SOFT_QINQ;
	uint32_t at;

	(void)state;
	for (at = 22; at < 50; at++) {
		strip_check(0, vlan | qinq, 0, at);
		strip_check(1, 0, 0, at);
		strip_check(1, vlan, 1, at);
		strip_check(1, qinq, 0, at);
		strip_check(1, vlan | qinq, 1, at);
		/* An 802.1ad tag is none of VLAN's. */
		strip_check(2, vlan, 0, at);
		strip_check(2, qinq, 2, at);
		strip_check(2, vlan | qinq, 2, at);
	}
	for (at = 1; at < 18; at++)
		strip_check(1, vlan | qinq, 0, at);
	for (at = 18; at < 22; at++) {
		strip_check(1, vlan | qinq, 1, at);
		strip_check(2, vlan | qinq, 0, at);
	}
}

/* Two 802.1Q tags: VLAN takes the outer one, QINQ both. */
static void
test_strip_two(void **state)
{
	struct wire f;
	struct rte_mbuf *m;

	(void)state;
	wire_ether(&f, 1, 0x8100);
	wire_put16(&f, 0x0007);
	wire_put16(&f, 0x88b5);
	wire_fill(&f, 46);
	m = whole(f.data, f.len);
	vnic_rx_soft_strip(m, VNIC_RX_SOFT_VLAN);
	assert_int_equal(m->vlan_tci, 0x6123);
	assert_int_equal(m->pkt_len, f.len - 4);
	m = whole(f.data, f.len);
	vnic_rx_soft_strip(m, VNIC_RX_SOFT_VLAN | VNIC_RX_SOFT_QINQ);
	assert_int_equal(m->vlan_tci_outer, 0x6123);
	assert_int_equal(m->vlan_tci, 7);
	assert_int_equal(m->pkt_len, f.len - 8);
}

/* ---- tags on ---- */

static void
tag_check(uint64_t ask, uint32_t soft, unsigned int on)
{
	static const uint8_t tags[8] = {
		0x88, 0xa8, 0x20, 0x64, 0x81, 0x00, 0x61, 0x23
	};
	struct rte_mbuf *m;
	struct wire f;
	uint32_t room;

	wire_simple(&f, 0, false, 17, 8);
	for (room = 0; room < 12; room++) {
		uint8_t *p;
		int ret;

		m = whole(f.data, f.len);
		p = realloc(m->buf_addr, f.len + room);
		memmove(p + room, p, f.len);
		m->buf_addr = p;
		m->buf_len += room;
		m->data_off = room;
		m->ol_flags = ask;
		m->l2_len = 14;
		m->vlan_tci = 0x6123;
		m->vlan_tci_outer = 0x2064;
		ret = vnic_tx_soft_tag(m, soft);
		assert_int_equal(ret, room >= 4 * on ? 0 : -EROFS);
		if (ret != 0 || on == 0) {
			assert_int_equal(m->ol_flags, ask);
			assert_int_equal(m->pkt_len, f.len);
			continue;
		}
		p = rte_pktmbuf_mtod(m, uint8_t *);
		assert_int_equal(m->data_off, room - 4 * on);
		assert_int_equal(m->pkt_len, f.len + 4 * on);
		assert_int_equal(m->data_len, m->pkt_len);
		assert_int_equal(m->ol_flags, 0);
		assert_int_equal(m->l2_len, 14 + 4 * on);
		assert_memory_equal(p, f.data, 12);
		assert_memory_equal(p + 12, tags + 8 - 4 * on, 4 * on);
		assert_memory_equal(p + 12 + 4 * on, f.data + 12, f.len - 12);
	}
}

static void
test_insert(void **state)
{
	const uint64_t vlan = RTE_MBUF_F_TX_VLAN, qinq = RTE_MBUF_F_TX_QINQ;
	const uint32_t both = VNIC_TX_SOFT_VLAN | VNIC_TX_SOFT_QINQ;

	(void)state;
	tag_check(0, both, 0);
	tag_check(vlan, both, 1);
	tag_check(vlan, VNIC_TX_SOFT_VLAN, 1);
	tag_check(vlan, VNIC_TX_SOFT_QINQ, 0);
	tag_check(qinq, both, 2);
	tag_check(vlan | qinq, both, 2);
	tag_check(vlan | qinq, VNIC_TX_SOFT_VLAN, 1);
	tag_check(qinq, VNIC_TX_SOFT_VLAN, 0);
}

/* What may not be written to is not. */
static void
test_insert_refused(void **state)
{
	struct wire f;
	struct rte_mbuf *m;
	unsigned int how;

	(void)state;
	wire_simple(&f, 0, false, 17, 8);
	for (how = 0; how < 4; how++) {
		m = chain(f.data, f.len, how == 0 ? 11 : f.len, f.len);
		/* Room enough but for the last. */
		m->data_off = how < 3 ? 8 : 3;
		m->buf_addr = realloc(m->buf_addr, m->data_len + 8);
		memmove(rte_pktmbuf_mtod(m, void *), m->buf_addr, m->data_len);
		m->ol_flags = RTE_MBUF_F_TX_VLAN;
		if (how == 1)
			m->refcnt = 2;
		else if (how == 2)
			m->ol_flags |= RTE_MBUF_F_INDIRECT;
		assert_int_equal(vnic_tx_soft_tag(m, VNIC_TX_SOFT_VLAN),
				 -EROFS);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), f.data,
				    m->data_len);
		assert_int_equal(m->pkt_len, f.len);
		assert_true(m->ol_flags & RTE_MBUF_F_TX_VLAN);
	}
}

/* ---- packet types ---- */

static void
test_ptypes(void **state)
{
	const uint32_t all = RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK |
		RTE_PTYPE_L4_MASK;
	struct rte_mbuf *m;
	struct wire f;

	(void)state;
	wire_simple(&f, 1, false, 6, 10);
	m = whole(f.data, f.len);
	assert_int_equal(vnic_rx_soft_ptype(m, all), RTE_PTYPE_L2_ETHER_VLAN |
			 RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP);
	assert_int_equal(vnic_rx_soft_ptype(m, RTE_PTYPE_L4_MASK),
			 RTE_PTYPE_L4_TCP);
	assert_int_equal(vnic_rx_soft_ptype(m, RTE_PTYPE_L3_MASK),
			 RTE_PTYPE_L3_IPV4);
	assert_int_equal(vnic_rx_soft_ptype(m, RTE_PTYPE_L2_MASK),
			 RTE_PTYPE_L2_ETHER_VLAN);
	wire_simple(&f, 2, true, 17, 10);
	assert_int_equal(vnic_rx_soft_ptype(whole(f.data, f.len), all),
			 RTE_PTYPE_L2_ETHER_QINQ | RTE_PTYPE_L3_IPV6 |
			 RTE_PTYPE_L4_UDP);
	wire_ether(&f, 0, 0x0800);
	wire_ipv4(&f, 17, 8, 0x2000);
	wire_l4(&f, 17, 30);
	assert_int_equal(vnic_rx_soft_ptype(whole(f.data, f.len), all),
			 RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT |
			 RTE_PTYPE_L4_FRAG);
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
		cmocka_unit_test(test_strip),
		cmocka_unit_test(test_strip_two),
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_insert_refused),
		cmocka_unit_test(test_ptypes),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
