/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "device.h"
#include "vhost_msg.h"

#define SOCKET_TIMEOUT_S 5

static void
fds_close(struct vhost_call *call)
{
	for (unsigned int i = 0; i < call->nr_fds; i++) {
		if (call->fd[i] >= 0)
			close(call->fd[i]);
	}
	call->nr_fds = 0;
}

/** The header comes with the file descriptors. */
static int
header_read(int sock, struct vhost_call *call)
{
	char control[CMSG_SPACE(sizeof(call->fd))];
	struct iovec iov = { &call->hdr, sizeof(call->hdr) };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	struct cmsghdr *c;

	call->nr_fds = 0;
	if (n <= 0)
		return n == 0 ? -ECONNRESET : -errno;
	for (c = CMSG_FIRSTHDR(&mh); c != NULL; c = CMSG_NXTHDR(&mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		call->nr_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(call->fd, CMSG_DATA(c), call->nr_fds * sizeof(int));
	}
	return n == sizeof(call->hdr) ? 0 : -EPROTO;
}

static int
message_read(int sock, struct vhost_call *call)
{
	struct vhost_user_hdr *hdr = &call->hdr;
	int ret = header_read(sock, call);

	memset(&call->payload, 0, sizeof(call->payload));
	if (ret < 0)
		return ret;
	if (hdr->size > sizeof(call->payload) ||
	    (hdr->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION)
		return -EPROTO;
	if (hdr->size == 0)
		return 0;
	if (recv(sock, &call->payload, hdr->size, MSG_WAITALL) != hdr->size)
		return -EPROTO;
	return 0;
}

static int
message_answer(int sock, struct vhost_call *call, int result)
{
	struct vhost_user_hdr *hdr = &call->hdr;
	struct iovec iov[2] = { { hdr, sizeof(*hdr) }, { &call->payload, 0 } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t len;

	if (!call->replied && !(hdr->flags & VHOST_USER_NEED_REPLY))
		return 0;
	if (!call->replied) {
		call->payload.u64 = result < 0;
		hdr->size = sizeof(uint64_t);
	}
	hdr->flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	iov[1].iov_len = hdr->size;
	len = sizeof(*hdr) + hdr->size;
	return sendmsg(sock, &mh, MSG_NOSIGNAL) == len ? 0 : -EPIPE;
}

/** One message; a negative errno ends the connection. */
static int
message_serve(struct perf_device *dev)
{
	struct vhost_call call = { 0 };
	int ret = message_read(dev->conn_fd, &call), answered;

	if (ret == 0) {
		ret = vhost_call_serve(dev, &call);
		if (ret < 0)
			fprintf(stderr, "vnic-perf: device %s: vhost-user request %u refused: %s\n",
				dev->name, call.hdr.request, strerror(-ret));
		answered = message_answer(dev->conn_fd, &call, ret);
		if (answered < 0)
			ret = answered;
		else if (call.hdr.flags & VHOST_USER_REPLY)
			ret = 0;
	}
	fds_close(&call);
	return ret;
}

static void
connection_drop(struct perf_device *dev)
{
	close(dev->conn_fd);
	dev->conn_fd = -1;
	vhost_state_reset(dev);
	perf_mem_clear(dev);
}

static void
connection_take(struct perf_device *dev)
{
	struct timeval limit = { .tv_sec = SOCKET_TIMEOUT_S };
	int fd = accept4(dev->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (dev->conn_fd >= 0) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	dev->conn_fd = fd;
}

static void
ctrl_kicked(struct perf_device *dev, int fd)
{
	struct perf_vq *vq = vhost_ctrl_vq(dev);
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0 || !vq->ready)
		return;
	perf_ctrl_serve(dev, vq);
}

static void *
socket_main(void *arg)
{
	struct perf_device *dev = arg;

	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = dev->stop_fd, .events = POLLIN },
			{ .fd = dev->listen_fd, .events = POLLIN },
			{ .fd = dev->conn_fd, .events = POLLIN },
			{ .fd = vhost_ctrl_vq(dev)->kick_fd, .events = POLLIN },
		};

		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			connection_take(dev);
		if (fds[3].revents & POLLIN)
			ctrl_kicked(dev, fds[3].fd);
		if (fds[2].revents != 0 && message_serve(dev) < 0)
			connection_drop(dev);
	}
}

static int
socket_listen(struct perf_device *dev)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	dev->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dev->listen_fd < 0)
		return -errno;
	memcpy(addr.sun_path, dev->path, sizeof(addr.sun_path));
	if (bind(dev->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(dev->listen_fd, 1) < 0) {
		int err = errno;

		close(dev->listen_fd);
		return -err;
	}
	return 0;
}

int
perf_device_open(struct perf_device *dev, const char *dir, char letter,
		 const struct perf_options *opt)
{
	int ret;

	dev->opt = opt;
	dev->conn_fd = -1;
	for (unsigned int i = 0; i < PERF_VQS; i++)
		dev->vq[i].kick_fd = dev->vq[i].call_fd = -1;
	snprintf(dev->name, sizeof(dev->name), "%c", letter);
	snprintf(dev->path, sizeof(dev->path), "%s/%c.sock", dir, letter);
	memcpy(dev->mac, (uint8_t[]){ 0x02, 0x76, 0x6e, 0x69, 0x63, letter }, 6);
	dev->offered = vhost_features_offered(opt);
	dev->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (dev->stop_fd < 0)
		return -errno;
	ret = socket_listen(dev);
	if (ret == 0) {
		ret = -pthread_create(&dev->thread, NULL, socket_main, dev);
		if (ret == 0)
			return 0;
		close(dev->listen_fd);
	}
	fprintf(stderr, "vnic-perf: device %s: %s: %s\n", dev->name, dev->path,
		strerror(-ret));
	close(dev->stop_fd);
	return ret;
}

void
perf_device_close(struct perf_device *dev)
{
	uint64_t one = 1;

	if (write(dev->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(dev->thread, NULL);
	if (dev->conn_fd >= 0)
		connection_drop(dev);
	close(dev->listen_fd);
	close(dev->stop_fd);
	unlink(dev->path);
}
