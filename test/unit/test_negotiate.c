/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>
#include <rte_ethdev.h>

#include "vnic.h"
#include "vnic_negotiate.h"

/*
 * The feature table against the rules of virtio 1.4, sections 2.2 and
 * 5.1.3.1, written here a second time, from the specification.
 */

#define OFFERS 100000

static const struct vnic_args args = {
	.mrg_rxbuf = true, .in_order = true, .packed_vq = true,
	.lro = VNIC_LRO_TUNNEL,
	.rsc_info = true,
};

static struct vnic_need
need_all(void)
{
	return (struct vnic_need){
		.transport = VNIC_TRANSPORT_PCI,
		.args = &args,
		.rx_offloads = UINT64_MAX,
		.tx_offloads = UINT64_MAX,
		.rss_hf = UINT64_MAX,
	};
}

static uint64_t
random64(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#define F(name) VIRTIO_NET_F_##name
#define NONE 255

/** Bit, two bits that it requires, two of which it requires one. */
static const uint8_t rules[][5] = {
	{ F(GUEST_TSO4), F(GUEST_CSUM), NONE, NONE, NONE },
	{ F(GUEST_TSO6), F(GUEST_CSUM), NONE, NONE, NONE },
	{ F(GUEST_ECN), NONE, NONE, F(GUEST_TSO4), F(GUEST_TSO6) },
	{ F(GUEST_UFO), F(GUEST_CSUM), NONE, NONE, NONE },
	{ F(GUEST_USO4), F(GUEST_CSUM), NONE, NONE, NONE },
	{ F(GUEST_USO6), F(GUEST_CSUM), NONE, NONE, NONE },
	{ F(GUEST_UDP_TUNNEL_GSO), F(GUEST_TSO4), F(GUEST_TSO6), NONE, NONE },
	{ F(GUEST_UDP_TUNNEL_GSO), F(GUEST_USO4), F(GUEST_USO6), NONE, NONE },
	{ F(GUEST_UDP_TUNNEL_GSO_CSUM), F(GUEST_UDP_TUNNEL_GSO), NONE, NONE,
	  NONE },
	{ F(HOST_TSO4), F(CSUM), NONE, NONE, NONE },
	{ F(HOST_TSO6), F(CSUM), NONE, NONE, NONE },
	{ F(HOST_ECN), NONE, NONE, F(HOST_TSO4), F(HOST_TSO6) },
	{ F(HOST_UFO), F(CSUM), NONE, NONE, NONE },
	{ F(HOST_USO), F(CSUM), NONE, NONE, NONE },
	{ F(HOST_UDP_TUNNEL_GSO), F(HOST_TSO4), F(HOST_TSO6), NONE, NONE },
	{ F(HOST_UDP_TUNNEL_GSO), F(HOST_USO), NONE, NONE, NONE },
	{ F(HOST_UDP_TUNNEL_GSO_CSUM), F(HOST_UDP_TUNNEL_GSO), NONE, NONE,
	  NONE },
	{ F(CTRL_RX), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(CTRL_VLAN), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(CTRL_RX_EXTRA), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(GUEST_ANNOUNCE), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(MQ), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(CTRL_MAC_ADDR), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(NOTF_COAL), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(VQ_NOTF_COAL), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(RSC_EXT), NONE, NONE, F(HOST_TSO4), F(HOST_TSO6) },
	{ F(RSS), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(HASH_REPORT), F(CTRL_VQ), NONE, NONE, NONE },
	{ F(HASH_TUNNEL), F(CTRL_VQ), NONE, F(RSS), F(HASH_REPORT) },
	{ F(RSS_CONTEXT), F(CTRL_VQ), F(RSS), NONE, NONE },
};

static bool
holds(const struct virtio_features *f, uint8_t bit)
{
	return bit != NONE && virtio_features_has(f, bit);
}

static bool
rule_holds(const uint8_t *rule, const struct virtio_features *f)
{
	unsigned int i;

	if (!holds(f, rule[0]))
		return true;
	for (i = 1; i < 3; i++)
		if (rule[i] != NONE && !holds(f, rule[i]))
			return false;
	return rule[3] == NONE || holds(f, rule[3]) || holds(f, rule[4]);
}

static void
check_closed(struct virtio_features offered, const struct vnic_negotiation *n)
{
	unsigned int i;

	assert_true(virtio_features_subset(n->accepted, offered));
	for (i = 0; i < RTE_DIM(rules); i++)
		assert_true(rule_holds(rules[i], &n->accepted));
	for (i = 0; i < VIRTIO_FEATURES_BITS; i++)
		assert_int_equal(virtio_features_has(&n->accepted, i),
				 n->verdict[i] == VNIC_VERDICT_ACCEPTED);
}

/* GEN-05, GEN-06, GEN-07. */
static void
test_random_offers(void **state)
{
	struct vnic_need need = need_all();
	struct vnic_negotiation n;
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned int i;

	(void)state;
	for (i = 0; i < OFFERS; i++) {
		struct virtio_features offered = {
			{ random64(&seed), random64(&seed) } };

		vnic_negotiate(offered, &need, &n);
		check_closed(offered, &n);
	}
}

/* NCF-14: each dependent alone, and all bits but each one required. */
static void
test_each_edge(void **state)
{
	struct vnic_need need = need_all();
	struct vnic_negotiation n;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(rules); i++) {
		struct virtio_features alone = { { 0, 0 } };
		struct virtio_features rest = { { UINT64_MAX, UINT64_MAX } };

		virtio_features_add(&alone, rules[i][0]);
		vnic_negotiate(alone, &need, &n);
		assert_false(virtio_features_has(&n.accepted, rules[i][0]));
		if (rules[i][1] == NONE)
			continue;
		virtio_features_del(&rest, rules[i][1]);
		vnic_negotiate(rest, &need, &n);
		assert_false(virtio_features_has(&n.accepted, rules[i][0]));
		check_closed(rest, &n);
	}
}

