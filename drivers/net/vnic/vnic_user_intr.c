/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_common.h>
#include <rte_interrupts.h>

#include "vnic_vhost_user.h"

/* Every ring has a call descriptor; whether it is written to, the driver says. */

uint16_t
vnic_user_intr_max(const struct vnic_dev *dev)
{
	const struct vnic_user *user = vnic_user(dev);

	return RTE_MIN(user->pairs, RTE_MAX_RXTX_INTR_VEC_ID);
}

int
vnic_user_intr_fd(const struct vnic_dev *dev, uint16_t queue_id)
{
	struct vnic_user *user = vnic_user(dev);
	uint16_t index = vnic_vq_rx(queue_id);
	int ret;

	/* A secondary process may be asking for the doorbell of this ring. */
	pthread_mutex_lock(&user->lock);
	ret = vnic_user_ring_fds(user, index);
	if (ret == 0)
		ret = user->rings[index].call_fd;
	pthread_mutex_unlock(&user->lock);
	return ret;
}
