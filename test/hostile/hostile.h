/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef TEST_HOSTILE_H
#define TEST_HOSTILE_H

#include "sim_port.h"

#define HELD_MAX 256

/** A port whose device lies, and the frames that its application holds. */
struct victim {
	struct sim_port *port;
	struct rte_mbuf *held[HELD_MAX];
	unsigned int nb_held;
	uint32_t seq;
};

/** VNIC_TEST_SEED, or always the same. */
uint64_t
hostile_seed(void);
/** The application keeps what it got; nothing of it may come again. */
void
victim_keep(struct victim *v, struct rte_mbuf *m);
void
victim_close(struct victim *v);

/* case_header.c */
void
case_header(void **state);

#endif /* TEST_HOSTILE_H */
