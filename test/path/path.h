/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef TEST_PATH_H
#define TEST_PATH_H

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "sim_port.h"

/* Cases by file. Each runs on every row of the path table. */

/* case_traffic.c */
void case_transmit(void **state);
void case_receive(void **state);
void case_wrap(void **state);
void case_bursts(void **state);
void case_ring_sizes(void **state);
void case_small_mbufs(void **state);

/* case_order.c */
void case_reorder(void **state);
void case_batching(void **state);

/* case_life.c */
void case_exhausted(void **state);
void case_ring_full(void **state);
void case_start_stop(void **state);
void case_ledger(void **state);
void case_fast_free(void **state);
void case_restart(void **state);
void case_queues(void **state);

/* case_queue_life.c */
void case_queue_stop(void **state);
void case_queue_resize(void **state);
void case_queue_refused(void **state);
void case_queue_deferred(void **state);
void case_queue_no_reset(void **state);
void case_queue_uneven(void **state);
void case_queue_shut(void **state);

/* case_mbufs.c */
void case_pinned(void **state);
void case_readonly(void **state);
void case_segments(void **state);

/* case_notify.c */
void case_kicks(void **state);
void case_sleep(void **state);
void case_thread(void **state);

/* case_offload.c */
void case_offload_tx(void **state);
void case_offload_rx(void **state);

/* case_tso.c */
void case_tso(void **state);
void case_tso_padded(void **state);
void case_tso_refused(void **state);

/* case_tunnel.c */
void case_tunnel_tx(void **state);
void case_tunnel_refused(void **state);
void case_tunnel_rx(void **state);

/* case_scatter.c */
void case_scatter(void **state);

/* case_lro.c */
void case_lro(void **state);
void case_lro_room(void **state);

/* case_rsc.c */
void case_rsc(void **state);

/* case_ufo.c */
void case_ufo_tx(void **state);
void case_ufo_choice(void **state);
void case_ufo_rx(void **state);

/* case_hash.c */
void case_hash_report(void **state);
void case_hash_value(void **state);
void case_hash_steer(void **state);
void case_hash_sent(void **state);

/* case_status.c */
void case_status_rx(void **state);
void case_status_tx(void **state);
void case_status_lies(void **state);

/* case_recycle.c */
void case_recycle(void **state);
void case_recycle_restart(void **state);

/* case_soft.c */
void case_soft_rx(void **state);
void case_soft_device_only(void **state);
void case_soft_garbage(void **state);
void case_soft_ptypes(void **state);
void case_soft_queues(void **state);
void case_soft_toggle(void **state);

/* case_soft_tx.c */
void case_soft_insert(void **state);
void case_soft_insert_csum(void **state);
void case_soft_full(void **state);
void case_soft_no_mbuf(void **state);
void case_soft_unasked(void **state);

/* loop.c: sent frames come back */

struct loop {
	struct sim_port *port;
	uint16_t queue;
	uint32_t sent;		/**< frames, which are numbered */
	uint32_t got;
	uint32_t len_min;
	uint32_t len_max;
	uint16_t segs_max;
};

uint32_t
loop_len(const struct loop *l, uint32_t seq);
/** Send up to @p nb frames; @return how many were accepted. */
uint16_t
loop_send(struct loop *l, uint16_t nb);
/** Receive and check up to @p nb. @return frames received. */
uint16_t
loop_receive(struct loop *l, uint16_t nb);
/** @p frames through the loop, in bursts of @p burst. */
void
loop_run(struct loop *l, uint32_t frames, uint16_t burst);

#endif /* TEST_PATH_H */
