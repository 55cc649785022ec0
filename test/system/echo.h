/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef ECHO_H
#define ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct echo {
	uint16_t port;
	uint16_t nr_queues;
	uint32_t nr_segs;	/**< frames are cut anew in up to so many; 0: as they came */
	struct rte_mempool *pool;
	uint64_t received;
	uint64_t sent;
	uint64_t dropped;
};

/** Send back what each queue received. */
void
echo_poll(struct echo *e);

/** Print the counts of the echo, and the statistics that the port shows. */
void
echo_report(const struct echo *e);

#endif /* ECHO_H */
