/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_device.h"

/* A device that misbehaves: a bounded wait, a counter, a way out. */

#define CTRL_VQ 2	/* without MQ, section 5.1.2 */
#define TIMEOUT_MS 500

static const struct sim_options with_ctrl = {
	.ctrl = true, .ctrl_timeout_ms = TIMEOUT_MS };

static const struct control_events *seen;

/* Events are told right after the counter: give them a moment. */
static void
events_await_success(unsigned int nb)
{
	control_events_await(&seen->success, nb);
	assert_int_equal(seen->recovering, nb);
	assert_int_equal(seen->success, nb);
	assert_int_equal(seen->failed, 0);
}

/* NCV-26: any answer but OK is a refusal. */
void
case_ctrl_refuses(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);

	(void)state;
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, CTRL_VQ);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), -EIO);
	assert_int_equal(rte_eth_promiscuous_get(port->id), 0);
	control_fault(port, DEVSIM_FAULT_CTRL_GARBAGE, CTRL_VQ);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), -EIO);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	assert_true(devsim_net_state(port->dev)->promisc);
	sim_close(port, true);
}

void
case_ctrl_silent(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	uint64_t start, ms;

	(void)state;
	seen = control_events_watch(port);
	assert_int_equal(rte_eth_allmulticast_enable(port->id), 0);
	control_fault(port, DEVSIM_FAULT_CTRL_SILENT, CTRL_VQ);
	start = rte_get_timer_cycles();
	assert_int_equal(rte_eth_promiscuous_enable(port->id), -ETIMEDOUT);
	ms = (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS * 10);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	control_await(port, "recoveries", 1);
	events_await_success(1);
	assert_true(control_xstat(port, "violation_ctrl") >= 1);
	/* What the port had is there again, the refused wish is not. */
	assert_true(devsim_net_state(port->dev)->allmulti);
	assert_false(devsim_net_state(port->dev)->promisc);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	control_traffic(port);
	sim_close(port, false);
}

/* GEN-22, GEN-23: refused, and the device left reset. */
void
case_features_refused(void **state)
{
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = sim_open_stopped(&row, &with_ctrl);

	(void)state;
	control_fault(port, DEVSIM_FAULT_FEATURES_REFUSED, 0);
	assert_int_equal(rte_eth_dev_start(port->id), -ENOTSUP);
	assert_int_equal(devsim_status_get(port->dev), 0);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
}

/* GEN-11, GEN-27: nothing is reused before the device says that it is quiet. */
void
case_reset_stuck(void **state)
{
	struct sim_port *port = control_open(NULL);
	unsigned int in_use;

	(void)state;
	in_use = rte_mempool_in_use_count(port->pool);
	assert_true(in_use > 0);
	control_fault(port, DEVSIM_FAULT_RESET_STUCK, 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_use);
	assert_int_equal(rte_eth_dev_start(port->id), -ETIMEDOUT);
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_use);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, false);
}

void
case_ring_broken(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	struct rte_mbuf *m = frame_mbuf(port->pool, 1, 100, 1);
	struct rte_mbuf *got;

	(void)state;
	seen = control_events_watch(port);
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	control_fault(port, DEVSIM_FAULT_ID_RANGE, 0);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	devsim_poll(port->dev, 8);
	assert_true(devsim_fault_done(port->dev));
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &got, 1), 0);
	control_await(port, "recoveries", 1);
	events_await_success(1);
	assert_int_equal(control_xstat(port, "violation_used_id"), 1);
	assert_int_equal(control_xstat(port, "resets_needed"), 1);
	assert_true(devsim_net_state(port->dev)->promisc);
	control_traffic(port);
	sim_close(port, false);
}

/* GEN-04. */
void
case_needs_reset(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_mbuf *m = frame_mbuf(port->pool, 1, 100, 1);

	(void)state;
	seen = control_events_watch(port);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	devsim_needs_reset(port->dev);
	assert_true(devsim_status_get(port->dev) & VIRTIO_STATUS_NEEDS_RESET);
	vnic_event_config_changed(port->vnic);
	control_await(port, "recoveries", 1);
	events_await_success(1);
	control_traffic(port);
	sim_ledger_check(port, 0);
	sim_close(port, false);
}

static void
lie_in_config(struct devsim *dev)
{
	const uint8_t multicast[6] = { 1, 2, 3, 4, 5, 6 };
	const rte_le16_t mtu = rte_cpu_to_le_16(67);

	devsim_config_poke(dev, offsetof(struct virtio_net_config, mac),
			   multicast, sizeof(multicast));
	devsim_config_poke(dev, offsetof(struct virtio_net_config, mtu), &mtu,
			   sizeof(mtu));
}

/* NCF-03, NCF-04, NCF-06: bad fields are as if they were not there. */
void
case_bad_config(void **state)
{
	struct sim_options o = {
		.extra = { UINT64_C(1) << VIRTIO_NET_F_MTU, 0 },
		.prepare = lie_in_config,
	};
	struct sim_port *port = control_open(&o);
	struct rte_ether_addr mac;

	(void)state;
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_MTU));
	assert_false(vnic_dev_has(port->vnic, VIRTIO_NET_F_MAC));
	assert_int_equal(rte_eth_macaddr_get(port->id, &mac), 0);
	assert_true(rte_is_local_admin_ether_addr(&mac));
	assert_true(rte_is_unicast_ether_addr(&mac));
	assert_true(control_xstat(port, "violation_config") >= 2);
	control_traffic(port);
	sim_close(port, true);
}

static int
config_nonsense(struct vnic_dev *dev, size_t off, void *dst, size_t len)
{
	(void)dev;
	(void)off;
	memset(dst, 0, len);
	return -EPROTO;
}

/* A channel that broke is not a field that is missing. */
void
case_broken_config(void **state)
{
	const struct sim_row row = *sim_row_get(0);
	struct vnic_transport_ops ops = sim_transport_ops;
	struct sim_port *port;
	int ret;

	(void)state;
	ops.config_read = config_nonsense;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	ret = sim_probe(&row, NULL, &port);
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	assert_int_equal(ret, -EPROTO);
}

void
case_gone(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	struct rte_eth_link link;

	(void)state;
	assert_int_equal(rte_eth_dev_is_removed(port->id), 0);
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	assert_int_equal(rte_eth_dev_is_removed(port->id), 1);
	vnic_event_removed(port->vnic);
	assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_not_equal(rte_eth_dev_start(port->id), 0);
	sim_close(port, false);
}
