/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"

/* Usage: test_path [CASE]; VNIC_TEST_ROW and VNIC_TEST_LOG narrow it down. */

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(case_transmit),
	cmocka_unit_test(case_receive),
	cmocka_unit_test(case_wrap),
	cmocka_unit_test(case_bursts),
	cmocka_unit_test(case_ring_sizes),
	cmocka_unit_test(case_small_mbufs),
	cmocka_unit_test(case_reorder),
	cmocka_unit_test(case_batching),
	cmocka_unit_test(case_exhausted),
	cmocka_unit_test(case_ring_full),
	cmocka_unit_test(case_start_stop),
	cmocka_unit_test(case_ledger),
	cmocka_unit_test(case_fast_free),
	cmocka_unit_test(case_restart),
	cmocka_unit_test(case_queues),
	cmocka_unit_test(case_queue_stop),
	cmocka_unit_test(case_queue_resize),
	cmocka_unit_test(case_queue_refused),
	cmocka_unit_test(case_queue_deferred),
	cmocka_unit_test(case_queue_no_reset),
	cmocka_unit_test(case_queue_uneven),
	cmocka_unit_test(case_queue_shut),
	cmocka_unit_test(case_pinned),
	cmocka_unit_test(case_readonly),
	cmocka_unit_test(case_segments),
	cmocka_unit_test(case_kicks),
	cmocka_unit_test(case_sleep),
	cmocka_unit_test(case_thread),
	cmocka_unit_test(case_offload_tx),
	cmocka_unit_test(case_offload_rx),
	cmocka_unit_test(case_tso),
	cmocka_unit_test(case_tso_padded),
	cmocka_unit_test(case_tso_refused),
	cmocka_unit_test(case_tunnel_tx),
	cmocka_unit_test(case_tunnel_refused),
	cmocka_unit_test(case_tunnel_rx),
	cmocka_unit_test(case_scatter),
	cmocka_unit_test(case_lro),
	cmocka_unit_test(case_lro_room),
	cmocka_unit_test(case_rsc),
	cmocka_unit_test(case_ufo_tx),
	cmocka_unit_test(case_ufo_choice),
	cmocka_unit_test(case_ufo_rx),
	cmocka_unit_test(case_soft_rx),
	cmocka_unit_test(case_soft_device_only),
	cmocka_unit_test(case_soft_garbage),
	cmocka_unit_test(case_soft_ptypes),
	cmocka_unit_test(case_soft_queues),
	cmocka_unit_test(case_soft_toggle),
	cmocka_unit_test(case_soft_insert),
	cmocka_unit_test(case_soft_insert_csum),
	cmocka_unit_test(case_soft_full),
	cmocka_unit_test(case_soft_no_mbuf),
	cmocka_unit_test(case_soft_unasked),
	cmocka_unit_test(case_hash_report),
	cmocka_unit_test(case_hash_value),
	cmocka_unit_test(case_hash_steer),
	cmocka_unit_test(case_hash_sent),
	cmocka_unit_test(case_status_rx),
	cmocka_unit_test(case_status_tx),
	cmocka_unit_test(case_status_lies),
	cmocka_unit_test(case_recycle),
	cmocka_unit_test(case_recycle_restart),
};

int
main(int argc, char **argv)
{
	alarm(280);
	sim_eal_init(argv[0]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
