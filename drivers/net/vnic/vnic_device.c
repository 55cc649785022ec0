/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "vnic_announce.h"
#include "vnic_coalesce.h"
#include "vnic_ctrl.h"
#include "vnic_device.h"
#include "vnic_device_stats.h"
#include "vnic_gate.h"
#include "vnic_intr.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_lro.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stats.h"
#include "vnic_suspend.h"
#include "vnic_telemetry.h"

/*
 * The status machine (virtio 1.4, 3.1). Between dev_configure and dev_start
 * the device stays reset; dev_start walks all the steps, dev_stop resets.
 */

int
vnic_dev_lock(struct vnic_dev *dev, unsigned int ms)
{
	uint64_t end = rte_get_timer_cycles() +
		rte_get_timer_hz() * ms / 1000;

	while (!rte_spinlock_trylock(&dev->ctrl_lock)) {
		if (rte_get_timer_cycles() > end)
			return -EBUSY;
		rte_delay_us_sleep(100);
	}
	return 0;
}

void
vnic_dev_unlock(struct vnic_dev *dev)
{
	rte_spinlock_unlock(&dev->ctrl_lock);
}

int
vnic_device_status_add(struct vnic_dev *dev, uint8_t bits)
{
	uint8_t status = dev->status | bits;
	int ret = vnic_transport_ops(dev)->status_set(dev, status);

	if (ret == 0)
		dev->status = status;
	return ret;
}

/* Nobody knows which mbufs of an orphan are freed already: none is. */
void
vnic_device_drain_rxq(struct vnic_rxq *rxq)
{
	if (!rxq->orphan)
		vnic_rxq_drain(rxq);
	rxq->orphan = false;
	rxq->enabled = false;
}

void
vnic_device_drain_txq(struct vnic_txq *txq)
{
	if (!txq->orphan)
		vnic_txq_drain(txq);
	txq->orphan = false;
	txq->enabled = false;
}

/* The device has let go of all rings: take the mbufs back. */
static void
device_drain(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL && rxq->enabled)
			vnic_device_drain_rxq(rxq);
	}
	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq != NULL && txq->enabled)
			vnic_device_drain_txq(txq);
	}
	vnic_ctrl_stop(dev);
}

int
vnic_device_reset(struct vnic_dev *dev)
{
	int ret = vnic_transport_ops(dev)->reset(dev);

	/* A device that is gone cannot write any more. */
	if (ret < 0 && !vnic_device_is_gone(ret)) {
		dev->quarantined = true;
		VNIC_LOG(ERR, "%s: the device does not confirm a reset (%s): memory that it knows is not reused",
			 dev->name, strerror(-ret));
		return ret;
	}
	dev->status = 0;
	if (!vnic_port_is_quiet(dev)) {
		dev->quarantined = true;
		VNIC_LOG(ERR, "%s: an lcore is still inside a burst of port %u: nothing that it may touch is reused; let its process go on, or end it",
			 dev->name, dev->port_id);
		return -EBUSY;
	}
	dev->quarantined = false;
	device_drain(dev);
	return ret;
}

int
vnic_device_negotiate(struct vnic_dev *dev, const struct rte_eth_conf *conf,
		      struct vnic_negotiation *out)
{
	struct vnic_need need = {
		.transport = dev->transport,
		.legacy = vnic_transport_ops(dev)->legacy,
		.args = &dev->args,
		.rx_offloads = conf->rxmode.offloads,
		.tx_offloads = conf->txmode.offloads,
		.rss_hf = vnic_rss_asked(conf),
		.bad_config = dev->bad_config,
	};

	vnic_negotiate(dev->offered, &need, out);
	return 0;
}

/* No longer frames than it says now (5.1.4.2), whatever it said before. */
static void
device_revalidate_mtu(struct vnic_dev *dev,
		      const struct vnic_device_config *config)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_MTU) ||
	    virtio_features_has(&config->bad, VIRTIO_NET_F_MTU) ||
	    config->max_mtu == dev->max_mtu)
		return;
	dev->max_mtu = config->max_mtu;
	if (dev->mtu > dev->max_mtu)
		VNIC_LOG(WARNING, "%s: the device has an MTU of %u now, port %u one of %u: longer frames are dropped when they are sent; set the port's to what the device has",
			 dev->name, dev->max_mtu, dev->port_id, dev->mtu);
}

