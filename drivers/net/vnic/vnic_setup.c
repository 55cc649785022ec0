/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "vnic_announce.h"
#include "vnic_ctrl.h"
#include "vnic_device_stats.h"
#include "vnic_intr.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_lro.h"
#include "vnic_offload.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_rsc.h"
#include "vnic_soft.h"
#include "vnic_stats.h"

/*
 * Configuration of a stopped port and its queues. Every request is checked
 * whole before anything changes.
 */

/* A virtio link does not negotiate: there is the one speed that it has. */
static bool
setup_speed_is_had(const struct vnic_dev *dev, uint32_t link_speeds)
{
	uint32_t flag = rte_eth_speed_bitflag(dev->link_speed,
					      dev->link_duplex);

	return link_speeds == RTE_ETH_LINK_SPEED_AUTONEG ||
		(flag != 0 && link_speeds == (RTE_ETH_LINK_SPEED_FIXED | flag));
}

/* What is taken, and changes nothing. */
static void
setup_warn_modes(const struct vnic_dev *dev, const struct rte_eth_conf *conf)
{
	/* Its values are each driver's own, and pmd_perf_autotest sets one. */
	if (conf->lpbk_mode != 0)
		VNIC_LOG(WARNING, "%s: loopback mode %u means nothing to virtio-net: frames go to the device",
			 dev->name, conf->lpbk_mode);
	if (!setup_speed_is_had(dev, conf->link_speeds))
		VNIC_LOG(WARNING, "%s: link speeds 0x%x mean nothing to virtio-net: the link has the speed that the device gives it",
			 dev->name, conf->link_speeds);
}

static int
setup_check_modes(const struct vnic_dev *dev, const struct rte_eth_conf *conf)
{
	if ((conf->rxmode.mq_mode & ~RTE_ETH_MQ_RX_RSS_FLAG) != 0) {
		VNIC_LOG(ERR, "%s: receive mode %d is not supported: use RTE_ETH_MQ_RX_NONE or RTE_ETH_MQ_RX_RSS",
			 dev->name, conf->rxmode.mq_mode);
		return -ENOTSUP;
	}
	if (conf->txmode.mq_mode != RTE_ETH_MQ_TX_NONE) {
		VNIC_LOG(ERR, "%s: transmit mode %d is not supported: use RTE_ETH_MQ_TX_NONE",
			 dev->name, conf->txmode.mq_mode);
		return -ENOTSUP;
	}
	if (conf->dcb_capability_en != 0) {
		VNIC_LOG(ERR, "%s: DCB is not supported: leave dcb_capability_en 0",
			 dev->name);
		return -ENOTSUP;
	}
	setup_warn_modes(dev, conf);
	if (conf->intr_conf.rxq != 0)
		return vnic_intr_check(dev, dev->data->nb_rx_queues);
	return 0;
}

static int
setup_check_offloads(const struct vnic_dev *dev,
		     const struct rte_eth_conf *conf)
{
	uint64_t rx = conf->rxmode.offloads & ~vnic_info_rx_offloads(dev);
	uint64_t tx = conf->txmode.offloads & ~vnic_info_tx_offloads(dev);

	if (rx == 0 && tx == 0)
		return 0;
	vnic_offload_explain(dev, rx, tx);
	return -ENOTSUP;
}

static uint16_t
setup_pairs(const struct vnic_dev *dev)
{
	return RTE_MAX(dev->data->nb_rx_queues, dev->data->nb_tx_queues);
}

static int
setup_check_queues(const struct vnic_dev *dev)
{
	uint16_t rx = dev->data->nb_rx_queues;
	uint16_t tx = dev->data->nb_tx_queues;
	uint16_t pairs = setup_pairs(dev);

	if (pairs == 0 || pairs > dev->usable_pairs) {
		VNIC_LOG(ERR, "%s: %u receive and %u transmit queues were asked for, the device has %u pairs",
			 dev->name, rx, tx, dev->usable_pairs);
		return -EINVAL;
	}
	return 0;
}

