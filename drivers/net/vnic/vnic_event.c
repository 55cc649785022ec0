/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <string.h>

#include <rte_alarm.h>
#include <rte_cycles.h>

#include "vnic_announce.h"
#include "vnic_ctrl.h"
#include "vnic_device.h"
#include "vnic_device_stats.h"
#include "vnic_gate.h"
#include "vnic_life.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_queue_status.h"
#include "vnic_soft.h"
#include "vnic_stall.h"

/*
 * What happens to a port without the application's doing. Everything here
 * runs in EAL's interrupt thread; applications are told after the lock is
 * released, for they may call back.
 */

#define HEALTH_PERIOD_US 100000
/* Resets in a row that are tried, with waits that double, from one period. */
#define RECOVER_TRIES_MAX 5
/* The back end's coming and going must not be missed. */
#define LOCK_BACKEND_MS 5000

static const char *const fault_text[] = {
	[VRING_FAULT_NONE] = "none",
	[VRING_FAULT_USED_IDX] = "used index beyond what is outstanding",
	[VRING_FAULT_USED_ID] = "id of no outstanding buffer",
	[VRING_FAULT_USED_LEN] = "length beyond the buffer",
	[VRING_FAULT_NUM_BUFFERS] = "frame of more buffers than used",
};

static enum vnic_violation
fault_violation(uint8_t fault)
{
	switch (fault) {
	case VRING_FAULT_USED_IDX:
		return VNIC_VIOLATION_USED_IDX;
	case VRING_FAULT_USED_LEN:
		return VNIC_VIOLATION_USED_LEN;
	case VRING_FAULT_NUM_BUFFERS:
		return VNIC_VIOLATION_NUM_BUFFERS;
	default:
		return VNIC_VIOLATION_USED_ID;
	}
}

/* What is to be told, from here on no longer noted. */
static uint32_t
event_take(struct vnic_dev *dev)
{
	uint32_t tell = __atomic_exchange_n(&dev->tell, 0, __ATOMIC_RELAXED);

	if (dev->data->dev_conf.intr_conf.lsc == 0)
		tell &= ~(UINT32_C(1) << RTE_ETH_EVENT_INTR_LSC);
	if (dev->data->dev_conf.intr_conf.rmv == 0)
		tell &= ~(UINT32_C(1) << RTE_ETH_EVENT_INTR_RMV);
	return tell;
}

static void
event_say(uint16_t port_id, uint32_t tell)
{
	/* In this order: the link is down before recovery begins. */
	static const enum rte_eth_event_type types[] = {
		RTE_ETH_EVENT_INTR_LSC, RTE_ETH_EVENT_ERR_RECOVERING,
		RTE_ETH_EVENT_RECOVERY_SUCCESS, RTE_ETH_EVENT_RECOVERY_FAILED,
		RTE_ETH_EVENT_INTR_RMV,
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(types); i++)
		if (tell & (UINT32_C(1) << types[i]))
			rte_eth_dev_callback_process(&rte_eth_devices[port_id],
						     types[i], NULL);
}

void
vnic_event_tell(struct vnic_dev *dev)
{
	event_say(dev->port_id, event_take(dev));
}

static void
event_recover_after(struct vnic_dev *dev, unsigned int ms)
{
	dev->recover_at = rte_get_timer_cycles() +
		rte_get_timer_hz() * ms / 1000;
}

/* No more resets: ethdev means by it that the port is of no use any more. */
static bool
event_is_failed(const struct vnic_dev *dev)
{
	return dev->state == VNIC_DEV_NEEDS_RESET &&
		dev->recover_tries >= RECOVER_TRIES_MAX;
}

