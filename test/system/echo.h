/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef ECHO_H
#define ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/** Faults on purpose, to try the judge with; one in ECHO_SPOIL_EVERY frames. */
enum echo_spoil {
	ECHO_SPOIL_NONE,
	ECHO_SPOIL_DAMAGE,	/**< a bit of its last byte */
	ECHO_SPOIL_SHORTEN,	/**< by its last byte */
	ECHO_SPOIL_DROP,
	ECHO_SPOIL_REPEAT,	/**< it is sent as the next frame again */
	ECHO_SPOIL_SWAP,	/**< with the one before it */
	ECHO_SPOIL_MAX
};
#define ECHO_SPOIL_EVERY 61

struct echo {
	uint16_t port;
	uint16_t nr_queues;
	uint32_t nr_segs;	/**< frames are cut anew in up to so many; 0: as they came */
	enum echo_spoil spoil;
	struct rte_mbuf **stick; /**< page for the frames received, or NULL */
	uint64_t seen;
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