static int
setup_check_mtu(const struct vnic_dev *dev, uint32_t mtu)
{
	if (mtu >= RTE_ETHER_MIN_MTU && mtu <= dev->max_mtu)
		return 0;
	VNIC_LOG(ERR, "%s: MTU %u is not possible: %u to %u are", dev->name,
		 mtu, RTE_ETHER_MIN_MTU, dev->max_mtu);
	return -EINVAL;
}

static int
setup_check(struct vnic_dev *dev, const struct rte_eth_conf *conf,
	    struct vnic_negotiation *nego)
{
	int ret;

	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	ret = setup_check_modes(dev, conf);
	if (ret == 0)
		ret = setup_check_offloads(dev, conf);
	if (ret == 0)
		ret = vnic_offload_check_lro(dev, conf);
	if (ret == 0)
		ret = setup_check_queues(dev);
	if (ret == 0)
		ret = setup_check_mtu(dev, conf->rxmode.mtu);
	/* A device that never let go of the last rings gets no others. */
	if (ret == 0 && dev->quarantined)
		ret = vnic_device_reset(dev);
	if (ret == 0)
		ret = vnic_device_negotiate(dev, conf, nego);
	if (ret == 0)
		ret = vnic_rss_check(dev, conf, nego);
	if (ret == 0 && setup_pairs(dev) > 1 &&
	    !virtio_features_has(&nego->accepted, VIRTIO_NET_F_MQ) &&
	    !virtio_features_has(&nego->accepted, VIRTIO_NET_F_RSS)) {
		VNIC_LOG(ERR, "%s: %u queue pairs need MQ, or RSS with receive mode RTE_ETH_MQ_RX_RSS, neither of which is accepted",
			 dev->name, setup_pairs(dev));
		ret = -EINVAL;
	}
	return ret;
}

/* Frames steered to a receive queue that the port has not got are lost. */
static void
setup_warn_steering(const struct vnic_dev *dev)
{
	if (dev->data->nb_rx_queues >= dev->nb_pairs ||
	    vnic_transport_ops(dev)->resets_queues ||
	    vnic_dev_has(dev, VIRTIO_NET_F_RSS))
		return;
	VNIC_LOG(WARNING, "%s: %u receive queues for %u transmit queues: without VIRTIO_NET_F_RSS the device steers frames over all %u pairs, and those for the others may be lost",
		 dev->name, dev->data->nb_rx_queues, dev->data->nb_tx_queues,
		 dev->nb_pairs);
}

static int
setup_rsc(const struct vnic_dev *dev)
{
	int ret = vnic_rsc_register();

	if (ret < 0)
		VNIC_LOG(ERR, "%s: no room in mbufs for " VNIC_RSC_FIELD " (%s): register fewer dynamic fields, or leave rsc_info 0",
			 dev->name, strerror(-ret));
	return ret;
}

static int
setup_configure_locked(struct vnic_dev *dev)
{
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	struct vnic_negotiation nego;
	int ret = setup_check(dev, conf, &nego);

	if (ret == 0 &&
	    virtio_features_has(&nego.accepted, VIRTIO_NET_F_CTRL_VQ))
		ret = vnic_ctrl_create(dev);
	if (ret == 0 &&
	    (virtio_features_has(&nego.accepted, VIRTIO_NET_F_GUEST_ANNOUNCE) ||
	     dev->args.nb_announce > 0))
		ret = vnic_announce_create(dev);
	if (ret == 0 &&
	    virtio_features_has(&nego.accepted, VIRTIO_NET_F_DEVICE_STATS))
		ret = vnic_device_stats_create(dev);
	if (ret == 0 &&
	    virtio_features_has(&nego.accepted, VIRTIO_NET_F_RSC_EXT))
		ret = setup_rsc(dev);
	if (ret == 0)
		ret = vnic_rss_alloc(dev, &nego.accepted);
	if (ret == 0)
		ret = vnic_stats_alloc(dev);
	if (ret < 0)
		return ret;
	dev->nego = nego;
	dev->wanted = nego.wanted;
	dev->accepted = nego.accepted;
	dev->hdr_len = vnic_negotiate_hdr_len(&nego.accepted);
	dev->lro_off = false;
	dev->nb_pairs = setup_pairs(dev);
	vnic_rss_configure(dev, conf);
	setup_warn_steering(dev);
	dev->mtu = conf->rxmode.mtu;
	dev->state = VNIC_DEV_CONFIGURED;
	vnic_soft_configure(dev);
	return 0;
}

