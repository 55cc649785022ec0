/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <poll.h>

#include <ethdev_driver.h>
#include <rte_interrupts.h>
#include <rte_epoll.h>
#include <rte_power_intrinsics.h>

#include "control.h"
#include "vnic_device.h"

/* Receive interrupts on every ring layout, as l3fwd-power asks for them. */

static void
inject(struct sim_port *port, uint16_t queue, uint32_t seq)
{
	uint8_t data[60];

	frame_write(data, seq, sizeof(data));
	assert_true(devsim_rx_inject(port->dev, queue * 2, data, sizeof(data),
				     NULL) > 0);
}

static void
take(struct sim_port *port, uint16_t queue, uint32_t seq)
{
	struct rte_mbuf *m;

	assert_int_equal(rte_eth_rx_burst(port->id, queue, &m, 1), 1);
	frame_check(m, seq, 60);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_eth_rx_burst(port->id, queue, &m, 1), 0);
}

/* Which queue woke this thread, or -1 for none. */
static int
woken(int timeout_ms)
{
	struct rte_epoll_event event;

	if (rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, timeout_ms) != 1)
		return -1;
	return (int)(uintptr_t)event.epdata.data;
}

static void
listen_to(struct sim_port *port, int op)
{
	uint16_t q;

	for (q = 0; q < port->opts.pairs; q++)
		assert_int_equal(rte_eth_dev_rx_intr_ctl_q(port->id, q,
			RTE_EPOLL_PER_THREAD, op, (void *)(uintptr_t)q), 0);
}

static uint64_t
notified(struct sim_port *port, uint16_t queue)
{
	struct devsim_vq_stats stats;

	devsim_vq_stats_get(port->dev, queue * 2, &stats);
	return stats.notified;
}

static void
sleep_and_wake(struct sim_port *port)
{
	uint32_t seq;

	/* Not asked: nothing, however many frames come. */
	inject(port, 1, 0);
	assert_int_equal(woken(0), -1);
	assert_int_equal(notified(port, 1), 0);
	/* A frame that came before sleep is woken for. */
	assert_int_equal(rte_eth_dev_rx_intr_enable(port->id, 1), 0);
	assert_int_equal(woken(1000), 1);
	assert_int_equal(rte_eth_dev_rx_intr_disable(port->id, 1), 0);
	take(port, 1, 0);
	/* More than one lap of the ring. */
	for (seq = 1; seq < 200; seq++) {
		uint16_t q = seq & 1;

		assert_int_equal(rte_eth_dev_rx_intr_enable(port->id, q), 0);
		assert_int_equal(woken(0), -1);
		inject(port, q, seq);
		assert_int_equal(woken(1000), q);
		assert_int_equal(rte_eth_dev_rx_intr_disable(port->id, q), 0);
		take(port, q, seq);
		inject(port, q, seq);
		assert_int_equal(woken(0), -1);
		take(port, q, seq);
	}
}

/* A new ring asks for nothing: who sleeps on the old one is woken. */
static void
woken_by_change(struct sim_port *port)
{
	assert_int_equal(rte_eth_dev_rx_intr_enable(port->id, 0), 0);
	assert_int_equal(woken(0), -1);
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	assert_int_equal(woken(1000), 0);
	assert_int_equal(rte_eth_dev_rx_intr_disable(port->id, 0), 0);
	inject(port, 0, 5);
	take(port, 0, 5);
}

static void
intr_run(const struct sim_row *row, bool no_event_idx)
{
	struct sim_options o = {
		.pairs = 2, .rx_intr = true, .no_event_idx = no_event_idx,
		.nb_rxd = 64, .nb_mbufs = 1023,
	};
	struct sim_port *port = sim_open(row, &o);

	listen_to(port, RTE_INTR_EVENT_ADD);
	sleep_and_wake(port);
	woken_by_change(port);
	listen_to(port, RTE_INTR_EVENT_DEL);
	sim_close(port, true);
}

static void
intr_row(const struct sim_row *row)
{
	intr_run(row, false);
	intr_run(row, true);
}

void
case_intr(void **state)
{
	(void)state;
	sim_for_rows(intr_row);
}

/* Nobody asked at dev_configure: a clean refusal, and no notification. */
void
case_intr_not_asked(void **state)
{
	struct sim_port *port = control_open(NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_rx_intr_enable(port->id, 0), -ENOTSUP);
	assert_int_equal(rte_eth_dev_rx_intr_disable(port->id, 0), -ENOTSUP);
	control_traffic(port);
	assert_int_equal(notified(port, 0), 0);
	sim_close(port, true);
}

/* The device waits for buffers that a burst has posted and not rung for. */
static void
doorbell_row(const struct sim_row *row)
{
	struct sim_options o = {
		.rx_intr = true, .nb_rxd = 8, .nb_mbufs = 511,
		.policy = { .kicks = DEVSIM_KICKS_SLEEP },
	};
	struct sim_port *port = sim_open(row, &o);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct rte_mbuf *m[8];
		uint8_t data[60];
		uint32_t seq = 0;

		/* Until the device has none left, and sleeps. */
		frame_write(data, 0, sizeof(data));
		while (devsim_rx_inject(port->dev, 0, data, sizeof(data),
					NULL) > 0)
			seq++;
		assert_true(seq > 0);
		devsim_kicked(port->dev, 0);
		seq = rte_eth_rx_burst(port->id, 0, m, 8);
		rte_pktmbuf_free_bulk(m, seq);
		assert_int_equal(rte_eth_dev_rx_intr_enable(port->id, 0), 0);
		assert_true(devsim_kicked(port->dev, 0) > 0);
		assert_int_equal(rte_eth_dev_rx_intr_disable(port->id, 0), 0);
	}
	sim_close(port, true);
}

void
case_intr_doorbell(void **state)
{
	(void)state;
	sim_for_rows(doorbell_row);
}

/* ---- rte_power's monitor ---- */

static uint64_t
monitored(const struct rte_power_monitor_cond *cond)
{
	return *(volatile uint16_t *)cond->addr;
}

static void
monitor_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 64, .nb_mbufs = 511 };
	struct sim_port *port = sim_open(row, &o);
	struct rte_power_monitor_cond cond;
	uint32_t seq;

	for (seq = 0; seq < 200; seq++) {
		assert_int_equal(rte_eth_get_monitor_addr(port->id, 0, &cond),
				 0);
		assert_int_equal(cond.size, 2);
		assert_int_equal(cond.fn(monitored(&cond), cond.opaque), 0);
		inject(port, 0, seq);
		assert_int_equal(cond.fn(monitored(&cond), cond.opaque), -1);
		/* And so it does when a frame is there from the start. */
		assert_int_equal(rte_eth_get_monitor_addr(port->id, 0, &cond),
				 0);
		assert_int_equal(cond.fn(monitored(&cond), cond.opaque), -1);
		take(port, 0, seq);
	}
	/* The rest of a batch in order: the word says nothing of it. */
	sim_rxq(port, 0)->vr.known = 1;
	assert_int_equal(rte_eth_get_monitor_addr(port->id, 0, &cond), 0);
	sim_rxq(port, 0)->vr.known = 0;
	assert_int_equal(cond.fn(monitored(&cond), cond.opaque), -1);
	sim_close(port, true);
}

void
case_monitor(void **state)
{
	(void)state;
	sim_for_rows(monitor_row);
}
