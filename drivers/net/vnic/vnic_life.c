/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "vnic_coalesce.h"
#include "vnic_ctrl.h"
#include "vnic_device_stats.h"
#include "vnic_intr.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stats.h"

/** A queue of either direction: one of rxq and txq is NULL. */
struct life {
	struct vnic_dev *dev;
	struct vnic_rxq *rxq;
	struct vnic_txq *txq;
	const char *way;
	uint16_t queue_id;
	uint16_t vq_index;
	bool *enabled;
	bool *stopped;
};

static struct life
life_of_rxq(struct vnic_rxq *rxq)
{
	return (struct life){
		.dev = rxq->dev, .rxq = rxq, .way = "receive",
		.queue_id = rxq->queue_id, .vq_index = rxq->vq_index,
		.enabled = &rxq->enabled, .stopped = &rxq->stopped,
	};
}

static struct life
life_of_txq(struct vnic_txq *txq)
{
	return (struct life){
		.dev = txq->dev, .txq = txq, .way = "transmit",
		.queue_id = txq->queue_id, .vq_index = txq->vq_index,
		.enabled = &txq->enabled, .stopped = &txq->stopped,
	};
}

bool
vnic_life_possible(const struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);

	return ops->queue_reset != NULL &&
		(ops->resets_queues || vnic_dev_has(dev, VIRTIO_F_RING_RESET));
}

static int
life_check(const struct life *l)
{
	const struct vnic_dev *dev = l->dev;

	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	if (dev->state == VNIC_DEV_STARTED)
		return 0;
	VNIC_LOG(ERR, "%s: %s queue %u is left as it is while port %u recovers: try again",
		 dev->name, l->way, l->queue_id, dev->port_id);
	return -EBUSY;
}

static int
life_check_possible(const struct life *l)
{
	const struct vnic_dev *dev = l->dev;

	if (vnic_life_possible(dev))
		return 0;
	VNIC_LOG(ERR, "%s: %s queue %u cannot be stopped alone: that needs VIRTIO_F_RING_RESET, which %s; stop the port",
		 dev->name, l->way, l->queue_id,
		 virtio_features_has(&dev->offered, VIRTIO_F_RING_RESET) ?
		 "was not accepted" : "the device does not offer");
	return -ENOTSUP;
}

/* ---- what the device has ---- */

static void
life_active(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);

	if (ops->queues_active != NULL)
		ops->queues_active(dev, dev->nb_pairs);
}

static int
life_hand_over(const struct life *l)
{
	vnic_device_stats_restarted(l->dev, l->vq_index);
	return l->rxq != NULL ? vnic_rxq_start(l->rxq) :
		vnic_txq_start(l->txq);
}

/* A device that is gone has let go too. */
static int
life_take_back(const struct life *l)
{
	int ret = vnic_transport_ops(l->dev)->queue_reset(l->dev, l->vq_index);

	if (ret < 0 && !vnic_device_is_gone(ret))
		return ret;
	if (l->rxq != NULL) {
		vnic_device_drain_rxq(l->rxq);
		return 0;
	}
	if (!l->txq->orphan)
		vnic_txq_reclaim(l->txq);
	vnic_device_drain_txq(l->txq);
	return 0;
}

/*
 * An empty ring instead of none, where the device does nothing without its
 * first pair. If it fails the connection is lost, and the next one sees to it.
 */
static void
life_rest(const struct life *l)
{
	if (vnic_transport_ops(l->dev)->needs_first_pair && l->queue_id == 0)
		life_hand_over(l);
	life_active(l->dev);
}

/* Its memory can be had back by a reset of the whole device only. */
static void
life_lost(const struct life *l, const char *what)
{
	VNIC_LOG(ERR, "%s: the device does not %s %s queue %u: port %u is reset",
		 l->dev->name, what, l->way, l->queue_id, l->dev->port_id);
	vnic_event_needs_reset(l->dev);
}

/* What RSS steers by names the queue or not: before its ring is taken back,
 * after it was handed over. */
static int
life_steer(const struct life *l, bool stopped)
{
	*l->stopped = stopped;
	return l->rxq != NULL ? vnic_rss_steer(l->dev) : 0;
}

