/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_VHOST_SOCK_H
#define VNIC_VHOST_SOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * @file
 * UNIX stream sockets that never block past a deadline, raise no signal and
 * leak no descriptor to a child. Nothing here logs. A deadline is a time of
 * CLOCK_MONOTONIC in nanoseconds.
 */

/** Most descriptors that one vhost-user message carries. */
#define VNIC_VHOST_FDS_MAX 8

/** A socket that we listen on, and the file that we made for it. */
struct vnic_vhost_listener {
	int fd;
	dev_t dev;
	ino_t ino;
};

uint64_t
vnic_vhost_deadline(uint32_t timeout_ms);

/** @return 0 when @p fd has one of @p events, -ETIMEDOUT, or -errno. */
int
vnic_vhost_wait(int fd, short events, uint64_t deadline);

/**
 * @return a connected descriptor; -ENOENT no such file, -ENOTSOCK it is no
 *   socket, -ECONNREFUSED nobody listens, -EACCES no permission, -ETIMEDOUT.
 */
int
vnic_vhost_connect(const char *path, uint64_t deadline);

/**
 * Listen at @p path; a socket file left there by a dead process is replaced.
 *
 * @return 0; -EADDRINUSE somebody listens there, -ENOTSOCK a file that is no
 *   socket is in the way, or -errno.
 */
int
vnic_vhost_listen(const char *path, struct vnic_vhost_listener *l);

/** Close; removes the file at @p path if it is still the one we made. */
void
vnic_vhost_unlisten(const char *path, struct vnic_vhost_listener *l);

/** @return a connected descriptor, -ETIMEDOUT, or -errno. */
int
vnic_vhost_accept(const struct vnic_vhost_listener *l, uint64_t deadline);

/** Send all of @p buf. @return 0, -ENODEV peer gone, -ETIMEDOUT, -errno. */
int
vnic_vhost_send(int fd, const void *buf, size_t len, const int *fds,
		unsigned int nr_fds, uint64_t deadline);

/**
 * Receive exactly @p len bytes. Descriptors that come with them go to @p fds,
 * at most *@p nr_fds, which becomes how many there were.
 *
 * @return 0; -ENODEV peer gone; -ETIMEDOUT; -EPROTO more descriptors came
 *   than wanted. On error all descriptors received are closed.
 */
int
vnic_vhost_recv(int fd, void *buf, size_t len, int *fds, unsigned int *nr_fds,
		uint64_t deadline);

/** Close *@p fd if it is one, and make it -1. */
void
vnic_vhost_close(int *fd);

#endif /* VNIC_VHOST_SOCK_H */