/* After a reset the device may offer less, or describe itself otherwise. */
static int
device_revalidate(struct vnic_dev *dev)
{
	struct vnic_device_config config;
	struct virtio_features offer;
	char name[32];
	int bit, ret;

	ret = vnic_transport_ops(dev)->features_get(dev, &offer);
	if (ret < 0)
		return ret;
	bit = vnic_negotiate_first_missing(&dev->accepted, &offer);
	if (bit >= 0) {
		VNIC_LOG(ERR, "%s: the device no longer offers %s, which the port was configured with: configure it again",
			 dev->name, vnic_negotiate_name(bit, name,
							sizeof(name)));
		return -ENOTSUP;
	}
	ret = vnic_probe_config(dev, &offer, &config);
	if (ret < 0)
		return ret;
	if ((vnic_dev_has(dev, VIRTIO_NET_F_MQ) ||
	     vnic_dev_has(dev, VIRTIO_NET_F_RSS)) &&
	    config.max_pairs != dev->max_pairs) {
		dev->violations[VNIC_VIOLATION_CONFIG]++;
		VNIC_LOG(ERR, "%s: the device had %u queue pairs and now says %u: probe it again",
			 dev->name, dev->max_pairs, config.max_pairs);
		return -EPROTO;
	}
	device_revalidate_mtu(dev, &config);
	return vnic_rss_revalidate(dev, &config.rss);
}

/* Steps 2 to 6 of section 3.1.1, on a device that was just reset. */
static int
device_agree(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint8_t status = 0;
	int ret;

	ret = vnic_device_status_add(dev, VIRTIO_STATUS_ACKNOWLEDGE);
	if (ret == 0)
		ret = vnic_device_status_add(dev, VIRTIO_STATUS_DRIVER);
	if (ret == 0)
		ret = device_revalidate(dev);
	if (ret == 0)
		ret = ops->features_set(dev, &dev->accepted);
	if (ret == 0)
		ret = vnic_device_status_add(dev, VIRTIO_STATUS_FEATURES_OK);
	if (ret == 0)
		ret = ops->status_get(dev, &status);
	if (ret < 0)
		return ret;
	if (!(status & VIRTIO_STATUS_FEATURES_OK)) {
		VNIC_LOG(ERR, "%s: the device refuses features 0x%016" PRIx64 "%016" PRIx64 " (status 0x%02x)",
			 dev->name, dev->accepted.w[1], dev->accepted.w[0],
			 status);
		return -ENOTSUP;
	}
	return 0;
}

static int
device_never_set_up(const struct vnic_dev *dev, const char *way,
		    const char *verb, uint16_t queue_id)
{
	VNIC_LOG(ERR, "%s: %s queue %u was never set up: call rte_eth_%s_queue_setup first",
		 dev->name, way, queue_id, verb);
	return -EINVAL;
}

static int
device_queues_check(const struct vnic_dev *dev)
{
	const struct rte_eth_dev_data *data = dev->data;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++)
		if (vnic_rxq_of(dev, i) == NULL)
			return device_never_set_up(dev, "receive", "rx", i);
	for (i = 0; i < data->nb_tx_queues; i++)
		if (vnic_txq_of(dev, i) == NULL)
			return device_never_set_up(dev, "transmit", "tx", i);
	return vnic_setup_rx_rooms(dev, dev->mtu);
}

typedef int (*rxq_begin_t)(struct vnic_rxq *rxq);
typedef int (*txq_begin_t)(struct vnic_txq *txq);

static int
device_queues_begin(struct vnic_dev *dev, rxq_begin_t rxq_begin,
		    txq_begin_t txq_begin)
{
	uint16_t i;
	int ret = 0;

	for (i = 0; i < dev->nb_pairs && ret == 0; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		ret = rxq != NULL ? rxq_begin(rxq) :
			vnic_idle_start(dev, vnic_vq_rx(i));
		if (ret == 0)
			ret = txq != NULL ? txq_begin(txq) :
				vnic_idle_start(dev, vnic_vq_tx(i));
	}
	return ret;
}

