/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"
#include "vnic_device.h"
#include "vnic_port.h"
#include "vnic_recycle.h"

/*
 * Sent mbufs go straight back into the receive ring. On releases without
 * rte_eth_recycle_mbufs the halves are called as it would.
 */

#define SIZE 128

struct recycler {
	struct sim_port *port;
	const struct vnic_recycle *ops;
	struct rte_eth_recycle_rxq_info info;
	uint32_t taken;
};

static uint16_t
recycle_reuse(struct recycler *r)
{
	return r->ops->reuse(sim_txq(r->port, 0), &r->info);
}

#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
static void
recycle_once(struct recycler *r)
{
	r->taken += rte_eth_recycle_mbufs(r->port->id, 0, r->port->id, 0,
					  &r->info);
}
#define recycle_info(port_id, info) \
	assert_int_equal(rte_eth_recycle_rx_queue_info_get(port_id, 0, info), 0)
#else
static void
recycle_once(struct recycler *r)
{
	uint16_t n = recycle_reuse(r);

	if (n > 0)
		r->ops->refill(sim_rxq(r->port, 0), n);
	r->taken += n;
}
#define recycle_info(port_id, info) \
	vnic_recycle_info(&rte_eth_devices[port_id], 0, info)
#endif

static bool
recycle_open(struct recycler *r, const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = SIZE, .nb_txd = SIZE };

	memset(r, 0, sizeof(*r));
	r->port = sim_open(row, &o);
	r->ops = vnic_recycle_select(r->port->vnic);
	if (r->ops == NULL) {
		assert_true(row->flags & VNIC_PATH_CHAIN);
		sim_close(r->port, true);
		return false;
	}
	recycle_info(r->port->id, &r->info);
	assert_ptr_equal(r->info.mp, r->port->pool);
	assert_int_equal(r->info.mbuf_ring_size, SIZE);
	return true;
}

/* Forward @p rounds bursts: what was received is sent, and so on. */
static void
recycle_forward(struct recycler *r, unsigned int rounds)
{
	struct loop l = { .port = r->port, .len_min = 60, .len_max = 900,
		.segs_max = 2 };
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		recycle_once(r);
		assert_in_range(vring_outstanding(&sim_rxq(r->port, 0)->vr),
				0, SIZE);
		loop_send(&l, 1 + i % 32);
		devsim_poll(r->port->dev, SIZE);
		loop_receive(&l, 32);
		sim_ledger_check(r->port, 0);
	}
	for (i = 0; i < 1000 && l.got < l.sent; i++) {
		devsim_poll(r->port->dev, SIZE);
		loop_receive(&l, 32);
	}
	assert_int_equal(l.got, l.sent);
}

static void
recycle_row(const struct sim_row *row)
{
	struct recycler r;

	if (!recycle_open(&r, row))
		return;
	recycle_forward(&r, 400);
	/* Some have two segments, and a burst may find the ring half empty. */
	assert_true(r.taken > 1000);
	sim_close(r.port, true);
}

void
case_recycle(void **state)
{
	(void)state;
	sim_for_rows(recycle_row);
}

/* Frames completed by the device, their mbufs written but not posted. */
static uint16_t
recycle_half(struct recycler *r)
{
	struct loop l = { .port = r->port, .len_min = 60, .len_max = 60,
		.segs_max = 1 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		loop_send(&l, 16);
		devsim_poll(r->port->dev, SIZE);
		loop_receive(&l, 32);
	}
	return recycle_reuse(r);
}

static void
recycle_restart_row(const struct sim_row *row)
{
	struct recycler r;
	uint16_t n;

	if (!recycle_open(&r, row))
		return;
	n = recycle_half(&r);
	assert_true(n > 0);
	assert_int_equal(rte_eth_dev_stop(r.port->id), 0);
	/* Shut: all go back to the pool. */
	r.ops->refill(sim_rxq(r.port, 0), n);
	assert_int_equal(recycle_reuse(&r), 0);
	assert_int_equal(rte_mempool_in_use_count(r.port->pool), 0);
	assert_int_equal(rte_eth_dev_start(r.port->id), 0);
	n = recycle_half(&r);
	assert_true(n > 0);
	assert_int_equal(rte_eth_dev_stop(r.port->id), 0);
	assert_int_equal(rte_eth_dev_start(r.port->id), 0);
	/* Open again on a ring begun anew: its slots are elsewhere. */
	r.ops->refill(sim_rxq(r.port, 0), n);
	recycle_forward(&r, 50);
	/* Written and never posted: given back with the queue. */
	recycle_half(&r);
	sim_close(r.port, true);
}

void
case_recycle_restart(void **state)
{
	(void)state;
	sim_for_rows(recycle_restart_row);
}
