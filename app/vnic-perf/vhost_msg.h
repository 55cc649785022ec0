/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_VHOST_MSG_H
#define PERF_VHOST_MSG_H

#include "device.h"

/** @file One vhost-user request and what it does to the device. */

struct vhost_call {
	struct vhost_user_hdr hdr;
	union vhost_user_payload payload;
	bool replied; /**< the payload is the answer */
	unsigned int nr_fds;
	int fd[VHOST_USER_MEM_TABLE_REGIONS]; /**< -1 once taken over */
};

/** Act on the request; a file descriptor not taken over stays in `call`. */
int vhost_call_serve(struct perf_device *dev, struct vhost_call *call);

/** Forget what a connection had set up, queues first. */
void vhost_state_reset(struct perf_device *dev);

/** Feature bits of the layout that the user chose. */
uint64_t vhost_features_offered(const struct perf_options *opt);

/** The control queue's place depends on the number of pairs (5.1.2). */
struct perf_vq *vhost_ctrl_vq(struct perf_device *dev);

#endif /* PERF_VHOST_MSG_H */