/* The others were told where they arose, with what would help. */
static void
device_say_down(const struct vnic_dev *dev, int err)
{
	if (err == -ENODEV)
		VNIC_LOG(ERR, "%s: port %u is down: its device is gone",
			 dev->name, dev->port_id);
	else if (err == -ENOMEM)
		VNIC_LOG(ERR, "%s: port %u is down for want of memory or mbufs",
			 dev->name, dev->port_id);
	else
		VNIC_LOG(DEBUG, "%s: port %u is down: error %d", dev->name,
			 dev->port_id, err);
}

/* RSS says how many pairs there are itself. */
static int
device_pairs(struct vnic_dev *dev)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VQ) ||
	    !vnic_dev_has(dev, VIRTIO_NET_F_MQ) ||
	    vnic_dev_has(dev, VIRTIO_NET_F_RSS))
		return 0;
	return vnic_ctrl_pairs_set(dev, dev->nb_pairs);
}

/* All that the port has, within one time. */
static int
device_restore(struct vnic_dev *dev)
{
	static int (*const steps[])(struct vnic_dev *) = {
		device_pairs,
		/* Before queues are taken back: its table names live ones. */
		vnic_rss_restore,
		vnic_life_settle,
		vnic_lro_restore,
		vnic_filter_restore,
		vnic_coalesce_restore,
		vnic_device_stats_start,
	};
	unsigned int i;
	int ret = 0;

	vnic_ctrl_restore_begin(dev);
	for (i = 0; i < RTE_DIM(steps) && ret == 0; i++) {
		ret = steps[i](dev);
		/* A step may take no for an answer, but not this one. */
		if (ret == 0)
			ret = vnic_ctrl_restore_check(dev);
	}
	if (ret < 0 && vnic_ctrl_restore_check(dev) == -ETIMEDOUT)
		VNIC_LOG(ERR, "%s: port %u cannot be restored within %u ms, %u times ctrl_timeout_ms: the device answers too slowly for what the port has; give a larger ctrl_timeout_ms",
			 dev->name, dev->port_id, VNIC_CTRL_RESTORE_TIMES *
			 dev->args.ctrl_timeout_ms, VNIC_CTRL_RESTORE_TIMES);
	vnic_ctrl_restore_end(dev);
	return ret;
}

/* DRIVER_OK, then what needs a live device; queues are populated. */
static int
device_go(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	int ret;

	ret = vnic_device_status_add(dev, VIRTIO_STATUS_DRIVER_OK);
	if (ret == 0 && ops->queues_active != NULL)
		ret = ops->queues_active(dev, dev->nb_pairs);
	if (ret == 0)
		ret = device_restore(dev);
	dev->events_polled = ops->event_enable == NULL ||
		ops->event_enable(dev, true) != 0;
	return ret;
}

/* Section 3.1.1: say that it failed, and leave the device reset. */
static void
device_give_up(struct vnic_dev *dev)
{
	vnic_device_status_add(dev, VIRTIO_STATUS_FAILED);
	vnic_device_reset(dev);
}

/* From a quiet device to open gates. */
static int
device_bring_up(struct vnic_dev *dev, rxq_begin_t rxq_begin,
		txq_begin_t txq_begin)
{
	int ret = device_agree(dev);

	if (ret == 0)
		ret = vnic_ctrl_start(dev);
	if (ret == 0)
		ret = device_queues_begin(dev, rxq_begin, txq_begin);
	if (ret == 0)
		ret = device_go(dev);
	if (ret < 0)
		return ret;
	dev->state = VNIC_DEV_STARTED;
	dev->parked = false;
	dev->announce.seen = false;
	vnic_link_refresh(dev);
	vnic_port_open(dev);
	vnic_intr_wake(dev);
	return 0;
}

int
vnic_device_start(struct vnic_dev *dev)
{
	int ret = device_queues_check(dev);

	if (ret < 0)
		return ret;
	ret = vnic_device_reset(dev);
	if (ret < 0)
		return ret;
	vnic_setup_scattered(dev);
	vnic_life_begin(dev);
	vnic_filter_begin(dev);
	ret = device_bring_up(dev, vnic_rxq_start, vnic_txq_start);
	if (ret < 0) {
		device_say_down(dev, ret);
		device_give_up(dev);
	}
	return ret;
}

