/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef CONTROL_H
#define CONTROL_H

#include "sim_port.h"

/** Any row: the control plane is the same above all of them. */
struct sim_port *
control_open(const struct sim_options *opts);
/** One frame through the loopback device; asserts that it comes back. */
void
control_traffic(struct sim_port *port);
/** An xstat by name; asserts that it exists. */
uint64_t
control_xstat(struct sim_port *port, const char *name);
/** It exists and has this value; asserts. */
void
control_xstat_is(struct sim_port *port, const char *name, uint64_t value);
/** Wait for an xstat to reach a value, and not to pass it; asserts. */
void
control_await(struct sim_port *port, const char *name, uint64_t value);
/** The same for a value or more. */
void
control_await_more(struct sim_port *port, const char *name, uint64_t value);
/** Keep what the driver logs from now on, instead of what was kept. */
void
control_log_start(void);
/** Lines of it that hold @p text; the driver logs as before from here on. */
unsigned int
control_log_count(const char *text);
/** Exactly one line of it holds @p text; asserts. */
void
control_log_has(const char *text);
/** Not one line. */
void
control_log_none(void);
void
control_fault(struct sim_port *port, enum devsim_fault_kind kind, uint16_t vq);
/** The device needs a reset; wait for the @p nb-th recovery. */
void
control_recover(struct sim_port *port, uint64_t nb);

/** Events told to the application. */
struct control_events {
	unsigned int recovering;
	unsigned int success;
	unsigned int failed;
	unsigned int removed;
};

/** Count events of this port from now on. */
const struct control_events *
control_events_watch(struct sim_port *port);
/** However long it takes, within reason: no time is a promise. Asserts. */
void
control_events_await(const unsigned int *count, unsigned int nb);

/* flow.c: frames that come and go while something else is tried */

struct control_flow;
/** From now on, by a thread of its own, through one loopback queue pair. */
struct control_flow *
control_flow_start(struct sim_port *port, uint16_t queue);
/** Until so many more frames have come back; asserts. */
void
control_flow_await(const struct control_flow *f, uint64_t more);
/**
 * End it: frames came back, whole, in order, none twice; asserts, with
 * @p lossless that none is missing.
 */
void
control_flow_end(struct control_flow *f, bool lossless);

/* case_threads.c */
void
case_threads(void **state);

/* case_filter.c */
void
case_modes(void **state);
void
case_addresses(void **state);
void
case_vlan(void **state);
void
case_no_filter(void **state);
void
case_multicast_only(void **state);
void
case_refused_changes_nothing(void **state);
void
case_filter_late(void **state);

/* case_offload.c */
void
case_guest_offloads(void **state);
void
case_guest_offloads_tunnel(void **state);
void
case_guest_offloads_refused(void **state);
void
case_guest_offloads_absent(void **state);

/* case_rss.c */
void
case_rss_sizes(void **state);
void
case_rss_bad_caps(void **state);
void
case_rss_not_offered(void **state);
void
case_rss_configure(void **state);
void
case_rss_requeue(void **state);
void
case_rss_key(void **state);
void
case_rss_reta_refused(void **state);
void
case_rss_recovered(void **state);
void
rss_reconnected(void **state);
void
case_rss_trouble(void **state);
void
case_rss_shrunk(void **state);
void
case_rss_without_mq(void **state);
void
case_rss_tunnel(void **state);

/* case_rss_hash.c */
void
case_rss_hash_only(void **state);
void
rss_hash_steers_nothing(void **state);
void
rss_hash_tunnel(void **state);
void
rss_levels(void **state);

/* case_rss_context.c */
void
case_rss_contexts(void **state);
void
rss_context_shrunk(void **state);

/* case_rss_queue.c */
void
case_rss_stopped_queue(void **state);
void
rss_deferred_queue(void **state);
void
rss_all_stopped(void **state);
void
rss_steer_refused(void **state);
void
rss_context_stopped_queue(void **state);

/* case_rss_read.c */
void
rss_read_without_lock(void **state);
void
rss_read_gives_up(void **state);
void
rss_read_is_whole(void **state);
void
rss_read_of_none(void **state);

/* case_trouble.c */
void
case_ctrl_refuses(void **state);
void
case_ctrl_silent(void **state);
void
case_features_refused(void **state);
void
case_reset_stuck(void **state);
void
case_ring_broken(void **state);
void
case_needs_reset(void **state);
void
case_bad_config(void **state);
void
case_broken_config(void **state);
void
case_gone(void **state);

