/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_OFFLOAD_H
#define VNIC_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "vnic.h"

/**
 * @file
 * Offloads as ethdev names them, and the features that each needs.
 */

/** Longest frame with GUEST_TSO4 and the like (5.1.6.3), without a tag. */
#define VNIC_OFFLOAD_LRO_MAX 65589u

/** What would be agreed on if the application asked for everything. */
void
vnic_offload_negotiate(const struct vnic_dev *dev,
		       struct vnic_negotiation *nego);

/** RTE_ETH_*_OFFLOAD_* that could be configured with this device. */
uint64_t
vnic_offload_rx_capa(const struct vnic_dev *dev);
uint64_t
vnic_offload_tx_capa(const struct vnic_dev *dev);

/** Log why these offloads cannot be had: one line, for the lowest. */
void
vnic_offload_explain(const struct vnic_dev *dev, uint64_t rx, uint64_t tx);

/** 0, or -EINVAL for a limit of TCP_LRO that no virtio device keeps. */
int
vnic_offload_check_lro(const struct vnic_dev *dev,
		       const struct rte_eth_conf *conf);

#endif /* VNIC_OFFLOAD_H */
