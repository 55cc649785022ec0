/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_errno.h>

#include "vnic_args.h"
#include "vnic_device.h"
#include "vnic_log.h"
#include "vnic_vhost_user.h"

/* Waits before an attempt to connect double, also over connections that did
 * not last: a back end that comes to go costs no CPU and fills no log.
 */
#define BACKOFF_MIN_MS 1
#define BACKOFF_MAX_MS 1000
/** Payload of a back end's request: nothing that we know needs more. */
#define EVENT_PAYLOAD_MAX 64

void
vnic_user_conn_init(struct vnic_user *user, struct vnic_user_conn *conn)
{
	*conn = (struct vnic_user_conn){
		.chan = {
			.fd = -1,
			.timeout_ms = user->dev->args.server ?
				VNIC_MESSAGE_TIMEOUT_MS :
				user->dev->args.connect_timeout_ms,
			.name = user->dev->name,
		},
		.event_fd = -1,
		.pairs = 1,
	};
}

void
vnic_user_conn_close(struct vnic_user_conn *conn)
{
	vnic_vhost_close(&conn->chan.fd);
	vnic_vhost_close(&conn->event_fd);
	vnic_vhost_mem_free(&conn->mem);
}

static const char *
vnic_user_open_cure(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no such socket; start the back end first, give the right path=, or server=1";
	case -ECONNREFUSED:
		return "nobody listens there; start the back end";
	case -EACCES:
		return "no permission on the socket or its folder; change its owner or mode";
	case -ENOTSOCK:
		return "the file is no socket; give the path of a vhost-user back end's";
	case -EADDRINUSE:
		return "somebody listens there; give another path=, or no server=1";
	case -ETIMEDOUT:
		return "no back end connected in time; connect_timeout_ms= gives it longer";
	default:
		return strerror(-err);
	}
}

static int
vnic_user_open_failed(const struct vnic_user *user, const char *what, int err)
{
	VNIC_LOG(ERR, "%s: cannot %s path=%s: %s", user->dev->name, what,
		user->dev->args.path, vnic_user_open_cure(err));
	return err;
}

static int
vnic_user_open_server(struct vnic_user *user)
{
	const struct vnic_args *args = &user->dev->args;
	int ret;

	ret = vnic_vhost_listen(args->path, &user->listener);
	if (ret != 0)
		return vnic_user_open_failed(user, "listen at", ret);
	VNIC_LOG(NOTICE, "%s: waiting up to %u ms for a back end to connect to %s",
		user->dev->name, args->connect_timeout_ms, args->path);
	ret = vnic_vhost_accept(&user->listener,
		vnic_vhost_deadline(args->connect_timeout_ms));
	if (ret < 0)
		return vnic_user_open_failed(user, "serve", ret);
	return ret;
}

static int
vnic_user_open_client(struct vnic_user *user)
{
	const struct vnic_args *args = &user->dev->args;
	int ret = vnic_vhost_connect(args->path,
		vnic_vhost_deadline(args->connect_timeout_ms));

	return ret < 0 ? vnic_user_open_failed(user, "connect to", ret) : ret;
}

int
vnic_user_open(struct vnic_user *user)
{
	struct vnic_user_conn *conn = &user->conn;
	int ret;

	vnic_user_conn_init(user, conn);
	ret = user->dev->args.server ? vnic_user_open_server(user) :
		vnic_user_open_client(user);
	if (ret < 0)
		return ret;
	conn->chan.fd = ret;
	ret = vnic_user_hello(user, conn);
	if (ret != 0) {
		vnic_user_conn_close(conn);
		return ret;
	}
	user->connected = true;
	return 0;
}

/** Before an attempt. @return true if the monitor is to end. */
static bool
vnic_user_pause(struct vnic_user *user, int wait_ms)
{
	struct pollfd p[2] = {
		{ .fd = user->wake_fd, .events = POLLIN },
		{ .fd = user->listener.fd, .events = POLLIN },
	};

	poll(p, 1, wait_ms);
	if (!user->closing && user->listener.fd >= 0)
		poll(p, 2, -1);
	return user->closing;
}

/** Absence is no news: -ETIMEDOUT is a listener that does not accept. */
static bool
vnic_user_is_absent(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -ETIMEDOUT;
}

/** One attempt; failures of a series are logged once. */
static int
vnic_user_reopen(struct vnic_user *user, struct vnic_user_conn *conn,
		 bool quiet)
{
	const struct vnic_args *args = &user->dev->args;
	int ret;

	vnic_user_conn_init(user, conn);
	conn->chan.quiet = quiet;
	if (args->server)
		ret = vnic_vhost_accept(&user->listener,
			vnic_vhost_deadline(0));
	else
		ret = vnic_vhost_connect(args->path,
			vnic_vhost_deadline(conn->chan.timeout_ms));
	if (ret < 0)
		return quiet || vnic_user_is_absent(ret) ? ret :
			vnic_user_open_failed(user, args->server ?
				"accept at" : "connect again to", ret);
	conn->chan.fd = ret;
	ret = vnic_user_hello(user, conn);
	if (ret == 0)
		ret = vnic_user_hello_again(user, conn);
	conn->chan.quiet = false;
	if (ret != 0)
		vnic_user_conn_close(conn);
	return ret;
}

static void
vnic_user_up(struct vnic_user *user, struct vnic_user_conn *conn)
{
	int ret;

	pthread_mutex_lock(&user->lock);
	user->conn = *conn;
	user->connected = true;
	pthread_mutex_unlock(&user->lock);
	VNIC_LOG(NOTICE, "%s: back end at %s is back", user->dev->name,
		user->dev->args.path);
	ret = vnic_event_backend(user->dev, true);
	if (ret == 0)
		return;
	pthread_mutex_lock(&user->lock);
	vnic_vhost_break(&user->conn.chan, ret);
	pthread_mutex_unlock(&user->lock);
}