int
vnic_setup_configure(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = setup_configure_locked(dev);
	vnic_dev_unlock(dev);
	return ret;
}

/* Bytes of the longest frame that an MTU, or large receive, lets come. */
static uint32_t
setup_rx_frame(const struct vnic_dev *dev, uint16_t mtu)
{
	return vnic_lro_has(dev) ? VNIC_OFFLOAD_LRO_MAX :
		RTE_MAX((uint32_t)mtu, (uint32_t)RTE_ETHER_MTU) +
		VNIC_FRAME_OVERHEAD;
}

static uint32_t
setup_rx_bytes(struct rte_mempool *pool)
{
	uint32_t data = rte_pktmbuf_data_room_size(pool);

	return data > RTE_PKTMBUF_HEADROOM ? data - RTE_PKTMBUF_HEADROOM : 0;
}

/*
 * Whether frames of @p mtu fit into a queue's buffers: each into one, unless
 * @p offloads (queue's and port's) allow chains; logs if not.
 */
static int
setup_rx_room(const struct vnic_dev *dev, uint16_t queue_id,
	      struct rte_mempool *pool, uint64_t offloads, uint16_t nb_desc,
	      uint16_t mtu)
{
	uint32_t room = setup_rx_bytes(pool);
	uint32_t frame = setup_rx_frame(dev, mtu);
	uint16_t most = RTE_MIN(nb_desc, VNIC_RX_SEGS_MAX);
	bool mrg = vnic_dev_has(dev, VIRTIO_NET_F_MRG_RXBUF);
	bool scatters = mrg && (offloads & VNIC_RX_OFFLOAD_CHAINS);
	uint32_t need = (scatters ? RTE_ETHER_MIN_LEN : frame) + dev->hdr_len;

	if (room < need) {
		VNIC_LOG(ERR, "%s: receive queue %u: mbufs of pool %s have %u bytes of data room, %u are needed for MTU %u%s",
			 dev->name, queue_id, pool->name,
			 room + RTE_PKTMBUF_HEADROOM,
			 need + RTE_PKTMBUF_HEADROOM, mtu,
			 !mrg ? " without mergeable buffers" : scatters ? "" :
			 ": give the mempool larger mbufs, or enable RTE_ETH_RX_OFFLOAD_SCATTER");
		return -EINVAL;
	}
	/* NCF-07: all buffers together hold at least one frame. */
	if ((uint64_t)room * most < frame + dev->hdr_len) {
		VNIC_LOG(ERR, "%s: receive queue %u: %u buffers of %u bytes cannot hold one frame of %u%s",
			 dev->name, queue_id, most, room, frame,
			 vnic_lro_has(dev) ? ", which TCP_LRO allows: give the mempool larger mbufs, or the queue more descriptors" : "");
		return -EINVAL;
	}
	return 0;
}

int
vnic_setup_rx_rooms(const struct vnic_dev *dev, uint16_t mtu)
{
	uint16_t i;
	int ret = 0;

	for (i = 0; i < dev->data->nb_rx_queues && ret == 0; i++) {
		const struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL)
			ret = setup_rx_room(dev, i, rxq->pool,
				rxq->offloads, rxq->depth, mtu);
	}
	return ret;
}

bool
vnic_setup_rx_scatters(const struct vnic_rxq *rxq)
{
	const struct vnic_dev *dev = rxq->dev;

	return setup_rx_bytes(rxq->pool) <
		setup_rx_frame(dev, dev->mtu) + dev->hdr_len;
}

void
vnic_setup_scattered(struct vnic_dev *dev)
{
	uint16_t i;

	dev->data->scattered_rx = 0;
	for (i = 0; i < dev->data->nb_rx_queues; i++)
		if (vnic_rxq_of(dev, i) != NULL &&
		    vnic_setup_rx_scatters(vnic_rxq_of(dev, i)))
			dev->data->scattered_rx = 1;
}

/*
 * A power of two from VNIC_DESC_MIN on. More than the virtqueue can have is as
 * many as it has: programs ask for what suits most devices and do not look.
 */
