/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_log.h"

struct sim_port *
control_open(const struct sim_options *opts)
{
	const struct sim_row *row = sim_row_get(0);
	struct sim_row copy;

	assert_non_null(row);
	copy = *row;
	return sim_open(&copy, opts);
}

void
control_traffic(struct sim_port *port)
{
	struct rte_mbuf *m = frame_mbuf(port->pool, 7, 200, 1);
	unsigned int i;

	assert_non_null(m);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_poll(port->dev, 8), 1);
	for (i = 0; rte_eth_rx_burst(port->id, 0, &m, 1) == 0; i++)
		assert_true(i < 100);
	frame_check(m, 7, 200);
	rte_pktmbuf_free(m);
}

uint64_t
control_xstat(struct sim_port *port, const char *name)
{
	uint64_t id, value;

	assert_int_equal(rte_eth_xstats_get_id_by_name(port->id, name, &id),
			 0);
	assert_int_equal(rte_eth_xstats_get_by_id(port->id, &id, &value, 1),
			 1);
	return value;
}

void
control_xstat_is(struct sim_port *port, const char *name, uint64_t value)
{
	uint64_t now = control_xstat(port, name);

	if (now != value)
		print_error("%s is %" PRIu64 " instead of %" PRIu64 "\n", name,
			    now, value);
	assert_int_equal(now, value);
}

void
control_await_more(struct sim_port *port, const char *name, uint64_t value)
{
	SIM_AWAIT(control_xstat(port, name) >= value);
}

static FILE *log_file;

void
control_log_start(void)
{
	if (log_file == NULL)
		log_file = tmpfile();
	assert_non_null(log_file);
	assert_int_equal(ftruncate(fileno(log_file), 0), 0);
	rewind(log_file);
	rte_openlog_stream(log_file);
	rte_log_set_level(vnic_logtype, RTE_LOG_INFO);
}

static void
control_log_end(void)
{
	rte_openlog_stream(NULL);
	if (getenv("VNIC_TEST_LOG") == NULL)
		rte_log_set_level(vnic_logtype, RTE_LOG_CRIT);
}

unsigned int
control_log_count(const char *text)
{
	char line[1024];
	unsigned int nb = 0;

	fflush(log_file);
	rewind(log_file);
	while (fgets(line, sizeof(line), log_file) != NULL)
		nb += strstr(line, text) != NULL;
	control_log_end();
	return nb;
}

void
control_log_has(const char *text)
{
	unsigned int nb = control_log_count(text);

	if (nb != 1)
		print_error("%u lines say: %s\n", nb, text);
	assert_int_equal(nb, 1);
}

void
control_log_none(void)
{
	fflush(log_file);
	assert_int_equal(lseek(fileno(log_file), 0, SEEK_END), 0);
	control_log_end();
}

void
control_await(struct sim_port *port, const char *name, uint64_t value)
{
	control_await_more(port, name, value);
	assert_int_equal(control_xstat(port, name), value);
}

void
control_fault(struct sim_port *port, enum devsim_fault_kind kind, uint16_t vq)
{
	struct devsim_fault fault = { .kind = kind, .vq = vq, .seed = 1 };

	devsim_fault_set(port->dev, &fault);
}

void
control_recover(struct sim_port *port, uint64_t nb)
{
	devsim_needs_reset(port->dev);
	vnic_event_config_changed(port->vnic);
	control_await(port, "recoveries", nb);
}

static struct control_events events;

/* Told by several threads. */
static void
event_count(unsigned int *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELEASE);
}

static int
event_seen(uint16_t port_id, enum rte_eth_event_type type, void *arg,
	   void *ret)
{
	(void)port_id;
	(void)arg;
	(void)ret;
	if (type == RTE_ETH_EVENT_ERR_RECOVERING)
		event_count(&events.recovering);
	else if (type == RTE_ETH_EVENT_RECOVERY_SUCCESS)
		event_count(&events.success);
	else if (type == RTE_ETH_EVENT_RECOVERY_FAILED)
		event_count(&events.failed);
	else if (type == RTE_ETH_EVENT_INTR_RMV)
		event_count(&events.removed);
	return 0;
}

