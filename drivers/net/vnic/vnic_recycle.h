/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_RECYCLE_H
#define VNIC_RECYCLE_H

#include <stdint.h>

#include <rte_ethdev.h>

/**
 * @file
 * Sent mbufs straight into a receive ring (rte_eth_recycle_mbufs, DPDK from
 * 23.11 on), past the mempool. The transmit half writes pointers into a ring
 * of the receive queue's that only its lcore touches; the receive half posts
 * them. Both halves run on the lcore that owns both queues, as ethdev asks.
 * A restart of either port between the halves loses nothing.
 */

struct rte_eth_dev;
struct vnic_dev;
struct vnic_rxq;

/** Both halves for one layout. */
struct vnic_recycle {
	/** @return mbufs put into the ring of @p info, whose pool is theirs. */
	uint16_t (*reuse)(void *txq, struct rte_eth_recycle_rxq_info *info);
	/** Post the @p nb mbufs that the transmit half wrote. */
	void (*refill)(void *rxq, uint16_t nb);
};

/**
 * For the negotiated layout; NULL without indirect descriptors, whose
 * completions do not come slot by slot.
 */
const struct vnic_recycle *
vnic_recycle_select(const struct vnic_dev *dev);

/**
 * eth_dev_ops.recycle_rxq_info_get. From now on bursts of the queue refill
 * from the mempool only when half the ring is empty, so that there is room
 * for what comes back.
 */
void
vnic_recycle_info(struct rte_eth_dev *eth_dev, uint16_t queue_id,
		  struct rte_eth_recycle_rxq_info *info);

/** Give mbufs that were written and never posted back; the queue is idle. */
void
vnic_recycle_drain(struct vnic_rxq *rxq);

#endif /* VNIC_RECYCLE_H */
