/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev_info.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_device.h"
#include "vnic_port.h"
#include "vnic_stall.h"

/* Resets that the driver makes by itself, and what they bring back. */

#define STALL_MS 200

static const struct control_events *seen;

static void
send_frames(struct sim_port *port, unsigned int nb)
{
	struct rte_mbuf *m;

	while (nb-- > 0) {
		m = frame_mbuf(port->pool, nb, 100, 1);
		assert_non_null(m);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	}
}

/*
 * A stall is short here, and this thread may rest longer than that anywhere:
 * what must not be taken for one happens while the health timer cannot look.
 */
static void
look_away(struct sim_port *port)
{
	assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
}

static void
look_again(struct sim_port *port)
{
	vnic_dev_unlock(port->vnic);
}

static void
traffic_unwatched(struct sim_port *port)
{
	look_away(port);
	control_traffic(port);
	look_again(port);
}

static const struct sim_options stalling = {
	.ctrl = true, .tx_stall_ms = STALL_MS,
	.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER,
};

/* The device sleeps for good: one more doorbell, a reset, all as before. */
void
case_stall(void **state)
{
	struct sim_port *port = control_open(&stalling);
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	struct rte_ether_addr a = { { 2, 0, 0, 0, 0, 0xa } };
	const struct vnic_txq_stats *stats = &sim_txq(port, 0)->stats;
	uint16_t mtu;

	(void)state;
	seen = control_events_watch(port);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 1400), 0);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port->id, &a, 0), 0);
	assert_int_equal(rte_eth_dev_vlan_filter(port->id, 7, 1), 0);
	traffic_unwatched(port);
	send_frames(port, 5);
	control_events_await(&seen->success, 1);
	assert_int_equal(seen->recovering, 1);
	assert_int_equal(seen->failed, 0);
	assert_int_equal(control_xstat(port, "tx_stalls"), 1);
	assert_int_equal(control_xstat(port, "recoveries"), 1);
	assert_true(stats->rekicks >= 1);
	sim_ledger_check(port, 0);
	assert_int_equal(stats->returned + stats->completed, stats->packets);
	assert_true(net->promisc);
	assert_int_equal(net->nr_unicast, 1);
	assert_true(net->vlan[0] == UINT64_C(1) << 7);
	assert_int_equal(rte_eth_dev_get_mtu(port->id, &mtu), 0);
	assert_int_equal(mtu, 1400);
	traffic_unwatched(port);
	sim_close(port, true);
}

/* Neither a slow device nor an idle application is a stall. */
void
case_stall_not(void **state)
{
	struct sim_options o = stalling;
	struct sim_port *port;
	unsigned int i;

	(void)state;
	o.tx_stall_ms = 1000;
	port = control_open(&o);
	send_frames(port, 40);
	/* One frame in a while, and the application does nothing. */
	for (i = 0; i < 8; i++) {
		assert_true(devsim_tx_collect(port->dev, 1, 1, NULL, NULL) == 1);
		rte_delay_us_sleep(200000);
	}
	assert_int_equal(control_xstat(port, "tx_stalls"), 0);
	devsim_tx_collect(port->dev, 1, 64, NULL, NULL);
	rte_delay_us_sleep(1500000);
	assert_int_equal(control_xstat(port, "tx_stalls"), 0);
	traffic_unwatched(port);
	sim_close(port, true);
}

/* How many bytes a frame of the port's MTU has. */
#define FRAME(mtu) ((mtu) + RTE_ETHER_HDR_LEN)

static bool
sends(struct sim_port *port, uint32_t len)
{
	struct rte_mbuf *m = frame_mbuf(port->pool, 1, len, 1);

	assert_non_null(m);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	return devsim_tx_collect(port->dev, 1, 1, NULL, NULL) == 1;
}

