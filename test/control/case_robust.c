/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"

/* Behaviours that doc/robustness.md lists and that no other case shows. */

static const struct rte_ether_addr a = { { 2, 0, 0, 0, 0, 0xa } };
static const struct rte_ether_addr b = { { 2, 0, 0, 0, 0, 0xb } };

static void
mac_add(struct sim_port *port, struct rte_ether_addr mac)
{
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &mac, 0), 0);
}

/* Addresses behind the hole that a removal leaves stay, also over a reset. */
void
mac_list_keeps_holes(void **state)
{
	struct sim_options o = { .ctrl = true };
	struct sim_port *port = control_open(&o);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr gone = a;

	(void)state;
	mac_add(port, a);
	mac_add(port, b);
	assert_int_equal(rte_eth_dev_mac_addr_remove(port->id, &gone), 0);
	assert_int_equal(net->nr_unicast, 1);
	assert_memory_equal(net->unicast[0], &b, sizeof(b));
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	assert_int_equal(net->nr_unicast, 1);
	assert_memory_equal(net->unicast[0], &b, sizeof(b));
	sim_close(port, true);
}

/* The table needs CTRL_RX, not the command that sets the first address. */
void
mac_list_by_ctrl_rx(void **state)
{
	struct sim_options o = {
		.extra = { (UINT64_C(1) << VIRTIO_NET_F_CTRL_VQ) |
			   (UINT64_C(1) << VIRTIO_NET_F_CTRL_RX), 0 } };
	struct sim_port *port = control_open(&o);
	const struct devsim_net_state *net = devsim_net_state(port->dev);

	(void)state;
	mac_add(port, a);
	assert_int_equal(net->nr_unicast, 1);
	control_traffic(port);
	sim_close(port, true);
}

/* What was sent comes back on request, not when the ring is used up. */
static void
sent_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 8 };
	struct sim_port *port = sim_open(row, &o);
	unsigned int i, before = rte_mempool_in_use_count(port->pool);
	struct rte_mbuf *m;

	for (i = 0; i < 100; i++) {
		m = frame_mbuf(port->pool, i, 100, 1);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	}
	devsim_tx_collect(port->dev, 1, 256, NULL, NULL);
	assert_int_equal(rte_eth_tx_done_cleanup(port->id, 0, 40), 40);
	assert_int_equal(rte_eth_tx_done_cleanup(port->id, 0, 0), 60);
	assert_int_equal(rte_mempool_in_use_count(port->pool), before);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
sent_mbufs_come_back(void **state)
{
	(void)state;
	sim_for_rows(sent_row);
}

static void
await_in_use(const struct rte_mempool *pool, unsigned int nb)
{
	unsigned int i;

	for (i = 0; rte_mempool_in_use_count(pool) != nb; i++) {
		assert_true(i < 30000);
		rte_delay_us_sleep(1000);
	}
}

/* Nobody asks and nobody sends any more: they come back all the same. */
static void
rest_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 8 };
	struct sim_port *port = sim_open(row, &o);
	unsigned int i, before = rte_mempool_in_use_count(port->pool);
	struct rte_mbuf *m;

	for (i = 0; i < 40; i++) {
		m = frame_mbuf(port->pool, i, 100, 1);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	}
	/* Those that the device still has stay where they are. */
	devsim_tx_collect(port->dev, 1, 30, NULL, NULL);
	await_in_use(port->pool, before + 10);
	devsim_tx_collect(port->dev, 1, 256, NULL, NULL);
	await_in_use(port->pool, before);
	/* The queue is its lcore's again. */
	m = frame_mbuf(port->pool, i, 100, 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	devsim_tx_collect(port->dev, 1, 256, NULL, NULL);
	assert_int_equal(sim_txq(port, 0)->stats.completed, 40);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

/* Of whatever vectors. */
static const struct sim_row *
row_by_tx_name(const char *name)
{
	const size_t len = strlen(name);
	const struct sim_row *row;
	unsigned int i;

	for (i = 0; (row = sim_row_get(i)) != NULL; i++)
		if (strncmp(row->tx->name, name, len) == 0 &&
		    (row->tx->name[len] == '\0' ||
		     strncmp(row->tx->name + len, "_avx", 4) == 0 ||
		     strncmp(row->tx->name + len, "_neon", 5) == 0))
			return row;
	return NULL;
}

void
sent_mbufs_of_resting_queue(void **state)
{
	/* One of each way to reclaim. */
	static const char *const names[] = { "tx_split", "tx_split_chain",
		"tx_packed", "tx_packed_chain", "tx_packed_inorder" };
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(names); i++) {
		assert_non_null(row_by_tx_name(names[i]));
		rest_row(row_by_tx_name(names[i]));
	}
}

