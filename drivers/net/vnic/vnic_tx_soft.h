/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_TX_SOFT_H
#define VNIC_TX_SOFT_H

#include <stdint.h>

#include <ethdev_driver.h>
#include <rte_mbuf.h>

/**
 * @file
 * Transmit offloads by the processor: VLAN tags go into the frame. A burst
 * of its own does so and then calls the row's burst; it is installed only
 * while a queue asks for it (vnic_soft.h).
 */

/* vnic_txq.soft */
#define VNIC_TX_SOFT_VLAN	(1u << 0)	/**< RTE_MBUF_F_TX_VLAN */
#define VNIC_TX_SOFT_QINQ	(1u << 1)	/**< RTE_MBUF_F_TX_QINQ */

/**
 * Write the tags that @p m asks for before its data and take the request
 * away, so that a frame which finds no room is tagged once: outer tag 802.1ad,
 * inner or only tag 802.1Q. l2_len (or outer_l2_len of a tunnel) grows.
 *
 * @return 0, also if it asks for none; -EROFS, with nothing changed, for a
 *   first segment that is shared or not the driver's to write, or that has no
 *   headroom, or that holds less than both addresses.
 */
int
vnic_tx_soft_tag(struct rte_mbuf *m, uint32_t soft);

/**
 * The same frame, tagged, in mbufs of its own, from the pool of @p m or, for
 * a clone, of what it is attached to. @p m stays as it is.
 *
 * @return NULL: no mbuf, or a frame shorter than an Ethernet header.
 */
struct rte_mbuf *
vnic_tx_soft_copy(const struct rte_mbuf *m, uint32_t soft);

/** Rows' bursts of this process by port; written before bursts run. */
extern eth_tx_burst_t vnic_tx_soft_rows[RTE_MAX_ETHPORTS];

/**
 * Tags, then the row's burst. A frame that may not be written to is sent as a
 * copy; if none can be had it is dropped and counted (errors). Frames that
 * are not accepted stay the caller's mbufs.
 */
uint16_t
vnic_tx_soft_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb);

#endif /* VNIC_TX_SOFT_H */