/* A device that has a smaller MTU after its reset gets no longer frames. */
void
recovered_with_less_mtu(void **state)
{
	const struct sim_options o = {
		.ctrl = true, .extra = { UINT64_C(1) << VIRTIO_NET_F_MTU, 0 },
	};
	struct sim_port *port = control_open(&o);
	rte_le16_t mtu = rte_cpu_to_le_16(1000);
	struct rte_eth_dev_info info;

	(void)state;
	assert_true(sends(port, FRAME(1500)));
	devsim_config_poke(port->dev, offsetof(struct virtio_net_config, mtu),
			   &mtu, sizeof(mtu));
	control_log_start();
	control_recover(port, 1);
	control_log_has("the device has an MTU of 1000 now, port 0 one of 1500");
	assert_false(sends(port, FRAME(1500)));
	assert_true(sends(port, FRAME(1000)));
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.max_mtu, 1000);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 1500), -EINVAL);
	/* What says nothing that can be is as if it had not been said. */
	mtu = rte_cpu_to_le_16(67);
	devsim_config_poke(port->dev, offsetof(struct virtio_net_config, mtu),
			   &mtu, sizeof(mtu));
	control_recover(port, 2);
	assert_false(sends(port, FRAME(1500)));
	assert_true(sends(port, FRAME(1000)));
	sim_close(port, false);
}

static struct sim_port *
open_stalling(uint16_t pairs)
{
	struct sim_options o = stalling;
	struct sim_port *port;

	o.pairs = pairs;
	o.tx_stall_ms = 20;
	port = control_open(&o);
	seen = control_events_watch(port);
	return port;
}

/* The port goes on, so nobody is told that its recovery failed. */
static void
given_up(struct sim_port *port, uint64_t stalls)
{
	control_await(port, "tx_stalls_given_up", 1);
	rte_delay_us_sleep(1500000);
	assert_int_equal(control_xstat(port, "tx_stalls"), stalls);
	assert_int_equal(control_xstat(port, "tx_stalls_given_up"), 1);
	assert_int_equal(seen->recovering, stalls);
	assert_int_equal(seen->success, stalls);
	assert_int_equal(seen->failed, 0);
	assert_int_equal(port->vnic->state, VNIC_DEV_STARTED);
}

/* A device that no reset helps is left alone, and welcome when it wakes. */
void
case_stall_bounded(void **state)
{
	struct sim_port *port = open_stalling(1);
	struct vnic_txq *txq = sim_txq(port, 0);
	unsigned int i;

	(void)state;
	for (i = 1; i <= VNIC_STALL_TRIES; i++) {
		send_frames(port, 3);
		control_events_await(&seen->success, i);
	}
	send_frames(port, 3);
	given_up(port, VNIC_STALL_TRIES);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 8, NULL, NULL), 3);
	/* It takes frames again, and that for long: it is watched again. */
	SIM_AWAIT(txq->stall_well != 0);
	txq->stall_well -= rte_get_timer_hz() * VNIC_HEALTHY_MS / 1000;
	SIM_AWAIT(txq->stall_tries == 0);
	send_frames(port, 3);
	control_events_await(&seen->success, VNIC_STALL_TRIES + 1);
	traffic_unwatched(port);
	sim_close(port, true);
}

static void
send_and_take_one(struct sim_port *port)
{
	look_away(port);
	send_frames(port, 3);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 1, NULL, NULL), 1);
	look_again(port);
}