/* GEN-08, GEN-10: all 128 bits offered; what is taken is what is written. */
static void
test_all_offered(void **state)
{
	static const uint8_t taken[] = {
		F(CSUM), F(GUEST_CSUM), F(MTU), F(MAC), F(HOST_TSO4),
		F(HOST_TSO6), F(MRG_RXBUF), F(STATUS), F(CTRL_VQ), F(CTRL_RX),
		F(CTRL_VLAN), F(CTRL_RX_EXTRA), F(DEVICE_STATS), F(NOTF_COAL),
		F(VQ_NOTF_COAL), F(GUEST_ANNOUNCE), F(MQ), F(CTRL_MAC_ADDR),
		F(SPEED_DUPLEX),
		F(CTRL_GUEST_OFFLOADS), F(GUEST_TSO4), F(GUEST_TSO6),
		F(GUEST_ECN), F(HOST_ECN), F(GUEST_USO4), F(GUEST_USO6),
		F(GUEST_UFO), F(HOST_USO), F(GUEST_HDRLEN), F(GUEST_UDP_TUNNEL_GSO),
		F(GUEST_UDP_TUNNEL_GSO_CSUM), F(HOST_UDP_TUNNEL_GSO),
		F(HOST_UDP_TUNNEL_GSO_CSUM), F(OUT_NET_HEADER),
		F(RSS), F(HASH_REPORT), F(HASH_TUNNEL), F(RSS_CONTEXT),
		VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1,
		VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_RING_PACKED,
		VIRTIO_F_IN_ORDER, VIRTIO_F_ORDER_PLATFORM,
		VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_RING_RESET,
		VIRTIO_F_NOTIF_CONFIG_DATA, VIRTIO_F_SUSPEND, F(RSC_EXT),
	};
	const struct virtio_features all = { { UINT64_MAX, UINT64_MAX } };
	struct virtio_features expected = { { 0, 0 } };
	struct vnic_need need = need_all();
	struct vnic_negotiation n;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(taken); i++)
		virtio_features_add(&expected, taken[i]);
	vnic_negotiate(all, &need, &n);
	assert_int_equal(n.accepted.w[0], expected.w[0]);
	assert_int_equal(n.accepted.w[1], expected.w[1]);
}

