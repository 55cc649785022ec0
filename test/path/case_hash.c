/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_ip.h>
#include <rte_tcp.h>

#include "path.h"

/* Hash reports on every row that has them, and steering by the table. */

#define L2 14
#define L3 20
#define BATCH 8

/* The first of the published verification vectors; the port's default key is
 * theirs. */
#define SRC RTE_IPV4(66u, 9u, 149u, 187u)
#define DST RTE_IPV4(161u, 142u, 100u, 80u)
#define SRC_PORT 2794
#define DST_PORT 1766
#define HASH_TCP 0x51ccc178
#define HASH_IP 0x323e8fc2

static void
tcp_write(uint8_t *p, uint32_t len, uint16_t src_port)
{
	struct rte_ipv4_hdr *ip = (void *)(p + L2);
	struct rte_tcp_hdr *tcp = (void *)(p + L2 + L3);

	memset(p, 0, len);
	p[0] = 2;
	p[6] = 2;
	p[12] = 0x08;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(len - L2);
	ip->next_proto_id = 6;
	ip->src_addr = rte_cpu_to_be_32(SRC);
	ip->dst_addr = rte_cpu_to_be_32(DST);
	tcp->src_port = rte_cpu_to_be_16(src_port);
	tcp->dst_port = rte_cpu_to_be_16(DST_PORT);
	tcp->data_off = 0x50;
}

static uint16_t
take(struct sim_port *port, uint16_t queue, struct rte_mbuf **m, uint16_t nb)
{
	return rte_eth_rx_burst(port->id, queue, m, nb);
}

static void
mbuf_check(struct rte_mbuf *m, uint32_t value, uint16_t report, uint64_t flags)
{
	bool known = report >= 1 && report <= 9;

	assert_int_equal((m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0, known);
	/* Other frames' checksums are found out by the processor. */
	if (flags != 0)
		assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
				 flags);
	assert_int_equal(m->packet_type != 0, known);
	if (known)
		assert_int_equal(m->hash.rss, value);
	assert_int_equal(m->vlan_tci, 0);
	rte_pktmbuf_free(m);
}

/* ---- what the header says is what the mbuf says ---- */

static const uint16_t reports[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 15, 16, 17, 255, 256, 0x8002, 65535 };

static void
inject(struct sim_port *port, uint32_t len, uint32_t value, uint16_t report,
       uint8_t flags)
{
	const struct virtio_net_hdr_tunnel hdr = {
		.hash.hdr.flags = flags,
		.hash.hash_value = rte_cpu_to_le_32(value),
		.hash.hash_report = rte_cpu_to_le_16(report),
		.hash.padding = 0xffff,
	};
	static uint8_t data[6000];

	tcp_write(data, len, SRC_PORT);
	assert_true(devsim_rx_inject(port->dev, 0, data, len, &hdr) > 0);
}

/* A batch of different reports: the straight path. */
static void
report_batch(struct sim_port *port, uint32_t base)
{
	struct rte_mbuf *m[BATCH];
	uint64_t slow = sim_rxq(port, 0)->stats.slow;
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		inject(port, 100 + i, base * i + 7,
		       reports[(base + i) % RTE_DIM(reports)], 0);
	assert_int_equal(take(port, 0, m, BATCH), BATCH);
	assert_true(sim_rxq(port, 0)->stats.slow == slow);
	for (i = 0; i < BATCH; i++) {
		assert_int_equal(m[i]->pkt_len, 100 + i);
		assert_int_equal(m[i]->data_len, 100 + i);
		mbuf_check(m[i], base * i + 7,
			   reports[(base + i) % RTE_DIM(reports)], 0);
	}
}

