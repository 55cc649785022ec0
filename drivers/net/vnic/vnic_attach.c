/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_eal.h>

#include "vnic_attach.h"
#include "vnic_device.h"
#include "vnic_gate.h"
#include "vnic_log.h"
#include "vnic_notify.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_telemetry.h"

/*
 * A secondary process has functions and doorbells of its own, and the port that
 * they belong to changes in the primary. So the primary says whenever something
 * has changed, and the secondary looks at the shared port anew: what the
 * message was sent for does not matter, nor does one that is late.
 *
 * The thread that hears messages must not ask the primary for doorbells, which
 * is a message too: it leaves the look to the interrupt thread.
 */

#define MP_ACTION "vnic_port"

/*
 * Of this process: no look at a port that is being attached or given up. What
 * is shared of a port is zero, its number too, once the primary has closed it.
 */
static pthread_mutex_t attach_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool on;
	const struct vnic_transport_ops *ops;
} attached[RTE_MAX_ETHPORTS];

static uint16_t
attach_port_id(const struct rte_eth_dev *eth_dev)
{
	return eth_dev - rte_eth_devices;
}

/* A port that waits for its reset will run on. */
static bool
attach_is_started(const struct vnic_dev *dev)
{
	enum vnic_dev_state state;

	if (dev == NULL)
		return false;
	state = __atomic_load_n(&dev->state, __ATOMIC_RELAXED);
	return state == VNIC_DEV_STARTED || state == VNIC_DEV_NEEDS_RESET;
}

static int
attach_doorbells(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint16_t nb = RTE_MIN(dev->nb_pairs, VNIC_QUEUE_PAIRS_MAX) * 2, i;

	for (i = 0; i < nb && ops->notify_attach != NULL; i++) {
		struct vnic_notify notify = { .kind = VNIC_NOTIFY_NONE };
		int ret = ops->notify_attach(dev, i, &notify);

		if (ret < 0) {
			VNIC_LOG(ERR, "%s: no doorbell of virtqueue %u in this process, which neither sends nor receives now: %s",
				 dev->name, i, strerror(-ret));
			return ret;
		}
		vnic_notify_set(vnic_notify_slot(dev->port_id, i), &notify);
	}
	return 0;
}

/* Doorbells before the functions that ring them. */
static int
attach_look(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = -ENODEV;

	if (attach_is_started(dev))
		ret = attach_doorbells(dev);
	if (ret == 0)
		vnic_ethdev_install_bursts(eth_dev);
	else
		vnic_ethdev_remove_bursts(eth_dev);
	return attach_is_started(dev) ? ret : 0;
}

void
vnic_attach_refresh(uint16_t port_id)
{
	pthread_mutex_lock(&attach_lock);
	if (attached[port_id].on) {
		attach_look(&rte_eth_devices[port_id]);
		vnic_ethdev_publish_bursts(&rte_eth_devices[port_id]);
	}
	pthread_mutex_unlock(&attach_lock);
}

static void
attach_alarm(void *arg)
{
	vnic_attach_refresh((uintptr_t)arg);
}

static int
attach_heard(const struct rte_mp_msg *msg, const void *peer)
{
	uint16_t port_id;

	RTE_SET_USED(peer);
	if (msg->len_param != sizeof(port_id))
		return -EINVAL;
	memcpy(&port_id, msg->param, sizeof(port_id));
	if (port_id >= RTE_MAX_ETHPORTS)
		return -EINVAL;
	return rte_eal_alarm_set(1, attach_alarm, (void *)(uintptr_t)port_id);
}

/* No channel, no secondary processes: nobody to tell, and nothing is lost. */
void
vnic_attach_tell(const struct vnic_dev *dev)
{
	struct rte_mp_msg msg = { .len_param = sizeof(dev->port_id) };

	snprintf(msg.name, sizeof(msg.name), MP_ACTION);
	memcpy(msg.param, &dev->port_id, sizeof(dev->port_id));
	rte_mp_sendmsg(&msg);
}

/* Nobody rings any more. */
static void
attach_forget(uint16_t port_id, const struct vnic_transport_ops *ops)
{
	vnic_telemetry_remove(port_id);
	vnic_notify_table(port_id, 0);
	if (ops != NULL && ops->notify_detach != NULL)
		ops->notify_detach(port_id);
}

int
vnic_device_attach(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint16_t port_id = attach_port_id(eth_dev);
	int ret;

	if (vnic_transport_ops(dev) == NULL) {
		VNIC_LOG(ERR, "%s: no transport %d in this process", dev->name,
			 dev->transport);
		return -ENOTSUP;
	}
	/* As many as it may ever have: the port may be probed again. */
	ret = vnic_notify_table(port_id, VNIC_QUEUE_PAIRS_MAX * 2);
	if (ret < 0)
		return ret;
	vnic_gate_join(dev);
	vnic_telemetry_add(dev);
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	vnic_ethdev_remove_bursts(eth_dev);
	/* Registered by an earlier port; before the look, to miss nothing. */
	rte_mp_action_register(MP_ACTION, attach_heard);
	pthread_mutex_lock(&attach_lock);
	ret = attach_look(eth_dev);
	attached[port_id].on = ret == 0;
	attached[port_id].ops = vnic_transport_ops(dev);
	pthread_mutex_unlock(&attach_lock);
	if (ret < 0)
		attach_forget(port_id, vnic_transport_ops(dev));
	return ret;
}

void
vnic_device_detach(struct rte_eth_dev *eth_dev)
{
	uint16_t port_id = attach_port_id(eth_dev);

	pthread_mutex_lock(&attach_lock);
	attached[port_id].on = false;
	pthread_mutex_unlock(&attach_lock);
	vnic_ethdev_remove_bursts(eth_dev);
	attach_forget(port_id, attached[port_id].ops);
}
