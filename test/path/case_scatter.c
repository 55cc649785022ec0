/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "path.h"
#include "vnic_queue.h"

/*
 * Without RTE_ETH_RX_OFFLOAD_SCATTER an application may read a whole frame from
 * its first mbuf: no frame may need more, whatever the device delivers.
 */

static void
receive(struct sim_port *port, uint32_t len, uint16_t segs)
{
	static uint8_t data[16384];
	struct rte_mbuf *m = NULL;

	frame_write(data, len, len);
	assert_true(devsim_rx_inject(port->dev, 0, data, len, NULL) >= 1);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), segs > 0);
	if (segs == 0)
		return;
	assert_int_equal(m->nb_segs, segs);
	frame_check(m, len, len);
	rte_pktmbuf_free(m);
}

static void
check_scattered(const struct sim_port *port, uint8_t want)
{
	struct rte_eth_rxq_info info;

	assert_int_equal(rte_eth_rx_queue_info_get(port->id, 0, &info), 0);
	assert_int_equal(info.scattered_rx, want);
}

/* MTU 1500 and mbufs of 2048: longer frames are dropped whole, and counted. */
static void
long_frames(const struct sim_row *row)
{
	struct sim_options o = { .no_scatter = true };
	struct sim_port *port = sim_open(row, &o);
	const struct vnic_rxq *rxq = port->vnic->rxqs[0];
	struct rte_eth_stats stats;
	unsigned int i;

	check_scattered(port, 0);
	/* More than once round the ring. */
	for (i = 0; i < 300; i++) {
		receive(port, 1514, 1);
		receive(port, 2048 + i, 0);
	}
	receive(port, 60, 1);
	assert_int_equal(rxq->stats.too_long, 300);
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, 301);
	assert_int_equal(stats.ierrors, 300);
	/* An MTU that needs chains is refused, and the port goes on. */
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 9000), -EINVAL);
	receive(port, 1514, 1);
	receive(port, 9014, 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 9000), -EINVAL);
	sim_start(port);
	receive(port, 1514, 1);
	sim_close(port, true);
}

/* One mbuf is enough for any frame of that MTU. */
static void
large_mbufs(const struct sim_row *row)
{
	struct sim_options o = {
		.no_scatter = true, .mtu = 9000, .room = 9600, .nb_mbufs = 1023,
	};
	struct sim_port *port = sim_open(row, &o);

	receive(port, 9014, 1);
	check_scattered(port, 0);
	sim_close(port, true);
}

/* With the offload one, and no configuration that needs it without. */
static void
with_scatter(const struct sim_row *row)
{
	struct sim_options o = { .nb_mbufs = 1023 };
	struct rte_eth_conf conf = { .rxmode.mtu = 9000 };
	struct sim_port *port = sim_open(row, &o);

	check_scattered(port, 0);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 9000), 0);
	check_scattered(port, 1);
	receive(port, 9014, 5);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	/* The queue was set up for chains; the port does not want them now. */
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_dev_start(port->id), -EINVAL);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256, SOCKET_ID_ANY,
						NULL, port->pool), -EINVAL);
	conf.rxmode.mtu = 1500;
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256, SOCKET_ID_ANY,
						NULL, port->pool), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	check_scattered(port, 0);
	receive(port, 1514, 1);
	receive(port, 2048, 0);
	sim_close(port, true);
}

static void
scatter_row(const struct sim_row *row)
{
	if (!(row->flags & VNIC_PATH_MRG))
		return;
	long_frames(row);
	large_mbufs(row);
	with_scatter(row);
}

void
case_scatter(void **state)
{
	(void)state;
	sim_for_rows(scatter_row);
}
