/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "vnic_args.h"
#include "vnic_coalesce.h"
#include "vnic_device.h"

/* NOTF_COAL and VQ_NOTF_COAL (5.1.6.5.8). */

#define NOTF_COAL (UINT64_C(1) << VIRTIO_NET_F_NOTF_COAL)
#define VQ_NOTF_COAL (UINT64_C(1) << VIRTIO_NET_F_VQ_NOTF_COAL)

static struct sim_port *
open_coal(uint64_t features, bool interrupts)
{
	struct sim_options o = {
		.ctrl = true, .pairs = 2, .extra = { features, 0 } };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = sim_open_stopped(&row, &o);

	port->vnic->args.rx_coal = (struct vnic_coalesce){ 50, 32 };
	port->vnic->args.tx_coal = (struct vnic_coalesce){ 100, 64 };
	port->vnic->data->dev_conf.intr_conf.rxq = interrupts;
	sim_start(port);
	return port;
}

static void
check(struct sim_port *port, uint16_t vq, uint32_t usecs, uint32_t packets)
{
	uint32_t coal[2];

	devsim_coal_get(port->dev, vq, coal);
	assert_int_equal(coal[0], usecs);
	assert_int_equal(coal[1], packets);
}

/* With either feature; again after the device was reset. */
void
coalesce_is_set(void **state)
{
	static const uint64_t offers[] = {
		NOTF_COAL, VQ_NOTF_COAL, NOTF_COAL | VQ_NOTF_COAL };
	struct vnic_coalesce coal;
	struct sim_port *port;
	unsigned int i;
	uint16_t q;

	(void)state;
	for (i = 0; i < RTE_DIM(offers); i++) {
		port = open_coal(offers[i], true);
		for (q = 0; q < 2; q++) {
			check(port, vnic_vq_rx(q), 50, 32);
			check(port, vnic_vq_tx(q), 100, 64);
		}
		assert_int_equal(vnic_coalesce_get(port->vnic, 3, &coal),
				 offers[i] & VQ_NOTF_COAL ? 0 : -ENOTSUP);
		if (offers[i] & VQ_NOTF_COAL)
			assert_int_equal(coal.max_usecs, 100);
		devsim_status_set(port->dev, devsim_status_get(port->dev) |
				  VIRTIO_STATUS_NEEDS_RESET);
		vnic_event_config_changed(port->vnic);
		control_await(port, "recoveries", 1);
		check(port, 2, 50, 32);
		control_traffic(port);
		sim_close(port, false);
	}
}

/* A queue that was stopped and is started again, alone. */
void
coalesce_of_restarted_queue(void **state)
{
	static const uint64_t offers[] = { NOTF_COAL, VQ_NOTF_COAL };
	struct sim_port *port;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(offers); i++) {
		port = open_coal(offers[i], true);
		assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 1), 0);
		assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 1), 0);
		check(port, vnic_vq_rx(0), 50, 32);
		check(port, vnic_vq_rx(1), 50, 32);
		control_traffic(port);
		sim_close(port, true);
	}
}

/* Polling takes no notification: nothing is sent. */
void
coalesce_not_while_polling(void **state)
{
	struct sim_port *port = open_coal(NOTF_COAL | VQ_NOTF_COAL, false);

	(void)state;
	assert_int_equal(devsim_net_state(port->dev)->coal_sets, 0);
	control_traffic(port);
	sim_close(port, true);
}

/* Refused or not offered: the port runs, with a notification a packet. */
void
coalesce_refused(void **state)
{
	struct sim_port *port;

	(void)state;
	control_log_start();
	port = open_coal(0, true);
	control_log_has("rx_coal_usecs and rx_coal_packets have no effect: the device offers neither NOTF_COAL nor VQ_NOTF_COAL");
	control_traffic(port);
	sim_close(port, true);
}

void
coalesce_arguments(void **state)
{
	static const char *const wrong[] = {
		"rx_coal_usecs=0,rx_coal_packets=1", "rx_coal_usecs=10",
		"tx_coal_packets=3", "rx_coal_usecs=x,rx_coal_packets=2",
		"rx_coal_usecs=4294967296,rx_coal_packets=1",
	};
	struct vnic_args args;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(wrong); i++)
		if (vnic_args_parse("test", wrong[i], VNIC_TRANSPORT_PCI,
				    &args) != -EINVAL)
			fail_msg("%s is taken", wrong[i]);
	assert_int_equal(vnic_args_parse("test",
		"rx_coal_usecs=8,rx_coal_packets=4294967295",
		VNIC_TRANSPORT_PCI, &args), 0);
	assert_int_equal(args.rx_coal.max_usecs, 8);
	assert_int_equal(args.rx_coal.max_packets, UINT32_MAX);
}
