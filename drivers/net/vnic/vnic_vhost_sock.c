/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "vnic_vhost_sock.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
/** Between attempts while the listener's backlog is full. */
#define BACKLOG_RETRY_NS (2 * NS_PER_MS)

static uint64_t
vnic_vhost_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t
vnic_vhost_deadline(uint32_t timeout_ms)
{
	return vnic_vhost_now() + timeout_ms * NS_PER_MS;
}

int
vnic_vhost_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	struct timespec left;
	uint64_t now, ns;
	int ret;

	do {
		now = vnic_vhost_now();
		ns = now < deadline ? deadline - now : 0;
		left.tv_sec = ns / NS_PER_S;
		left.tv_nsec = ns % NS_PER_S;
		ret = ppoll(&p, 1, &left, NULL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return ret == 0 ? -ETIMEDOUT : 0;
}

void
vnic_vhost_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int
vnic_vhost_address(const char *path, struct sockaddr_un *un)
{
	size_t len = strlen(path);

	if (len >= sizeof(un->sun_path))
		return -ENAMETOOLONG;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, len);
	return 0;
}

static int
vnic_vhost_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/** A full backlog is EAGAIN on a UNIX socket, and poll cannot wait for it. */
static int
vnic_vhost_connect_retry(int fd, const struct sockaddr_un *un,
			 uint64_t deadline)
{
	const struct timespec pause = { .tv_nsec = BACKLOG_RETRY_NS };

	while (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (vnic_vhost_now() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int
vnic_vhost_connect(const char *path, uint64_t deadline)
{
	struct sockaddr_un un;
	struct stat st;
	int fd, ret;

	ret = vnic_vhost_address(path, &un);
	if (ret != 0)
		return ret;
	if (stat(path, &st) != 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = vnic_vhost_socket();
	if (fd < 0)
		return fd;
	ret = vnic_vhost_connect_retry(fd, &un, deadline);
	if (ret != 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/** Nobody listens at a socket file: its process died without removing it. */
static int
vnic_vhost_unlink_stale(const char *path)
{
	int fd = vnic_vhost_connect(path, vnic_vhost_deadline(0));

	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd == -ETIMEDOUT)
		return -EADDRINUSE;
	if (fd != -ECONNREFUSED)
		return fd;
	return unlink(path) == 0 ? 0 : -errno;
}

static int
vnic_vhost_bind(int fd, const char *path, const struct sockaddr_un *un)
{
	int ret;

	if (bind(fd, (const struct sockaddr *)un, sizeof(*un)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	ret = vnic_vhost_unlink_stale(path);
	if (ret != 0)
		return ret;
	return bind(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 ?
		0 : -errno;
}

int
vnic_vhost_listen(const char *path, struct vnic_vhost_listener *l)
{
	struct sockaddr_un un;
	struct stat st;
	int fd, ret;

	ret = vnic_vhost_address(path, &un);
	if (ret != 0)
		return ret;
	fd = vnic_vhost_socket();
	if (fd < 0)
		return fd;
	ret = vnic_vhost_bind(fd, path, &un);
	if (ret == 0 && (listen(fd, 1) != 0 || stat(path, &st) != 0)) {
		ret = -errno;
		unlink(path);
	}
	if (ret != 0) {
		close(fd);
		return ret;
	}
	*l = (struct vnic_vhost_listener){
		.fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

void
vnic_vhost_unlisten(const char *path, struct vnic_vhost_listener *l)
{
	struct stat st;

	if (l->fd < 0)
		return;
	if (stat(path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(path);
	vnic_vhost_close(&l->fd);
}

int
vnic_vhost_accept(const struct vnic_vhost_listener *l, uint64_t deadline)
{
	int fd, ret;

	for (;;) {
		ret = vnic_vhost_wait(l->fd, POLLIN, deadline);
		if (ret != 0)
			return ret;
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return -errno;
	}
}

static bool
vnic_vhost_peer_gone(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN;
}

/** After a failed send or receive: 0 to try again, or the error. */
static int
vnic_vhost_again(int fd, short events, uint64_t deadline)
{
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN)
		return vnic_vhost_wait(fd, events, deadline);
	return vnic_vhost_peer_gone(errno) ? -ENODEV : -errno;
}

union vnic_vhost_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(VNIC_VHOST_FDS_MAX * sizeof(int))];
};

static void
vnic_vhost_attach_fds(struct msghdr *mh, union vnic_vhost_control *control,
		      const int *fds, unsigned int nr_fds)
{
	struct cmsghdr *cmsg;

	memset(control, 0, sizeof(*control));
	mh->msg_control = control->buf;
	mh->msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
	cmsg = CMSG_FIRSTHDR(mh);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
}

int
vnic_vhost_send(int fd, const void *buf, size_t len, const int *fds,
		unsigned int nr_fds, uint64_t deadline)
{
	struct iovec iov = {
		.iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union vnic_vhost_control control;
	ssize_t sent;
	int ret;

	if (nr_fds > VNIC_VHOST_FDS_MAX)
		return -EINVAL;
	if (nr_fds > 0)
		vnic_vhost_attach_fds(&mh, &control, fds, nr_fds);
	while (iov.iov_len > 0) {
		sent = sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0) {
			ret = vnic_vhost_again(fd, POLLOUT, deadline);
			if (ret != 0)
				return ret;
			continue;
		}
		iov.iov_base = (char *)iov.iov_base + sent;
		iov.iov_len -= sent;
		/* They went with the first byte. */
		mh.msg_control = NULL;
		mh.msg_controllen = 0;
	}
	return 0;
}

/** Descriptors gathered while one message is received. */
struct vnic_vhost_catch {
	int fds[VNIC_VHOST_FDS_MAX];
	unsigned int nr;
	bool overflow;
};

static void
vnic_vhost_catch_one(struct vnic_vhost_catch *c, int fd)
{
	if (c->nr < VNIC_VHOST_FDS_MAX) {
		c->fds[c->nr++] = fd;
		return;
	}
	close(fd);
	c->overflow = true;
}

static void
vnic_vhost_catch_fds(struct vnic_vhost_catch *c, struct msghdr *mh)
{
	struct cmsghdr *cmsg;
	size_t n, i;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
				sizeof(fd));
			vnic_vhost_catch_one(c, fd);
		}
	}
	/* Those that found no room here the kernel has closed. */
	if (mh->msg_flags & MSG_CTRUNC)
		c->overflow = true;
}

static int
vnic_vhost_recv_all(int fd, void *buf, size_t len, struct vnic_vhost_catch *c,
		    uint64_t deadline)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	union vnic_vhost_control control;
	ssize_t got;
	int ret;

	while (iov.iov_len > 0) {
		struct msghdr mh = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf),
		};

		got = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got == 0)
			return -ENODEV;
		if (got < 0) {
			ret = vnic_vhost_again(fd, POLLIN, deadline);
			if (ret != 0)
				return ret;
			continue;
		}
		vnic_vhost_catch_fds(c, &mh);
		iov.iov_base = (char *)iov.iov_base + got;
		iov.iov_len -= got;
	}
	return 0;
}

int
vnic_vhost_recv(int fd, void *buf, size_t len, int *fds, unsigned int *nr_fds,
		uint64_t deadline)
{
	struct vnic_vhost_catch c = { .nr = 0 };
	unsigned int i, max = nr_fds ? *nr_fds : 0;
	int ret;

	ret = vnic_vhost_recv_all(fd, buf, len, &c, deadline);
	if (ret == 0 && (c.overflow || c.nr > max))
		ret = -EPROTO;
	for (i = 0; i < c.nr; i++) {
		if (ret == 0)
			fds[i] = c.fds[i];
		else
			close(c.fds[i]);
	}
	if (nr_fds != NULL)
		*nr_fds = ret == 0 ? c.nr : 0;
	return ret;
}
