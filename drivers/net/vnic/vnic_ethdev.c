/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>

#include <rte_eal.h>

#include "vnic_attach.h"
#include "vnic_ctrl.h"
#include "vnic_device.h"
#include "vnic_dump.h"
#include "vnic_intr.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_queue_status.h"
#include "vnic_recycle.h"
#include "vnic_secondary.h"
#include "vnic_soft.h"
#include "vnic_stats.h"
#include "vnic_tx.h"

/* The operations that ethdev knows: lock, hand on, unlock. */

void
vnic_ethdev_remove_bursts(struct rte_eth_dev *eth_dev)
{
	eth_dev->rx_pkt_burst = rte_eth_pkt_burst_dummy;
	eth_dev->tx_pkt_burst = rte_eth_pkt_burst_dummy;
	eth_dev->tx_pkt_prepare = VNIC_COMPAT_TX_PREPARE_NONE;
}

/* ethdev's dummies stay where there is none. */
static void
ethdev_install_recycling(struct rte_eth_dev *eth_dev)
{
	const struct vnic_recycle *recycle =
		vnic_recycle_select(vnic_dev_of(eth_dev));

	if (recycle != NULL)
		VNIC_COMPAT_RECYCLE_SET(eth_dev, recycle->reuse,
					recycle->refill);
}

void
vnic_ethdev_install_bursts(struct rte_eth_dev *eth_dev)
{
	vnic_soft_install(eth_dev);
	/* Also without any offload: it refuses frames that ask for one. */
	eth_dev->tx_pkt_prepare = vnic_tx_prepare;
	ethdev_install_recycling(eth_dev);
	eth_dev->rx_queue_count = vnic_queue_rx_count;
	eth_dev->rx_descriptor_status = vnic_queue_rx_status;
	eth_dev->tx_descriptor_status = vnic_queue_tx_status;
	VNIC_COMPAT_TX_COUNT_SET(eth_dev, vnic_queue_tx_count);
}

/*
 * As ethdev does at the start of a port, which a secondary process has no part
 * in. What a burst needs is there before its function is.
 */
void
vnic_ethdev_publish_bursts(struct rte_eth_dev *eth_dev)
{
	/* Of a port that the primary has closed, the shared number is 0. */
	struct rte_eth_fp_ops *fp = &rte_eth_fp_ops[eth_dev - rte_eth_devices];

	fp->rxq.data = eth_dev->data->rx_queues;
	fp->rxq.clbk = (void *)(uintptr_t)eth_dev->post_rx_burst_cbs;
	fp->txq.data = eth_dev->data->tx_queues;
	fp->txq.clbk = (void *)(uintptr_t)eth_dev->pre_tx_burst_cbs;
	fp->tx_pkt_prepare = eth_dev->tx_pkt_prepare;
	fp->rx_queue_count = eth_dev->rx_queue_count;
	fp->rx_descriptor_status = eth_dev->rx_descriptor_status;
	fp->tx_descriptor_status = eth_dev->tx_descriptor_status;
	VNIC_COMPAT_FP_SET(fp, eth_dev);
	/* Partner: the address dependency of a burst on its function. */
	__atomic_store_n(&fp->rx_pkt_burst, eth_dev->rx_pkt_burst,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&fp->tx_pkt_burst, eth_dev->tx_pkt_burst,
			 __ATOMIC_RELEASE);
}

static int
ethdev_tx_done_cleanup(void *queue, uint32_t free_cnt)
{
	struct vnic_txq *txq = queue;
	const struct vnic_tx_path *path = vnic_tx_path_select(txq->dev);

	return path == NULL || path->cleanup == NULL ? -ENOTSUP :
		path->cleanup(txq, free_cnt);
}

static void
ethdev_queues_stopped(struct rte_eth_dev_data *data)
{
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++)
		data->rx_queue_state[i] = RTE_ETH_QUEUE_STATE_STOPPED;
	for (i = 0; i < data->nb_tx_queues; i++)
		data->tx_queue_state[i] = RTE_ETH_QUEUE_STATE_STOPPED;
}

