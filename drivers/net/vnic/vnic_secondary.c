/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_secondary.h"

static int
secondary_refuse(struct rte_eth_dev *eth_dev, const char *what)
{
	VNIC_LOG(ERR, "%s: port %u: %s: only the primary process can do that, a secondary sends, receives and reads",
		 vnic_dev_of(eth_dev)->name, eth_dev->data->port_id, what);
	return -ENOTSUP;
}

int
vnic_secondary_start(struct rte_eth_dev *eth_dev)
{
	return secondary_refuse(eth_dev, "start the port");
}

int
vnic_secondary_promisc(struct rte_eth_dev *eth_dev)
{
	return secondary_refuse(eth_dev, "change promiscuous mode");
}

int
vnic_secondary_allmulti(struct rte_eth_dev *eth_dev)
{
	return secondary_refuse(eth_dev, "change all-multicast mode");
}

int
vnic_secondary_mac_set(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *mac __rte_unused)
{
	return secondary_refuse(eth_dev, "set the MAC address");
}

int
vnic_secondary_mac_add(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *mac __rte_unused,
		       uint32_t index __rte_unused, uint32_t pool __rte_unused)
{
	return secondary_refuse(eth_dev, "add a MAC address");
}

int
vnic_secondary_mc_list(struct rte_eth_dev *eth_dev,
		       struct rte_ether_addr *addrs __rte_unused,
		       uint32_t nb __rte_unused)
{
	return secondary_refuse(eth_dev, "set the multicast addresses");
}

int
vnic_secondary_vlan(struct rte_eth_dev *eth_dev,
		    uint16_t vlan_id __rte_unused, int on __rte_unused)
{
	return secondary_refuse(eth_dev, "change the VLAN filter");
}

int
vnic_secondary_vlan_offload(struct rte_eth_dev *eth_dev,
			    int mask __rte_unused)
{
	return secondary_refuse(eth_dev, "change VLAN offloads");
}

int
vnic_secondary_mtu(struct rte_eth_dev *eth_dev, uint16_t mtu __rte_unused)
{
	return secondary_refuse(eth_dev, "set the MTU");
}

int
vnic_secondary_reta(struct rte_eth_dev *eth_dev,
		    struct rte_eth_rss_reta_entry64 *reta __rte_unused,
		    uint16_t size __rte_unused)
{
	return secondary_refuse(eth_dev, "change the redirection table");
}

int
vnic_secondary_rss_hash(struct rte_eth_dev *eth_dev,
			struct rte_eth_rss_conf *conf __rte_unused)
{
	return secondary_refuse(eth_dev, "change hash functions or key");
}

int
vnic_secondary_queue(struct rte_eth_dev *eth_dev,
		     uint16_t queue_id __rte_unused)
{
	return secondary_refuse(eth_dev, "start or stop a queue");
}

int
vnic_secondary_rx_intr(struct rte_eth_dev *eth_dev,
		       uint16_t queue_id __rte_unused)
{
	return secondary_refuse(eth_dev, "turn a receive interrupt on or off");
}

int
vnic_secondary_reset(struct rte_eth_dev *eth_dev)
{
	return secondary_refuse(eth_dev, "reset the port");
}

int
vnic_secondary_ptypes(struct rte_eth_dev *eth_dev, uint32_t mask __rte_unused)
{
	return secondary_refuse(eth_dev, "choose packet types");
}

int
vnic_secondary_regs(struct rte_eth_dev *eth_dev,
		    struct rte_dev_reg_info *info __rte_unused)
{
	return secondary_refuse(eth_dev, "read the device's registers");
}
