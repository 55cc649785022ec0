/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_cycles.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_attach.h"
#include "vnic_device.h"
#include "vnic_port.h"
#include "vnic_rx_soft.h"

/* A secondary process's part of a port, tried in the primary's. */

static unsigned int detached;

static void
notify_detach(uint16_t port_id)
{
	(void)port_id;
	detached++;
}

static int
notify_attach(struct vnic_dev *dev, uint16_t index, struct vnic_notify *notify)
{
	struct sim_port *port = dev->priv;

	*notify = (struct vnic_notify){ .kind = VNIC_NOTIFY_EVENTFD,
		.value = index, .fd = devsim_kick_fd(port->dev, index) };
	return 0;
}

static void
check_attached(struct sim_port *port, uint16_t nb_vqs)
{
	const struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	const struct rte_eth_fp_ops *fp = &rte_eth_fp_ops[port->id];
	uint16_t i;

	for (i = 0; i < nb_vqs; i++)
		assert_int_equal(vnic_notify_slot(port->id, i)->fd,
				 devsim_kick_fd(port->dev, i));
	assert_int_equal(vnic_notify_slot(port->id, nb_vqs)->kind,
			 VNIC_NOTIFY_NONE);
	assert_ptr_equal(fp->rx_pkt_burst,
			 vnic_rx_path_select(port->vnic)->burst);
	assert_ptr_equal(fp->tx_pkt_burst,
			 vnic_tx_path_select(port->vnic)->burst);
	assert_ptr_equal(fp->rxq.data, eth_dev->data->rx_queues);
	assert_ptr_equal(fp->txq.data, eth_dev->data->tx_queues);
}

/* What a process finds that attached long ago: no doorbell, no function. */
static void
attach(struct sim_port *port)
{
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	const struct eth_dev_ops *ops = eth_dev->dev_ops;

	assert_int_equal(vnic_device_attach(eth_dev), 0);
	eth_dev->dev_ops = ops;
}

/* It follows starts, stops, and the number of queues. */
void
case_secondary_follows(void **state)
{
	struct sim_options o = { .pairs = 2, .ctrl = true };
	struct vnic_transport_ops ops = sim_transport_ops;
	const struct rte_eth_fp_ops *fp;
	struct sim_port *port;

	(void)state;
	ops.notify_attach = notify_attach;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	port = control_open(&o);
	fp = &rte_eth_fp_ops[port->id];
	/* A queue that is stopped as it comes will be started some time. */
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 1), 0);
	attach(port);
	vnic_attach_refresh(port->id);
	check_attached(port, 4);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	vnic_attach_refresh(port->id);
	assert_ptr_equal(fp->rx_pkt_burst, rte_eth_pkt_burst_dummy);
	assert_ptr_equal(fp->tx_pkt_burst, rte_eth_pkt_burst_dummy);
	/* Attached to a stopped port. */
	attach(port);
	assert_int_equal(vnic_notify_slot(port->id, 0)->kind,
			 VNIC_NOTIFY_NONE);
	sim_start(port);
	attach(port);
	vnic_attach_refresh(port->id);
	check_attached(port, 4);
	control_traffic(port);
	/* One that gave its part up is not given it back. */
	vnic_device_detach(&rte_eth_devices[port->id]);
	vnic_attach_refresh(port->id);
	assert_null(vnic_notify_slot(port->id, 0));
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	sim_close(port, true);
}

/*
 * The primary closes a port, whose shared part is zero then: this process gives
 * its own part of it up, and of no other.
 */
void
secondary_of_closed_port(void **state)
{
	struct vnic_transport_ops ops = sim_transport_ops;
	struct rte_eth_dev_data was;
	struct sim_port *first, *second;
	struct rte_eth_dev *closed;

	(void)state;
	ops.notify_attach = notify_attach;
	ops.notify_detach = notify_detach;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	first = control_open(NULL);
	second = control_open(&(struct sim_options){ .room = 2000 });
	assert_int_equal(first->id, 0);
	attach(first);
	attach(second);
	closed = &rte_eth_devices[second->id];
	was = *closed->data;
	memset(closed->data, 0, sizeof(was));
	/* What it was told before, and hears late. */
	vnic_attach_refresh(second->id);
	assert_ptr_equal(rte_eth_fp_ops[second->id].rx_pkt_burst,
			 rte_eth_pkt_burst_dummy);
	check_attached(first, 2);
	closed->dev_ops = &vnic_ethdev_secondary_ops;
	assert_int_equal(rte_eth_dev_is_removed(second->id), 1);
	detached = 0;
	vnic_device_detach(closed);
	assert_int_equal(detached, 1);
	assert_null(vnic_notify_slot(second->id, 0));
	check_attached(first, 2);
	control_traffic(first);
	vnic_device_detach(&rte_eth_devices[first->id]);
	*closed->data = was;
	closed->dev_ops = &vnic_ethdev_ops;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	sim_close(second, true);
	sim_close(first, true);
}

/* Packet types are asked for by a process that may not touch the queues. */
void
case_secondary_ptypes(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	uint32_t ptypes[16];

	(void)state;
	/* The port's lock is the primary's, and busy: nothing waits for it. */
	assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	assert_true(rte_eth_dev_get_supported_ptypes(port->id,
		RTE_PTYPE_ALL_MASK, ptypes, RTE_DIM(ptypes)) > 0);
	assert_int_equal(sim_rxq(port, 0)->soft, 0);
	vnic_dev_unlock(port->vnic);
	SIM_AWAIT(sim_rxq(port, 0)->soft & VNIC_RX_SOFT_PTYPE);
	eth_dev->dev_ops = &vnic_ethdev_ops;
	sim_close(port, true);
	/* Of a port that is stopped: as it is started. */
	port = sim_open_stopped(sim_row_get(0), NULL);
	eth_dev = &rte_eth_devices[port->id];
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	assert_true(rte_eth_dev_get_supported_ptypes(port->id,
		RTE_PTYPE_ALL_MASK, ptypes, RTE_DIM(ptypes)) > 0);
	assert_int_equal(sim_rxq(port, 0)->soft, 0);
	eth_dev->dev_ops = &vnic_ethdev_ops;
	sim_start(port);
	assert_true(sim_rxq(port, 0)->soft & VNIC_RX_SOFT_PTYPE);
	control_traffic(port);
	sim_close(port, true);
}