static int
ethdev_start_locked(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret;

	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	if (vnic_rx_path_select(dev) == NULL ||
	    vnic_tx_path_select(dev) == NULL) {
		VNIC_LOG(ERR, "%s: no burst function for features 0x%" PRIx64,
			 dev->name, dev->accepted.w[0]);
		return -ENOTSUP;
	}
	/* Before the gates open; the application's lcores come later. */
	vnic_ethdev_install_bursts(eth_dev);
	ret = vnic_intr_open(eth_dev);
	if (ret == 0)
		ret = vnic_device_start(dev);
	if (ret == 0)
		ret = vnic_event_health_start(dev);
	if (ret < 0) {
		if (dev->state == VNIC_DEV_STARTED)
			vnic_device_stop(dev);
		if (vnic_device_is_lost(dev, ret))
			vnic_event_gone(dev);
		vnic_intr_close(eth_dev);
		vnic_ethdev_remove_bursts(eth_dev);
		return ret;
	}
	vnic_life_states(dev);
	return 0;
}

static int
ethdev_start(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = ethdev_start_locked(eth_dev);
	if (ret == 0)
		vnic_attach_tell(dev);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}

static int
ethdev_stop(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret;

	/* Not under the lock, which the timer takes. */
	vnic_ctrl_restore_cancel(dev, true);
	vnic_event_health_stop(dev);
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	vnic_ctrl_restore_cancel(dev, false);
	if (ret < 0) {
		VNIC_LOG(ERR, "%s: port %u is not stopped: another operation is running",
			 dev->name, dev->port_id);
		vnic_event_health_resume(dev);
		return ret;
	}
	vnic_ethdev_remove_bursts(eth_dev);
	vnic_device_stop(dev);
	vnic_intr_close(eth_dev);
	ethdev_queues_stopped(eth_dev->data);
	vnic_attach_tell(dev);
	vnic_dev_unlock(dev);
	return 0;
}

static int
ethdev_close(struct rte_eth_dev *eth_dev)
{
	vnic_device_remove(eth_dev);
	return 0;
}

/* A secondary gives up what is its own only. */
static int
ethdev_close_secondary(struct rte_eth_dev *eth_dev)
{
	vnic_device_detach(eth_dev);
	return 0;
}

/*
 * ethdev asks after every operation that failed, on any thread, and takes a
 * yes for final: a register is read, a back end is sent nothing.
 */
static int
ethdev_is_removed(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint8_t status = 0;

	if (dev->state == VNIC_DEV_GONE)
		return 1;
	return ops->status_register &&
		vnic_device_is_gone(ops->status_get(dev, &status));
}

static int
ethdev_is_removed_secondary(struct rte_eth_dev *eth_dev)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);

	/* Or closed by the primary. */
	return dev == NULL || dev->state == VNIC_DEV_GONE;
}

static int
ethdev_link_read(struct rte_eth_dev *eth_dev, int wait_to_complete)
{
	/* The primary keeps it up to date in shared memory. */
	RTE_SET_USED(eth_dev);
	RTE_SET_USED(wait_to_complete);
	return -1;
}

VNIC_COMPAT_STATS_GET(vnic_stats_get);

const struct eth_dev_ops vnic_ethdev_ops = {
	.dev_configure = vnic_setup_configure,
	.dev_start = ethdev_start,
	.dev_stop = ethdev_stop,
	.dev_close = ethdev_close,
	.is_removed = ethdev_is_removed,
	.link_update = vnic_link_update,
	.promiscuous_enable = vnic_filter_promisc_enable,
	.promiscuous_disable = vnic_filter_promisc_disable,
	.allmulticast_enable = vnic_filter_allmulti_enable,
	.allmulticast_disable = vnic_filter_allmulti_disable,
	.mac_addr_set = vnic_filter_mac_set,
	.mac_addr_add = vnic_filter_mac_add,
	.mac_addr_remove = vnic_filter_mac_remove,
	.set_mc_addr_list = vnic_filter_mc_list,
	.vlan_filter_set = vnic_filter_vlan,
	.vlan_offload_set = vnic_soft_vlan_offload,
	.vlan_strip_queue_set = vnic_soft_strip_queue,
	.reta_update = vnic_rss_reta_update,
	.reta_query = vnic_rss_reta_query,
	.rss_hash_update = vnic_rss_hash_update,
	.rss_hash_conf_get = vnic_rss_hash_conf_get,
	.mtu_set = vnic_setup_mtu,
	.stats_get = vnic_stats_get_op,
	.stats_reset = vnic_stats_reset,
	.xstats_get = vnic_xstats_get,
	.xstats_reset = vnic_stats_reset,
	.xstats_get_names = vnic_xstats_get_names,
	.queue_stats_mapping_set = vnic_stats_map_queue,
	.dev_infos_get = vnic_info_get,
	.dev_supported_ptypes_get = vnic_soft_ptypes_get_op,
	.dev_ptypes_set = vnic_soft_ptypes_set,
	.rxq_info_get = vnic_info_rxq,
	.txq_info_get = vnic_info_txq,
	.rx_burst_mode_get = vnic_info_rx_burst_mode,
	.tx_burst_mode_get = vnic_info_tx_burst_mode,
	.rx_queue_setup = vnic_setup_rxq,
	.rx_queue_release = vnic_setup_rxq_release,
	.tx_queue_setup = vnic_setup_txq,
	.tx_queue_release = vnic_setup_txq_release,
	.dev_reset = vnic_probe_again,
	.get_reg = vnic_dump_regs,
	.eth_dev_priv_dump = vnic_dump_priv,
	.rx_queue_intr_enable = vnic_intr_rx_enable,
	.rx_queue_intr_disable = vnic_intr_rx_disable,
	.get_monitor_addr = vnic_intr_monitor,
	.rx_queue_start = vnic_life_rxq_start,
	.rx_queue_stop = vnic_life_rxq_stop,
	.tx_queue_start = vnic_life_txq_start,
	.tx_queue_stop = vnic_life_txq_stop,
	.tx_done_cleanup = ethdev_tx_done_cleanup,
	VNIC_COMPAT_RECYCLE_OPS(vnic_recycle_info)
};

