/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_H
#define VNIC_H

#include <stdbool.h>
#include <stdint.h>
#include <pthread.h>

#include <rte_ether.h>
#include <rte_spinlock.h>

#include <virtio_features.h>
#include <virtio_net.h>

#include "vnic_negotiate.h"
#include "vnic_rss.h"
#include "vnic_transport.h"

/**
 * @file
 * One virtio-net device as the control plane sees it. Lives in memory shared
 * by all processes (ethdev's dev_private); holds no pointer that is valid in
 * one process only, but for @p priv, which the primary alone follows.
 */

#define VNIC_QUEUE_PAIRS_MAX 1024
#define VNIC_DESC_MIN 8
#define VNIC_DESC_MAX 32768
#define VNIC_DESC_DEFAULT 256
#define VNIC_PATH_LEN 108
#define VNIC_NAME_LEN 64
#define VNIC_IFACE_LEN 16
#define VNIC_MAC_MAX 64
#define VNIC_VLAN_WORDS 64

struct rte_eth_dev;
struct rte_device;
struct rte_memzone;
struct vnic_rxq;
struct vnic_txq;
struct rte_mempool;
struct vnic_ctrlq;
struct vnic_device_stats;
struct vnic_stats_base;

/** What may arrive as one large frame where TCP_LRO is configured. */
enum vnic_lro {
	VNIC_LRO_TCP,
	VNIC_LRO_UDP,		/**< and UDP datagrams of one flow */
	VNIC_LRO_TUNNEL		/**< and both inside of UDP tunnels */
};

/** What RTE_MBUF_F_TX_UDP_SEG asks of the device. */
enum vnic_udp_tso {
	VNIC_UDP_TSO_USO,	/**< datagrams of tso_segsz bytes */
	VNIC_UDP_TSO_UFO	/**< one datagram, as IP fragments of tso_segsz */
};

#define VNIC_ADDRESSES_MAX 16

/** An IP address, network byte order; IPv4 in the first four bytes. */
struct vnic_address {
	bool v6;
	uint8_t bytes[16];
};

/** When a queue's used buffer notifications are sent, 5.1.6.5.8. */
struct vnic_coalesce {
	uint32_t max_usecs;
	uint32_t max_packets;
};

/** What the user asked for by devargs; written once, at probe. */
struct vnic_args {
	char path[VNIC_PATH_LEN];
	char iface[VNIC_IFACE_LEN];	/**< vhost-net: the tap's, "" = any */
	uint16_t queues;	/**< pairs to offer, 0 = all the device has */
	uint16_t queue_size;	/**< default ring size, 0 = 256 */
	bool has_mac;
	struct rte_ether_addr mac;
	bool mrg_rxbuf;
	bool in_order;
	bool packed_vq;
	bool soft_csum;	/**< verify what the device has told nothing of */
	bool server;
	uint32_t speed;		/**< Mbit/s; 0: what the device says */
	enum vnic_lro lro;
	enum vnic_udp_tso udp_tso;
	bool rsc_info;	/**< with LRO: counts of what was coalesced */
	uint32_t ctrl_timeout_ms;	/**< one control exchange */
	uint32_t connect_timeout_ms;	/**< first connection, each message */
	bool standby;
	uint8_t rx_suppress;	/**< bits of CTRL_RX commands, NO* only */
	struct vnic_coalesce rx_coal;
	struct vnic_coalesce tx_coal;
	uint8_t nb_announce;
	struct vnic_address announce[VNIC_ADDRESSES_MAX];
	uint32_t tx_stall_ms;	/**< no frame taken for so long; 0: not watched */
};

/**
 * What the port lets in, as the application asked for it. ethdev has the same in
 * its own arrays, but writes those behind the operations, without the lock.
 */
struct vnic_filter {
	bool promisc;
	bool allmulti;
	/** Further addresses, where ethdev has them; the first is dev->mac. */
	struct rte_ether_addr addrs[VNIC_MAC_MAX];
	struct rte_ether_addr groups[VNIC_MAC_MAX];
	uint32_t nb_groups;
	uint64_t vlans[VNIC_VLAN_WORDS];	/**< by bit */
};

enum vnic_dev_state {
	VNIC_DEV_PROBED,	/**< features known, device reset */
	VNIC_DEV_CONFIGURED,	/**< features negotiated, queues may be set up */
	VNIC_DEV_STARTED,	/**< DRIVER_OK */
	VNIC_DEV_NEEDS_RESET,	/**< broken; queues are parked */
	VNIC_DEV_GONE
};

/** Violations by the device, by kind; each is also an xstat. */
enum vnic_violation {
	VNIC_VIOLATION_USED_IDX,
	VNIC_VIOLATION_USED_ID,
	VNIC_VIOLATION_USED_LEN,
	VNIC_VIOLATION_NUM_BUFFERS,
	VNIC_VIOLATION_HEADER,
	VNIC_VIOLATION_CONFIG,
	VNIC_VIOLATION_CTRL,
	VNIC_VIOLATION_MESSAGE,
	VNIC_VIOLATION_MAX
};

struct vnic_dev {
	uint16_t port_id;
	enum vnic_transport_kind transport;
	enum vnic_dev_state state;
	char name[VNIC_NAME_LEN];
	struct vnic_args args;

	struct virtio_features offered;	/**< by the device */
	struct virtio_features wanted;	/**< by the driver for this config */
	struct virtio_features accepted; /**< agreed by FEATURES_OK */

