/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vnic_offload.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_soft.h"

/* What an application may ask about a port; changes nothing. */

static bool
info_tx_path_can(uint32_t flag)
{
	unsigned int i, nb;
	const struct vnic_tx_path *paths = vnic_tx_paths(&nb);

	for (i = 0; i < nb; i++)
		if (paths[i].flags & flag)
			return true;
	return false;
}

/* What the features would be if the application asked for everything. */
static struct virtio_features
info_features(const struct vnic_dev *dev)
{
	struct vnic_negotiation nego;

	vnic_offload_negotiate(dev, &nego);
	return nego.accepted;
}

/* Nothing of these is agreed on with the device: each queue may differ. */
#define INFO_TX_QUEUE_OFFLOADS (RTE_ETH_TX_OFFLOAD_MULTI_SEGS | \
				RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE | \
				VNIC_SOFT_TX_OFFLOADS)

uint64_t
vnic_info_rx_offloads(const struct vnic_dev *dev)
{
	uint64_t offloads = vnic_soft_rx_offloads(dev) | vnic_offload_rx_capa(dev);

	return offloads;
}

uint64_t
vnic_info_tx_offloads(const struct vnic_dev *dev)
{
	uint64_t offloads = INFO_TX_QUEUE_OFFLOADS;

	if (info_tx_path_can(VNIC_PATH_OFFLOAD))
		offloads |= vnic_offload_tx_capa(dev);
	return offloads;
}

static void
info_limits(const struct vnic_dev *dev, struct rte_eth_dev_info *info)
{
	info->max_rx_queues = dev->usable_pairs;
	info->max_tx_queues = dev->usable_pairs;
	info->max_mac_addrs = VNIC_MAC_MAX;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = dev->max_mtu;
	info->min_rx_bufsize = RTE_ETHER_MIN_LEN;
	info->max_rx_pktlen = (uint32_t)dev->max_mtu + VNIC_FRAME_OVERHEAD;
	info->rx_desc_lim = (struct rte_eth_desc_lim){
		.nb_min = VNIC_DESC_MIN,
		/* More than a ring can have is cut to that (vnic_setup.c). */
		.nb_max = VNIC_DESC_MAX,
		/* A power of two, which no alignment can say. */
		.nb_align = 1,
	};
	info->tx_desc_lim = info->rx_desc_lim;
	info->tx_desc_lim.nb_seg_max = VNIC_TX_SEGS_MAX;
	info->tx_desc_lim.nb_mtu_seg_max = VNIC_TX_SEGS_MAX;
}

static void
info_defaults(const struct vnic_dev *dev, struct rte_eth_dev_info *info)
{
	uint16_t ring = dev->args.queue_size != 0 ? dev->args.queue_size :
		VNIC_DESC_DEFAULT;

	info->default_rxportconf = (struct rte_eth_dev_portconf){
		.burst_size = 32,
		.ring_size = RTE_MIN(ring, dev->max_desc),
		.nb_queues = 1,
	};
	info->default_txportconf = info->default_rxportconf;
}

static uint64_t
info_capabilities(const struct vnic_dev *dev)
{
	struct virtio_features f = info_features(dev);

	if (!vnic_transport_ops(dev)->resets_queues &&
	    !virtio_features_has(&f, VIRTIO_F_RING_RESET))
		return 0;
	return RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP |
		RTE_ETH_DEV_CAPA_RUNTIME_TX_QUEUE_SETUP;
}

/*
 * rte_eth_dev_configure asks with the request in place, compares it with these
 * capabilities and refuses what goes beyond, in numbers: this is the one place
 * where it can be said which feature is missing.
 */