/* What works on shared state, and what is refused: see vnic_secondary.h. */
const struct eth_dev_ops vnic_ethdev_secondary_ops = {
	.dev_start = vnic_secondary_start,
	.dev_close = ethdev_close_secondary,
	.promiscuous_enable = vnic_secondary_promisc,
	.promiscuous_disable = vnic_secondary_promisc,
	.allmulticast_enable = vnic_secondary_allmulti,
	.allmulticast_disable = vnic_secondary_allmulti,
	.mac_addr_set = vnic_secondary_mac_set,
	.mac_addr_add = vnic_secondary_mac_add,
	.set_mc_addr_list = vnic_secondary_mc_list,
	.vlan_filter_set = vnic_secondary_vlan,
	.vlan_offload_set = vnic_secondary_vlan_offload,
	.mtu_set = vnic_secondary_mtu,
	.dev_reset = vnic_secondary_reset,
	.dev_ptypes_set = vnic_secondary_ptypes,
	.get_reg = vnic_secondary_regs,
	.rx_queue_intr_enable = vnic_secondary_rx_intr,
	.rx_queue_intr_disable = vnic_secondary_rx_intr,
	.rx_queue_start = vnic_secondary_queue,
	.rx_queue_stop = vnic_secondary_queue,
	.tx_queue_start = vnic_secondary_queue,
	.tx_queue_stop = vnic_secondary_queue,
	.is_removed = ethdev_is_removed_secondary,
	.link_update = ethdev_link_read,
	.stats_get = vnic_stats_get_op,
	.stats_reset = vnic_stats_reset,
	.xstats_get = vnic_xstats_get,
	.xstats_reset = vnic_stats_reset,
	.xstats_get_names = vnic_xstats_get_names,
	.queue_stats_mapping_set = vnic_stats_map_queue,
	.reta_update = vnic_secondary_reta,
	.reta_query = vnic_rss_reta_query,
	.rss_hash_update = vnic_secondary_rss_hash,
	.rss_hash_conf_get = vnic_rss_hash_conf_get,
	.dev_infos_get = vnic_info_get,
	.dev_supported_ptypes_get = vnic_soft_ptypes_get_secondary_op,
	.rxq_info_get = vnic_info_rxq,
	.txq_info_get = vnic_info_txq,
	.rx_burst_mode_get = vnic_info_rx_burst_mode,
	.tx_burst_mode_get = vnic_info_tx_burst_mode,
	.eth_dev_priv_dump = vnic_dump_priv,
	/* Of the lcore that sends and receives, whose process it is. */
	.get_monitor_addr = vnic_intr_monitor,
	.tx_done_cleanup = ethdev_tx_done_cleanup,
	VNIC_COMPAT_RECYCLE_OPS(vnic_recycle_info)
};

bool
vnic_ethdev_is_ours(uint16_t port_id)
{
	const struct eth_dev_ops *ops;

	if (!rte_eth_dev_is_valid_port(port_id))
		return false;
	ops = rte_eth_devices[port_id].dev_ops;
	return ops == &vnic_ethdev_ops || ops == &vnic_ethdev_secondary_ops;
}

bool
vnic_ethdev_is_secondary(const struct vnic_dev *dev)
{
	return vnic_eth_dev(dev)->dev_ops == &vnic_ethdev_secondary_ops;
}
