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
	devsim_needs_reset(port->dev);
	vnic_event_config_changed(port->vnic);
}

/* The same, but the health timer resets nothing before watch_again(). */
static void
ask_for_reset_unwatched(struct sim_port *port)
{
	vnic_event_health_stop(port->vnic);
	ask_for_reset(port);
}

static void
watch_again(struct sim_port *port)
{
	assert_int_equal(vnic_event_health_resume(port->vnic), 0);
}

/* A stop that comes to nothing leaves a port that is watched as before. */
void
case_stop_busy(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
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

static void
backend_is(struct sim_port *port, bool up)
{
	/* A fresh one knows of no status. */
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, up), 0);
}

/* The back end goes and comes back while the port waits for its reset. */
void
case_backend_recovers(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	ask_for_reset_unwatched(port);
	backend_is(port, false);
	watch_again(port);
	/* Several waits for a recovery: there is nobody to recover with. */
	rte_delay_us_sleep(1000000);
	assert_int_equal(seen->recovering, 1);
	assert_int_equal(seen->success + seen->failed, 0);
	assert_int_equal(control_xstat(port, "recoveries"), 0);
	backend_is(port, true);
	assert_int_equal(seen->success, 1);
	assert_int_equal(seen->recovering, 1);
	assert_int_equal(control_xstat(port, "recoveries"), 1);
	control_traffic(port);
	/* One that only comes and goes is no recovery. */
	backend_is(port, false);
	backend_is(port, true);
	assert_int_equal(seen->success, 1);
	control_traffic(port);
	sim_close(port, false);
}

/* The application starts the port just when the new back end is there: that
 * has the rings when the port hears of it. */
void
case_backend_started(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);

	(void)state;
	control_traffic(port);
	/* Down without a trace: the back end that came is the one it has. */
	port->vnic->backend_down = true;
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	control_traffic(port);
	assert_int_equal(control_xstat(port, "backend_losses"), 0);
	sim_close(port, false);
}

static void
check_failed(struct sim_port *port, const struct control_events *seen,
	     unsigned int recovering, unsigned int success)
{
	control_events_await(&seen->failed, 1);
	rte_delay_us_sleep(1000000);
	assert_int_equal(seen->recovering, recovering);
	assert_int_equal(seen->success, success);
	assert_int_equal(seen->failed, 1);
	assert_int_equal(control_xstat(port, "recoveries"), success);
	/* The application was told that the port is of no use: it stays so. */
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	assert_int_equal(port->vnic->state, VNIC_DEV_NEEDS_RESET);
	assert_int_equal(seen->success, success);
}

/* No reset helps: five are tried, then the port is down until a restart. */
void
case_recover_failed(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct control_events *seen = control_events_watch(port);
	struct rte_eth_link link;

	(void)state;
	control_fault(port, DEVSIM_FAULT_RESET_STUCK, 0);
	ask_for_reset(port);
	check_failed(port, seen, 1, 0);
	assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_DOWN);
	/* What is asked for meanwhile is there after the restart. */
	assert_int_equal(rte_eth_promiscuous_enable(port->id), 0);
	control_fault(port, DEVSIM_FAULT_NONE, 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	assert_true(devsim_net_state(port->dev)->promisc);
	control_traffic(port);
	control_recover(port, 1);
	sim_close(port, false);
}

/* Each reset helps, and none for long. */
void
case_recover_again(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct control_events *seen = control_events_watch(port);
	unsigned int i;

	(void)state;
	for (i = 1; i <= 5; i++) {
		ask_for_reset(port);
		control_events_await(&seen->success, i);
	}
	control_traffic(port);
	ask_for_reset(port);
	check_failed(port, seen, 6, 5);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	control_traffic(port);
	sim_close(port, false);
}

/* ---- a device that is pulled out: all its registers read as ones ---- */

static const struct sim_options with_removal = {
	.ctrl = true, .rmv_intr = true };

static void
check_gone(struct sim_port *port, const struct control_events *seen)
{
	struct rte_eth_link link;

	control_events_await(&seen->removed, 1);
	rte_delay_us_sleep(500000);
	assert_int_equal(seen->removed, 1);
	assert_int_equal(port->vnic->state, VNIC_DEV_GONE);
	assert_int_equal(rte_eth_dev_is_removed(port->id), 1);
	assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_DOWN);
}