static int
setup_check_desc(struct vnic_dev *dev, uint16_t vq_index, uint16_t queue_id,
		 uint16_t *nb_desc)
{
	const char *way = vq_index & 1 ? "transmit" : "receive";
	uint16_t max = 0;
	uint32_t best;
	int ret = vnic_transport_ops(dev)->queue_max(dev, vq_index, &max);

	if (ret < 0)
		return ret;
	if (max < VNIC_DESC_MIN) {
		VNIC_LOG(ERR, "%s: %s queue %u does not exist on the device",
			 dev->name, way, queue_id);
		return -EINVAL;
	}
	max = RTE_MIN(rte_align32prevpow2(max), (uint32_t)VNIC_DESC_MAX);
	best = *nb_desc <= VNIC_DESC_MIN ? VNIC_DESC_MIN :
		rte_align32pow2(*nb_desc);
	if (*nb_desc != best) {
		VNIC_LOG(ERR, "%s: %s queue %u: %u descriptors are not possible: the number must be a power of two from %u to %u; the nearest is %u",
			 dev->name, way, queue_id, *nb_desc, VNIC_DESC_MIN,
			 max, RTE_MIN(best, max));
		return -EINVAL;
	}
	if (*nb_desc > max)
		VNIC_LOG(INFO, "%s: %s queue %u: %u descriptors were asked for, the ring has %u",
			 dev->name, way, queue_id, *nb_desc, max);
	*nb_desc = RTE_MIN(*nb_desc, max);
	return 0;
}

static int
setup_check_state(const struct vnic_dev *dev)
{
	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	if (!dev->data->dev_started || vnic_life_possible(dev))
		return 0;
	VNIC_LOG(ERR, "%s: without VIRTIO_F_RING_RESET queues can be set up while the port is stopped only",
		 dev->name);
	return -EBUSY;
}

/* ethdev has released the old queue: a started port has it still. */
static void
setup_refused(struct vnic_dev *dev)
{
	if (dev->data->dev_started)
		vnic_life_show(dev);
}

static int
setup_busy(struct vnic_dev *dev, const char *way, uint16_t queue_id)
{
	VNIC_LOG(ERR, "%s: %s queue %u is not set up: another operation is running, try again",
		 dev->name, way, queue_id);
	setup_refused(dev);
	return -EBUSY;
}

static int
setup_rxq_locked(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		 unsigned int socket_id, const struct rte_eth_rxconf *conf,
		 struct rte_mempool *pool)
{
	const uint64_t offloads = conf->offloads |
		dev->data->dev_conf.rxmode.offloads;
	struct vnic_rxq *rxq = NULL;
	int ret = setup_check_state(dev);

	if (ret == 0 && pool == NULL) {
		VNIC_LOG(ERR, "%s: receive queue %u: one mempool is needed: vnic has no RTE_ETH_RX_OFFLOAD_BUFFER_SPLIT, and a virtio device cannot choose among several by the length of a frame",
			 dev->name, queue_id);
		ret = -ENOTSUP;
	}
	if (ret == 0)
		ret = setup_check_desc(dev, vnic_vq_rx(queue_id), queue_id,
				       &nb_desc);
	if (ret == 0)
		ret = setup_rx_room(dev, queue_id, pool, offloads, nb_desc,
				    dev->mtu);
	if (ret == 0)
		ret = vnic_rxq_create(dev, queue_id, nb_desc, socket_id,
				      offloads, pool, &rxq);
	if (ret < 0)
		return ret;
	rxq->deferred = conf->rx_deferred_start;
	rxq->own_offloads = conf->offloads;
	if (!dev->data->dev_started) {
		vnic_stats_rxq_begin(dev, queue_id);
		vnic_rxq_put(dev, queue_id, rxq);
	} else {
		ret = vnic_life_rxq_replace(dev, rxq);
	}
	if (ret < 0)
		vnic_rxq_free(rxq);
	else if (dev->data->dev_started)
		vnic_soft_update(vnic_eth_dev(dev));
	return ret;
}

int
vnic_setup_rxq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	       uint16_t nb_desc, unsigned int socket_id,
	       const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return setup_busy(dev, "receive", queue_id);
	ret = setup_rxq_locked(dev, queue_id, nb_desc, socket_id, conf, pool);
	if (ret < 0)
		setup_refused(dev);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}