static int
life_park(const struct life *l)
{
	int ret = life_steer(l, true);

	if (ret == 0 && (l->rxq != NULL ? vnic_rxq_park(l->rxq) :
			 vnic_txq_park(l->txq)) < 0)
		ret = -EBUSY;
	if (ret < 0)
		life_steer(l, false);
	return ret;
}

static int
life_stop(const struct life *l)
{
	int ret = life_check(l);

	if (ret == 0)
		ret = life_check_possible(l);
	if (ret == 0)
		ret = life_park(l);
	if (ret < 0)
		return ret;
	ret = life_take_back(l);
	if (ret < 0) {
		*l->stopped = false;
		life_lost(l, "let go of");
		return ret;
	}
	life_rest(l);
	return 0;
}

static void
life_open(const struct life *l)
{
	if (l->rxq != NULL)
		vnic_rxq_open(l->rxq);
	else
		vnic_txq_open(l->txq);
}

/* Nothing is steered to it: as before, by a reset if there is no other way. */
static void
life_undo(const struct life *l)
{
	*l->stopped = true;
	if (!vnic_life_possible(l->dev) || life_take_back(l) < 0)
		vnic_event_needs_reset(l->dev);
	else
		life_rest(l);
}

static int
life_start(const struct life *l)
{
	bool had = *l->enabled;
	int ret = life_check(l);

	if (ret < 0)
		return ret;
	*l->stopped = false;
	if (!had)
		ret = life_hand_over(l);
	else if (l->rxq != NULL)
		ret = vnic_rxq_fill(l->rxq);
	if (ret < 0) {
		*l->stopped = true;
		if (!had && *l->enabled)
			life_lost(l, "take");
		return ret;
	}
	life_active(l->dev);
	/* Gone with the ring; without it there is an interrupt each frame. */
	if (vnic_dev_running(l->dev))
		vnic_coalesce_restore_vq(l->dev, l->vq_index);
	ret = life_steer(l, false);
	if (ret < 0) {
		life_undo(l);
		return ret;
	}
	/* Otherwise all gates open when the back end is back. */
	if (!l->dev->parked)
		life_open(l);
	vnic_intr_wake(l->dev);
	return 0;
}

static uint8_t
life_state(const struct life *l)
{
	return *l->stopped ? RTE_ETH_QUEUE_STATE_STOPPED :
		RTE_ETH_QUEUE_STATE_STARTED;
}

/* ---- operations of ethdev ---- */

/* The queue is looked up under the lock: it may be set up anew meanwhile. */
static int
life_change_locked(struct vnic_dev *dev, uint16_t vq_index, bool start)
{
	struct rte_eth_dev_data *data = dev->data;
	uint16_t queue_id = vq_index / 2;
	bool tx = vq_index & 1;
	uint8_t *state = tx ? &data->tx_queue_state[queue_id] :
		&data->rx_queue_state[queue_id];
	struct life l;
	int ret = 0;

	if (tx ? vnic_txq_of(dev, queue_id) == NULL :
	    vnic_rxq_of(dev, queue_id) == NULL)
		return -EINVAL;
	l = tx ? life_of_txq(vnic_txq_of(dev, queue_id)) :
		life_of_rxq(vnic_rxq_of(dev, queue_id));
	if (*l.stopped == start)
		ret = start ? life_start(&l) : life_stop(&l);
	*state = life_state(&l);
	return ret;
}

static int
life_change(struct rte_eth_dev *eth_dev, uint16_t vq_index, bool start)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = life_change_locked(dev, vq_index, start);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}

int
vnic_life_rxq_start(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	return life_change(eth_dev, vnic_vq_rx(queue_id), true);
}

int
vnic_life_rxq_stop(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	return life_change(eth_dev, vnic_vq_rx(queue_id), false);
}

int
vnic_life_txq_start(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	return life_change(eth_dev, vnic_vq_tx(queue_id), true);
}

int
vnic_life_txq_stop(struct rte_eth_dev *eth_dev, uint16_t queue_id)
{
	return life_change(eth_dev, vnic_vq_tx(queue_id), false);
}

/* ---- start of the port ---- */