/* GEN-09: VERSION_1 alone is enough. */
static void
test_version_alone(void **state)
{
	struct virtio_features offered = { { 0, 0 } };
	struct vnic_need need = need_all();
	struct vnic_negotiation n;

	(void)state;
	virtio_features_add(&offered, VIRTIO_F_VERSION_1);
	vnic_negotiate(offered, &need, &n);
	assert_true(virtio_features_equal(n.accepted, offered));
	assert_int_equal(n.verdict[F(MRG_RXBUF)], VNIC_VERDICT_NOT_OFFERED);
}

/* What nobody asked for changes how the device treats frames. */
static void
test_nothing_asked(void **state)
{
	const struct virtio_features all = { { UINT64_MAX, UINT64_MAX } };
	static const struct vnic_args plain;
	struct vnic_need need = {
		.transport = VNIC_TRANSPORT_PCI, .args = &plain };
	static const uint8_t unasked[] = {
		F(CSUM), F(GUEST_CSUM), F(HOST_TSO4), F(HOST_TSO6),
		F(MRG_RXBUF), F(CTRL_VLAN), VIRTIO_F_RING_PACKED,
		VIRTIO_F_IN_ORDER, F(GUEST_TSO4), F(GUEST_TSO6), F(GUEST_ECN),
		F(HOST_ECN), F(GUEST_USO4), F(GUEST_USO6), F(HOST_USO),
		F(GUEST_HDRLEN), F(GUEST_UDP_TUNNEL_GSO),
		F(GUEST_UDP_TUNNEL_GSO_CSUM), F(HOST_UDP_TUNNEL_GSO),
		F(HOST_UDP_TUNNEL_GSO_CSUM), F(OUT_NET_HEADER),
		F(RSS), F(HASH_REPORT), F(HASH_TUNNEL), F(RSS_CONTEXT),
	};
	struct vnic_negotiation n;
	unsigned int i;

	(void)state;
	vnic_negotiate(all, &need, &n);
	for (i = 0; i < RTE_DIM(unasked); i++)
		assert_int_equal(n.verdict[unasked[i]],
				 VNIC_VERDICT_NOT_ASKED);
}

/* UDP_TSO is one of two, and the other is not agreed on. */
static void
test_udp_tso(void **state)
{
	const struct virtio_features all = { { UINT64_MAX, UINT64_MAX } };
	struct vnic_args kind = args;
	struct vnic_need need = need_all();
	struct vnic_negotiation n;

	(void)state;
	need.args = &kind;
	need.tx_offloads = RTE_ETH_TX_OFFLOAD_UDP_TSO;
	vnic_negotiate(all, &need, &n);
	assert_true(virtio_features_has(&n.accepted, F(HOST_USO)));
	assert_int_equal(n.verdict[F(HOST_UFO)], VNIC_VERDICT_NOT_ASKED);
	kind.udp_tso = VNIC_UDP_TSO_UFO;
	vnic_negotiate(all, &need, &n);
	assert_true(virtio_features_has(&n.accepted, F(HOST_UFO)));
	assert_int_equal(n.verdict[F(HOST_USO)], VNIC_VERDICT_NOT_ASKED);
}

