/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"
#include "vnic_device.h"

/* Single queues stop, change and start while others carry traffic. */

#define NB_MBUFS 1023
#define NB_RXD 64

static const struct sim_options two_pairs = {
	.pairs = 2, .nb_rxd = NB_RXD, .nb_txd = 64, .nb_mbufs = NB_MBUFS,
};

static struct loop
queue_loop(struct sim_port *port, uint16_t queue)
{
	return (struct loop){
		.port = port, .queue = queue, .len_min = 60, .len_max = 1514,
	};
}

static uint8_t
rx_state(const struct sim_port *port, uint16_t queue)
{
	struct rte_eth_rxq_info info;

	assert_int_equal(rte_eth_rx_queue_info_get(port->id, queue, &info), 0);
	return info.queue_state;
}

static uint8_t
tx_state(const struct sim_port *port, uint16_t queue)
{
	struct rte_eth_txq_info info;

	assert_int_equal(rte_eth_tx_queue_info_get(port->id, queue, &info), 0);
	return info.queue_state;
}

static void
stop_both(struct sim_port *port, uint16_t queue)
{
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, queue), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, queue), 0);
	assert_int_equal(rx_state(port, queue), RTE_ETH_QUEUE_STATE_STOPPED);
	assert_int_equal(tx_state(port, queue), RTE_ETH_QUEUE_STATE_STOPPED);
}

static void
start_both(struct sim_port *port, uint16_t queue)
{
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, queue), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, queue), 0);
	assert_int_equal(rx_state(port, queue), RTE_ETH_QUEUE_STATE_STARTED);
	assert_int_equal(tx_state(port, queue), RTE_ETH_QUEUE_STATE_STARTED);
}

/* Nothing passes a stopped queue, and it holds not one mbuf. */
static void
check_stopped(struct sim_port *port, uint16_t queue)
{
	const struct vnic_txq *txq = sim_txq(port, queue);
	struct rte_mbuf *m = frame_mbuf(port->pool, 1, 60, 1);

	assert_int_equal(rte_eth_tx_burst(port->id, queue, &m, 1), 0);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_eth_rx_burst(port->id, queue, &m, 1), 0);
	assert_false(devsim_queue_enabled(port->dev, queue * 2));
	assert_false(devsim_queue_enabled(port->dev, queue * 2 + 1));
	assert_int_equal(txq->stats.packets,
			 txq->stats.completed + txq->stats.returned);
}

/* Every mbuf of the port's pool that is in use is in a receive ring. */
static void
check_in_use(struct sim_port *port)
{
	unsigned int in_rings = 0;
	uint16_t q;

	for (q = 0; q < port->opts.pairs; q++) {
		const struct vnic_rxq *rxq = sim_rxq(port, q);

		rte_eth_tx_done_cleanup(port->id, q, 0);
		assert_int_equal(vring_outstanding(&sim_txq(port, q)->vr), 0);
		if (rxq->stopped)
			assert_int_equal(vring_outstanding(&rxq->vr), 0);
		else
			assert_in_range(vring_outstanding(&rxq->vr),
					rxq->depth / 2, rxq->depth);
		if (rxq->pool == port->pool)
			in_rings += vring_outstanding(&rxq->vr);
	}
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_rings);
}

static void
stop_start_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, &two_pairs);
	struct loop l[2] = { queue_loop(port, 0), queue_loop(port, 1) };
	unsigned int round;

	for (round = 0; round < 12; round++) {
		uint16_t q = round & 1;

		loop_run(&l[q], 40 + round, 32);
		/* Sent and not collected, collected, and received by nobody. */
		loop_send(&l[q], round * 2);
		devsim_poll(port->dev, round);
		stop_both(port, q);
		check_stopped(port, q);
		sim_ledger_check(port, q);
		loop_run(&l[!q], 200, 32);
		check_in_use(port);
		/* A second stop changes nothing. */
		assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, q), 0);
		start_both(port, q);
		l[q].got = l[q].sent;
		loop_run(&l[q], 100, 32);
		check_in_use(port);
	}
	sim_close(port, true);
}

void
case_queue_stop(void **state)
{
	(void)state;
	sim_for_rows(stop_start_row);
}

/* ---- other sizes, another pool ---- */

static int
rx_setup(struct sim_port *port, uint16_t nb_desc, struct rte_mempool *pool)
{
	return rte_eth_rx_queue_setup(port->id, 0, nb_desc, SOCKET_ID_ANY, NULL,
				      pool);
}