	uint16_t max_pairs;	/**< max_virtqueue_pairs, 1 to 0x8000 */
	uint16_t usable_pairs;	/**< of these, pairs that a port may have */
	/** usable_pairs at first: records that are read without the lock have
	 * room for so many, and are not moved. */
	uint16_t room_pairs;
	uint16_t max_desc;	/**< largest ring of the first pair */
	uint16_t nb_pairs;	/**< configured, enabled on the device */
	uint16_t max_mtu;
	uint16_t mtu;
	uint8_t hdr_len;	/**< 10, 12, 20, 24 or 32 */
	bool link_up;
	uint32_t link_speed;
	uint8_t link_duplex;
	struct rte_ether_addr mac;

	struct vnic_rss rss;

	struct rte_eth_dev_data *data;	/**< configuration: shared */
	/**
	 * The port's queues, or NULL: changed under the lock, where ethdev
	 * empties the slots of its own arrays without it.
	 */
	struct vnic_rxq *rxqs[VNIC_QUEUE_PAIRS_MAX];
	struct vnic_txq *txqs[VNIC_QUEUE_PAIRS_MAX];
	uint64_t pid_ns;	/**< PID namespace of the primary process; 0: unknown */
	bool barrier_slow;	/**< a process could not join the fast barrier */
	struct vnic_ctrlq *ctrlq;	/**< NULL without CTRL_VQ */
	uint64_t restore_until;	/**< timer cycles; 0: nothing is restored now */
	bool restore_cancel;	/**< whoever stops the port waits for its end */

	/** Serialises control operations; never held by a data path. */
	rte_spinlock_t ctrl_lock;
	uint64_t violations[VNIC_VIOLATION_MAX];

	uint32_t ptypes;	/**< layers told in packet_type (vnic_soft.h) */
	bool ptypes_chosen;	/**< by ptypes_set */
	bool ptypes_asked;	/**< by an application, of any process */
	bool rx_soft;	/**< the processor works for some queue (vnic_soft.h) */
	bool tx_soft;

	/* cold, control plane only */
	struct vnic_negotiation nego;	/**< the latest, with its reasons */
	uint8_t status;		/**< device status bits set so far */
	bool closed;		/**< vnic_device_remove is done */
	bool parked;		/**< gates shut though the port is started */
	bool backend_down;	/**< it hung up, and is not back */
	bool resume_pending;	/**< the back end waits for the last burst's end */
	bool quarantined;	/**< the device never confirmed a reset */
	bool health_armed;	/**< the health timer runs */
	uint8_t health_ticks;	/**< its looks that have ended */
	bool rx_intr;		/**< receive queues have vectors */
	bool lro_off;		/**< agreed on, and switched off */
	bool events_polled;	/**< no interrupt tells of config changes */
	uint32_t tell;		/**< enum rte_eth_event_type bits still to tell */
	uint32_t recover_tries;	/**< resets in a row that did not help */
	uint64_t recover_at;	/**< timer cycles of the next one, or of health */
	uint64_t recoveries;	/**< resets that helped */
	uint64_t tx_stalls;	/**< transmit rings found without progress */
	uint64_t tx_stalls_given_up; /**< queues left alone, see vnic_stall.h */
	volatile bool config_pending; /**< a config change is to be read */
	volatile bool removal_pending; /**< the device was said to be gone */
	uint64_t announce_requests; /**< of the device, S_ANNOUNCE seen */
	uint64_t announce_frames;	/**< sent, of any announcement */
	uint64_t announce_acks;
	uint64_t rx_ring_empty;	/**< health looks at a ring without a buffer */
	uint64_t config_changes;
	uint64_t resets_needed;	/**< NEEDS_RESET seen, or rings faulted */
	uint64_t backend_losses;
	struct virtio_features bad_config;
	struct vnic_filter filter;
	struct vnic_stats_base *stats_base;
	struct vnic_device_stats *device_stats;	/**< NULL without DEVICE_STATS */
	uint8_t filter_rung;	/**< of the ladder, see vnic_filter.c */
	const struct rte_memzone **idle; /**< rings by virtqueue, or NULL */
	struct {
		struct rte_mempool *pool;
		bool seen;	/**< S_ANNOUNCE at the last look */
		bool asked;	/**< and not yet done */
		bool busy;	/**< frames wait for room */
		uint16_t stuck;	/**< visits without a frame sent */
		uint32_t next;	/**< frame to send */
	} announce;

	void *priv;		/**< transport's, primary process only */
};

static inline bool
vnic_dev_has(const struct vnic_dev *dev, unsigned int bit)
{
	return virtio_features_has(&dev->accepted, bit);
}

/** Virtqueue numbers, section 5.1.2. */
static inline uint16_t
vnic_vq_rx(uint16_t queue_id)
{
	return queue_id * 2;
}

static inline uint16_t
vnic_vq_tx(uint16_t queue_id)
{
	return queue_id * 2 + 1;
}

static inline uint16_t
vnic_vq_ctrl(const struct vnic_dev *dev)
{
	bool mq = vnic_dev_has(dev, VIRTIO_NET_F_MQ) ||
		vnic_dev_has(dev, VIRTIO_NET_F_RSS);

	return mq ? dev->max_pairs * 2 : 2;
}

#endif /* VNIC_H */
