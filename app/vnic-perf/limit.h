/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_LIMIT_H
#define PERF_LIMIT_H

#include "perf.h"

/**
 * @file
 * The limit: the same frames between the same two cores over two bare
 * single-producer, single-consumer rings of mbuf pointers, one to the driver
 * core and one back, `--ring` mbufs in all on their way round.
 *
 *  rx   the device core writes header, frame, pkt_len and data_len of each mbuf
 *       that it gets and passes the pointer; the driver core reads pkt_len and
 *       passes the pointer back.
 *  tx   the driver core writes pkt_len and data_len, passes the pointer; the
 *       device core reads pkt_len and one line of the frame, passes it back.
 *  fwd  the pointers go round; no frame is touched by either core. So this is
 *       what the two rings themselves allow, an upper bound that no port can
 *       reach whose device really writes the frames that it delivers.
 * So per packet there are two crossings of a pointer and, but for fwd, one of the
 * mbuf's line each way: a frame cannot be handed over by its mbuf without a
 * length. Neither core allocates or frees.
 *
 * It is a yardstick rather than a bound: a ring that carries the length itself,
 * as a packed one does, need not move the mbuf's line and can come out above.
 *
 *  rtt  one mbuf, stamped by the device core, passed back by the driver core.
 */

struct perf_limit;

int perf_limit_open(struct perf *perf);
void perf_limit_close(struct perf *perf);

/** Driver core, once around: number of packets. */
unsigned int perf_limit_drive(struct perf_limit *limit, const struct perf_options *opt);

/** Device core, once around: number of packets. */
unsigned int perf_limit_serve(struct perf_limit *limit, const struct perf *perf);

/** Device core, rtt: true when an answer came, its time in `cycles`. */
bool perf_limit_rtt(struct perf_limit *limit, const struct perf *perf,
		    uint64_t *cycles);

#endif /* PERF_LIMIT_H */