static int
tx_setup(struct sim_port *port, uint16_t nb_desc)
{
	return rte_eth_tx_queue_setup(port->id, 0, nb_desc, SOCKET_ID_ANY,
				      NULL);
}

static struct rte_mempool *
second_pool(struct sim_port *port)
{
	struct rte_mempool *pool = rte_mempool_lookup("pool_second");

	if (pool == NULL)
		pool = rte_pktmbuf_pool_create("pool_second", 511, 0, 0,
			2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	assert_non_null(pool);
	port->pool2 = pool;
	port->memory_sum = 0;
	return pool;
}

static void
resize_row(const struct sim_row *row)
{
	static const uint16_t sizes[] = { 128, 8, 256, 16 };
	struct sim_port *port = sim_open(row, &two_pairs);
	struct rte_mempool *pool2 = second_pool(port);
	struct loop l[2] = { queue_loop(port, 0), queue_loop(port, 1) };
	struct rte_eth_stats stats;
	uint64_t frames = 0;
	unsigned int i;

	/* Only a stopped queue can be changed. */
	assert_int_equal(rx_setup(port, 128, port->pool), -EBUSY);
	l[0].len_max = 1000;
	for (i = 0; i < RTE_DIM(sizes); i++) {
		struct rte_mempool *pool = i & 1 ? port->pool : pool2;

		stop_both(port, 0);
		assert_int_equal(rte_mempool_in_use_count(pool2), 0);
		/* A refusal changes nothing. */
		assert_int_equal(rx_setup(port, 100, pool), -EINVAL);
		assert_int_equal(tx_setup(port, 100), -EINVAL);
		loop_run(&l[1], 100, 16);
		assert_int_equal(rx_setup(port, sizes[i], pool), 0);
		assert_int_equal(tx_setup(port, sizes[i]), 0);
		assert_int_equal(rx_state(port, 0),
				 RTE_ETH_QUEUE_STATE_STOPPED);
		check_stopped(port, 0);
		start_both(port, 0);
		loop_run(&l[0], 300, 4);
		frames += 300;
		loop_run(&l[1], 100, 16);
		frames += 200;
		check_in_use(port);
	}
	/* Counters go on over all that. */
	assert_int_equal(rte_eth_stats_get(port->id, &stats), 0);
	assert_int_equal(stats.ipackets, frames);
	assert_int_equal(stats.opackets, frames);
	sim_close(port, true);
	assert_int_equal(rte_mempool_in_use_count(pool2), 0);
}

void
case_queue_resize(void **state)
{
	(void)state;
	sim_for_rows(resize_row);
}

/* The queue that was refused comes up as it was. */
static void
refused_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, &two_pairs);
	struct loop l = queue_loop(port, 0);

	stop_both(port, 0);
	assert_int_equal(rx_setup(port, 100, port->pool), -EINVAL);
	assert_int_equal(tx_setup(port, 100), -EINVAL);
	start_both(port, 0);
	loop_run(&l, 300, 32);
	check_in_use(port);
	sim_close(port, true);
}

void
case_queue_refused(void **state)
{
	(void)state;
	sim_for_rows(refused_row);
}

/* ---- deferred start ---- */

static void
defer(struct sim_port *port, uint16_t queue)
{
	struct rte_eth_rxconf rx = { .rx_deferred_start = 1 };
	struct rte_eth_txconf tx = { .tx_deferred_start = 1 };

	assert_int_equal(rte_eth_rx_queue_setup(port->id, queue, NB_RXD,
		SOCKET_ID_ANY, &rx, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, queue, 64,
		SOCKET_ID_ANY, &tx), 0);
}

static void
check_deferred(struct sim_port *port, struct loop *running)
{
	struct rte_mbuf *m;

	assert_int_equal(rx_state(port, 1), RTE_ETH_QUEUE_STATE_STOPPED);
	assert_int_equal(tx_state(port, 1), RTE_ETH_QUEUE_STATE_STOPPED);
	assert_int_equal(devsim_posted(port->dev, 2), 0);
	m = frame_mbuf(port->pool, 1, 60, 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 1, &m, 1), 0);
	rte_pktmbuf_free(m);
	loop_run(running, 150, 32);
	check_in_use(port);
}

