/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"

static void
order_run(const struct sim_row *row, struct devsim_policy policy,
	  uint16_t size)
{
	struct sim_options o = {
		.nb_rxd = size, .nb_txd = size, .policy = policy,
	};
	struct loop l = {
		.port = sim_open(row, &o), .len_min = 60, .len_max = 3000,
		.segs_max = 3,
	};

	if (!(row->flags & VNIC_PATH_MRG))
		l.len_max = 1514;
	loop_run(&l, 2000, 29);
	devsim_tx_flush(l.port->dev, 1);
	sim_close(l.port, true);
}

/* Windows from a pair to nearly the ring; devices that are not IN_ORDER. */
static void
reorder_row(const struct sim_row *row)
{
	static const uint16_t windows[] = { 2, 3, 8, 31, 100 };
	struct devsim_policy p = { .seed = 42 };
	unsigned int i;

	if (row->flags & VNIC_PATH_IN_ORDER) {
		/* Only late is possible there. */
		p.delay = 20;
		order_run(row, p, 256);
		return;
	}
	for (i = 0; i < RTE_DIM(windows); i++) {
		p.window = windows[i];
		p.order = DEVSIM_ORDER_REVERSE;
		order_run(row, p, 256);
		p.order = DEVSIM_ORDER_RANDOM;
		order_run(row, p, 128);
	}
}

void
case_reorder(void **state)
{
	(void)state;
	sim_for_rows(reorder_row);
}

/* A device that writes one used entry for many buffers (2.7.9, 2.8.9). */
static void
batching_row(const struct sim_row *row)
{
	static const uint16_t batches[] = { 2, 3, 16, 64 };
	struct devsim_policy p = { .order = DEVSIM_ORDER_FIFO };
	unsigned int i;

	/* Without IN_ORDER a device may not: then it is a plain device. */
	for (i = 0; i < RTE_DIM(batches); i++) {
		p.batch = batches[i];
		order_run(row, p, 256);
		p.delay = 33;
		order_run(row, p, 64);
	}
}

void
case_batching(void **state)
{
	(void)state;
	sim_for_rows(batching_row);
}