/* Which large frames are wanted is asked for in steps. */
static void
test_lro_steps(void **state)
{
	const struct virtio_features all = { { UINT64_MAX, UINT64_MAX } };
	struct vnic_args steps = args;
	struct vnic_need need = need_all();
	struct vnic_negotiation n;
	unsigned int lro;

	(void)state;
	need.args = &steps;
	for (lro = VNIC_LRO_TCP; lro <= VNIC_LRO_TUNNEL; lro++) {
		steps.lro = lro;
		steps.mrg_rxbuf = true;
		vnic_negotiate(all, &need, &n);
		assert_true(virtio_features_has(&n.accepted, F(GUEST_TSO4)));
		assert_int_equal(virtio_features_has(&n.accepted,
				 F(GUEST_USO6)), lro >= VNIC_LRO_UDP);
		assert_int_equal(virtio_features_has(&n.accepted,
				 F(GUEST_UFO)), lro >= VNIC_LRO_UDP);
		assert_int_equal(virtio_features_has(&n.accepted,
				 F(GUEST_UDP_TUNNEL_GSO)),
				 lro >= VNIC_LRO_TUNNEL);
		/* No mbuf holds 64 KB. */
		steps.mrg_rxbuf = false;
		vnic_negotiate(all, &need, &n);
		assert_false(virtio_features_has(&n.accepted, F(GUEST_TSO4)));
		assert_false(virtio_features_has(&n.accepted, F(GUEST_USO6)));
		assert_int_equal(n.missing[F(GUEST_TSO4)], F(MRG_RXBUF));
	}
}

/* A bad field takes its feature along, and what needs that one. */
static void
test_bad_config(void **state)
{
	const struct virtio_features all = { { UINT64_MAX, UINT64_MAX } };
	struct vnic_need need = need_all();
	struct vnic_negotiation n;
	char text[64];

	(void)state;
	virtio_features_add(&need.bad_config, F(MTU));
	virtio_features_add(&need.bad_config, F(CTRL_VQ));
	vnic_negotiate(all, &need, &n);
	assert_int_equal(n.verdict[F(MTU)], VNIC_VERDICT_CONFIG);
	assert_int_equal(n.verdict[F(MQ)], VNIC_VERDICT_PREREQUISITE);
	assert_int_equal(n.missing[F(MQ)], F(CTRL_VQ));
	assert_string_equal(vnic_negotiate_reason(&n, F(MQ), text,
						  sizeof(text)),
			    "needs CTRL_VQ, which is not accepted");
	check_closed(all, &n);
}

/* Over vhost-user queue pairs need no control queue; all else does. */
static void
test_vhost_user(void **state)
{
	struct virtio_features offered = { { UINT64_MAX, UINT64_MAX } };
	struct vnic_need need = need_all();
	struct vnic_negotiation n;

	(void)state;
	need.transport = VNIC_TRANSPORT_USER;
	virtio_features_del(&offered, F(CTRL_VQ));
	vnic_negotiate(offered, &need, &n);
	assert_true(virtio_features_has(&n.accepted, F(MQ)));
	assert_false(virtio_features_has(&n.accepted, F(CTRL_RX)));
	assert_int_equal(n.verdict[VIRTIO_F_NOTIFICATION_DATA],
			 VNIC_VERDICT_TRANSPORT);
}

/* NRX-04. */
static void
test_header_length(void **state)
{
	struct virtio_features f = { { 0, 0 } };

	(void)state;
	assert_int_equal(vnic_negotiate_hdr_len(&f), 10);
	virtio_features_add(&f, F(MRG_RXBUF));
	assert_int_equal(vnic_negotiate_hdr_len(&f), 12);
	f = (struct virtio_features){ { 0, 0 } };
	virtio_features_add(&f, VIRTIO_F_VERSION_1);
	assert_int_equal(vnic_negotiate_hdr_len(&f), 12);
	virtio_features_add(&f, F(HASH_REPORT));
	assert_int_equal(vnic_negotiate_hdr_len(&f), 20);
	virtio_features_add(&f, F(GUEST_UDP_TUNNEL_GSO));
	assert_int_equal(vnic_negotiate_hdr_len(&f), 24);
	virtio_features_add(&f, F(OUT_NET_HEADER));
	assert_int_equal(vnic_negotiate_hdr_len(&f), 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_offers),
		cmocka_unit_test(test_each_edge),
		cmocka_unit_test(test_all_offered),
		cmocka_unit_test(test_version_alone),
		cmocka_unit_test(test_nothing_asked),
		cmocka_unit_test(test_lro_steps),
		cmocka_unit_test(test_udp_tso),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_vhost_user),
		cmocka_unit_test(test_header_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
