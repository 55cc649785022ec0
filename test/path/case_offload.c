/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_ip.h>
#include <rte_tcp.h>

#include "path.h"

#define L2 14
#define L3 20

/* ---- transmit: the header asks for what the mbuf asks for ---- */

static void
ipv4_tcp_write(uint8_t *p, uint32_t len)
{
	struct rte_ipv4_hdr *ip = (void *)(p + L2);
	struct rte_tcp_hdr *tcp = (void *)(p + L2 + L3);

	memset(p, 0, len);
	p[0] = 2;
	p[6] = 2;
	p[12] = 0x08;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(len - L2);
	ip->time_to_live = 64;
	ip->next_proto_id = 6;
	ip->src_addr = rte_cpu_to_be_32(0x0a000001);
	ip->dst_addr = rte_cpu_to_be_32(0x0a000002);
	tcp->data_off = 0x50;
}

struct hdr_expect {
	struct virtio_net_hdr hdr;
	unsigned int seen;
	uint8_t first;	/**< byte of the frame */
};

static void
hdr_seen(void *arg, const struct devsim_frame *frame)
{
	struct hdr_expect *e = arg;

	memcpy(&e->hdr, frame->hdr, sizeof(e->hdr));
	e->first = frame->data[0];
	e->seen++;
}

static struct virtio_net_hdr
tx_one(struct sim_port *port, uint32_t len, uint64_t ol_flags)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);
	struct hdr_expect e = { .seen = 0 };

	assert_non_null(m);
	ipv4_tcp_write((uint8_t *)rte_pktmbuf_append(m, len), len);
	m->l2_len = L2;
	m->l3_len = L3;
	m->l4_len = 20;
	m->tso_segsz = 500;
	m->ol_flags = ol_flags;
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, hdr_seen, &e), 1);
	assert_int_equal(e.seen, 1);
	/* The header did not reach into the frame. */
	assert_int_equal(e.first, 2);
	return e.hdr;
}

static void
offload_tx_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, NULL);
	const uint64_t tcp = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
		RTE_MBUF_F_TX_TCP_CKSUM;
	struct virtio_net_hdr h;

	h = tx_one(port, 100, 0);
	assert_int_equal(h.flags, 0);
	assert_int_equal(h.gso_type, 0);
	if (row->flags & VNIC_PATH_OFFLOAD) {
		h = tx_one(port, 100, tcp & ~RTE_MBUF_F_TX_IP_CKSUM);
		assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(rte_le_to_cpu_16(h.csum_start), L2 + L3);
		assert_int_equal(rte_le_to_cpu_16(h.csum_offset), 16);
		assert_int_equal(h.gso_type, 0);
		h = tx_one(port, 1900, tcp | RTE_MBUF_F_TX_TCP_SEG);
		assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
		assert_int_equal(rte_le_to_cpu_16(h.gso_size), 500);
		assert_int_equal(rte_le_to_cpu_16(h.hdr_len), L2 + L3 + 20);
		/* The next plain frame carries nothing over. */
		h = tx_one(port, 100, 0);
		assert_int_equal(h.flags, 0);
		assert_int_equal(h.csum_start, 0);
	}
	sim_close(port, true);
}

void
case_offload_tx(void **state)
{
	(void)state;
	sim_for_rows(offload_tx_row);
}

/* ---- receive: the mbuf says what the header says ---- */

static uint64_t
rx_one(struct sim_port *port, struct virtio_net_hdr hdr, bool delivered)
{
	struct virtio_net_hdr_tunnel h = { .hash.hdr = hdr };
	uint8_t data[400];
	struct rte_mbuf *m = NULL;
	uint64_t flags;

	ipv4_tcp_write(data, sizeof(data));
	assert_true(devsim_rx_inject(port->dev, 0, data, sizeof(data), &h) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), delivered);
	if (!delivered)
		return 0;
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), data, sizeof(data));
	flags = m->ol_flags;
	if (flags & RTE_MBUF_F_RX_LRO)
		assert_int_equal(m->tso_segsz,
				 rte_le_to_cpu_16(hdr.gso_size));
	rte_pktmbuf_free(m);
	return flags;
}

static void
offload_rx_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, NULL);
	struct virtio_net_hdr valid = {
		.flags = VIRTIO_NET_HDR_F_DATA_VALID,
	};
	struct virtio_net_hdr partial = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = rte_cpu_to_le_16(L2 + L3),
		.csum_offset = rte_cpu_to_le_16(16),
	};
	struct virtio_net_hdr far = partial, none = { .flags = 0 };
	uint64_t errors = sim_rxq(port, 0)->stats.errors;

	if (!(row->flags & VNIC_PATH_OFFLOAD)) {
		assert_int_equal(rx_one(port, none, true), 0);
	} else {
		/* The device says nothing, and there is no checksum in it. */
		assert_int_equal(rx_one(port, none, true),
				 RTE_MBUF_F_RX_L4_CKSUM_BAD);
		assert_int_equal(rx_one(port, valid, true),
				 RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		assert_int_equal(rx_one(port, partial, true) &
				 RTE_MBUF_F_RX_L4_CKSUM_MASK,
				 RTE_MBUF_F_RX_L4_CKSUM_NONE);
		/* A checksum outside of the frame: dropped and counted. */
		far.csum_start = rte_cpu_to_le_16(399);
		rx_one(port, far, false);
		assert_int_equal(sim_rxq(port, 0)->stats.errors, errors + 1);
	}
	sim_close(port, true);
}

void
case_offload_rx(void **state)
{
	(void)state;
	sim_for_rows(offload_rx_row);
}