/* A frame now and then is no health: the resets are counted on. */
void
case_stall_drip(void **state)
{
	struct sim_port *port = open_stalling(1);
	unsigned int i;

	(void)state;
	for (i = 1; i <= VNIC_STALL_TRIES; i++) {
		send_and_take_one(port);
		control_events_await(&seen->success, i);
	}
	send_and_take_one(port);
	given_up(port, VNIC_STALL_TRIES);
	/* A restart is a new start. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	send_frames(port, 3);
	control_events_await(&seen->success, VNIC_STALL_TRIES + 1);
	sim_close(port, true);
}

/* One frame by queue 1, which the device takes. */
static void
busy_send(struct sim_port *port)
{
	struct rte_mbuf *m = frame_mbuf(port->pool, 1, 100, 1);

	assert_non_null(m);
	look_away(port);
	if (rte_eth_tx_burst(port->id, 1, &m, 1) == 0)
		rte_pktmbuf_free(m);
	devsim_tx_collect(port->dev, 3, 8, NULL, NULL);
	look_again(port);
}

/* What goes well beside it does not make the dead queue a new one. */
void
case_stall_beside_busy(void **state)
{
	struct sim_port *port = open_stalling(2);
	struct rte_mbuf *m;
	unsigned int i;

	(void)state;
	for (i = 0; control_xstat(port, "tx_stalls_given_up") == 0; i++) {
		assert_true(i < 6000);
		if (vring_outstanding(&sim_txq(port, 0)->vr) == 0) {
			m = frame_mbuf(port->pool, 7, 100, 1);
			if (rte_eth_tx_burst(port->id, 0, &m, 1) == 0)
				rte_pktmbuf_free(m);
		}
		busy_send(port);
		rte_delay_us_sleep(10000);
	}
	given_up(port, VNIC_STALL_TRIES);
	for (i = 0; i < 100; i++) {
		busy_send(port);
		rte_delay_us_sleep(10000);
	}
	given_up(port, VNIC_STALL_TRIES);
	busy_send(port);
	sim_close(port, true);
}

void
case_stall_off(void **state)
{
	struct sim_options o = { .ctrl = true };
	struct sim_port *port = control_open(&o);

	(void)state;
	port->vnic->args.tx_stall_ms = 0;
	send_frames(port, 3);
	rte_delay_us_sleep(500000);
	assert_int_equal(control_xstat(port, "tx_stalls"), 0);
	sim_close(port, true);
}

/* Queues that the application stopped stay stopped over a reset. */
void
case_recover_stopped(void **state)
{
	struct sim_options o = { .pairs = 2, .ctrl = true };
	struct sim_port *port = control_open(&o);
	struct rte_eth_rxq_info info;
	struct rte_mbuf *got;

	(void)state;
	seen = control_events_watch(port);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 1), 0);
	control_fault(port, DEVSIM_FAULT_ID_RANGE, 0);
	send_frames(port, 1);
	devsim_poll(port->dev, 8);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &got, 1), 0);
	control_events_await(&seen->success, 1);
	assert_int_equal(rte_eth_rx_queue_info_get(port->id, 1, &info), 0);
	assert_int_equal(info.queue_state, RTE_ETH_QUEUE_STATE_STOPPED);
	assert_int_equal(devsim_posted(port->dev, 2), 0);
	assert_int_equal(vring_outstanding(&sim_rxq(port, 1)->vr), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, 1), 0);
	assert_true(devsim_posted(port->dev, 2) > 0);
	control_traffic(port);
	sim_close(port, false);
}

/* ---- SUSPEND ---- */

static const struct sim_options suspending = {
	.extra = { UINT64_C(1) << VIRTIO_F_SUSPEND, 0 },
	.policy = { .delay = 8 },
};

/* At stop the device ends what it has begun: nothing is taken for lost. */
void
case_suspend(void **state)
{
	struct sim_port *port = control_open(&suspending);
	const struct vnic_txq_stats *stats = &sim_txq(port, 0)->stats;

	(void)state;
	send_frames(port, 6);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 8, NULL, NULL), 6);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(stats->completed, 6);
	assert_int_equal(stats->returned, 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
}

static int
suspend_never(struct vnic_dev *dev, uint8_t status)
{
	if (status & VIRTIO_STATUS_SUSPEND)
		return 0;
	return sim_transport_ops.status_set(dev, status);
}

/* A device that does not suspend itself is waited for with a deadline. */
void
case_suspend_never(void **state)
{
	struct sim_options o = suspending;
	struct vnic_transport_ops ops = sim_transport_ops;
	const struct vnic_txq_stats *stats;
	struct sim_port *port;

	(void)state;
	o.ctrl_timeout_ms = 50;
	ops.status_set = suspend_never;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	port = control_open(&o);
	stats = &sim_txq(port, 0)->stats;
	send_frames(port, 6);
	devsim_tx_collect(port->dev, 1, 8, NULL, NULL);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(stats->completed, 0);
	assert_int_equal(stats->returned, 6);
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
}

/* ---- what an application may do to the whole device ---- */