void
vnic_event_needs_reset(struct vnic_dev *dev)
{
	dev->resets_needed++;
	dev->state = VNIC_DEV_NEEDS_RESET;
	vnic_device_park(dev);
	vnic_event_note(dev, RTE_ETH_EVENT_ERR_RECOVERING);
	if (event_is_failed(dev)) {
		VNIC_LOG(ERR, "%s: port %u broke again after %u resets: it stays down until it is restarted",
			 dev->name, dev->port_id, RECOVER_TRIES_MAX);
		vnic_event_note(dev, RTE_ETH_EVENT_RECOVERY_FAILED);
		return;
	}
	event_recover_after(dev, (HEALTH_PERIOD_US / 1000) <<
			    dev->recover_tries);
}

void
vnic_event_gone(struct vnic_dev *dev)
{
	if (dev->state == VNIC_DEV_GONE)
		return;
	if (dev->state == VNIC_DEV_STARTED)
		vnic_device_park(dev);
	/* The end of what was told to have begun. */
	if (dev->state == VNIC_DEV_NEEDS_RESET && !event_is_failed(dev))
		vnic_event_note(dev, RTE_ETH_EVENT_RECOVERY_FAILED);
	dev->state = VNIC_DEV_GONE;
	VNIC_LOG(NOTICE, "%s: the device of port %u is gone", dev->name,
		 dev->port_id);
	vnic_event_note(dev, RTE_ETH_EVENT_INTR_RMV);
}

static void
event_recovered(struct vnic_dev *dev)
{
	dev->recoveries++;
	vnic_event_note(dev, RTE_ETH_EVENT_RECOVERY_SUCCESS);
	event_recover_after(dev, VNIC_HEALTHY_MS);
}

/* Without its back end the device would seem well, and be of no use. */
static void
event_recover(struct vnic_dev *dev)
{
	int ret;

	if (event_is_failed(dev) || dev->backend_down ||
	    rte_get_timer_cycles() < dev->recover_at ||
	    !vnic_port_is_quiet(dev))
		return;
	dev->recover_tries++;
	ret = vnic_device_recover(dev);
	if (ret == 0) {
		VNIC_LOG(NOTICE, "%s: port %u recovered by reset %u of %u",
			 dev->name, dev->port_id, dev->recover_tries,
			 RECOVER_TRIES_MAX);
		event_recovered(dev);
		return;
	}
	/* Neither was an attempt: the port is being stopped, or has no device. */
	if (ret == -ECANCELED || vnic_device_is_lost(dev, ret)) {
		dev->recover_tries--;
		if (ret != -ECANCELED)
			vnic_event_gone(dev);
		return;
	}
	VNIC_LOG(ERR, "%s: port %u: reset %u of %u does not help: %s",
		 dev->name, dev->port_id, dev->recover_tries,
		 RECOVER_TRIES_MAX, strerror(-ret));
	event_recover_after(dev, (HEALTH_PERIOD_US / 1000) <<
			    dev->recover_tries);
	if (event_is_failed(dev))
		vnic_event_note(dev, RTE_ETH_EVENT_RECOVERY_FAILED);
}

static bool
event_fault(struct vnic_dev *dev, const struct vring *vr, const char *way,
	    uint16_t queue_id)
{
	uint8_t fault = vring_peek(vr).fault;

	if (fault == VRING_FAULT_NONE)
		return false;
	dev->violations[fault_violation(fault)]++;
	VNIC_LOG(ERR, "%s: %s queue %u is stopped, the device broke its ring: %s",
		 dev->name, way, queue_id,
		 fault < RTE_DIM(fault_text) ? fault_text[fault] : "?");
	return true;
}

/* Each fault is counted once: a port with one is parked at once. */
static bool
event_faults(struct vnic_dev *dev)
{
	bool any = false;
	uint16_t i;

	for (i = 0; i < dev->nb_pairs; i++) {
		const struct vnic_rxq *rxq = vnic_rxq_of(dev, i);
		const struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (rxq != NULL)
			any |= event_fault(dev, &rxq->vr, "receive", i);
		if (txq != NULL)
			any |= event_fault(dev, &txq->vr, "transmit", i);
	}
	return any;
}

