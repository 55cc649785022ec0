/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VIRTIO_FEATURES_H
#define VIRTIO_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @file
 * Feature bits of virtio 1.4 (sections 2.2, 5.1.3 and 6) and a 128-bit set
 * of them. All functions here are pure and may be called from any thread.
 */

#define VIRTIO_FEATURES_BITS 128

/** Network device, section 5.1.3 (and 5.1.3.2 for the legacy bits). */
enum virtio_net_feature {
	VIRTIO_NET_F_CSUM = 0,
	VIRTIO_NET_F_GUEST_CSUM = 1,
	VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2,
	VIRTIO_NET_F_MTU = 3,
	VIRTIO_NET_F_MAC = 5,
	VIRTIO_NET_F_GSO = 6,
	VIRTIO_NET_F_GUEST_TSO4 = 7,
	VIRTIO_NET_F_GUEST_TSO6 = 8,
	VIRTIO_NET_F_GUEST_ECN = 9,
	VIRTIO_NET_F_GUEST_UFO = 10,
	VIRTIO_NET_F_HOST_TSO4 = 11,
	VIRTIO_NET_F_HOST_TSO6 = 12,
	VIRTIO_NET_F_HOST_ECN = 13,
	VIRTIO_NET_F_HOST_UFO = 14,
	VIRTIO_NET_F_MRG_RXBUF = 15,
	VIRTIO_NET_F_STATUS = 16,
	VIRTIO_NET_F_CTRL_VQ = 17,
	VIRTIO_NET_F_CTRL_RX = 18,
	VIRTIO_NET_F_CTRL_VLAN = 19,
	VIRTIO_NET_F_CTRL_RX_EXTRA = 20,
	VIRTIO_NET_F_GUEST_ANNOUNCE = 21,
	VIRTIO_NET_F_MQ = 22,
	VIRTIO_NET_F_CTRL_MAC_ADDR = 23,
	VIRTIO_NET_F_DEVICE_STATS = 50,
	VIRTIO_NET_F_HASH_TUNNEL = 51,
	VIRTIO_NET_F_VQ_NOTF_COAL = 52,
	VIRTIO_NET_F_NOTF_COAL = 53,
	VIRTIO_NET_F_GUEST_USO4 = 54,
	VIRTIO_NET_F_GUEST_USO6 = 55,
	VIRTIO_NET_F_HOST_USO = 56,
	VIRTIO_NET_F_HASH_REPORT = 57,
	VIRTIO_NET_F_GUEST_HDRLEN = 59,
	VIRTIO_NET_F_RSS = 60,
	VIRTIO_NET_F_RSC_EXT = 61,
	VIRTIO_NET_F_STANDBY = 62,
	VIRTIO_NET_F_SPEED_DUPLEX = 63,
	VIRTIO_NET_F_RSS_CONTEXT = 64,
	VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO = 65,
	VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM = 66,
	VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO = 67,
	VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM = 68,
	VIRTIO_NET_F_OUT_NET_HEADER = 69,
	VIRTIO_NET_F_IPSEC = 70,
};

/** Transport and ring, section 6 (and 6.3 for the legacy bits). */
enum virtio_feature {
	VIRTIO_F_NOTIFY_ON_EMPTY = 24,
	VIRTIO_F_ANY_LAYOUT = 27,
	VIRTIO_F_INDIRECT_DESC = 28,
	VIRTIO_F_EVENT_IDX = 29,
	VHOST_USER_F_PROTOCOL_FEATURES = 30,
	VIRTIO_F_VERSION_1 = 32,
	VIRTIO_F_ACCESS_PLATFORM = 33,
	VIRTIO_F_RING_PACKED = 34,
	VIRTIO_F_IN_ORDER = 35,
	VIRTIO_F_ORDER_PLATFORM = 36,
	VIRTIO_F_SR_IOV = 37,
	VIRTIO_F_NOTIFICATION_DATA = 38,
	VIRTIO_F_NOTIF_CONFIG_DATA = 39,
	VIRTIO_F_RING_RESET = 40,
	VIRTIO_F_ADMIN_VQ = 41,
	VIRTIO_F_SUSPEND = 43,
};

/** A set of feature bits; bit b is w[b / 64] >> (b % 64) & 1. */
struct virtio_features {
	uint64_t w[2];
};

static inline bool
virtio_features_has(const struct virtio_features *f, unsigned int bit)
{
	return (f->w[bit / 64] >> (bit % 64)) & 1;
}

static inline void
virtio_features_add(struct virtio_features *f, unsigned int bit)
{
	f->w[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void
virtio_features_del(struct virtio_features *f, unsigned int bit)
{
	f->w[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

static inline struct virtio_features
virtio_features_and(struct virtio_features a, struct virtio_features b)
{
	a.w[0] &= b.w[0];
	a.w[1] &= b.w[1];
	return a;
}

static inline bool
virtio_features_equal(struct virtio_features a, struct virtio_features b)
{
	return a.w[0] == b.w[0] && a.w[1] == b.w[1];
}

/** True if every bit of @p a is in @p b. */
static inline bool
virtio_features_subset(struct virtio_features a, struct virtio_features b)
{
	return virtio_features_equal(virtio_features_and(a, b), a);
}

/**
 * The specification's name of a bit without its prefix ("MRG_RXBUF").
 *
 * @return a static string, or NULL for a bit that virtio 1.4 does not define
 *   for a network device.
 */
const char *
virtio_features_name(unsigned int bit);

#endif /* VIRTIO_FEATURES_H */