static void
vnic_user_down(struct vnic_user *user)
{
	unsigned int i;

	pthread_mutex_lock(&user->lock);
	user->connected = false;
	vnic_user_conn_close(&user->conn);
	for (i = 0; i < user->nr_rings; i++) {
		user->rings[i].owned = false;
		user->rings[i].enabled = false;
	}
	pthread_mutex_unlock(&user->lock);
	VNIC_LOG(NOTICE, "%s: back end at %s hung up, waiting for it",
		user->dev->name, user->dev->args.path);
	vnic_event_backend(user->dev, false);
}

/** Answer, where the back end wants it, that its request was (not) heeded. */
static int
vnic_user_event_reply(int fd, struct vhost_user_hdr hdr, bool heeded)
{
	struct {
		struct vhost_user_hdr hdr;
		uint64_t status;
	} __attribute__((packed)) reply = { .hdr = hdr, .status = heeded ? 0 : 1 };

	if ((hdr.flags & VHOST_USER_NEED_REPLY) == 0)
		return 0;
	reply.hdr.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	reply.hdr.size = sizeof(reply.status);
	return vnic_vhost_send(fd, &reply, sizeof(reply), NULL, 0,
		vnic_vhost_deadline(VNIC_MESSAGE_TIMEOUT_MS));
}

/** Serve one request of the back end's; not 0 if it makes no sense. */
static int
vnic_user_event_serve(struct vnic_user *user, int fd)
{
	uint64_t deadline = vnic_vhost_deadline(VNIC_MESSAGE_TIMEOUT_MS);
	uint8_t payload[EVENT_PAYLOAD_MAX];
	struct vhost_user_hdr hdr;
	bool heeded;
	int ret;

	ret = vnic_vhost_recv(fd, &hdr, sizeof(hdr), NULL, NULL, deadline);
	if (ret != 0)
		return ret;
	if (hdr.size > sizeof(payload) || (hdr.flags &
			VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION)
		return -EPROTO;
	ret = vnic_vhost_recv(fd, payload, hdr.size, NULL, NULL, deadline);
	if (ret != 0)
		return ret;
	heeded = hdr.request == VHOST_USER_BACKEND_CONFIG_CHANGE_MSG;
	if (heeded)
		vnic_event_config_changed(user->dev);
	return vnic_user_event_reply(fd, hdr, heeded);
}

static void
vnic_user_event(struct vnic_user *user)
{
	int ret = vnic_user_event_serve(user, user->conn.event_fd);

	if (ret == 0)
		return;
	if (ret != -ENODEV)
		VNIC_LOG(WARNING, "%s: request of the back end's that makes no sense (%s); no more of them are heard",
			user->dev->name, strerror(-ret));
	pthread_mutex_lock(&user->lock);
	vnic_vhost_close(&user->conn.event_fd);
	pthread_mutex_unlock(&user->lock);
}

/** Until the back end hangs up, or the monitor is to end. */
static void
vnic_user_watch(struct vnic_user *user)
{
	struct pollfd p[3] = {
		{ .fd = user->wake_fd, .events = POLLIN },
		{ .fd = user->conn.chan.fd, .events = POLLRDHUP },
	};

	while (!user->closing) {
		p[2] = (struct pollfd){
			.fd = user->conn.event_fd, .events = POLLIN };
		if (poll(p, RTE_DIM(p), -1) < 0)
			continue;
		if (p[1].revents != 0)
			return;
		if (p[2].revents != 0)
			vnic_user_event(user);
	}
}

static void
vnic_user_reconnect(struct vnic_user *user, int *wait_ms)
{
	struct vnic_user_conn conn;
	bool quiet = false;
	int ret;

	while (!vnic_user_pause(user, *wait_ms)) {
		*wait_ms = RTE_MIN(*wait_ms * 2, BACKOFF_MAX_MS);
		ret = vnic_user_reopen(user, &conn, quiet);
		if (ret == 0) {
			vnic_user_up(user, &conn);
			return;
		}
		/* A back end of no use is news, once. */
		if (!vnic_user_is_absent(ret))
			quiet = true;
	}
}

static vnic_thread_ret_t
vnic_user_monitor(void *arg)
{
	struct vnic_user *user = arg;
	int wait_ms = BACKOFF_MIN_MS;
	uint64_t lasting;

	while (!user->closing) {
		lasting = vnic_vhost_deadline(BACKOFF_MAX_MS);
		vnic_user_watch(user);
		if (user->closing)
			break;
		if (vnic_vhost_deadline(0) > lasting)
			wait_ms = BACKOFF_MIN_MS;
		vnic_user_down(user);
		vnic_user_reconnect(user, &wait_ms);
	}
	return VNIC_THREAD_DONE;
}

int
vnic_user_monitor_start(struct vnic_user *user)
{
	int ret = vnic_thread_create(&user->monitor, "vnic-vhost",
		vnic_user_monitor, user);

	if (ret != 0) {
		VNIC_LOG(ERR, "%s: no thread to watch the back end: %s",
			user->dev->name, rte_strerror(ret < 0 ? -ret : ret));
		return -EAGAIN;
	}
	user->monitored = true;
	return 0;
}

void
vnic_user_monitor_stop(struct vnic_user *user)
{
	if (!user->monitored)
		return;
	user->closing = true;
	eventfd_write(user->wake_fd, 1);
	vnic_thread_join(user->monitor);
	user->monitored = false;
}
