/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "vnic_log.h"
#include "vnic_vhost_user.h"

/*
 * A doorbell of vhost-user is a descriptor, good in one process only: the
 * primary hands copies to secondary processes over EAL's channel.
 */

#define MP_ACTION "vnic_user_kick"
#define MP_TIMEOUT_S 5

struct vnic_user_mp_request {
	uint16_t port_id;
	uint16_t index;
};

struct vnic_user_mp_reply {
	int32_t result;
};

static pthread_mutex_t vnic_user_mp_lock = PTHREAD_MUTEX_INITIALIZER;
/** Primary: devices by port, and how they give a doorbell. */
static struct {
	struct vnic_dev *dev;
	vnic_user_mp_kick_t kick;
} vnic_user_mp_ports[RTE_MAX_ETHPORTS];
/** Secondary: descriptors received, by port and virtqueue. */
static struct {
	int *fds;
	unsigned int nr;
} vnic_user_mp_fds[RTE_MAX_ETHPORTS];

/** A copy of the descriptor to send, or the error. */
static int
vnic_user_mp_lookup(const struct rte_mp_msg *msg)
{
	struct vnic_user_mp_request req;

	if (msg->len_param != sizeof(req))
		return -EINVAL;
	memcpy(&req, msg->param, sizeof(req));
	if (req.port_id >= RTE_MAX_ETHPORTS)
		return -EINVAL;
	if (vnic_user_mp_ports[req.port_id].dev == NULL)
		return -ENODEV;
	return vnic_user_mp_ports[req.port_id].kick(
		vnic_user_mp_ports[req.port_id].dev, req.index);
}

static int
vnic_user_mp_serve(const struct rte_mp_msg *msg, const void *peer)
{
	struct vnic_user_mp_reply result = { .result = 0 };
	struct rte_mp_msg reply = { .len_param = sizeof(result) };
	int ret;

	snprintf(reply.name, sizeof(reply.name), "%s", msg->name);
	pthread_mutex_lock(&vnic_user_mp_lock);
	ret = vnic_user_mp_lookup(msg);
	if (ret >= 0) {
		reply.fds[0] = ret;
		reply.num_fds = 1;
	} else {
		result.result = ret;
	}
	memcpy(reply.param, &result, sizeof(result));
	ret = rte_mp_reply(&reply, peer);
	pthread_mutex_unlock(&vnic_user_mp_lock);
	return ret;
}

int
vnic_user_mp_add(struct vnic_dev *dev, vnic_user_mp_kick_t kick)
{
	int ret = rte_mp_action_register(MP_ACTION, vnic_user_mp_serve);

	/* Registered by an earlier port; or EAL has no secondary processes. */
	if (ret != 0 && rte_errno != EEXIST && rte_errno != ENOTSUP) {
		VNIC_LOG(ERR, "%s: no channel to secondary processes: %s",
			dev->name, rte_strerror(rte_errno));
		return -rte_errno;
	}
	pthread_mutex_lock(&vnic_user_mp_lock);
	vnic_user_mp_ports[dev->port_id].dev = dev;
	vnic_user_mp_ports[dev->port_id].kick = kick;
	pthread_mutex_unlock(&vnic_user_mp_lock);
	return 0;
}

void
vnic_user_mp_del(uint16_t port_id)
{
	pthread_mutex_lock(&vnic_user_mp_lock);
	vnic_user_mp_ports[port_id].dev = NULL;
	pthread_mutex_unlock(&vnic_user_mp_lock);
}

static void
vnic_user_mp_drop_fds(const struct rte_mp_msg *msg)
{
	int i;

	for (i = 0; i < msg->num_fds; i++)
		close(msg->fds[i]);
}

/** @return the one descriptor of a reply, or the error. */
static int
vnic_user_mp_result(const struct rte_mp_msg *msg)
{
	struct vnic_user_mp_reply result = { .result = -EPROTO };

	if (msg->len_param == sizeof(result))
		memcpy(&result, msg->param, sizeof(result));
	if (result.result == 0 && msg->num_fds == 1)
		return msg->fds[0];
	vnic_user_mp_drop_fds(msg);
	return result.result < 0 ? result.result : -EPROTO;
}

static int
vnic_user_mp_ask(uint16_t port_id, uint16_t index)
{
	struct vnic_user_mp_request req = {
		.port_id = port_id, .index = index };
	struct rte_mp_msg msg = { .len_param = sizeof(req) };
	struct timespec ts = { .tv_sec = MP_TIMEOUT_S };
	struct rte_mp_reply reply = { .nb_sent = 0 };
	int ret;

	snprintf(msg.name, sizeof(msg.name), MP_ACTION);
	memcpy(msg.param, &req, sizeof(req));
	if (rte_mp_request_sync(&msg, &reply, &ts) != 0)
		return -rte_errno;
	ret = reply.nb_received == 1 ? vnic_user_mp_result(&reply.msgs[0]) :
		-ETIMEDOUT;
	free(reply.msgs);
	return ret;
}

static int
vnic_user_mp_room(uint16_t port_id, uint16_t index)
{
	unsigned int nr = vnic_user_mp_fds[port_id].nr;
	int *fds = vnic_user_mp_fds[port_id].fds;

	if (index < nr)
		return 0;
	fds = realloc(fds, (index + 1) * sizeof(*fds));
	if (fds == NULL)
		return -ENOMEM;
	for (; nr <= index; nr++)
		fds[nr] = -1;
	vnic_user_mp_fds[port_id].fds = fds;
	vnic_user_mp_fds[port_id].nr = nr;
	return 0;
}

int
vnic_user_mp_kick_fd(const struct vnic_dev *dev, uint16_t index, int *fd)
{
	uint16_t port_id = dev->port_id;
	int ret;

	pthread_mutex_lock(&vnic_user_mp_lock);
	ret = vnic_user_mp_room(port_id, index);
	if (ret == 0 && vnic_user_mp_fds[port_id].fds[index] < 0) {
		ret = vnic_user_mp_ask(port_id, index);
		if (ret >= 0)
			vnic_user_mp_fds[port_id].fds[index] = ret;
	}
	if (ret >= 0)
		*fd = vnic_user_mp_fds[port_id].fds[index];
	pthread_mutex_unlock(&vnic_user_mp_lock);
	return RTE_MIN(ret, 0);
}

void
vnic_user_mp_forget(uint16_t port_id)
{
	unsigned int i;

	pthread_mutex_lock(&vnic_user_mp_lock);
	for (i = 0; i < vnic_user_mp_fds[port_id].nr; i++)
		vnic_vhost_close(&vnic_user_mp_fds[port_id].fds[i]);
	free(vnic_user_mp_fds[port_id].fds);
	vnic_user_mp_fds[port_id].fds = NULL;
	vnic_user_mp_fds[port_id].nr = 0;
	pthread_mutex_unlock(&vnic_user_mp_lock);
}

int
vnic_user_kick_fd(struct vnic_dev *dev, uint16_t index)
{
	struct vnic_user *user = vnic_user(dev);
	int ret;

	if (index >= user->nr_rings)
		return -ENODEV;
	pthread_mutex_lock(&user->lock);
	ret = vnic_user_ring_fds(user, index);
	if (ret == 0)
		ret = user->rings[index].kick_fd;
	pthread_mutex_unlock(&user->lock);
	return ret;
}
