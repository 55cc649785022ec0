/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_SECONDARY_H
#define VNIC_SECONDARY_H

#include <ethdev_driver.h>

/**
 * @file
 * Operations that a secondary process may not do, for the control queue and
 * the device's registers are the primary's: each is one log line and
 * -ENOTSUP, and changes nothing. Operations before which ethdev itself
 * changes the shared port (dev_configure, dev_stop, queue setup and release,
 * mac_addr_remove), and vlan_strip_queue_set, which cannot say no, have no
 * function at all in a secondary: then ethdev refuses them before it has
 * touched anything.
 */

int
vnic_secondary_start(struct rte_eth_dev *eth_dev);
int
vnic_secondary_promisc(struct rte_eth_dev *eth_dev);
int
vnic_secondary_allmulti(struct rte_eth_dev *eth_dev);
int
vnic_secondary_mac_set(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *mac);
int
vnic_secondary_mac_add(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *mac, uint32_t index,
		       uint32_t pool);
int
vnic_secondary_mc_list(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *addrs, uint32_t nb);
int
vnic_secondary_vlan(struct rte_eth_dev *eth_dev, uint16_t vlan_id, int on);
int
vnic_secondary_vlan_offload(struct rte_eth_dev *eth_dev, int mask);
int
vnic_secondary_mtu(struct rte_eth_dev *eth_dev, uint16_t mtu);
int
vnic_secondary_reta(struct rte_eth_dev *eth_dev,
		    struct rte_eth_rss_reta_entry64 *reta, uint16_t size);
int
vnic_secondary_rss_hash(struct rte_eth_dev *eth_dev,
			struct rte_eth_rss_conf *conf);
int
vnic_secondary_queue(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_secondary_rx_intr(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_secondary_reset(struct rte_eth_dev *eth_dev);
int
vnic_secondary_ptypes(struct rte_eth_dev *eth_dev, uint32_t mask);
int
vnic_secondary_regs(struct rte_eth_dev *eth_dev,
		    struct rte_dev_reg_info *info);

#endif /* VNIC_SECONDARY_H */
