/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>

#include "vnic_vhost_msg.h"
#include "vnic_vhost_sock.h"

/** Larger than any real inflight area: 1024 queues of 32768 entries. */
#define INFLIGHT_SIZE_MAX (UINT64_C(1) << 30)

static const char * const vnic_vhost_names[] = {
	[VHOST_USER_GET_FEATURES] = "GET_FEATURES",
	[VHOST_USER_SET_FEATURES] = "SET_FEATURES",
	[VHOST_USER_SET_OWNER] = "SET_OWNER",
	[VHOST_USER_SET_MEM_TABLE] = "SET_MEM_TABLE",
	[VHOST_USER_SET_VRING_NUM] = "SET_VRING_NUM",
	[VHOST_USER_SET_VRING_ADDR] = "SET_VRING_ADDR",
	[VHOST_USER_SET_VRING_BASE] = "SET_VRING_BASE",
	[VHOST_USER_GET_VRING_BASE] = "GET_VRING_BASE",
	[VHOST_USER_SET_VRING_KICK] = "SET_VRING_KICK",
	[VHOST_USER_SET_VRING_CALL] = "SET_VRING_CALL",
	[VHOST_USER_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
	[VHOST_USER_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
	[VHOST_USER_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
	[VHOST_USER_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
	[VHOST_USER_SET_BACKEND_REQ_FD] = "SET_BACKEND_REQ_FD",
	[VHOST_USER_GET_CONFIG] = "GET_CONFIG",
	[VHOST_USER_GET_INFLIGHT_FD] = "GET_INFLIGHT_FD",
	[VHOST_USER_SET_INFLIGHT_FD] = "SET_INFLIGHT_FD",
	[VHOST_USER_RESET_DEVICE] = "RESET_DEVICE",
	[VHOST_USER_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
	[VHOST_USER_ADD_MEM_REG] = "ADD_MEM_REG",
	[VHOST_USER_REM_MEM_REG] = "REM_MEM_REG",
	[VHOST_USER_SET_STATUS] = "SET_STATUS",
	[VHOST_USER_GET_STATUS] = "GET_STATUS",
};

const char *
vnic_vhost_request_name(uint32_t request)
{
	if (request >= RTE_DIM(vnic_vhost_names) ||
	    vnic_vhost_names[request] == NULL)
		return "an unknown request";
	return vnic_vhost_names[request];
}

void
vnic_vhost_break(struct vnic_vhost_chan *chan, int error)
{
	if (!chan->broken)
		chan->error = error;
	chan->broken = true;
	if (chan->fd >= 0)
		shutdown(chan->fd, SHUT_RDWR);
}

/** Log why the exchange of @p request failed, break the channel. */
static int
vnic_vhost_fail(struct vnic_vhost_chan *chan, uint32_t request, int err)
{
	const char *name = vnic_vhost_request_name(request);

	if (err == -ETIMEDOUT)
		VNIC_VHOST_LOG(chan, "back end did not answer %s within %u ms; is it alive? connect_timeout_ms= gives it longer",
			name, chan->timeout_ms);
	else if (err == -ENODEV)
		VNIC_VHOST_LOG(chan, "back end hung up on %s", name);
	else if (err == -EPROTO)
		VNIC_VHOST_LOG(chan, "back end sent more file descriptors with the reply to %s than belong to it",
			name);
	else
		VNIC_VHOST_LOG(chan, "cannot exchange %s with the back end: %s",
			name, strerror(-err));
	vnic_vhost_break(chan, err);
	return err;
}

static int
vnic_vhost_nonsense(struct vnic_vhost_chan *chan, uint32_t request,
		    const char *what, uint64_t value)
{
	VNIC_VHOST_LOG(chan, "back end answered %s with %s 0x%" PRIx64 "; it does not speak vhost-user as specified",
		vnic_vhost_request_name(request), what, value);
	vnic_vhost_break(chan, -EPROTO);
	return -EPROTO;
}

static int
vnic_vhost_post(struct vnic_vhost_chan *chan, uint32_t request, uint32_t flags,
		const void *payload, size_t size, const int *fds,
		unsigned int nr_fds, uint64_t deadline)
{
	struct vhost_user_msg msg = {
		.hdr = {
			.request = request,
			.flags = VHOST_USER_VERSION | flags,
			.size = size,
		},
	};
	int ret;

	if (size > sizeof(msg.payload))
		return -EINVAL;
	if (chan->fd < 0 || chan->broken)
		return -ENODEV;
	if (size > 0)
		memcpy(&msg.payload, payload, size);
	ret = vnic_vhost_send(chan->fd, &msg, sizeof(msg.hdr) + size, fds,
		nr_fds, deadline);
	return ret == 0 ? 0 : vnic_vhost_fail(chan, request, ret);
}

static int
vnic_vhost_check_hdr(struct vnic_vhost_chan *chan, uint32_t request,
		     const struct vhost_user_hdr *hdr, size_t size)
{
	if (hdr->request != request)
		return vnic_vhost_nonsense(chan, request, "request number",
			hdr->request);
	if ((hdr->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
	    (hdr->flags & VHOST_USER_REPLY) == 0)
		return vnic_vhost_nonsense(chan, request, "flags", hdr->flags);
	if (hdr->size != size)
		return vnic_vhost_nonsense(chan, request, "payload size",
			hdr->size);
	return 0;
}

/** Receive a reply of exactly @p size bytes, and *@p nr_fds descriptors. */
static int
vnic_vhost_reply(struct vnic_vhost_chan *chan, uint32_t request,
		 void *payload, size_t size, int *fds, unsigned int *nr_fds,
		 uint64_t deadline)
{
	struct vhost_user_hdr hdr;
	unsigned int i;
	int ret;

	/* Descriptors come with the first byte, which is the header's. */
	ret = vnic_vhost_recv(chan->fd, &hdr, sizeof(hdr), fds, nr_fds,
		deadline);
	if (ret != 0)
		return vnic_vhost_fail(chan, request, ret);
	ret = vnic_vhost_check_hdr(chan, request, &hdr, size);
	if (ret == 0) {
		ret = vnic_vhost_recv(chan->fd, payload, size, NULL, NULL,
			deadline);
		if (ret != 0)
			vnic_vhost_fail(chan, request, ret);
	}
	if (ret != 0 && nr_fds != NULL) {
		for (i = 0; i < *nr_fds; i++)
			close(fds[i]);
		*nr_fds = 0;
	}
	return ret;
}

int
vnic_vhost_set(struct vnic_vhost_chan *chan, uint32_t request,
	       const void *payload, size_t size, const int *fds,
	       unsigned int nr_fds)
{
	uint64_t deadline = vnic_vhost_deadline(chan->timeout_ms);
	bool ack = vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	uint64_t status = 0;
	int ret;

	ret = vnic_vhost_post(chan, request, ack ? VHOST_USER_NEED_REPLY : 0,
		payload, size, fds, nr_fds, deadline);
	if (ret != 0 || !ack)
		return ret;
	ret = vnic_vhost_reply(chan, request, &status, sizeof(status), NULL,
		NULL, deadline);
	if (ret == 0 && status != 0) {
		VNIC_VHOST_LOG(chan, "back end refused %s (status %" PRIu64 "); its own log says why",
			vnic_vhost_request_name(request), status);
		ret = -EIO;
	}
	return ret;
}

int
vnic_vhost_set_u64(struct vnic_vhost_chan *chan, uint32_t request,
		   uint64_t value)
{
	return vnic_vhost_set(chan, request, &value, sizeof(value), NULL, 0);
}

int
vnic_vhost_set_state(struct vnic_vhost_chan *chan, uint32_t request,
		     uint32_t index, uint32_t num)
{
	struct vhost_user_vring_state state = { .index = index, .num = num };

	return vnic_vhost_set(chan, request, &state, sizeof(state), NULL, 0);
}

int
vnic_vhost_get_u64(struct vnic_vhost_chan *chan, uint32_t request,
		   uint64_t max, uint64_t *value)
{
	uint64_t deadline = vnic_vhost_deadline(chan->timeout_ms);
	uint64_t n;
	int ret;

	ret = vnic_vhost_post(chan, request, 0, NULL, 0, NULL, 0, deadline);
	if (ret == 0)
		ret = vnic_vhost_reply(chan, request, &n, sizeof(n), NULL,
			NULL, deadline);
	if (ret != 0)
		return ret;
	if (n > max)
		return vnic_vhost_nonsense(chan, request, "impossible value", n);
	*value = n;
	return 0;
}

int
vnic_vhost_get_base(struct vnic_vhost_chan *chan, uint32_t index,
		    uint32_t *num)
{
	uint64_t deadline = vnic_vhost_deadline(chan->timeout_ms);
	struct vhost_user_vring_state state = { .index = index };
	const uint32_t request = VHOST_USER_GET_VRING_BASE;
	int ret;

	ret = vnic_vhost_post(chan, request, 0, &state, sizeof(state), NULL, 0,
		deadline);
	if (ret == 0)
		ret = vnic_vhost_reply(chan, request, &state, sizeof(state),
			NULL, NULL, deadline);
	if (ret != 0)
		return ret;
	if (state.index != index)
		return vnic_vhost_nonsense(chan, request, "ring", state.index);
	*num = state.num;
	return 0;
}

/** A back end without the range answers with no payload, or a zero size. */
static int
vnic_vhost_config_reply(struct vnic_vhost_chan *chan, void *reply, size_t size,
			uint64_t deadline)
{
	const uint32_t request = VHOST_USER_GET_CONFIG;
	struct vhost_user_hdr hdr;
	int ret;

	ret = vnic_vhost_recv(chan->fd, &hdr, sizeof(hdr), NULL, NULL,
		deadline);
	if (ret != 0)
		return vnic_vhost_fail(chan, request, ret);
	ret = vnic_vhost_check_hdr(chan, request, &hdr,
		hdr.size == 0 ? 0 : size);
	if (ret != 0)
		return ret;
	if (hdr.size == 0)
		return -EINVAL;
	ret = vnic_vhost_recv(chan->fd, reply, size, NULL, NULL, deadline);
	return ret == 0 ? 0 : vnic_vhost_fail(chan, request, ret);
}

int
vnic_vhost_get_config(struct vnic_vhost_chan *chan, size_t off, void *dst,
		      size_t len)
{
	uint64_t deadline = vnic_vhost_deadline(chan->timeout_ms);
	const uint32_t request = VHOST_USER_GET_CONFIG;
	struct vhost_user_config config = { .offset = off, .size = len };
	size_t size = offsetof(struct vhost_user_config, payload) + len;
	int ret;

	if (off > VHOST_USER_CONFIG_SIZE_MAX ||
	    len > VHOST_USER_CONFIG_SIZE_MAX - off)
		return -EINVAL;
	ret = vnic_vhost_post(chan, request, 0, &config, size, NULL, 0,
		deadline);
	if (ret == 0)
		ret = vnic_vhost_config_reply(chan, &config, size, deadline);
	if (ret != 0)
		return ret;
	if (config.size == 0)
		return -EINVAL;
	if (config.offset != off || config.size != len)
		return vnic_vhost_nonsense(chan, request, "a range of bytes",
			config.size);
	memcpy(dst, config.payload, len);
	return 0;
}

int
vnic_vhost_get_inflight(struct vnic_vhost_chan *chan,
			struct vhost_user_inflight *area, int *fd)
{
	uint64_t deadline = vnic_vhost_deadline(chan->timeout_ms);
	const uint32_t request = VHOST_USER_GET_INFLIGHT_FD;
	struct vhost_user_inflight reply;
	unsigned int nr_fds = 1;
	int ret, one = -1;

	ret = vnic_vhost_post(chan, request, 0, area, sizeof(*area), NULL, 0,
		deadline);
	if (ret == 0)
		ret = vnic_vhost_reply(chan, request, &reply, sizeof(reply),
			&one, &nr_fds, deadline);
	if (ret != 0)
		return ret;
	if (nr_fds == 1 && reply.mmap_size > 0 &&
	    reply.mmap_size <= INFLIGHT_SIZE_MAX &&
	    reply.mmap_offset <= INFLIGHT_SIZE_MAX) {
		area->mmap_size = reply.mmap_size;
		area->mmap_offset = reply.mmap_offset;
		*fd = one;
		return 0;
	}
	vnic_vhost_close(&one);
	return vnic_vhost_nonsense(chan, request,
		"no file or an area of size", reply.mmap_size);
}
