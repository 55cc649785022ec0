/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_INTR_H
#define VNIC_INTR_H

#include <stdint.h>

struct rte_eth_dev;
struct rte_power_monitor_cond;
struct vnic_dev;

/**
 * @file
 * Receive interrupts: only where the application asks for them by
 * intr_conf.rxq. Vector 0 stays that of configuration changes, receive queue
 * q has vector 1 + q; a queue is quiet until rte_eth_dev_rx_intr_enable.
 * Primary process.
 */

/**
 * Whether @p nb receive queues can have interrupts.
 *
 * @return 0; -ENOTSUP after one log line that says what is missing.
 */
int
vnic_intr_check(const struct vnic_dev *dev, uint16_t nb);

/** dev_start: descriptors and vectors, before any queue is handed over. */
int
vnic_intr_open(struct rte_eth_dev *eth_dev);
/** dev_stop: nothing is delivered any more. */
void
vnic_intr_close(struct rte_eth_dev *eth_dev);

/** MSI-X vector of a virtqueue, or VIRTIO_PCI_NO_VECTOR. */
uint16_t
vnic_intr_vector(const struct vnic_dev *dev, uint16_t vq_index);

/**
 * The rings are new ones, which ask for no interrupt: wake whoever sleeps on
 * an old one. Locked; gates open.
 */
void
vnic_intr_wake(struct vnic_dev *dev);

/*
 * Operations of ethdev, by the queue's own lcore. After rx_enable a frame
 * that came before is notified too, and posted buffers are known to the
 * device, so that the lcore may sleep at once.
 */
int
vnic_intr_rx_enable(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_intr_rx_disable(struct rte_eth_dev *eth_dev, uint16_t queue_id);

/** Where the next frame's arrival shows: 0; -EIO for a queue without ring. */
int
vnic_intr_monitor(void *rxq, struct rte_power_monitor_cond *cond);

#endif /* VNIC_INTR_H */