void
vnic_life_begin(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++)
		vnic_rxq_of(dev, i)->stopped = vnic_rxq_of(dev, i)->deferred;
	for (i = 0; i < dev->data->nb_tx_queues; i++)
		vnic_txq_of(dev, i)->stopped = vnic_txq_of(dev, i)->deferred;
}

void
vnic_life_states(const struct vnic_dev *dev)
{
	struct rte_eth_dev_data *data = dev->data;
	struct life l;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++) {
		l = life_of_rxq(vnic_rxq_of(dev, i));
		data->rx_queue_state[i] = life_state(&l);
	}
	for (i = 0; i < data->nb_tx_queues; i++) {
		l = life_of_txq(vnic_txq_of(dev, i));
		data->tx_queue_state[i] = life_state(&l);
	}
}

static bool
life_used(const struct vnic_dev *dev, uint16_t vq_index)
{
	const struct vnic_rxq *rxq = vnic_rxq_of(dev, vq_index / 2);
	const struct vnic_txq *txq = vnic_txq_of(dev, vq_index / 2);

	if (vq_index % 2 == 0)
		return rxq != NULL && !rxq->stopped;
	return txq != NULL && !txq->stopped;
}

bool
vnic_life_wants(const struct vnic_dev *dev, uint16_t vq_index)
{
	/* Beyond the pairs there is the control queue. */
	return vq_index < 2 || vq_index >= dev->nb_pairs * 2 ||
		life_used(dev, vq_index);
}

/*
 * Frames for a receive queue that is being reset go to another one (5.1.6.5.6
 * of virtio 1.4), those for an empty one are lost.
 */
int
vnic_life_settle(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint16_t i;
	int ret = 0;

	if (ops->resets_queues || !vnic_life_possible(dev))
		return 0;
	for (i = 0; i < dev->nb_pairs && ret == 0; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (life_used(dev, vnic_vq_rx(i)))
			continue;
		ret = ops->queue_reset(dev, vnic_vq_rx(i));
		if (ret == 0 && rxq != NULL)
			rxq->enabled = false;
		if (ret == 0)
			ret = vnic_ctrl_restore_check(dev);
	}
	return ret;
}

/* ---- another queue of the same number ---- */

/* The device lets go of the empty ring of a stopped queue, if it has it. */
static int
life_leave(const struct life *l)
{
	int ret;

	if (!*l->enabled)
		return 0;
	ret = life_check_possible(l);
	if (ret < 0)
		return ret;
	ret = life_take_back(l);
	if (ret < 0)
		life_lost(l, "let go of");
	return ret;
}

int
vnic_life_rxq_replace(struct vnic_dev *dev, struct vnic_rxq *rxq)
{
	struct vnic_rxq *old = vnic_rxq_of(dev, rxq->queue_id);
	struct life l = life_of_rxq(rxq), left = life_of_rxq(old);
	int ret = life_check(&l);

	if (ret == 0)
		ret = life_leave(&left);
	if (ret < 0)
		return ret;
	rxq->stats = old->stats;
	rxq->stopped = true;
	vnic_rxq_put(dev, rxq->queue_id, rxq);
	vnic_rxq_free(old);
	life_rest(&l);
	return 0;
}

int
vnic_life_txq_replace(struct vnic_dev *dev, struct vnic_txq *txq)
{
	struct vnic_txq *old = vnic_txq_of(dev, txq->queue_id);
	struct life l = life_of_txq(txq), left = life_of_txq(old);
	int ret = life_check(&l);

	if (ret == 0)
		ret = life_leave(&left);
	if (ret < 0)
		return ret;
	txq->stats = old->stats;
	txq->stopped = true;
	vnic_txq_put(dev, txq->queue_id, txq);
	vnic_txq_free(old);
	life_rest(&l);
	return 0;
}

void
vnic_life_show(struct vnic_dev *dev)
{
	struct rte_eth_dev_data *data = dev->data;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++)
		if (data->rx_queues[i] == NULL)
			data->rx_queues[i] = vnic_rxq_of(dev, i);
	for (i = 0; i < data->nb_tx_queues; i++)
		if (data->tx_queues[i] == NULL)
			data->tx_queues[i] = vnic_txq_of(dev, i);
}
