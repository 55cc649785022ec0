/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_attach.h"
#include "vnic_device.h"
#include "vnic_port.h"

/* A secondary process's part of a port, tried in the primary's. */

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