const struct control_events *
control_events_watch(struct sim_port *port)
{
	static const enum rte_eth_event_type types[] = {
		RTE_ETH_EVENT_ERR_RECOVERING, RTE_ETH_EVENT_RECOVERY_SUCCESS,
		RTE_ETH_EVENT_RECOVERY_FAILED, RTE_ETH_EVENT_INTR_RMV,
	};
	unsigned int i;

	memset(&events, 0, sizeof(events));
	for (i = 0; i < RTE_DIM(types); i++)
		assert_int_equal(rte_eth_dev_callback_register(port->id,
			types[i], event_seen, NULL), 0);
	return &events;
}

void
control_events_await(const unsigned int *count, unsigned int nb)
{
	SIM_AWAIT(__atomic_load_n(count, __ATOMIC_ACQUIRE) >= nb);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(case_modes),
	cmocka_unit_test(case_addresses),
	cmocka_unit_test(case_vlan),
	cmocka_unit_test(case_no_filter),
	cmocka_unit_test(case_multicast_only),
	cmocka_unit_test(case_refused_changes_nothing),
	cmocka_unit_test(case_filter_late),
	cmocka_unit_test(case_guest_offloads),
	cmocka_unit_test(case_guest_offloads_tunnel),
	cmocka_unit_test(case_guest_offloads_refused),
	cmocka_unit_test(case_guest_offloads_absent),
	cmocka_unit_test(case_rss_sizes),
	cmocka_unit_test(case_rss_bad_caps),
	cmocka_unit_test(case_rss_not_offered),
	cmocka_unit_test(case_rss_configure),
	cmocka_unit_test(case_rss_requeue),
	cmocka_unit_test(case_rss_key),
	cmocka_unit_test(case_rss_reta_refused),
	cmocka_unit_test(case_rss_stopped_queue),
	cmocka_unit_test(rss_deferred_queue),
	cmocka_unit_test(rss_all_stopped),
	cmocka_unit_test(rss_steer_refused),
	cmocka_unit_test(rss_context_stopped_queue),
	cmocka_unit_test(case_rss_recovered),
	cmocka_unit_test(rss_reconnected),
	cmocka_unit_test(case_rss_trouble),
	cmocka_unit_test(case_rss_shrunk),
	cmocka_unit_test(case_rss_without_mq),
	cmocka_unit_test(case_rss_hash_only),
	cmocka_unit_test(rss_hash_steers_nothing),
	cmocka_unit_test(rss_hash_tunnel),
	cmocka_unit_test(rss_levels),
	cmocka_unit_test(case_rss_tunnel),
	cmocka_unit_test(rss_read_without_lock),
	cmocka_unit_test(rss_read_gives_up),
	cmocka_unit_test(rss_read_is_whole),
	cmocka_unit_test(rss_read_of_none),
	cmocka_unit_test(case_rss_contexts),
	cmocka_unit_test(rss_context_shrunk),
	cmocka_unit_test(case_ctrl_refuses),
	cmocka_unit_test(case_ctrl_silent),
	cmocka_unit_test(case_features_refused),
	cmocka_unit_test(case_reset_stuck),
	cmocka_unit_test(case_ring_broken),
	cmocka_unit_test(case_needs_reset),
	cmocka_unit_test(case_bad_config),
	cmocka_unit_test(case_broken_config),
	cmocka_unit_test(case_gone),
	cmocka_unit_test(announce_ack_is_sent),
	cmocka_unit_test(announce_vlans),
	cmocka_unit_test(announce_full_ring),
	cmocka_unit_test(announce_under_traffic),
	cmocka_unit_test(announce_by_free_queue),
	cmocka_unit_test(announce_ack_refused),
	cmocka_unit_test(announce_not_accepted),
	cmocka_unit_test(announce_arguments),
	cmocka_unit_test(announce_new_mac),
	cmocka_unit_test(shut_gate_is_not_passed),
	cmocka_unit_test(coalesce_is_set),
	cmocka_unit_test(coalesce_not_while_polling),
	cmocka_unit_test(coalesce_of_restarted_queue),
	cmocka_unit_test(coalesce_refused),
	cmocka_unit_test(coalesce_arguments),
	cmocka_unit_test(device_stats_feed_counters),
	cmocka_unit_test(device_stats_count_overruns),
	cmocka_unit_test(device_stats_are_kept),
	cmocka_unit_test(device_stats_over_restart),
	cmocka_unit_test(device_stats_reset),
	cmocka_unit_test(device_stats_in_secondary),
	cmocka_unit_test(device_stats_wrap),
	cmocka_unit_test(device_stats_by_type),
	cmocka_unit_test(device_stats_keep_ids),
	cmocka_unit_test(device_stats_of_dead_queue),
	cmocka_unit_test(device_stats_of_many),
	cmocka_unit_test(device_stats_malformed),
	cmocka_unit_test(counters_per_queue),
	cmocka_unit_test(counters_over_setup),
	cmocka_unit_test(counters_over_refused_setup),
	cmocka_unit_test(counters_mapped),
	cmocka_unit_test(filter_ladder),
	cmocka_unit_test(filter_half_way),
	cmocka_unit_test(rx_suppress),
	cmocka_unit_test(vlan_filter_is_applied),
	cmocka_unit_test(standby_when_asked),
	cmocka_unit_test(speed_is_followed),
	cmocka_unit_test(refused_configuration),
	cmocka_unit_test(refused_hash_function),
	cmocka_unit_test(configured_in_vain),
	cmocka_unit_test(refused_while_running),
	cmocka_unit_test(more_descriptors_than_the_ring),
	cmocka_unit_test(refused_under_traffic),
	cmocka_unit_test(refused_by_device),
	cmocka_unit_test(refused_for_want_of_feature),
	cmocka_unit_test(refused_in_secondary),
	cmocka_unit_test(mac_list_keeps_holes),
	cmocka_unit_test(mac_list_by_ctrl_rx),
	cmocka_unit_test(sent_mbufs_come_back),
	cmocka_unit_test(sent_mbufs_of_resting_queue),
	cmocka_unit_test(bad_header_drops_whole_frame),
	cmocka_unit_test(unfilled_buffers_are_remembered),
	cmocka_unit_test(stop_resets_device),
	cmocka_unit_test(header_room_for_all),
	cmocka_unit_test(case_stall),
	cmocka_unit_test(case_stall_not),
	cmocka_unit_test(case_stall_bounded),
	cmocka_unit_test(case_stall_drip),
	cmocka_unit_test(case_stall_beside_busy),
	cmocka_unit_test(case_stall_off),
	cmocka_unit_test(case_recover_stopped),
	cmocka_unit_test(recovered_with_less_mtu),
	cmocka_unit_test(case_suspend),
	cmocka_unit_test(case_suspend_never),
	cmocka_unit_test(case_dev_reset),
	cmocka_unit_test(dev_reset_while_running),
	cmocka_unit_test(dev_reset_afresh),
	cmocka_unit_test(dev_reset_more_queues),
	cmocka_unit_test(case_dump),
	cmocka_unit_test(case_enable_late),
	cmocka_unit_test(case_setup_refused_by_ethdev),
	cmocka_unit_test(case_setup_busy),
	cmocka_unit_test(case_setup_over_recovery),
	cmocka_unit_test(case_setup_not_let_go),
	cmocka_unit_test(case_secondary_follows),
	cmocka_unit_test(secondary_of_closed_port),
	cmocka_unit_test(case_secondary_ptypes),
	cmocka_unit_test(case_threads),
	cmocka_unit_test(case_stop_busy),
	cmocka_unit_test(case_backend_recovers),
	cmocka_unit_test(case_backend_started),
	cmocka_unit_test(case_recover_failed),
	cmocka_unit_test(case_recover_again),
	cmocka_unit_test(case_gone_idle),
	cmocka_unit_test(case_gone_recovering),
	cmocka_unit_test(case_gone_start),
	cmocka_unit_test(case_gone_quiet),
	cmocka_unit_test(case_gone_busy),
	cmocka_unit_test(case_restore_bounded),
	cmocka_unit_test(case_restore_cancelled),
	cmocka_unit_test(registers),
	cmocka_unit_test(case_intr),
	cmocka_unit_test(case_intr_not_asked),
	cmocka_unit_test(case_intr_doorbell),
	cmocka_unit_test(case_monitor),
	cmocka_unit_test(case_gate_dead),
	cmocka_unit_test(case_gate_alive),
	cmocka_unit_test(case_gate_namespace),
	cmocka_unit_test(case_gate_barrier),
	cmocka_unit_test(case_gate_stop),
	cmocka_unit_test(case_gate_orphan_stop),
	cmocka_unit_test(case_gate_orphan_health),
	cmocka_unit_test(case_gate_resume),
	cmocka_unit_test(case_gate_resume_orphan),
};

int
main(int argc, char **argv)
{
	alarm(470);
	sim_eal_init(argv[0]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
