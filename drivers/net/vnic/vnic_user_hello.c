/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_errno.h>

#include "vnic_log.h"
#include "vnic_vhost_user.h"

#define BIT(n) (UINT64_C(1) << (n))

/** VHOST_F_LOG_ALL: a live migration's, which a PMD does not do. */
#define VHOST_F_LOG_ALL 26

/* Bits that mean nothing between an eventfd and a shared address space, or
 * that are agreed beside the driver.
 */
#define FEATURES_NEVER (BIT(VIRTIO_F_NOTIFY_ON_EMPTY) | \
	BIT(VHOST_F_LOG_ALL) | BIT(VHOST_USER_F_PROTOCOL_FEATURES) | \
	BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_F_SR_IOV) | \
	BIT(VIRTIO_F_NOTIFICATION_DATA) | BIT(VIRTIO_F_NOTIF_CONFIG_DATA) | \
	BIT(VIRTIO_F_RING_RESET) | BIT(VIRTIO_F_ADMIN_VQ) | \
	BIT(VIRTIO_F_SUSPEND) | BIT(VIRTIO_NET_F_STANDBY))

/* Most back ends offer CTRL_VQ and serve it not: lib/vhost leaves it to the
 * application, and none of DPDK's own looks at it.
 */
#define FEATURES_CTRL_VQ (BIT(VIRTIO_NET_F_CTRL_VQ) | \
	BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT(VIRTIO_NET_F_CTRL_RX) | \
	BIT(VIRTIO_NET_F_CTRL_VLAN) | BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) | \
	BIT(VIRTIO_NET_F_GUEST_ANNOUNCE) | \
	BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) | \
	BIT(VIRTIO_NET_F_DEVICE_STATS) | BIT(VIRTIO_NET_F_HASH_TUNNEL) | \
	BIT(VIRTIO_NET_F_VQ_NOTF_COAL) | BIT(VIRTIO_NET_F_NOTF_COAL) | \
	BIT(VIRTIO_NET_F_HASH_REPORT) | BIT(VIRTIO_NET_F_RSS))

/* Each describes fields of a configuration space that only CONFIG carries. */
#define FEATURES_CONFIG (BIT(VIRTIO_NET_F_MTU) | \
	BIT(VIRTIO_NET_F_SPEED_DUPLEX) | BIT(VIRTIO_NET_F_HASH_REPORT) | \
	BIT(VIRTIO_NET_F_RSS))

#define PROTO_WANTED (BIT(VHOST_USER_PROTOCOL_F_MQ) | \
	BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
	BIT(VHOST_USER_PROTOCOL_F_CONFIG) | \
	BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) | \
	BIT(VHOST_USER_PROTOCOL_F_RESET_DEVICE) | \
	BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) | \
	BIT(VHOST_USER_PROTOCOL_F_STATUS))

/** Where a back end names no bound; each slot costs it a mapping. */
#define MEM_SLOTS_MAX 4096

uint64_t
vnic_user_features_offer(const struct vnic_user *user,
			 const struct vnic_user_conn *conn)
{
	const struct vnic_args *args = &user->dev->args;
	bool config = vnic_vhost_has(&conn->chan,
		VHOST_USER_PROTOCOL_F_CONFIG);
	uint64_t f = conn->features & ~FEATURES_NEVER;

	if (!user->cq)
		f &= ~FEATURES_CTRL_VQ;
	if (!config)
		f &= ~FEATURES_CONFIG;
	/* The address is ours to tell unless the back end has one. */
	if (!config || args->has_mac)
		f |= BIT(VIRTIO_NET_F_MAC);
	if (user->pairs < 2)
		f &= ~BIT(VIRTIO_NET_F_MQ);
	if (!args->mrg_rxbuf)
		f &= ~BIT(VIRTIO_NET_F_MRG_RXBUF);
	if (!args->in_order)
		f &= ~BIT(VIRTIO_F_IN_ORDER);
	if (!args->packed_vq)
		f &= ~BIT(VIRTIO_F_RING_PACKED);
	return f;
}