/* False if the port does not go on with this device. */
static bool
event_status(struct vnic_dev *dev)
{
	uint8_t status = 0;
	int ret = vnic_transport_ops(dev)->status_get(dev, &status);

	if (vnic_device_is_lost(dev, ret)) {
		vnic_event_gone(dev);
		return false;
	}
	if (ret < 0 || !(status & VIRTIO_STATUS_NEEDS_RESET))
		return true;
	VNIC_LOG(ERR, "%s: the device asks to be reset (status 0x%02x)",
		 dev->name, status);
	vnic_event_needs_reset(dev);
	return false;
}

static void
event_config(struct vnic_dev *dev)
{
	if (!event_status(dev))
		return;
	vnic_link_refresh(dev);
	vnic_announce_work(dev);
}

static void
event_rings_empty(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++)
		if (vnic_rxq_of(dev, i) != NULL)
			dev->rx_ring_empty +=
				vnic_queue_rx_is_empty(vnic_rxq_of(dev, i));
}

/*
 * Mbufs that the device has sent wait for the next burst that needs their
 * slots; where none comes, their pool gets them back all the same.
 */
static void
event_tx_rest(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq == NULL || !vnic_stall_rests(txq) ||
		    vnic_txq_borrow(txq) < 0)
			continue;
		vnic_txq_reclaim(txq);
		vnic_txq_give_back(txq);
	}
}

static void
event_nudge(struct vnic_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->nb_pairs; i++)
		if (vnic_txq_of(dev, i) != NULL)
			vnic_txq_nudge(vnic_txq_of(dev, i));
}

/* A fresh device under the same rings: that ends a recovery too. */
static int
event_resume_now(struct vnic_dev *dev)
{
	bool recovers = dev->state == VNIC_DEV_NEEDS_RESET;
	int ret = vnic_device_resume(dev);

	if (ret == 0 && recovers)
		event_recovered(dev);
	return ret;
}

/* The back end came back while a burst did not end: go on when it has. */
static void
event_resume(struct vnic_dev *dev)
{
	if (!vnic_port_is_quiet(dev))
		return;
	dev->resume_pending = false;
	if (event_resume_now(dev) < 0)
		vnic_event_needs_reset(dev);
}

static void
event_health(struct vnic_dev *dev)
{
	/* Of a queue setup that ethdev refused after it had released. */
	vnic_life_show(dev);
	vnic_soft_answer(dev);
	if (dev->removal_pending)
		vnic_event_gone(dev);
	if (dev->resume_pending)
		event_resume(dev);
	/* One thing a look: what is told of it must not get out of order. */
	if (dev->state == VNIC_DEV_NEEDS_RESET) {
		event_recover(dev);
		return;
	}
	if (!vnic_dev_running(dev))
		return;
	if (vnic_transport_ops(dev)->status_register && !event_status(dev))
		return;
	if (event_faults(dev) || vnic_ctrl_is_dead(dev) ||
	    vnic_port_is_orphaned(dev)) {
		vnic_event_needs_reset(dev);
		return;
	}
	vnic_announce_work(dev);
	event_rings_empty(dev);
	event_tx_rest(dev);
	event_nudge(dev);
	if (vnic_stall_found(dev)) {
		vnic_event_needs_reset(dev);
		return;
	}
	if (dev->recover_tries > 0 &&
	    rte_get_timer_cycles() > dev->recover_at)
		dev->recover_tries = 0;
	if (dev->config_pending || dev->events_polled) {
		dev->config_pending = false;
		event_config(dev);
	}
	vnic_device_stats_serve(dev);
}

static void
event_tick(void *arg)
{
	struct vnic_dev *dev = arg;
	uint16_t port_id;
	uint32_t tell = 0;

	/* Partner: the release in vnic_event_health_resume. */
	if (!__atomic_load_n(&dev->health_armed, __ATOMIC_ACQUIRE))
		return;
	/* Whoever holds the lock changes the port: look again next time. */
	if (vnic_dev_lock(dev, 0) == 0) {
		event_health(dev);
		vnic_dev_unlock(dev);
		tell = event_take(dev);
	}
	port_id = dev->port_id;
	if (__atomic_load_n(&dev->health_armed, __ATOMIC_RELAXED) &&
	    rte_eal_alarm_set(HEALTH_PERIOD_US, event_tick, dev) < 0)
		VNIC_LOG(ERR, "%s: no alarm: port %u is watched no more",
			 dev->name, port_id);
	/* Partner: the acquire in vnic_event_health_stop. What is told may
	 * even close the port, so this is the last of dev. */
	__atomic_fetch_add(&dev->health_ticks, 1, __ATOMIC_RELEASE);
	event_say(port_id, tell);
}

