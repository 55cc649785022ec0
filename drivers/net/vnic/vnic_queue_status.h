/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_QUEUE_STATUS_H
#define VNIC_QUEUE_STATUS_H

#include <stdint.h>

/**
 * @file
 * Where the device stands in a ring, for rte_eth_rx_queue_count and the
 * descriptor statuses. Called by the queue's own lcore; nothing of the ring
 * changes, and what the device wrote is believed only as far as there are
 * buffers outstanding. A queue that is parked has nothing done.
 */

/** Received buffers that wait for a burst, from 0 to the ring's size. */
vnic_queue_count_t
vnic_queue_rx_count(void *rxq);

/** @return RTE_ETH_RX_DESC_*; -EINVAL beyond the ring. */
int
vnic_queue_rx_status(void *rxq, uint16_t offset);

/** Descriptors that the device has not used yet, from 0 to the ring's size. */
int
vnic_queue_tx_count(void *txq);

/** @return RTE_ETH_TX_DESC_*; -EINVAL beyond the ring. */
int
vnic_queue_tx_status(void *txq, uint16_t offset);

/**
 * The device has used all buffers of the ring, and none was posted since: a
 * look from outside, which disturbs no lcore and is exact for no moment.
 */
bool
vnic_queue_rx_is_empty(const struct vnic_rxq *rxq);

#endif /* VNIC_QUEUE_STATUS_H */
