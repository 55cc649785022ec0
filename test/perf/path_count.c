/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdlib.h>
#include <string.h>

#include "sim_port.h"

/*
 * Frames through one row of the path table against the model device, for
 * counting instructions: the counter is switched on inside the two burst
 * functions only (see path_count.py), so what the model does costs nothing.
 *
 * path_count            the rows' names, receive and transmit
 * path_count ROW N      N bursts of 32 frames forwarded by the receive row ROW
 */

#define BURST 32

static void
nothing(void *arg, const struct devsim_frame *frame)
{
	RTE_SET_USED(arg);
	RTE_SET_USED(frame);
}

static void
forward(const struct sim_row *row, unsigned int bursts)
{
	struct sim_options opts = {
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE,
	};
	struct sim_port *port = sim_open(row, &opts);
	static const uint8_t frame[64];
	const struct virtio_net_hdr_tunnel hdr = {
		.hash.hash_value = 1, .hash.hash_report =
			rte_cpu_to_le_16(VIRTIO_NET_HASH_REPORT_TCPv4) };
	bool hash = row->flags & VNIC_PATH_HASH;
	struct rte_mbuf *pkts[BURST];
	unsigned int i, j;

	for (i = 0; i < bursts; i++) {
		uint16_t n;

		for (j = 0; j < BURST; j++)
			assert_true(devsim_rx_inject(port->dev, 0, frame,
						     sizeof(frame),
						     hash ? &hdr : NULL) > 0);
		n = rte_eth_rx_burst(port->id, 0, pkts, BURST);
		assert_int_equal(n, BURST);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, pkts, n), n);
		devsim_tx_collect(port->dev, 1, BURST, nothing, NULL);
	}
	sim_close(port, true);
}

int
main(int argc, char **argv)
{
	const struct sim_row *row;
	unsigned int i;

	sim_eal_init("path_count");
	for (i = 0; (row = sim_row_get(i)) != NULL; i++) {
		if (argc < 3)
			printf("row %s %s %u\n", row->rx->name, row->tx->name,
			       row->simd);
		else if (strcmp(row->rx->name, argv[1]) == 0)
			forward(row, strtoul(argv[2], NULL, 0));
	}
	return 0;
}
