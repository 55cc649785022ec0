/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_port.h"

/* Single queues of a running port, and what goes wrong with them. */

static const struct sim_options with_ctrl = { .ctrl = true };

static uint16_t late_vq;

/* The device has the ring, and the driver is told that it has not. */
static int
enable_late(struct vnic_dev *dev, const struct vnic_vq_setup *vq,
	    struct vnic_notify *notify)
{
	int ret = sim_transport_ops.queue_enable(dev, vq, notify);

	if (ret != 0 || vq->index != late_vq)
		return ret;
	late_vq = UINT16_MAX;
	return -EPROTO;
}

static void
check_enable_late(struct sim_port *port, uint16_t vq)
{
	const struct control_events *seen = control_events_watch(port);
	unsigned int in_use = rte_mempool_in_use_count(port->pool);
	bool rx = vq % 2 == 0;

	assert_int_equal(rx ? rte_eth_dev_rx_queue_stop(port->id, 0) :
			 rte_eth_dev_tx_queue_stop(port->id, 0), 0);
	/* No recovery before it was looked at. */
	vnic_event_health_stop(port->vnic);
	late_vq = vq;
	control_log_start();
	assert_int_equal(rx ? rte_eth_dev_rx_queue_start(port->id, 0) :
			 rte_eth_dev_tx_queue_start(port->id, 0), -EPROTO);
	control_log_has("the device does not take");
	/* Until a reset is confirmed it may write to the buffers. */
	assert_true(devsim_queue_enabled(port->dev, vq));
	if (rx)
		assert_int_equal(rte_mempool_in_use_count(port->pool),
				 devsim_posted(port->dev, 0));
	assert_int_equal(vnic_event_health_resume(port->vnic), 0);
	control_events_await(&seen->success, 1);
	assert_int_equal(rx ? rte_eth_dev_rx_queue_start(port->id, 0) :
			 rte_eth_dev_tx_queue_start(port->id, 0), 0);
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_use);
	control_traffic(port);
}

/* Buffers that the device may have are not given back to the pool. */
void
case_enable_late(void **state)
{
	struct vnic_transport_ops ops = sim_transport_ops;
	struct sim_port *port;

	(void)state;
	late_vq = UINT16_MAX;
	ops.queue_enable = enable_late;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	port = control_open(&with_ctrl);
	check_enable_late(port, 0);
	check_enable_late(port, 1);
	/* At the start of the port: the device is left reset. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	late_vq = 0;
	assert_int_equal(rte_eth_dev_start(port->id), -EPROTO);
	assert_int_equal(devsim_status_get(port->dev), 0);
	assert_int_equal(rte_mempool_in_use_count(port->pool), 0);
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	sim_start(port);
	control_traffic(port);
	sim_close(port, false);
}
