/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_SOFT_H
#define VNIC_SOFT_H

#include <stddef.h>
#include <stdint.h>

#include <ethdev_driver.h>

#include "vnic_compat.h"

/**
 * @file
 * Control of the offloads that the processor does: which queue does what, and
 * whether a process has the burst functions for it installed. Flags are in
 * shared memory, functions are each process's own. A secondary process calls
 * vnic_soft_install and vnic_soft_ptypes_get_secondary_op only.
 */

struct vnic_dev;
struct vnic_rxq;

/**
 * What a port can, whatever its device offers; all of it per queue. Checksums
 * only with the devarg soft_csum.
 */
uint64_t
vnic_soft_rx_offloads(const struct vnic_dev *dev);
#define VNIC_SOFT_TX_OFFLOADS (RTE_ETH_TX_OFFLOAD_VLAN_INSERT | \
			       RTE_ETH_TX_OFFLOAD_QINQ_INSERT)

/** dev_configure: queues of an earlier configuration follow the port. */
void
vnic_soft_configure(struct vnic_dev *dev);

/**
 * Install this process's bursts: those of the rows, or those around them. In
 * the primary locked, and with the flags of all queues.
 */
void
vnic_soft_install(struct rte_eth_dev *eth_dev);

/**
 * Offloads of a queue have changed, on a port that may be running; locked.
 * Secondary processes are told.
 */
void
vnic_soft_update(struct rte_eth_dev *eth_dev);

/** Strip tags or not, on all queues and on one; a started port too. */
int
vnic_soft_vlan_offload(struct rte_eth_dev *eth_dev, int mask);
void
vnic_soft_strip_queue(struct rte_eth_dev *eth_dev, uint16_t queue_id, int on);

/**
 * Packet types are told from the moment that an application asks which ones
 * (any process) or chooses some; one that does neither pays nothing.
 */
const uint32_t *
vnic_soft_ptypes_get_op(VNIC_COMPAT_PTYPES_GET_ARGS);
const uint32_t *
vnic_soft_ptypes_get_secondary_op(VNIC_COMPAT_PTYPES_GET_ARGS);
/** Primary, locked: turn them on for a process that has asked. */
void
vnic_soft_answer(struct vnic_dev *dev);
int
vnic_soft_ptypes_set(struct rte_eth_dev *eth_dev, uint32_t mask);

/** " with vlan-strip csum ptype" behind a row's name; "" for none. */
void
vnic_soft_rx_text(const struct vnic_rxq *rxq, char *buf, size_t size);

#endif /* VNIC_SOFT_H */
