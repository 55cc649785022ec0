/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_DUMP_H
#define VNIC_DUMP_H

#include <stdio.h>

struct rte_dev_reg_info;
struct rte_eth_dev;

/**
 * rte_eth_dev_get_reg_info: the device's registers, 32 bits each, as the
 * transport lists them (vnic_pci.h). -ENOTSUP where there are none.
 */
int
vnic_dump_regs(struct rte_eth_dev *eth_dev, struct rte_dev_reg_info *info);

/** rte_eth_dev_priv_dump: what the driver knows of a port, as text. */
int
vnic_dump_priv(struct rte_eth_dev *eth_dev, FILE *file);

#endif /* VNIC_DUMP_H */
