/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_LIFE_H
#define VNIC_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @file
 * Single queues while the port runs: stop, start, other size or pool (virtio
 * 1.4, 2.6.1), and queues whose start is deferred. A stopped queue has an
 * empty ring or none; its gate is shut; all its mbufs are given back. It
 * stays so over recovery and reconnection. Primary process; the functions
 * that take a struct vnic_dev run under its lock.
 */

struct rte_eth_dev;
struct vnic_dev;
struct vnic_rxq;
struct vnic_txq;

/** The device can be made to let go of one queue. */
bool
vnic_life_possible(const struct vnic_dev *dev);

/* Operations of ethdev: 0; -ENOTSUP where only a reset of the whole device
 * takes a queue back; -EBUSY while the port recovers or an lcore does not
 * leave its burst, nothing changed; -ENOMEM; an error of the transport, after
 * which the port recovers. */
int
vnic_life_rxq_start(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_life_rxq_stop(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_life_txq_start(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_life_txq_stop(struct rte_eth_dev *eth_dev, uint16_t queue_id);

/** At dev_start: queues whose start is deferred are stopped. */
void
vnic_life_begin(struct vnic_dev *dev);
/** After dev_start: what ethdev is told of each queue's state. */
void
vnic_life_states(const struct vnic_dev *dev);

/** The device is live: take receive queues that are not in use back. */
int
vnic_life_settle(struct vnic_dev *dev);

/**
 * Whether frames may come by this virtqueue: in use, or one of the first
 * pair, without which some back ends do nothing at all.
 */
bool
vnic_life_wants(const struct vnic_dev *dev, uint16_t vq_index);

/*
 * A queue of a started port is set up anew: ethdev releases the old one first,
 * and the new one may be refused, by ethdev itself too. So the port has the old
 * one until the new one has taken its place.
 */

/** Stopped queue @p rxq or @p txq becomes the port's, with the counters of the
 * old one, which is freed. 0; or nothing is changed, but that a device which
 * does not let go of the old one has the port reset. */
int
vnic_life_rxq_replace(struct vnic_dev *dev, struct vnic_rxq *rxq);
int
vnic_life_txq_replace(struct vnic_dev *dev, struct vnic_txq *txq);
/** Show ethdev the port's queues again that it has released. */
void
vnic_life_show(struct vnic_dev *dev);

/* vnic_idle.c: halves of pairs that the port has no queue for */

/** Give the device a ring without buffers. */
int
vnic_idle_start(struct vnic_dev *dev, uint16_t vq_index);
/** Free all of them; the device has let go. */
void
vnic_idle_free(struct vnic_dev *dev);

#endif /* VNIC_LIFE_H */
