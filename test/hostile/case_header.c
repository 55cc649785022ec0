/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "hostile.h"

/*
 * Header garbage of every kind on rows that read headers, with all features
 * that give header fields a meaning: every frame is delivered whole or
 * dropped and counted, and the queue goes on.
 */

#define LOW(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define HIGH(name) (UINT64_C(1) << (VIRTIO_NET_F_##name - 64))
#define FRAMES 4000

static void
header_random(struct virtio_net_hdr_outer *h, uint64_t *seed)
{
	static const uint16_t edges[] = {
		0, 1, 13, 14, 33, 34, 54, 255, 1500, 0x7fff, 0xffff,
	};
	uint16_t word[sizeof(*h) / 2];
	unsigned int i;

	for (i = 0; i < RTE_DIM(word); i++) {
		*seed = *seed * 6364136223846793005 + 1442695040888963407;
		word[i] = *seed >> 62 ? *seed >> 33 :
			edges[(*seed >> 33) % RTE_DIM(edges)];
	}
	memcpy(h, word, sizeof(*h));
	/* Types that exist, most of the time. */
	if (*seed >> 60)
		h->tunnel.hash.hdr.gso_type &= 0xe5;
	if (*seed >> 61 & 1)
		h->tunnel.hash.hdr.flags |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

static void
header_row(const struct sim_row *row)
{
	bool mrg = row->flags & VNIC_PATH_MRG;
	struct sim_options o = {
		.nb_rxd = 64, .nb_txd = 64, .nb_mbufs = 1023,
		.extra = {
			LOW(GUEST_USO4) | LOW(GUEST_USO6) | LOW(GUEST_ECN),
			HIGH(GUEST_UDP_TUNNEL_GSO) |
				HIGH(GUEST_UDP_TUNNEL_GSO_CSUM) |
				HIGH(OUT_NET_HEADER) },
		.rx_offloads = mrg ? RTE_ETH_RX_OFFLOAD_TCP_LRO : 0,
		.lro = VNIC_LRO_TUNNEL,
	};
	static uint8_t data[9000];
	struct rte_mbuf *m;
	uint64_t seed = hostile_seed(), errors, got = 0;
	struct victim v = { .nb_held = 0 };
	unsigned int i;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	v.port = sim_open(row, &o);
	errors = sim_rxq(v.port, 0)->stats.errors;
	for (i = 0; i < FRAMES; i++) {
		struct virtio_net_hdr_outer h;
		uint32_t len;

		header_random(&h, &seed);
		len = 14 + (seed >> 40) % (mrg ? sizeof(data) - 14 : 1400);
		memset(data, i, len);
		data[12] = 0x08;
		data[13] = 0x00;
		data[14] = 0x45;
		data[23] = i & 1 ? 6 : 17;
		assert_true(devsim_rx_inject_outer(v.port->dev, 0, data, len,
						   &h) > 0);
		if (rte_eth_rx_burst(v.port->id, 0, &m, 1) == 0)
			continue;
		assert_int_equal(m->pkt_len, len);
		if (m->ol_flags & RTE_MBUF_F_RX_LRO)
			assert_in_range(m->tso_segsz, 1, len - 1);
		victim_keep(&v, m);
		got++;
	}
	errors = sim_rxq(v.port, 0)->stats.errors - errors;
	assert_int_equal(got + errors, FRAMES);
	assert_true(got > FRAMES / 100 && errors > FRAMES / 100);
	assert_int_equal(sim_rxq(v.port, 0)->vr.fault, VRING_FAULT_NONE);
	victim_close(&v);
}

void
case_header(void **state)
{
	(void)state;
	sim_for_rows(header_row);
}
