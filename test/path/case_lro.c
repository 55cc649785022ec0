/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "packet.h"
#include "path.h"

/* Large receive: RTE_ETH_RX_OFFLOAD_TCP_LRO, and what stands in its way. */

static int
lro_configure(struct sim_port *port, uint32_t max)
{
	struct rte_eth_conf conf = {
		.rxmode = {
			.mtu = 1500, .max_lro_pkt_size = max,
			.offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		},
	};

	return rte_eth_dev_configure(port->id, 1, 1, &conf);
}

/* A large frame with a gso_type; content must be whole. */
static void
lro_one(struct sim_port *port, uint32_t len, uint8_t type, bool delivered)
{
	static uint8_t data[65589];
	struct virtio_net_hdr_tunnel h = { .hash.hdr = {
		.flags = VIRTIO_NET_HDR_F_DATA_VALID,
		.gso_type = type,
		.gso_size = rte_cpu_to_le_16(1448),
	} };
	struct rte_mbuf *m;
	const struct rte_mbuf *seg;
	uint32_t off = 0;

	frame_write(data, len, RTE_MIN(len, 65000u));
	assert_true(devsim_rx_inject(port->dev, 0, data, len, &h) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), delivered);
	if (!delivered)
		return;
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->tso_segsz, 1448);
	assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_LRO |
			 RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	for (seg = m; seg != NULL; seg = seg->next) {
		assert_memory_equal(rte_pktmbuf_mtod(seg, uint8_t *),
				    data + off, seg->data_len);
		off += seg->data_len;
	}
	assert_int_equal(off, len);
	rte_pktmbuf_free(m);
}

static void
lro_traffic(const struct sim_row *row)
{
	struct sim_options o = { .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = sim_open(row, &o);
	uint64_t errors = sim_rxq(port, 0)->stats.errors;
	uint32_t len;

	for (len = 1449; len <= 65589; len += 7127) {
		lro_one(port, len, VIRTIO_NET_HDR_GSO_TCPV4, true);
		lro_one(port, len, VIRTIO_NET_HDR_GSO_TCPV6 |
			VIRTIO_NET_HDR_GSO_ECN, true);
	}
	lro_one(port, 65589, VIRTIO_NET_HDR_GSO_TCPV4, true);
	/* Not agreed on: dropped whole, and the next frame is whole. */
	lro_one(port, 60000, VIRTIO_NET_HDR_GSO_UDP_L4, false);
	lro_one(port, 60000, VIRTIO_NET_HDR_GSO_UDP, false);
	assert_int_equal(sim_rxq(port, 0)->stats.errors, errors + 2);
	lro_one(port, 60000, VIRTIO_NET_HDR_GSO_TCPV4, true);
	sim_close(port, true);
}

/* Where it cannot be had it is not offered, and refused. */
static void
lro_refused(const struct sim_row *row)
{
	struct sim_port *port = sim_open_stopped(row, NULL);
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_false(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_LRO);
	assert_int_equal(info.max_lro_pkt_size, 0);
	assert_true(lro_configure(port, 0) < 0);
	sim_close(port, true);
}

static void
lro_row(const struct sim_row *row)
{
	if ((row->flags & VNIC_PATH_OFFLOAD) && (row->flags & VNIC_PATH_MRG))
		lro_traffic(row);
	else
		lro_refused(row);
}

void
case_lro(void **state)
{
	(void)state;
	sim_for_rows(lro_row);
}

/* NRX-01: a pool whose buffers cannot hold such a frame, and a limit that no
 * device keeps. */
static void
lro_room_row(const struct sim_row *row)
{
	struct sim_options o = { .room = 1024 };
	struct rte_eth_dev_info info;
	struct sim_port *port;

	if (!(row->flags & VNIC_PATH_OFFLOAD) || !(row->flags & VNIC_PATH_MRG))
		return;
	port = sim_open_stopped(row, &o);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_true(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_LRO);
	assert_int_equal(info.max_lro_pkt_size, 65589);
	assert_int_equal(lro_configure(port, 9000), -EINVAL);
	assert_int_equal(lro_configure(port, 0), 0);
	/* 64 buffers of 1024 bytes are a little too few. */
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256,
			 SOCKET_ID_ANY, NULL, port->pool), -EINVAL);
	sim_close(port, true);
}

void
case_lro_room(void **state)
{
	(void)state;
	sim_for_rows(lro_room_row);
}