/* Nobody sends, and nobody says that it was removed. */
void
case_gone_idle(void **state)
{
	struct sim_port *port = control_open(&with_removal);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	check_gone(port, seen);
	assert_int_equal(seen->recovering, 0);
	/* What is said after is no news. */
	vnic_event_removed(port->vnic);
	assert_int_equal(seen->removed, 1);
	sim_close(port, false);
}

/* It goes while the port waits for a reset: no other one is tried. */
void
case_gone_recovering(void **state)
{
	struct sim_port *port = control_open(&with_removal);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	ask_for_reset_unwatched(port);
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	watch_again(port);
	check_gone(port, seen);
	assert_int_equal(seen->recovering, 1);
	assert_int_equal(seen->failed, 1);
	assert_int_equal(seen->success, 0);
	sim_close(port, false);
}

void
case_gone_start(void **state)
{
	struct sim_port *port = control_open(&with_removal);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	assert_int_not_equal(rte_eth_dev_start(port->id), 0);
	check_gone(port, seen);
	sim_close(port, false);
}

/* Who did not ask for the event does not get it. */
void
case_gone_quiet(void **state)
{
	struct sim_port *port = control_open(&with_ctrl);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	control_fault(port, DEVSIM_FAULT_GONE, 0);
	SIM_AWAIT(rte_eth_dev_is_removed(port->id));
	vnic_event_removed(port->vnic);
	rte_delay_us_sleep(300000);
	assert_int_equal(seen->removed, 0);
	sim_close(port, false);
}

/* EAL says it while another operation holds the port: it is not forgotten. */
void
case_gone_busy(void **state)
{
	struct sim_port *port = control_open(&with_removal);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 10000), 0);
	vnic_event_removed(port->vnic);
	assert_int_equal(seen->removed, 0);
	vnic_dev_unlock(port->vnic);
	control_events_await(&seen->removed, 1);
	assert_int_equal(port->vnic->state, VNIC_DEV_GONE);
	sim_close(port, false);
}

/* ---- a device that answers each command, slowly ---- */

#define SLOW_VLANS 200

static struct sim_port *
open_slow(unsigned int ctrl_timeout_ms)
{
	struct sim_options o = {
		.ctrl = true, .ctrl_timeout_ms = ctrl_timeout_ms,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	struct sim_port *port = control_open(&o);
	uint16_t i;

	for (i = 1; i <= SLOW_VLANS; i++)
		assert_int_equal(rte_eth_dev_vlan_filter(port->id, i, 1), 0);
	return port;
}

static bool
vlan_is_set(struct sim_port *port, uint16_t id)
{
	return devsim_net_state(port->dev)->vlan[id / 64] >> id % 64 & 1;
}

static void
close_slow(struct sim_port *port)
{
	uint16_t i;

	devsim_ctrl_delay(port->dev, 0);
	sim_start(port);
	for (i = 1; i <= SLOW_VLANS; i++)
		assert_true(vlan_is_set(port, i));
	control_traffic(port);
	sim_close(port, false);
}

/* Each answer is in time, all of them together are not. */
void
case_restore_bounded(void **state)
{
	struct sim_port *port = open_slow(200);
	const struct control_events *seen = control_events_watch(port);

	(void)state;
	devsim_ctrl_delay(port->dev, 20);
	control_log_start();
	ask_for_reset(port);
	control_events_await(&seen->failed, 1);
	control_log_has("reset 5 of 5 does not help");
	assert_int_equal(seen->success, 0);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	control_log_start();
	assert_int_equal(rte_eth_dev_start(port->id), -ETIMEDOUT);
	control_log_has("cannot be restored within 1000 ms, 5 times ctrl_timeout_ms");
	assert_int_equal(devsim_status_get(port->dev), 0);
	close_slow(port);
}

/* A stop does not wait for the rest of it. */
void
case_restore_cancelled(void **state)
{
	struct sim_port *port = open_slow(5000);

	(void)state;
	devsim_ctrl_delay(port->dev, 50);
	ask_for_reset(port);
	SIM_AWAIT(vlan_is_set(port, 5) && !vlan_is_set(port, SLOW_VLANS));
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(control_xstat(port, "recoveries"), 0);
	assert_int_equal(control_xstat(port, "violation_ctrl"), 0);
	close_slow(port);
}
