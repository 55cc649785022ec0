/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_mbuf_dyn.h>

#include "packet.h"
#include "path.h"

/* RSC_EXT (5.1.6.4): what an application sees of it, by names alone. */

#define BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define RSC_BITS (BIT(RSC_EXT) | BIT(HOST_TSO4) | BIT(HOST_TSO6))

/** As doc/guides/nics/vnic.rst gives it. */
struct rsc {
	uint16_t segments;
	uint16_t dup_acks;
};

static uint64_t
rsc_flag(void)
{
	int bit = rte_mbuf_dynflag_lookup("vnic_dynflag_rsc", NULL);

	return bit < 0 ? 0 : RTE_BIT64(bit);
}

/* A large TCP frame with counts in place of checksum offsets. */
static struct rte_mbuf *
rsc_receive(struct sim_port *port, uint8_t flags, uint16_t segments,
	    uint16_t dup_acks)
{
	static uint8_t flat[PACKET_MAX];
	struct packet k = { .payload = 4 * 1448 };
	uint32_t len = packet_write(flat, &k);
	struct virtio_net_hdr_tunnel h = { .hash.hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM | flags,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = rte_cpu_to_le_16(1448),
		.csum_start = rte_cpu_to_le_16(segments),
		.csum_offset = rte_cpu_to_le_16(dup_acks),
	} };
	struct rte_mbuf *m = NULL;

	assert_true(devsim_rx_inject(port->dev, 0, flat, len, &h) > 0);
	rte_eth_rx_burst(port->id, 0, &m, 1);
	return m;
}

static void
rsc_expect(struct rte_mbuf *m, uint16_t segments, uint16_t dup_acks)
{
	int off = rte_mbuf_dynfield_lookup("vnic_dynfield_rsc", NULL);
	const struct rsc *rsc;

	assert_non_null(m);
	assert_true(off >= 0);
	assert_true(m->ol_flags & rsc_flag());
	rsc = RTE_MBUF_DYNFIELD(m, off, const struct rsc *);
	assert_int_equal(rsc->segments, segments);
	assert_int_equal(rsc->dup_acks, dup_acks);
	assert_int_equal(m->ol_flags & ~rsc_flag(), RTE_MBUF_F_RX_LRO |
			 RTE_MBUF_F_RX_L4_CKSUM_NONE);
	rte_pktmbuf_free(m);
}

static void
rsc_row(const struct sim_row *row)
{
	struct sim_options o = {
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.extra = { RSC_BITS }, .rsc_info = true,
	};
	struct sim_port *port;
	struct rte_mbuf *m;

	if (!(row->flags & VNIC_PATH_OFFLOAD) || !(row->flags & VNIC_PATH_MRG))
		return;
	port = sim_open(row, &o);
	assert_true(virtio_features_has(&port->vnic->accepted,
					VIRTIO_NET_F_RSC_EXT));
	m = rsc_receive(port, VIRTIO_NET_HDR_F_RSC_INFO, 4, 0);
	rsc_expect(m, 4, 0);
	/* Any value is the device's to say. */
	m = rsc_receive(port, VIRTIO_NET_HDR_F_RSC_INFO, UINT16_MAX, UINT16_MAX);
	rsc_expect(m, UINT16_MAX, UINT16_MAX);
	/* Without the flag these are offsets, and the mbuf has no counts. */
	m = rsc_receive(port, 0, 34, 16);
	assert_non_null(m);
	assert_false(m->ol_flags & rsc_flag());
	rte_pktmbuf_free(m);
	assert_null(rsc_receive(port, 0, UINT16_MAX, UINT16_MAX));
	sim_close(port, true);

	/* Not agreed on unless somebody looks at the counts. */
	o.rsc_info = false;
	port = sim_open(row, &o);
	assert_false(virtio_features_has(&port->vnic->accepted,
					 VIRTIO_NET_F_RSC_EXT));
	m = rsc_receive(port, VIRTIO_NET_HDR_F_RSC_INFO, 4, 0);
	assert_non_null(m);
	assert_false(m->ol_flags & rsc_flag());
	rte_pktmbuf_free(m);
	sim_close(port, true);
}

void
case_rsc(void **state)
{
	(void)state;
	sim_for_rows(rsc_row);
}