static void
info_explain(const struct rte_eth_dev *eth_dev,
	     const struct rte_eth_dev_info *info)
{
	const struct rte_eth_conf *conf = &eth_dev->data->dev_conf;
	uint64_t rx = conf->rxmode.offloads & ~info->rx_offload_capa;
	uint64_t tx = conf->txmode.offloads & ~info->tx_offload_capa;
	uint64_t rss_hf = conf->rx_adv_conf.rss_conf.rss_hf &
		~info->flow_type_rss_offloads;

	if (eth_dev->data->dev_configured)
		return;
	if (rx != 0 || tx != 0)
		vnic_offload_explain(vnic_dev_of(eth_dev), rx, tx);
	else if (rss_hf != 0)
		vnic_rss_explain(vnic_dev_of(eth_dev), rss_hf);
}

int
vnic_info_get(struct rte_eth_dev *eth_dev, struct rte_eth_dev_info *info)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const struct virtio_features f = info_features(dev);
	uint32_t speed;

	info_limits(dev, info);
	info_defaults(dev, info);
	vnic_rss_info(dev, &f, info);
	info->rx_offload_capa = vnic_info_rx_offloads(dev);
	info->tx_offload_capa = vnic_info_tx_offloads(dev);
	info->dev_capa = info_capabilities(dev);
	info->rx_queue_offload_capa = vnic_soft_rx_offloads(dev);
	info->tx_queue_offload_capa = INFO_TX_QUEUE_OFFLOADS;
	if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_LRO)
		info->max_lro_pkt_size = VNIC_OFFLOAD_LRO_MAX;
	info->err_handle_mode = RTE_ETH_ERROR_HANDLE_MODE_PROACTIVE;
	info->switch_info.domain_id = RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID;
	speed = __atomic_load_n(&dev->link_speed, __ATOMIC_RELAXED);
	if (speed != 0 && speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		info->speed_capa = rte_eth_speed_bitflag(speed,
							 dev->link_duplex);
	info_explain(eth_dev, info);
	return 0;
}

void
vnic_info_rxq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	      struct rte_eth_rxq_info *info)
{
	const struct vnic_rxq *rxq = eth_dev->data->rx_queues[queue_id];

	info->mp = rxq->pool;
	info->nb_desc = rxq->depth;
	info->scattered_rx = vnic_setup_rx_scatters(rxq);
	info->conf.rx_free_thresh = rxq->refill_min;
	info->conf.rx_drop_en = 1;
	info->conf.offloads = rxq->offloads;
	info->conf.rx_deferred_start = rxq->deferred;
	info->rx_buf_size = rte_pktmbuf_data_room_size(rxq->pool) -
		RTE_PKTMBUF_HEADROOM;
}

void
vnic_info_txq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	      struct rte_eth_txq_info *info)
{
	const struct vnic_txq *txq = eth_dev->data->tx_queues[queue_id];

	info->nb_desc = txq->nb_desc;
	info->conf.tx_free_thresh = txq->free_min;
	info->conf.offloads = txq->offloads;
	info->conf.tx_deferred_start = txq->deferred;
}

static int
info_burst_mode(const char *name, struct rte_eth_burst_mode *mode)
{
	if (name == NULL)
		return -EINVAL;
	snprintf(mode->info, sizeof(mode->info), "%s", name);
	return 0;
}

int
vnic_info_rx_burst_mode(struct rte_eth_dev *eth_dev, uint16_t queue_id,
			struct rte_eth_burst_mode *mode)
{
	const struct vnic_rx_path *path =
		vnic_rx_path_select(vnic_dev_of(eth_dev));
	const struct vnic_rxq *rxq = eth_dev->data->rx_queues[queue_id];
	int ret = info_burst_mode(path == NULL ? NULL : path->name, mode);
	size_t len = ret == 0 ? strlen(mode->info) : 0;

	if (ret == 0 && rxq != NULL)
		vnic_soft_rx_text(rxq, mode->info + len,
				  sizeof(mode->info) - len);
	return ret;
}

int
vnic_info_tx_burst_mode(struct rte_eth_dev *eth_dev, uint16_t queue_id,
			struct rte_eth_burst_mode *mode)
{
	const struct vnic_tx_path *path =
		vnic_tx_path_select(vnic_dev_of(eth_dev));

	RTE_SET_USED(queue_id);
	return info_burst_mode(path == NULL ? NULL : path->name, mode);
}
