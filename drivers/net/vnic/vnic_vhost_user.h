/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_VHOST_USER_H
#define VNIC_VHOST_USER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <vhost_user_proto.h>

#include "vnic.h"
#include "vnic_compat_thread.h"
#include "vnic_vhost_mem.h"
#include "vnic_vhost_msg.h"
#include "vnic_vhost_sock.h"

/**
 * @file
 * The vhost-user front end of one port: what it knows of its back end.
 *
 * Two threads meet here: whoever runs a transport operation, and the monitor,
 * which alone opens and closes connections once the port is probed. What they
 * share is under @p lock. Order of locks: the device's control lock, EAL's
 * memory lock, @p lock. No event is raised with @p lock held.
 *
 * While the back end is away operations succeed and are remembered: the port
 * can be configured and started, and vnic_event_backend(up) hands its rings
 * over when the back end is there.
 */

/** Bytes of configuration space that are remembered over a hang-up. */
#define VNIC_USER_CONFIG_LEN 64

/** One connection, from handshake to hang-up. */
struct vnic_user_conn {
	struct vnic_vhost_chan chan;
	int event_fd;		/**< back end's requests, -1 without */
	uint64_t features;	/**< the back end's, as it gave them */
	uint64_t mem_slots;	/**< 0: whole tables only */
	uint16_t pairs;		/**< most queue pairs of the back end */

	struct vnic_vhost_mem mem;	/**< what the back end has mapped */
	bool inflight_set;	/**< an area is handed over since the last reset */
};

struct vnic_user_ring {
	int kick_fd;
	int call_fd;
	bool owned;		/**< the back end works on it */
	bool enabled;
};

struct vnic_user {
	struct vnic_dev *dev;
	bool cq;		/**< the back end serves a control queue */
	struct vnic_vhost_listener listener;	/**< server mode */

	vnic_thread_t monitor;
	bool monitored;
	int wake_fd;		/**< ends the monitor's waits */
	volatile bool closing;

	pthread_mutex_t lock;
	struct vnic_user_conn conn;
	bool connected;

	/* What the driver decided; outlives a connection. */
	uint64_t offered;	/**< features reported at probe */
	uint64_t agreed;
	uint8_t status;
	uint16_t pairs;
	struct rte_ether_addr mac;	/**< if the back end has none */
	uint8_t config[VNIC_USER_CONFIG_LEN];	/**< as last read */
	uint64_t config_known;	/**< a bit for each byte of it */
	uint16_t nr_rings;
	struct vnic_user_ring *rings;
};

static inline struct vnic_user *
vnic_user(const struct vnic_dev *dev)
{
	return dev->priv;
}

/* vnic_vhost_user.c */

/**
 * Create the front end of @p dev (its args filled in) and connect. Undone by
 * the transport's close operation.
 *
 * @return 0; -ENOENT, -ECONNREFUSED, -EACCES, -ENOTSOCK, -ETIMEDOUT, -EPROTO,
 *   -ENODEV, -EINVAL (more queues than the back end has), each logged once.
 */
int
vnic_user_create(struct vnic_dev *dev, bool cq);

/** Create the doorbell and call descriptors of a ring if it has none yet. */
int
vnic_user_ring_fds(struct vnic_user *user, uint16_t index);

/* vnic_user_sock.c */

/** First connection: in server mode listens and waits for a back end. */
int
vnic_user_open(struct vnic_user *user);

/** Start and stop the thread that watches the connection. */
int
vnic_user_monitor_start(struct vnic_user *user);
void
vnic_user_monitor_stop(struct vnic_user *user);

void
vnic_user_conn_init(struct vnic_user *user, struct vnic_user_conn *conn);
void
vnic_user_conn_close(struct vnic_user_conn *conn);

/* vnic_user_hello.c: features and protocol features */

/** Features, protocol features and limits of a back end just connected. */
int
vnic_user_hello(struct vnic_user *user, struct vnic_user_conn *conn);

/** A back end that came back: -ENOTSUP if it lacks an agreed feature. */
int
vnic_user_hello_again(const struct vnic_user *user,
		      const struct vnic_user_conn *conn);

/** What the driver may be offered of the back end's @p features. */
uint64_t
vnic_user_features_offer(const struct vnic_user *user,
			 const struct vnic_user_conn *conn);

/** SET_FEATURES for @p agreed: without the bits that are only ours. */
static inline uint64_t
vnic_user_features_sent(uint64_t agreed, const struct vnic_user_conn *conn)
{
	return (agreed & conn->features) | (conn->features &
		(UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES));
}

/* vnic_user_intr.c: operations as vnic_transport.h says */

uint16_t
vnic_user_intr_max(const struct vnic_dev *dev);
int
vnic_user_intr_fd(const struct vnic_dev *dev, uint16_t queue_id);

/* vnic_user_mem.c */

int
vnic_user_mem_start(struct vnic_user *user);
void
vnic_user_mem_stop(struct vnic_user *user);

/** EAL's memory lock, then user->lock; and back. */
void
vnic_user_mem_lock(struct vnic_user *user);
void
vnic_user_mem_unlock(struct vnic_user *user);

/**
 * Keep the back end off all rings that are in use, or let it on again, under
 * user->lock. Without protocol features rings cannot be paused: nothing done.
 *
 * @return 0, an error of vnic_vhost_set_state
 */
int
vnic_user_rings_pause(struct vnic_user *user, bool pause);

/** Make the back end map what EAL has; under the two locks. */
int
vnic_user_mem_sync(struct vnic_user *user);

/* vnic_user_mp.c */

/** The descriptor of a ring's doorbell, or a negative errno. */
typedef int (*vnic_user_mp_kick_t)(struct vnic_dev *dev, uint16_t index);

/** Primary: let secondary processes have the doorbells of a port. */
int
vnic_user_mp_add(struct vnic_dev *dev, vnic_user_mp_kick_t kick);
void
vnic_user_mp_del(uint16_t port_id);

/**
 * Secondary: a descriptor of its own for the doorbell of @p index; stays this
 * file's, until vnic_user_mp_forget.
 */
int
vnic_user_mp_kick_fd(const struct vnic_dev *dev, uint16_t index, int *fd);
void
vnic_user_mp_forget(uint16_t port_id);
/** vnic_user_mp_kick_t of a socket's front end. */
int
vnic_user_kick_fd(struct vnic_dev *dev, uint16_t index);

#endif /* VNIC_VHOST_USER_H */