void
case_dev_reset(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	struct rte_eth_fec_capa fec;
	uint16_t id = port->id;

	(void)state;
	send_frames(port, 3);
	assert_int_equal(rte_eth_dev_reset(id), 0);
	assert_int_equal(devsim_status_get(port->dev), 0);
	assert_int_equal(rte_mempool_in_use_count(port->pool), 0);
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 128, SOCKET_ID_ANY,
						NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 128, SOCKET_ID_ANY,
						NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	control_traffic(port);
	assert_int_equal(rte_eth_fec_get_capability(id, &fec, 1), -ENOTSUP);
	control_fault(port, DEVSIM_FAULT_RESET_STUCK, 0);
	assert_int_not_equal(rte_eth_dev_reset(id), 0);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	assert_int_equal(rte_eth_dev_reset(id), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	control_traffic(port);
	sim_close(port, true);
}

/* Whatever ethdev thinks of it, a port that runs is not reset under its lcores. */
void
dev_reset_while_running(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_eth_dev *eth = &rte_eth_devices[port->id];

	(void)state;
	control_log_start();
	assert_int_equal(eth->dev_ops->dev_reset(eth), -EBUSY);
	control_log_has("is not reset: it could not be stopped");
	control_traffic(port);
	sim_close(port, true);
}

/* A device with another address: the port has that one, and no group. */
void
dev_reset_afresh(void **state)
{
	const struct sim_options with_ctrl = { .ctrl = true };
	struct sim_port *port = control_open(&with_ctrl);
	struct rte_ether_addr mine = { { 2, 0, 0, 0, 0, 7 } };
	struct rte_ether_addr group = { { 1, 0, 0, 0, 0, 7 } };
	struct rte_ether_addr now, fresh = { { 2, 0, 0, 0, 0, 8 } };
	uint16_t mtu;

	(void)state;
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &mine), 0);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port->id, &group, 1), 0);
	assert_int_equal(rte_eth_dev_set_mtu(port->id, 1400), 0);
	devsim_config_poke(port->dev, offsetof(struct virtio_net_config, mac),
			   &fresh, sizeof(fresh));
	assert_int_equal(rte_eth_dev_reset(port->id), 0);
	assert_int_equal(rte_eth_macaddr_get(port->id, &now), 0);
	assert_memory_equal(&now, &fresh, sizeof(now));
	assert_int_equal(rte_eth_dev_get_mtu(port->id, &mtu), 0);
	assert_int_equal(mtu, 1500);
	sim_start(port);
	assert_memory_equal(devsim_net_state(port->dev)->mac, &fresh,
			    sizeof(fresh));
	assert_int_equal(devsim_net_state(port->dev)->nr_multicast, 0);
	control_traffic(port);
	/* Pulled out meanwhile. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	assert_int_equal(rte_eth_dev_reset(port->id), -EIO);
	assert_int_equal(port->vnic->state, VNIC_DEV_GONE);
	sim_close(port, true);
}

static uint16_t shown_vqs;

/* The control queue is always there. */
static int
some_queues(struct vnic_dev *dev, uint16_t index, uint16_t *max)
{
	*max = 0;
	if (index >= shown_vqs && index < dev->max_pairs * 2)
		return 0;
	return sim_transport_ops.queue_max(dev, index, max);
}

/* Records of queues are as many as at first, and read without the lock. */
void
dev_reset_more_queues(void **state)
{
	const struct sim_options four = { .pairs = 4, .nb_rx = 2, .nb_tx = 1 };
	struct vnic_transport_ops ops = sim_transport_ops;
	struct rte_eth_dev_info info;
	struct sim_port *port;

	(void)state;
	ops.queue_max = some_queues;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	shown_vqs = 4;
	port = control_open(&four);
	shown_vqs = 8;
	control_log_start();
	assert_int_equal(rte_eth_dev_reset(port->id), 0);
	control_log_has("the device has 4 queue pairs now");
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.max_rx_queues, 2);
	shown_vqs = 2;
	assert_int_equal(rte_eth_dev_reset(port->id), 0);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.max_rx_queues, 1);
	shown_vqs = 4;
	assert_int_equal(rte_eth_dev_reset(port->id), 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
}

void
case_dump(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_dev_reg_info regs = { .data = NULL };
	char text[4096] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(rte_eth_dev_priv_dump(port->id, file), 0);
	fclose(file);
	assert_non_null(strstr(text, "started"));
	assert_non_null(strstr(text, "receive queue 0: enabled"));
	assert_non_null(strstr(text, "transmit queue 0: enabled"));
	/* No registers without a bus. */
	assert_int_equal(rte_eth_dev_get_reg_info(port->id, &regs), -ENOTSUP);
	sim_close(port, true);
}
