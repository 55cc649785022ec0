/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PATH_H
#define VNIC_PATH_H

#include <stdint.h>

#include <ethdev_driver.h>

/**
 * @file
 * The path table: every burst function with what it needs. Selection, burst
 * mode text, tests and benchmarks all walk these rows.
 */

/* What a path can do; a path fits when it has all that the port needs and
 * its layout bits equal the port's. */
#define VNIC_PATH_PACKED	(1u << 0)	/* layout bits */
#define VNIC_PATH_IN_ORDER	(1u << 1)
#define VNIC_PATH_MRG		(1u << 2)
#define VNIC_PATH_CHAIN		(1u << 3)	/* no indirect descriptors */
#define VNIC_PATH_LAYOUT	(VNIC_PATH_PACKED | VNIC_PATH_IN_ORDER | \
				 VNIC_PATH_MRG | VNIC_PATH_CHAIN)
#define VNIC_PATH_OFFLOAD	(1u << 8)	/* header fields both ways */
#define VNIC_PATH_HASH		(1u << 9)	/* receive: with OFFLOAD only */

struct vnic_rx_path {
	uint32_t flags;
	uint16_t simd;		/**< vector bits the object is built for */
	const char *name;
	eth_rx_burst_t burst;
};

struct vnic_tx_path {
	uint32_t flags;
	uint16_t simd;
	const char *name;
	eth_tx_burst_t burst;
	/** Free up to @p max completed frames (0 = all); the queue's lcore. */
	int (*cleanup)(void *txq, uint32_t max);
};

const struct vnic_rx_path *
vnic_rx_paths(unsigned int *nb);
const struct vnic_tx_path *
vnic_tx_paths(unsigned int *nb);

struct vnic_dev;

/** What this processor and EAL's --force-max-simd-bitwidth allow. */
uint16_t
vnic_path_simd(void);

/** The path for a port's accepted features and configured offloads. */
const struct vnic_rx_path *
vnic_rx_path_select(const struct vnic_dev *dev);
const struct vnic_tx_path *
vnic_tx_path_select(const struct vnic_dev *dev);

#endif /* VNIC_PATH_H */
