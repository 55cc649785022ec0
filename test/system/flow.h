/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>

#include "frame.h"

/**
 * @file
 * One flow per queue: numbered frames go out, come back, and are judged. At
 * most `window` of them are out at a time, so that no ring can overflow.
 */

struct flow_settings {
	uint16_t port;
	uint32_t epoch;
	uint32_t window;
	uint32_t nr_segs;	/**< at most so many segments a frame */
	uint32_t stall_ms;	/**< without progress for so long: lost */
	uint64_t nr_frames;	/**< per flow; 0: until stopped */
	struct frame_sizes sizes;
	bool lossy;		/**< frames may be lost, never damaged */
	struct rte_mempool *pool;
};

struct flow {
	const struct flow_settings *settings;
	uint16_t queue;
	bool stalled;		/**< frames are lost and that is an error */
	uint64_t next_tx;	/**< seq to send */
	uint64_t next_rx;	/**< lowest seq that may still come */
	uint64_t written_off;	/**< seqs below it are out no more */
	uint64_t progress_tsc;
	uint64_t received;
	uint64_t gaps;		/**< frames skipped by those received */
	uint64_t late;		/**< twice, or out of order */
	uint64_t damaged;
	uint64_t stale;		/**< of an earlier run */
	uint64_t foreign;
};

/** Send and receive once; cheap when there is nothing to do. */
void
flow_poll(struct flow *f, bool may_send);

/** All frames are sent and have come back, or never will. */
bool
flow_is_done(const struct flow *f);

/** Print the line of counts; true if nothing is wrong. */
bool
flow_report(const struct flow *f);

#endif /* FLOW_H */