/* One that also has an offload result, or several buffers. */
static void
report_general(struct sim_port *port, uint32_t len, uint16_t report)
{
	struct rte_mbuf *m;

	inject(port, len, 0xfeedf00d, report, VIRTIO_NET_HDR_F_DATA_VALID);
	assert_int_equal(take(port, 0, &m, 1), 1);
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->nb_segs, len > 2048 ? 3 : 1);
	mbuf_check(m, 0xfeedf00d, report, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

static void
report_run(const struct sim_row *row, const struct sim_options *o,
	   uint16_t hdr_len)
{
	struct sim_port *port = sim_open(row, o);
	unsigned int i;

	assert_int_equal(devsim_hdr_len(port->dev), hdr_len);
	for (i = 0; i < 100; i++)
		report_batch(port, i);
	for (i = 0; i < RTE_DIM(reports); i++) {
		report_general(port, 400, reports[i]);
		if (row->flags & VNIC_PATH_MRG)
			report_general(port, 5000, reports[i]);
	}
	report_batch(port, 1);
	sim_close(port, true);
}

#define LOW(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define HIGH(name) (UINT64_C(1) << (VIRTIO_NET_F_##name - 64))

/* The hash is at one place, whatever follows it in the header. */
static void
report_row(const struct sim_row *row)
{
	static const struct sim_options guest_tunnel = {
		.extra = { LOW(GUEST_USO4) | LOW(GUEST_USO6),
			   HIGH(GUEST_UDP_TUNNEL_GSO) },
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.lro = VNIC_LRO_TUNNEL,
	};
	static const struct sim_options outer = {
		.extra = { 0, HIGH(OUT_NET_HEADER) },
	};
	static const struct sim_options host_tunnel = {
		.extra = { LOW(HOST_USO), HIGH(HOST_UDP_TUNNEL_GSO) },
		.tx_offloads = RTE_ETH_TX_OFFLOAD_UDP_TNL_TSO,
	};

	if (!(row->flags & VNIC_PATH_HASH))
		return;
	report_run(row, NULL, 20);
	if (row->flags & VNIC_PATH_MRG)
		report_run(row, &guest_tunnel, 24);
	report_run(row, &host_tunnel, 24);
	report_run(row, &outer, 32);
}

void
case_hash_report(void **state)
{
	(void)state;
	sim_for_rows(report_row);
}

/* ---- HASH_CONFIG: the device hashes, as the published vector says ---- */

static void
value_row(const struct sim_row *row)
{
	struct sim_port *port;
	struct rte_mbuf *m;
	uint8_t data[100];

	if (!(row->flags & VNIC_PATH_HASH))
		return;
	port = sim_open(row, NULL);
	assert_true(devsim_net_state(port->dev)->hash_config);
	tcp_write(data, sizeof(data), SRC_PORT);
	assert_true(devsim_rx_deliver(port->dev, data, sizeof(data), NULL) > 0);
	assert_int_equal(take(port, 0, &m, 1), 1);
	mbuf_check(m, HASH_TCP, VIRTIO_NET_HASH_REPORT_TCPv4, 0);
	data[L2 + 9] = 50;
	assert_true(devsim_rx_deliver(port->dev, data, sizeof(data), NULL) > 0);
	assert_int_equal(take(port, 0, &m, 1), 1);
	mbuf_check(m, HASH_IP, VIRTIO_NET_HASH_REPORT_IPv4, 0);
	data[12] = 0x88;
	assert_true(devsim_rx_deliver(port->dev, data, sizeof(data), NULL) > 0);
	assert_int_equal(take(port, 0, &m, 1), 1);
	mbuf_check(m, 0, VIRTIO_NET_HASH_REPORT_NONE, 0);
	sim_close(port, true);
}

void
case_hash_value(void **state)
{
	(void)state;
	sim_for_rows(value_row);
}

/* ---- steering ---- */

#define QUEUES 4
#define FLOWS 64

static void
reta_set(struct sim_port *port, uint16_t from, uint16_t to)
{
	struct rte_eth_rss_reta_entry64 reta[2];
	unsigned int i;

	memset(reta, 0, sizeof(reta));
	for (i = 0; i < 128; i++)
		if (i % QUEUES == from) {
			reta[i / 64].mask |= UINT64_C(1) << (i % 64);
			reta[i / 64].reta[i % 64] = to;
		}
	assert_int_equal(rte_eth_dev_rss_reta_update(port->id, reta, 128), 0);
}

/* Each flow to the queue that its hash says; @p moved: those of queue 1 to
 * queue 3. */
static void
steer_flows(struct sim_port *port, bool moved)
{
	unsigned int count[QUEUES] = { 0 }, i;
	uint8_t data[100];

	for (i = 0; i < FLOWS; i++) {
		struct rte_mbuf *m;
		uint16_t queue, want;

		tcp_write(data, sizeof(data), SRC_PORT + i);
		assert_true(devsim_rx_deliver(port->dev, data, sizeof(data),
					      &queue) > 0);
		assert_int_equal(take(port, queue, &m, 1), 1);
		count[queue]++;
		if (i == 0)
			assert_int_equal(m->hash.rss, HASH_TCP);
		want = m->hash.rss % QUEUES;
		if (moved && want == 1)
			want = 3;
		assert_int_equal(queue, want);
		mbuf_check(m, m->hash.rss, VIRTIO_NET_HASH_REPORT_TCPv4, 0);
	}
	for (i = 0; i < QUEUES; i++)
		assert_int_equal(count[i] > 0, !(moved && i == 1));
}

/* What has no hash goes to the first queue. */
static void
steer_unclassified(struct sim_port *port)
{
	struct rte_mbuf *m;
	uint8_t data[100];
	uint16_t queue;

	tcp_write(data, sizeof(data), SRC_PORT + 1);
	data[12] = 0x88;
	assert_true(devsim_rx_deliver(port->dev, data, sizeof(data),
				      &queue) > 0);
	assert_int_equal(queue, 0);
	assert_int_equal(take(port, 0, &m, 1), 1);
	mbuf_check(m, 0, VIRTIO_NET_HASH_REPORT_NONE, 0);
}

static void
steer_row(const struct sim_row *row)
{
	struct sim_options o = {
		.pairs = QUEUES, .nb_rxd = 64, .nb_txd = 64,
		.rss_hf = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP };
	struct sim_port *port;

	if (!(row->flags & VNIC_PATH_HASH))
		return;
	port = sim_open(row, &o);
	assert_true(devsim_net_state(port->dev)->steering);
	assert_int_equal(devsim_net_state(port->dev)->pairs, QUEUES);
	steer_flows(port, false);
	reta_set(port, 1, 3);
	steer_flows(port, true);
	steer_unclassified(port);
	reta_set(port, 1, 1);
	steer_flows(port, false);
	sim_close(port, true);
}

void
case_hash_steer(void **state)
{
	(void)state;
	sim_for_rows(steer_row);
}

/* ---- sent frames carry nothing in the longer header ---- */

static void
sent_seen(void *arg, const struct devsim_frame *frame)
{
	static const uint8_t zero[20];

	assert_int_equal(frame->hdr_len, sizeof(zero));
	assert_memory_equal(frame->hdr, zero, sizeof(zero));
	++*(unsigned int *)arg;
}

static void
sent_row(const struct sim_row *row)
{
	struct rte_mbuf *m[2];
	struct sim_port *port;
	unsigned int seen = 0;

	if (!(row->flags & VNIC_PATH_HASH))
		return;
	port = sim_open(row, NULL);
	/* Header before the data, and header in memory of the slot's own. */
	m[0] = frame_mbuf(port->pool, 1, 100, 1);
	m[1] = frame_mbuf(port->pool, 2, 300, 3);
	rte_pktmbuf_refcnt_update(m[1], 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, m, 2), 2);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 4, sent_seen, &seen),
			 2);
	assert_int_equal(seen, 2);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	rte_pktmbuf_free(m[1]);
	sim_close(port, true);
}

void
case_hash_sent(void **state)
{
	(void)state;
	sim_for_rows(sent_row);
}
