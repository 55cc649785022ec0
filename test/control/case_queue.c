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

/* ---- a setup that is refused leaves the queue that was ---- */

static int
setup_rx(struct sim_port *port, uint64_t offloads)
{
	struct rte_eth_rxconf conf = { .offloads = offloads };

	return rte_eth_rx_queue_setup(port->id, 0, 128, SOCKET_ID_ANY, &conf,
				      port->pool);
}

static int
setup_tx(struct sim_port *port, uint64_t offloads)
{
	struct rte_eth_txconf conf = { .offloads = offloads };

	return rte_eth_tx_queue_setup(port->id, 0, 128, SOCKET_ID_ANY, &conf);
}

static struct sim_port *
open_queue_stopped(struct vnic_rxq **rxq, struct vnic_txq **txq)
{
	struct sim_port *port = control_open(&with_ctrl);

	*rxq = sim_rxq(port, 0);
	*txq = sim_txq(port, 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 0), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 0), 0);
	return port;
}

static void
queues_go(struct sim_port *port)
{
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 0), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, 0), 0);
	control_traffic(port);
}

/* ethdev releases the old queue, and only then looks at what is asked for. */
void
case_setup_refused_by_ethdev(void **state)
{
	struct vnic_rxq *rxq;
	struct vnic_txq *txq;
	struct sim_port *port = open_queue_stopped(&rxq, &txq);

	(void)state;
	assert_int_equal(setup_rx(port, RTE_ETH_RX_OFFLOAD_TCP_LRO), -EINVAL);
	assert_int_equal(setup_tx(port, RTE_ETH_TX_OFFLOAD_TCP_TSO), -EINVAL);
	SIM_AWAIT(sim_rxq(port, 0) != NULL && sim_txq(port, 0) != NULL);
	assert_ptr_equal(sim_rxq(port, 0), rxq);
	assert_ptr_equal(sim_txq(port, 0), txq);
	queues_go(port);
	sim_close(port, true);
}

void
case_setup_busy(void **state)
{
	struct vnic_rxq *rxq;
	struct vnic_txq *txq;
	struct sim_port *port = open_queue_stopped(&rxq, &txq);

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
	control_log_start();
	assert_int_equal(setup_rx(port, 0), -EBUSY);
	control_log_has("receive queue 0 is not set up: another operation");
	assert_int_equal(setup_tx(port, 0), -EBUSY);
	assert_ptr_equal(sim_rxq(port, 0), rxq);
	assert_ptr_equal(sim_txq(port, 0), txq);
	vnic_dev_unlock(port->vnic);
	queues_go(port);
	sim_close(port, true);
}

static const struct eth_dev_ops *real_ops;
static struct sim_port *setup_port;

/* The port is reset between the release of the old queue and the new one. */
static int
setup_rx_late(struct rte_eth_dev *eth_dev, uint16_t queue_id, uint16_t nb_desc,
	      unsigned int socket_id, const struct rte_eth_rxconf *conf,
	      struct rte_mempool *pool)
{
	control_recover(setup_port, 1);
	return real_ops->rx_queue_setup(eth_dev, queue_id, nb_desc, socket_id,
					conf, pool);
}

static int
setup_tx_late(struct rte_eth_dev *eth_dev, uint16_t queue_id, uint16_t nb_desc,
	      unsigned int socket_id, const struct rte_eth_txconf *conf)
{
	control_recover(setup_port, 2);
	return real_ops->tx_queue_setup(eth_dev, queue_id, nb_desc, socket_id,
					conf);
}

void
case_setup_over_recovery(void **state)
{
	struct vnic_rxq *rxq;
	struct vnic_txq *txq;
	struct sim_port *port = open_queue_stopped(&rxq, &txq);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	struct eth_dev_ops ops = *eth_dev->dev_ops;

	(void)state;
	real_ops = eth_dev->dev_ops;
	setup_port = port;
	ops.rx_queue_setup = setup_rx_late;
	ops.tx_queue_setup = setup_tx_late;
	eth_dev->dev_ops = &ops;
	assert_int_equal(setup_rx(port, 0), 0);
	assert_int_equal(setup_tx(port, 0), 0);
	eth_dev->dev_ops = real_ops;
	assert_int_equal(sim_rxq(port, 0)->depth, 128);
	assert_int_equal(sim_txq(port, 0)->nb_desc, 128);
	queues_go(port);
	sim_close(port, false);
}

static int
reset_refused(struct vnic_dev *dev, uint16_t index)
{
	(void)dev;
	(void)index;
	return -ETIMEDOUT;
}

/* The device does not let go of the old ring: the port is reset. */
void
case_setup_not_let_go(void **state)
{
	struct vnic_transport_ops ops = sim_transport_ops;
	struct vnic_rxq *rxq;
	struct vnic_txq *txq;
	struct sim_port *port = open_queue_stopped(&rxq, &txq);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	/* A stopped transmit queue has an empty ring after a recovery. */
	control_recover(port, 1);
	assert_true(txq->enabled);
	ops.queue_reset = reset_refused;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	control_log_start();
	assert_int_equal(setup_tx(port, 0), -ETIMEDOUT);
	control_log_has("does not let go of transmit queue 0: port");
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	assert_ptr_equal(sim_txq(port, 0), txq);
	control_events_await(&seen->success, 2);
	queues_go(port);
	sim_close(port, false);
}