static int
setup_txq_locked(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		 unsigned int socket_id, const struct rte_eth_txconf *conf)
{
	struct vnic_txq *txq = NULL;
	int ret = setup_check_state(dev);

	if (ret == 0)
		ret = setup_check_desc(dev, vnic_vq_tx(queue_id), queue_id,
				       &nb_desc);
	if (ret == 0 && conf->tx_free_thresh > nb_desc) {
		VNIC_LOG(ERR, "%s: transmit queue %u: tx_free_thresh %u is above the number of descriptors, %u",
			 dev->name, queue_id, conf->tx_free_thresh, nb_desc);
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = vnic_txq_create(dev, queue_id, nb_desc, socket_id,
			conf->offloads | dev->data->dev_conf.txmode.offloads,
			conf->tx_free_thresh, &txq);
	if (ret < 0)
		return ret;
	txq->deferred = conf->tx_deferred_start;
	txq->own_offloads = conf->offloads;
	if (!dev->data->dev_started) {
		vnic_stats_txq_begin(dev, queue_id);
		vnic_txq_put(dev, queue_id, txq);
	} else {
		ret = vnic_life_txq_replace(dev, txq);
	}
	if (ret < 0)
		vnic_txq_free(txq);
	else if (dev->data->dev_started)
		vnic_soft_update(vnic_eth_dev(dev));
	return ret;
}

int
vnic_setup_txq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	       uint16_t nb_desc, unsigned int socket_id,
	       const struct rte_eth_txconf *conf)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return setup_busy(dev, "transmit", queue_id);
	ret = setup_txq_locked(dev, queue_id, nb_desc, socket_id, conf);
	if (ret < 0)
		setup_refused(dev);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}

/* Memory that the device may still write to is never freed. */
static bool
setup_must_keep(const struct vnic_dev *dev, bool enabled, const char *way,
		uint16_t queue_id)
{
	if (!dev->quarantined || !enabled)
		return false;
	VNIC_LOG(ERR, "%s: memory of %s queue %u is lost: the device never confirmed its reset, or a burst never ended",
		 dev->name, way, queue_id);
	return true;
}

/* A started port has the old queue until another takes its place. */
static bool
setup_keeps(const struct vnic_dev *dev)
{
	return dev->data->dev_started && !dev->closed;
}

/* Telemetry looks at queues; a close has the lock. */
static bool
setup_release_lock(struct vnic_dev *dev)
{
	return !dev->closed && vnic_dev_lock(dev, VNIC_LOCK_OP_MS) == 0;
}

static void
setup_rxq_free(struct vnic_rxq *rxq, uint16_t queue_id)
{
	if (!setup_must_keep(rxq->dev, rxq->enabled, "receive", queue_id))
		vnic_rxq_free(rxq);
}

void
vnic_setup_rxq_release(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_rxq *rxq = dev->rxqs[queue_id];
	bool locked;

	if (rxq == NULL || setup_keeps(dev))
		return;
	locked = setup_release_lock(dev);
	vnic_rxq_put(dev, queue_id, NULL);
	setup_rxq_free(rxq, queue_id);
	if (locked)
		vnic_dev_unlock(dev);
}

static void
setup_txq_free(struct vnic_txq *txq, uint16_t queue_id)
{
	if (!setup_must_keep(txq->dev, txq->enabled, "transmit", queue_id))
		vnic_txq_free(txq);
}

void
vnic_setup_txq_release(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_txq *txq = dev->txqs[queue_id];
	bool locked;

	if (txq == NULL || setup_keeps(dev))
		return;
	locked = setup_release_lock(dev);
	vnic_txq_put(dev, queue_id, NULL);
	setup_txq_free(txq, queue_id);
	if (locked)
		vnic_dev_unlock(dev);
}

int
vnic_setup_mtu(struct rte_eth_dev *eth_dev, uint16_t mtu)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = setup_check_mtu(dev, mtu);
	if (ret == 0)
		ret = vnic_setup_rx_rooms(dev, mtu);
	if (ret == 0)
		dev->mtu = mtu;
	vnic_dev_unlock(dev);
	return ret;
}