int
vnic_device_recover(struct vnic_dev *dev)
{
	int ret = vnic_port_park(dev);

	if (ret == 0)
		ret = vnic_device_reset(dev);
	if (ret < 0)
		return ret;
	ret = device_bring_up(dev, vnic_rxq_start, vnic_txq_start);
	if (ret < 0)
		device_give_up(dev);
	return ret;
}

static int
device_rxq_resume(struct vnic_rxq *rxq)
{
	/* A queue that is stopped, or was when the last one went. */
	if (!rxq->orphan && (rxq->stopped || !rxq->enabled))
		return vnic_rxq_start(rxq);
	if (!rxq->orphan)
		return vnic_rxq_restart(rxq);
	vnic_device_drain_rxq(rxq);
	return vnic_rxq_start(rxq);
}

static int
device_txq_resume(struct vnic_txq *txq)
{
	if (!txq->orphan && (txq->stopped || !txq->enabled))
		return vnic_txq_start(txq);
	if (!txq->orphan)
		return vnic_txq_restart(txq);
	vnic_device_drain_txq(txq);
	return vnic_txq_start(txq);
}

int
vnic_device_resume(struct vnic_dev *dev)
{
	int ret;

	if (!vnic_port_is_quiet(dev))
		return -EBUSY;
	/* It has rings already if the port was started while it connected. */
	ret = vnic_transport_ops(dev)->reset(dev);
	if (ret < 0) {
		device_say_down(dev, ret);
		return ret;
	}
	dev->status = 0;
	vnic_ctrl_stop(dev);
	ret = device_bring_up(dev, device_rxq_resume, device_txq_resume);
	if (ret < 0)
		device_say_down(dev, ret);
	return ret;
}

void
vnic_device_park(struct vnic_dev *dev)
{
	vnic_port_park(dev);
	dev->parked = true;
	vnic_link_refresh(dev);
}

void
vnic_device_stop(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	int ret;

	if (ops->event_enable != NULL)
		ops->event_enable(dev, false);
	ret = vnic_port_park(dev);
	if (ret == 0 && !dev->parked)
		vnic_suspend(dev);
	dev->parked = true;
	dev->resume_pending = false;
	if (ret < 0) {
		dev->quarantined = true;
		ops->reset(dev);
	} else {
		vnic_device_reset(dev);
	}
	if (dev->state != VNIC_DEV_GONE)
		dev->state = VNIC_DEV_CONFIGURED;
	vnic_link_refresh(dev);
}

/* Quarantined memory stays allocated for good: the device may write to it. */
static void
device_free_queues(struct rte_eth_dev *eth_dev)
{
	struct rte_eth_dev_data *data = eth_dev->data;
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++)
		vnic_setup_rxq_release(eth_dev, i);
	for (i = 0; i < data->nb_tx_queues; i++)
		vnic_setup_txq_release(eth_dev, i);
	if (dev->quarantined)
		return;
	vnic_idle_free(dev);
}

void
vnic_device_remove(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);

	if (dev == NULL || dev->closed)
		return;
	vnic_ctrl_restore_cancel(dev, true);
	vnic_telemetry_remove(dev->port_id);
	vnic_event_health_stop(dev);
	if (vnic_dev_lock(dev, VNIC_LOCK_OP_MS) < 0)
		VNIC_LOG(ERR, "%s: closed while an operation runs", dev->name);
	dev->closed = true;
	if (dev->state == VNIC_DEV_STARTED ||
	    dev->state == VNIC_DEV_NEEDS_RESET)
		vnic_device_stop(dev);
	else
		vnic_device_reset(dev);
	vnic_ethdev_remove_bursts(eth_dev);
	device_free_queues(eth_dev);
	vnic_rss_free(dev);
	if (!dev->quarantined) {
		vnic_ctrl_free(dev);
		vnic_announce_free(dev);
	}
	/* The transport waits for its event sources, which take the lock. */
	vnic_dev_unlock(dev);
	if (vnic_transport_ops(dev)->close != NULL)
		vnic_transport_ops(dev)->close(dev);
	vnic_stats_free(dev);
	vnic_device_stats_free(dev);
	vnic_notify_table(dev->port_id, 0);
}