/** A channel on which the back end announces changes of its configuration. */
static int
vnic_user_hello_events(struct vnic_user_conn *conn)
{
	int pair[2];
	int ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			pair) != 0) {
		ret = -errno;
		VNIC_LOG(ERR, "%s: no socket pair for the back end's requests: %s",
			conn->chan.name, rte_strerror(-ret));
		return ret;
	}
	/* The back end may expect its end to block. */
	fcntl(pair[1], F_SETFL, fcntl(pair[1], F_GETFL) & ~O_NONBLOCK);
	ret = vnic_vhost_set(&conn->chan, VHOST_USER_SET_BACKEND_REQ_FD, NULL,
		0, &pair[1], 1);
	close(pair[1]);
	if (ret != 0) {
		close(pair[0]);
		return ret;
	}
	conn->event_fd = pair[0];
	return 0;
}

static int
vnic_user_hello_proto(struct vnic_user_conn *conn)
{
	struct vnic_vhost_chan *chan = &conn->chan;
	uint64_t offered, wanted = PROTO_WANTED;
	int ret;

	if ((conn->features & BIT(VHOST_USER_F_PROTOCOL_FEATURES)) == 0)
		return 0;
	ret = vnic_vhost_get_u64(chan, VHOST_USER_GET_PROTOCOL_FEATURES,
		UINT64_MAX, &offered);
	if (ret != 0)
		return ret;
	if (offered & BIT(VHOST_USER_PROTOCOL_F_CONFIG))
		wanted |= BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ);
	wanted &= offered;
	ret = vnic_vhost_set_u64(chan, VHOST_USER_SET_PROTOCOL_FEATURES,
		wanted);
	if (ret == 0)
		chan->proto = wanted;
	return ret;
}

/** Numbers that a back end bounds us with, themselves bounded. */
static int
vnic_user_hello_limits(struct vnic_user_conn *conn)
{
	struct vnic_vhost_chan *chan = &conn->chan;
	uint64_t n;
	int ret;

	if (vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_MQ)) {
		ret = vnic_vhost_get_u64(chan, VHOST_USER_GET_QUEUE_NUM,
			VIRTIO_NET_PAIRS_MAX, &n);
		if (ret != 0)
			return ret;
		conn->pairs = RTE_MIN(n, (uint64_t)VNIC_QUEUE_PAIRS_MAX);
	}
	if (vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)) {
		ret = vnic_vhost_get_u64(chan, VHOST_USER_GET_MAX_MEM_SLOTS,
			UINT64_MAX, &n);
		if (ret != 0)
			return ret;
		conn->mem_slots = RTE_MIN(n, (uint64_t)MEM_SLOTS_MAX);
	}
	if (vnic_vhost_has(chan, VHOST_USER_PROTOCOL_F_BACKEND_REQ))
		return vnic_user_hello_events(conn);
	return 0;
}

static int
vnic_user_hello_pairs(const struct vnic_user *user,
		      const struct vnic_user_conn *conn)
{
	uint16_t queues = user->dev->args.queues;

	if (queues <= conn->pairs)
		return 0;
	VNIC_VHOST_LOG(&conn->chan, "queues=%u is more than the back end at %s has; it has %u, give queues=%u or less",
		queues, user->dev->args.path, conn->pairs,
		conn->pairs);
	return -EINVAL;
}

int
vnic_user_hello(struct vnic_user *user, struct vnic_user_conn *conn)
{
	int ret;

	ret = vnic_vhost_get_u64(&conn->chan, VHOST_USER_GET_FEATURES,
		UINT64_MAX, &conn->features);
	if (ret == 0)
		ret = vnic_user_hello_proto(conn);
	if (ret == 0)
		ret = vnic_vhost_set(&conn->chan, VHOST_USER_SET_OWNER, NULL,
			0, NULL, 0);
	if (ret == 0)
		ret = vnic_user_hello_limits(conn);
	if (ret == 0)
		ret = vnic_user_hello_pairs(user, conn);
	return ret;
}

int
vnic_user_hello_again(const struct vnic_user *user,
		      const struct vnic_user_conn *conn)
{
	uint64_t lost = user->agreed & ~vnic_user_features_offer(user, conn);

	if (lost == 0)
		return 0;
	VNIC_VHOST_LOG(&conn->chan, "the back end at %s came back without features 0x%" PRIx64 " that were agreed; start it with its former settings",
		user->dev->args.path, lost);
	return -ENOTSUP;
}
