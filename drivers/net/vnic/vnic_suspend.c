/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_cycles.h>

#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_suspend.h"

#define POLL_US 100

/* 1 suspended, 0 not yet, -1 never. */
static int
suspend_state(struct vnic_dev *dev)
{
	uint8_t status = 0;

	if (vnic_transport_ops(dev)->status_get(dev, &status) < 0 ||
	    status == VIRTIO_STATUS_GONE ||
	    (status & VIRTIO_STATUS_NEEDS_RESET))
		return -1;
	return (status & VIRTIO_STATUS_SUSPEND) &&
		!(status & VIRTIO_STATUS_DRIVER_OK);
}

static bool
suspend_wait(struct vnic_dev *dev)
{
	uint64_t end = rte_get_timer_cycles() +
		rte_get_timer_hz() * dev->args.ctrl_timeout_ms / 1000;
	int state;

	while ((state = suspend_state(dev)) == 0) {
		if (rte_get_timer_cycles() > end)
			break;
		rte_delay_us_sleep(POLL_US);
	}
	return state > 0;
}

void
vnic_suspend(struct vnic_dev *dev)
{
	uint16_t i;

	if (!vnic_dev_has(dev, VIRTIO_F_SUSPEND) ||
	    dev->state != VNIC_DEV_STARTED ||
	    !(dev->status & VIRTIO_STATUS_DRIVER_OK))
		return;
	if (vnic_device_status_add(dev, VIRTIO_STATUS_SUSPEND) < 0 ||
	    !suspend_wait(dev)) {
		VNIC_LOG(WARNING, "%s: the device does not suspend itself within %u ms: frames that it has not sent yet are dropped",
			 dev->name, dev->args.ctrl_timeout_ms);
		return;
	}
	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq != NULL && txq->enabled && !txq->orphan)
			vnic_txq_reclaim(txq);
	}
}
