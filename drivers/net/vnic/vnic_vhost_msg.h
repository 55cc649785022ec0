/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_VHOST_MSG_H
#define VNIC_VHOST_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vhost_user_proto.h>

#include "vnic_log.h"

/**
 * @file
 * Conversation with a vhost-user back end: one request at a time, each with a
 * deadline, each reply checked whole before anything of it is used. A failure
 * after which the stream may be out of step breaks the channel: it is shut
 * down at once and all later calls return -ENODEV.
 *
 * Every function returns 0 or, after one log line, -ENODEV (the back end hung
 * up), -ETIMEDOUT, -EPROTO (it answered nonsense), -EIO (it refused).
 */

struct vnic_vhost_chan {
	int fd;			/**< -1: not connected */
	bool broken;
	int error;		/**< why: a negative errno */
	bool quiet;		/**< log at debug level: a repeated attempt */
	uint32_t timeout_ms;	/**< for one request and its reply */
	uint64_t proto;		/**< protocol features agreed */
	const char *name;	/**< of the port, for the log */
};

/** One line on a channel's trouble. */
#define VNIC_VHOST_LOG(chan, fmt, ...) \
	rte_log((chan)->quiet ? RTE_LOG_DEBUG : RTE_LOG_ERR, vnic_logtype, \
		"vnic: %s: " fmt "\n", (chan)->name, ##__VA_ARGS__)

static inline bool
vnic_vhost_has(const struct vnic_vhost_chan *chan, unsigned int proto_bit)
{
	return (chan->proto >> proto_bit) & 1;
}

/** The protocol's name of a request ("SET_MEM_TABLE"), never NULL. */
const char *
vnic_vhost_request_name(uint32_t request);

/**
 * Send a request that has no reply of its own, and wait until the back end
 * says that it is done where REPLY_ACK was agreed.
 */
int
vnic_vhost_set(struct vnic_vhost_chan *chan, uint32_t request,
	       const void *payload, size_t size, const int *fds,
	       unsigned int nr_fds);

int
vnic_vhost_set_u64(struct vnic_vhost_chan *chan, uint32_t request,
		   uint64_t value);

int
vnic_vhost_set_state(struct vnic_vhost_chan *chan, uint32_t request,
		     uint32_t index, uint32_t num);

/** Request and reply of a number; @p max bounds it. */
int
vnic_vhost_get_u64(struct vnic_vhost_chan *chan, uint32_t request,
		   uint64_t max, uint64_t *value);

/** Stop a ring: its next index, taken from the reply, goes to *@p num. */
int
vnic_vhost_get_base(struct vnic_vhost_chan *chan, uint32_t index,
		    uint32_t *num);

/**
 * Read @p len bytes at @p off of the configuration space.
 *
 * @return also -EINVAL: the back end says that there is no such range.
 */
int
vnic_vhost_get_config(struct vnic_vhost_chan *chan, size_t off, void *dst,
		      size_t len);

/** Ask for an inflight area; *@p fd is the caller's to close. */
int
vnic_vhost_get_inflight(struct vnic_vhost_chan *chan,
			struct vhost_user_inflight *area, int *fd);

/** Give up on the stream; wakes whoever waits for a hang-up. */
void
vnic_vhost_break(struct vnic_vhost_chan *chan, int error);

#endif /* VNIC_VHOST_MSG_H */
