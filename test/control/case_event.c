/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "control.h"
#include "sim_transport.h"
#include "vnic_device.h"
#include "vnic_port.h"

/* What happens to a port by itself, and what the application is told of it. */

static const struct sim_options with_ctrl = { .ctrl = true };

static void
ask_for_reset(struct sim_port *port)
{
	devsim_status_set(port->dev, devsim_status_get(port->dev) |
			  VIRTIO_STATUS_NEEDS_RESET);
	vnic_event_config_changed(port->vnic);
}

/* A stop that comes to nothing leaves a port that is watched as before. */
void
case_stop_busy(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 0), 0);
	control_log_start();
	assert_int_equal(rte_eth_dev_stop(port->id), -EBUSY);
	vnic_dev_unlock(port->vnic);
	ask_for_reset(port);
	control_await(port, "recoveries", 1);
	control_log_has("is not stopped: another operation is running");
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, false);
}