/* A frame of several buffers whose header lies, then a good one. */
static void
bad_header_row(const struct sim_row *row)
{
	struct virtio_net_hdr_tunnel lie = { .hash = { .hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = rte_cpu_to_le_16(65000),
		.csum_offset = rte_cpu_to_le_16(65000),
	} } };
	struct sim_options o = { .room = 256 };
	static uint8_t frame[2000];
	unsigned int i, whole = 0;
	struct rte_mbuf *m;
	struct sim_port *port;

	if (!(row->flags & VNIC_PATH_MRG) || !(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, &o);
	for (i = 0; i < 40; i++) {
		frame_write(frame, i, 900);
		assert_true(devsim_rx_inject(port->dev, 0, frame, 900,
					     i & 1 ? NULL : &lie) > 1);
	}
	for (i = 0; i < 200; i++) {
		if (rte_eth_rx_burst(port->id, 0, &m, 1) == 0)
			continue;
		/* All of a frame or nothing, never its rest as another. */
		assert_int_equal(m->pkt_len, 900);
		whole++;
		rte_pktmbuf_free(m);
	}
	assert_true(whole >= 20);
	assert_int_equal(sim_rxq(port, 0)->vr.fault, VRING_FAULT_NONE);
	sim_close(port, true);
}

/* The same for one whose first buffer ends before the frame can begin. */
static void
short_first_row(const struct sim_row *row)
{
	struct sim_options o = { .room = 256 };
	static uint8_t frame[2000];
	struct sim_port *port;
	struct rte_mbuf *m;
	uint32_t more;

	if (!(row->flags & VNIC_PATH_MRG))
		return;
	port = sim_open(row, &o);
	for (more = 1; more < 14; more++) {
		struct devsim_fault fault = {
			.kind = DEVSIM_FAULT_LEN_SHORT, .value = more,
		};

		devsim_fault_set(port->dev, &fault);
		frame_write(frame, 1, 900);
		assert_true(devsim_rx_inject(port->dev, 0, frame, 900,
					     NULL) > 1);
		assert_true(devsim_fault_done(port->dev));
		assert_true(devsim_rx_inject(port->dev, 0, frame, 900,
					     NULL) > 1);
		while (rte_eth_rx_burst(port->id, 0, &m, 1) == 0)
			;
		frame_check(m, 1, 900);
		rte_pktmbuf_free(m);
		assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 0);
		assert_int_equal(sim_rxq(port, 0)->stats.errors, more);
	}
	sim_close(port, true);
}

void
bad_header_drops_whole_frame(void **state)
{
	(void)state;
	sim_for_rows(bad_header_row);
	sim_for_rows(short_first_row);
}

/* The device is reset by a stop, and forgets what another configuration had. */
void
stop_resets_device(void **state)
{
	struct sim_options o = {
		.ctrl = true, .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	struct sim_port *port = control_open(&o);

	(void)state;
	assert_true(vnic_dev_has(port->vnic, VIRTIO_NET_F_CTRL_VLAN));
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(devsim_status_get(port->dev), 0);
	assert_false(devsim_queue_enabled(port->dev, 0));
	assert_false(devsim_queue_enabled(port->dev, 1));
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_CTRL_VLAN));
	sim_close(port, true);
}

/* A header that is not pushed before the frame has room for its longest. */
void
header_room_for_all(void **state)
{
	(void)state;
	assert_true(sizeof(((struct vnic_tx_extra *)NULL)->hdr) >= 32);
	assert_true(sizeof(struct virtio_net_hdr_tunnel) <= 32);
}

/* Two buffers, which the header of the first one says are one frame. */
static void
unfilled_frame(struct sim_port *port)
{
	const struct devsim_fault fault = {
		.kind = DEVSIM_FAULT_NUM_BUFFERS, .value = 2,
	};
	uint8_t frame[60];
	struct rte_mbuf *m;

	devsim_fault_set(port->dev, &fault);
	frame_write(frame, 1, sizeof(frame));
	assert_true(devsim_rx_inject(port->dev, 0, frame, 60, NULL) > 0);
	assert_true(devsim_rx_inject(port->dev, 0, frame, 60, NULL) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(m->nb_segs, 2);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 0);
}

static void
unfilled_row(const struct sim_row *row)
{
	struct sim_port *port;
	struct rte_mbuf *m;
	uint8_t frame[60];
	uint32_t i;

	if (!(row->flags & VNIC_PATH_MRG) || row->flags & VNIC_PATH_OFFLOAD)
		return;
	port = sim_open(row, NULL);
	frame_write(frame, 1, sizeof(frame));
	unfilled_frame(port);
	for (i = 0; i < 66000; i++) {
		assert_int_equal(devsim_rx_inject(port->dev, 0, frame, 60,
						  NULL), 1);
		assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
	for (i = 0; i < 3; i++)
		unfilled_frame(port);
	sim_close(port, true);
}

/* A device that once did not fill a buffer of a frame: for good. */
void
unfilled_buffers_are_remembered(void **state)
{
	(void)state;
	sim_for_rows(unfilled_row);
}