int
vnic_event_health_resume(struct vnic_dev *dev)
{
	int ret;

	__atomic_store_n(&dev->health_armed, true, __ATOMIC_RELEASE);
	ret = rte_eal_alarm_set(HEALTH_PERIOD_US, event_tick, dev);
	if (ret < 0) {
		dev->health_armed = false;
		VNIC_LOG(ERR, "%s: no alarm to watch port %u with: error %d",
			 dev->name, dev->port_id, ret);
	}
	return ret;
}

int
vnic_event_health_start(struct vnic_dev *dev)
{
	const uint32_t recovery = UINT32_C(1) << RTE_ETH_EVENT_ERR_RECOVERING |
		UINT32_C(1) << RTE_ETH_EVENT_RECOVERY_SUCCESS |
		UINT32_C(1) << RTE_ETH_EVENT_RECOVERY_FAILED;

	/* Of a recovery that the application itself has ended by its stop. */
	__atomic_fetch_and(&dev->tell, ~recovery, __ATOMIC_RELAXED);
	dev->recover_tries = 0;
	vnic_stall_begin(dev);
	return vnic_event_health_resume(dev);
}

void
vnic_event_health_stop(struct vnic_dev *dev)
{
	if (!dev->health_armed)
		return;
	__atomic_store_n(&dev->health_armed, false, __ATOMIC_RELAXED);
	/* Waits for a tick that runs, unless this is called from it. */
	rte_eal_alarm_cancel(event_tick, dev);
	__atomic_load_n(&dev->health_ticks, __ATOMIC_ACQUIRE);
}

void
vnic_event_config_changed(struct vnic_dev *dev)
{
	dev->config_changes++;
	dev->config_pending = true;
	/* Busy: the health timer reads it. */
	if (vnic_dev_lock(dev, VNIC_LOCK_EVENT_MS) < 0)
		return;
	if (!dev->closed && vnic_dev_running(dev)) {
		dev->config_pending = false;
		event_config(dev);
	}
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
}

void
vnic_event_removed(struct vnic_dev *dev)
{
	dev->removal_pending = true;
	/* Busy: the health timer sees to it. */
	if (vnic_dev_lock(dev, LOCK_BACKEND_MS) < 0)
		return;
	if (!dev->closed)
		vnic_event_gone(dev);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
}

static int
event_backend_locked(struct vnic_dev *dev, bool up)
{
	bool started = dev->state == VNIC_DEV_STARTED ||
		dev->state == VNIC_DEV_NEEDS_RESET;

	if (dev->closed)
		return -ENODEV;
	dev->backend_down = !up;
	if (!started || event_is_failed(dev))
		return 0;
	if (!up && !dev->parked)
		dev->backend_losses++;
	/* Parked already unless the port was started without a back end. */
	if (!dev->parked)
		vnic_device_park(dev);
	/* Until then not one byte of the rings may change. */
	dev->resume_pending = up && !vnic_port_is_quiet(dev);
	if (dev->resume_pending)
		VNIC_LOG(WARNING, "%s: port %u goes on with its new back end when the last burst has ended",
			 dev->name, dev->port_id);
	return up && !dev->resume_pending ? event_resume_now(dev) : 0;
}

int
vnic_event_backend(struct vnic_dev *dev, bool up)
{
	int ret = vnic_dev_lock(dev, LOCK_BACKEND_MS);

	if (ret < 0)
		return ret;
	ret = event_backend_locked(dev, up);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}