/* case_announce.c */
void
announce_ack_is_sent(void **state);
void
announce_vlans(void **state);
void
announce_full_ring(void **state);
void
announce_under_traffic(void **state);
void
announce_by_free_queue(void **state);
void
announce_ack_refused(void **state);
void
announce_not_accepted(void **state);
void
announce_arguments(void **state);
void
announce_new_mac(void **state);
void
shut_gate_is_not_passed(void **state);
/* case_recover.c */
void
case_stall(void **state);
void
case_stall_not(void **state);
void
case_stall_bounded(void **state);
void
case_stall_drip(void **state);
void
case_stall_beside_busy(void **state);
void
case_stall_off(void **state);
void
case_recover_stopped(void **state);
void
recovered_with_less_mtu(void **state);
void
case_dump(void **state);
void
case_dev_reset(void **state);
void
dev_reset_while_running(void **state);
void
dev_reset_afresh(void **state);
void
dev_reset_more_queues(void **state);
void
case_suspend_never(void **state);
void
case_suspend(void **state);

/* case_queue.c */
void
case_enable_late(void **state);
void
case_setup_refused_by_ethdev(void **state);
void
case_setup_busy(void **state);
void
case_setup_over_recovery(void **state);
void
case_setup_not_let_go(void **state);

/* case_secondary.c */
void
case_secondary_follows(void **state);
void
secondary_of_closed_port(void **state);
void
case_secondary_ptypes(void **state);

/* case_event.c */
void
case_stop_busy(void **state);
void
case_backend_recovers(void **state);
void
case_backend_started(void **state);
void
case_recover_failed(void **state);
void
case_recover_again(void **state);
void
case_gone_idle(void **state);
void
case_gone_recovering(void **state);
void
case_gone_start(void **state);
void
case_gone_quiet(void **state);
void
case_gone_busy(void **state);
void
case_restore_bounded(void **state);
void
case_restore_cancelled(void **state);
/* case_registers.c */
void
registers(void **state);

/* case_intr.c */
void
case_intr(void **state);
void
case_intr_not_asked(void **state);
void
case_intr_doorbell(void **state);
void
case_monitor(void **state);

/* case_coalesce.c */
void
coalesce_is_set(void **state);
void
coalesce_not_while_polling(void **state);
void
coalesce_of_restarted_queue(void **state);
void
coalesce_refused(void **state);
void
coalesce_arguments(void **state);

/* case_device_stats.c */
void
device_stats_feed_counters(void **state);
void
device_stats_count_overruns(void **state);
void
device_stats_are_kept(void **state);
void
device_stats_over_restart(void **state);
void
device_stats_reset(void **state);
void
device_stats_in_secondary(void **state);
void
device_stats_wrap(void **state);
void
device_stats_by_type(void **state);
void
device_stats_keep_ids(void **state);
void
device_stats_of_dead_queue(void **state);
void
device_stats_of_many(void **state);
void
device_stats_malformed(void **state);

/* case_counters.c */
void
counters_per_queue(void **state);
void
counters_over_setup(void **state);
void
counters_over_refused_setup(void **state);
void
counters_mapped(void **state);

/* case_rx_extra.c */
void
filter_ladder(void **state);
void
filter_half_way(void **state);
void
rx_suppress(void **state);
void
vlan_filter_is_applied(void **state);
void
standby_when_asked(void **state);
void
speed_is_followed(void **state);

/* case_refusal.c */
void
refused_configuration(void **state);
void
refused_hash_function(void **state);
void
configured_in_vain(void **state);
void
refused_while_running(void **state);
void
more_descriptors_than_the_ring(void **state);
void
refused_under_traffic(void **state);
void
refused_by_device(void **state);
void
refused_for_want_of_feature(void **state);
void
refused_in_secondary(void **state);

/* case_robust.c */
void
mac_list_keeps_holes(void **state);
void
mac_list_by_ctrl_rx(void **state);
void
sent_mbufs_come_back(void **state);
void
sent_mbufs_of_resting_queue(void **state);
void
bad_header_drops_whole_frame(void **state);
void
unfilled_buffers_are_remembered(void **state);
void
stop_resets_device(void **state);
void
header_room_for_all(void **state);

/* case_gate.c */
void
case_gate_dead(void **state);
void
case_gate_alive(void **state);
void
case_gate_namespace(void **state);
void
case_gate_barrier(void **state);
void
case_gate_stop(void **state);
void
case_gate_orphan_stop(void **state);
void
case_gate_orphan_health(void **state);
void
case_gate_resume(void **state);
void
case_gate_resume_orphan(void **state);

#endif /* CONTROL_H */