static void
deferred_run(const struct sim_row *row, const struct sim_options *o)
{
	struct sim_port *port = sim_open_stopped(row, o);
	struct loop l[2] = { queue_loop(port, 0), queue_loop(port, 1) };

	defer(port, 1);
	sim_start(port);
	check_deferred(port, &l[0]);
	/* The back end goes and comes: still not started. */
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	check_deferred(port, &l[0]);
	start_both(port, 1);
	loop_run(&l[1], 300, 32);
	check_in_use(port);
	/* Started by now: over the next loss it stays so. */
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	loop_run(&l[1], 300, 32);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	check_deferred(port, &l[0]);
	sim_close(port, true);
}

static void
deferred_row(const struct sim_row *row)
{
	struct sim_options plain = two_pairs;

	deferred_run(row, &two_pairs);
	plain.no_ring_reset = true;
	deferred_run(row, &plain);
}

void
case_queue_deferred(void **state)
{
	(void)state;
	sim_for_rows(deferred_row);
}

/* ---- a device that cannot reset one queue ---- */

static void
no_reset_row(const struct sim_row *row)
{
	struct sim_options o = two_pairs;
	struct rte_eth_dev_info info;
	struct sim_port *port;
	struct loop l;

	o.no_ring_reset = true;
	port = sim_open(row, &o);
	l = queue_loop(port, 0);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_false(info.dev_capa & RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP);
	loop_run(&l, 50, 32);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 0), -ENOTSUP);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 0), -ENOTSUP);
	assert_int_equal(rx_state(port, 0), RTE_ETH_QUEUE_STATE_STARTED);
	loop_run(&l, 200, 32);
	sim_close(port, true);
}

void
case_queue_no_reset(void **state)
{
	(void)state;
	sim_for_rows(no_reset_row);
}

/* ---- more queues one way than the other ---- */

static void
uneven_run(const struct sim_row *row, uint16_t nb_rx, uint16_t nb_tx,
	   bool ring_reset)
{
	struct sim_options o = two_pairs;
	struct sim_port *port;
	struct loop l;
	uint16_t q;

	o.pairs = 3;
	o.nb_rx = nb_rx;
	o.nb_tx = nb_tx;
	o.no_ring_reset = !ring_reset;
	port = sim_open(row, &o);
	ring_reset = vnic_dev_has(port->vnic, VIRTIO_F_RING_RESET);
	assert_int_equal(devsim_net_state(port->dev)->pairs, 3);
	for (q = 0; q < RTE_MIN(nb_rx, nb_tx); q++) {
		l = queue_loop(port, q);
		loop_run(&l, 200, 32);
	}
	/* The other halves have rings, or none, and no buffer. */
	for (q = nb_rx; q < 3; q++) {
		assert_int_equal(devsim_queue_enabled(port->dev, q * 2),
				 !ring_reset);
		assert_int_equal(devsim_posted(port->dev, q * 2), 0);
	}
	for (q = nb_tx; q < 3; q++) {
		assert_true(devsim_queue_enabled(port->dev, q * 2 + 1));
		assert_int_equal(devsim_posted(port->dev, q * 2 + 1), 0);
	}
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	l = queue_loop(port, 0);
	loop_run(&l, 200, 32);
	sim_close(port, true);
}

static void
uneven_row(const struct sim_row *row)
{
	uneven_run(row, 3, 1, false);
	uneven_run(row, 1, 3, false);
	uneven_run(row, 2, 3, true);
}

void
case_queue_uneven(void **state)
{
	(void)state;
	sim_for_rows(uneven_row);
}

/* ---- behind a shut gate ---- */

/* Control may be at work on the ring: a burst does not even reclaim. */
static void
shut_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, &two_pairs);
	const struct vnic_txq *txq = sim_txq(port, 0);
	struct loop l = queue_loop(port, 0);
	uint64_t completed;
	struct vring before;

	while (loop_send(&l, 32) == 32)
		;
	completed = txq->stats.completed;
	devsim_poll(port->dev, 64);
	assert_int_equal(vnic_port_park(port->vnic), 0);
	before = txq->vr;
	assert_int_equal(loop_send(&l, 32), 0);
	assert_int_equal(loop_receive(&l, 32), 0);
	assert_memory_equal(&before, &txq->vr, sizeof(before));
	assert_int_equal(txq->stats.completed, completed);
	vnic_port_open(port->vnic);
	loop_run(&l, 200, 32);
	sim_close(port, true);
}

void
case_queue_shut(void **state)
{
	(void)state;
	sim_for_rows(shut_row);
}
