/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef DEVSIM_H
#define DEVSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio_features.h>
#include <virtio_net.h>
#include <virtio_ring.h>

/**
 * @file
 * A virtio-net device in memory: the device half of virtio 1.4, written from
 * the specification and independent of any driver. It checks all that a
 * driver shows it, records violations as text, and misbehaves on demand.
 *
 * Addresses are plain pointers. Register operations may be called from any
 * thread; a virtqueue is operated by one thread at a time, which may differ
 * from the driver's: shared memory is accessed by C11 atomics where the
 * specification asks for order. A lock keeps register operations and ring
 * operations of different threads apart.
 */

/** 65589 (5.1.6.3) with two tags, and a header. */
#define DEVSIM_FRAME_MAX (65589 + 8 + 32)
#define DEVSIM_NAME_LEN 32
#define DEVSIM_MAC_MAX 128

/** Order in which buffers are used. IN_ORDER negotiated implies FIFO. */
enum devsim_order {
	DEVSIM_ORDER_FIFO,
	DEVSIM_ORDER_REVERSE,	/**< every @p window buffers reversed */
	DEVSIM_ORDER_RANDOM	/**< any of the oldest @p window buffers */
};

/** How doorbells are asked for. */
enum devsim_kicks {
	DEVSIM_KICKS_ALWAYS,	/**< for every publication */
	DEVSIM_KICKS_NEVER,	/**< the device polls */
	DEVSIM_KICKS_SLEEP	/**< only when the ring was found empty */
};

struct devsim_policy {
	enum devsim_order order;
	uint16_t window;	/**< buffers, at least 1 */
	uint16_t delay;		/**< sent frames kept back before completion */
	uint16_t batch;		/**< IN_ORDER: one used entry for so many, 0 = 1 */
	enum devsim_kicks kicks;
	uint64_t seed;
};

struct devsim_config {
	struct virtio_features offered;
	uint16_t pairs;		/**< receive and transmit queue pairs */
	uint16_t queue_size_max;
	uint8_t mac[6];
	uint16_t mtu;
	bool link_down;
	uint32_t speed;
	uint8_t duplex;
	uint8_t rss_key_size;
	uint16_t rss_table_size;
	uint32_t hash_types;
	uint32_t tunnel_types;
	uint16_t rss_contexts;	/**< max_rss_contexts */
};

/** One misbehaviour. Each is done once, at the @p after-th occasion. */
enum devsim_fault_kind {
	DEVSIM_FAULT_NONE,
	/* used ring, L1 */
	DEVSIM_FAULT_USED_IDX_AHEAD,	/**< split: idx ahead by @p value from now on */
	DEVSIM_FAULT_USED_IDX_BACK,	/**< split: idx behind by @p value from now on */
	DEVSIM_FAULT_ID_RANGE,		/**< id at or above the ring size */
	DEVSIM_FAULT_ID_HUGE,		/**< split: id above 16 bits */
	DEVSIM_FAULT_ID_REPEAT,		/**< the id of the buffer used before */
	DEVSIM_FAULT_ID_OTHER,		/**< an id that is not this buffer's */
	DEVSIM_FAULT_LEN_ZERO,
	DEVSIM_FAULT_LEN_SHORT,		/**< below the header, @p value more: below a frame */
	DEVSIM_FAULT_LEN_LONG,		/**< one above what was posted */
	DEVSIM_FAULT_LEN_MAX,		/**< 0xffffffff */
	DEVSIM_FAULT_LEN_WRAP16,	/**< 65536 above the true one */
	DEVSIM_FAULT_NUM_BUFFERS,	/**< num_buffers = @p value */
	DEVSIM_FAULT_HDR_GARBAGE,	/**< random header bytes */
	DEVSIM_FAULT_USED_FLAGS,	/**< reserved flags in the device area */
	DEVSIM_FAULT_EVENT_GARBAGE,	/**< random device event structure */
	DEVSIM_FAULT_PACKED_FLAGS,	/**< packed: reserved and NEXT bits set */
	/* memory given to the device, L2 */
	DEVSIM_FAULT_SCRIBBLE_DESC,
	DEVSIM_FAULT_SCRIBBLE_DRIVER,
	DEVSIM_FAULT_SCRIBBLE_DEVICE,
	DEVSIM_FAULT_SCRIBBLE_INDIRECT,
	DEVSIM_FAULT_RING_MAX,
	/* control queue */
	DEVSIM_FAULT_CTRL_SILENT,	/**< answers no more; until cleared */
	DEVSIM_FAULT_CTRL_ERR,		/**< VIRTIO_NET_ERR, and @p value times more */
	DEVSIM_FAULT_CTRL_GARBAGE,	/**< neither OK nor ERR */
	DEVSIM_FAULT_CTRL_ID,		/**< answers with a wrong id */
	DEVSIM_FAULT_STATS_SIZE,	/**< size of a reply header = @p value */
	DEVSIM_FAULT_STATS_VQ,		/**< vq_index of one = @p value */
	DEVSIM_FAULT_STATS_TYPE,	/**< type of one = @p value */
	/* registers; they last until cleared */
	DEVSIM_FAULT_RESET_STUCK,	/**< status never reads 0 after reset */
	DEVSIM_FAULT_FEATURES_REFUSED,	/**< FEATURES_OK does not stick */
	DEVSIM_FAULT_GONE,		/**< every register reads as ones */
	DEVSIM_FAULT_MAX
};

struct devsim_fault {
	enum devsim_fault_kind kind;
	uint16_t vq;		/**< virtqueue that it hits */
	uint32_t after;		/**< occasions that pass unharmed before */
	uint32_t value;
	uint64_t seed;
};

const char *
devsim_fault_name(enum devsim_fault_kind kind);

struct devsim_vq_stats {
	uint64_t fetched;	/**< chains taken from the available ring */
	uint64_t used;		/**< buffers given back */
	uint64_t used_entries;	/**< used entries written for them */
	uint64_t kicks;		/**< doorbells heard */
	uint64_t notified;	/**< notifications that the driver asked for */
};

#define DEVSIM_RSS_KEY_MAX 255
#define DEVSIM_RSS_TABLE_MAX 32768
#define DEVSIM_RSS_CONTEXTS_MAX 8

/** virtio_net_rss_config as the driver sent it; receive queues from 0. */
struct devsim_rss {
	bool set;
	uint8_t key_len;
	uint16_t table_len;
	uint16_t unclassified;
	uint16_t max_tx_vq;
	uint32_t hash_types;
	uint8_t key[DEVSIM_RSS_KEY_MAX];
	uint16_t table[DEVSIM_RSS_TABLE_MAX];
};

/** What the control queue has set so far. */
struct devsim_net_state {
	bool promisc;
	bool allmulti;
	uint8_t rx_extra;	/**< bit c: command c of CTRL_RX is on */
	uint8_t mac[6];
	uint16_t nr_unicast;
	uint16_t nr_multicast;
	uint16_t pairs;
	uint64_t vlan[64];	/**< bitmap of VLAN identifiers */
	uint64_t guest_offloads;
	bool guest_offloads_set;
	uint32_t announce_acks;
	uint32_t commands;
	uint32_t refused;
	bool steering;		/**< by rss.table, not automatic */
	bool hash_config;	/**< types and key are from HASH_CONFIG */
	struct devsim_rss rss;
	uint32_t tunnel_types;
	/** Context of identifier i at i - 1. */
	struct devsim_rss contexts[DEVSIM_RSS_CONTEXTS_MAX];
	uint32_t coal_rx[2];	/**< max_usecs, max_packets */
	uint32_t coal_tx[2];
	uint32_t coal_sets;	/**< commands that set any of them */
	uint8_t unicast[DEVSIM_MAC_MAX][6];
	uint8_t multicast[DEVSIM_MAC_MAX][6];
	uint32_t stats_gets;
	uint32_t filtered;	/**< frames that no filter let in */
};

/** Counters of one queue, in the order of section 5.1.6.5.9. */
enum devsim_stat {
	DEVSIM_STAT_BASIC,	/**< notifications packets bytes interrupts */
	DEVSIM_STAT_PACKETS = 1,
	DEVSIM_STAT_BYTES = 2,
	DEVSIM_STAT_DROPS = 4,
	DEVSIM_STAT_DROP_CAUSE = 5,	/**< overruns, or malformed */
	DEVSIM_STAT_CSUM = 6,	/**< 4, or 2 */
	DEVSIM_STAT_GSO = 10,	/**< 4, or 6 */
	DEVSIM_STAT_SPEED = 16,	/**< 2 */
	DEVSIM_STAT_MAX = 18
};

struct devsim;

/** @return NULL with errno set: EINVAL, ENOMEM. */
struct devsim *
devsim_create(const struct devsim_config *config);
void
devsim_destroy(struct devsim *dev);

/**
 * Tell which memory the device may touch; without any call it may touch all.
 * A descriptor outside all regions is a violation and is never followed.
 */
int
devsim_mem_add(struct devsim *dev, void *addr, size_t len);
void
devsim_mem_clear(struct devsim *dev);

/* Registers, section 4.1.4.3 without a bus. */

uint8_t
devsim_status_get(struct devsim *dev);
/** Writing 0 resets the device. */
void
devsim_status_set(struct devsim *dev, uint8_t status);
struct virtio_features
devsim_features_get(struct devsim *dev);
void
devsim_features_set(struct devsim *dev, struct virtio_features f);
struct virtio_features
devsim_features_accepted(struct devsim *dev);
/** @return 0, or -EINVAL past the end. */
int
devsim_config_read(struct devsim *dev, size_t off, void *dst, size_t len);
/** Overwrite configuration bytes as a lying device would. */
void
devsim_config_poke(struct devsim *dev, size_t off, const void *src,
		   size_t len);
uint16_t
devsim_queue_max(struct devsim *dev, uint16_t vq);

/** Addresses of one ring; the areas of section 2.6. */
struct devsim_ring {
	uint16_t size;
	/** Free-running index of the first buffer to take, as a back end is
	 * told that continues a ring; 0 for a fresh one. */
	uint16_t base;
	void *desc;
	void *driver;
	void *device;
};

/** @return 0, or -EINVAL and a violation if the driver may not do so. */
int
devsim_queue_enable(struct devsim *dev, uint16_t vq,
		    const struct devsim_ring *ring);
/** @return 0, -ENOTSUP without RING_RESET, -EINVAL for a queue not enabled. */
int
devsim_queue_reset(struct devsim *dev, uint16_t vq);
bool
devsim_queue_enabled(struct devsim *dev, uint16_t vq);

/** An eventfd to write 1 to: the doorbell of a virtqueue. */
int
devsim_kick_fd(struct devsim *dev, uint16_t vq);
/** An eventfd that the device writes 1 to: notifications of a virtqueue. */
int
devsim_call_fd(struct devsim *dev, uint16_t vq);
/** Take and count doorbells since the last call; 0 = none. */
uint64_t
devsim_kicked(struct devsim *dev, uint16_t vq);

/* Behaviour. */

/** For one virtqueue, from the next operation on. */
void
devsim_policy_set(struct devsim *dev, uint16_t vq,
		  const struct devsim_policy *policy);
void
devsim_fault_set(struct devsim *dev, const struct devsim_fault *fault);
/** True once the fault that was set has happened. */
bool
devsim_fault_done(struct devsim *dev);
/**
 * Overwrite random bytes of the memory that the driver gave for @p vq, now.
 * Turns the checks of that queue off (a scribbler cannot blame the driver).
 */
void
devsim_scribble(struct devsim *dev, uint16_t vq,
		enum devsim_fault_kind area, uint64_t *seed,
		unsigned int nr_writes);

/** The device needs a reset; the caller raises the configuration change. */
void
devsim_needs_reset(struct devsim *dev);
/**
 * Ask the driver to announce itself (S_ANNOUNCE); the caller raises the
 * configuration change. @return false: GUEST_ANNOUNCE was not accepted.
 */
bool
devsim_announce(struct devsim *dev);
/** Control commands are answered one by one, each after @p ms; 0: at once. */
void
devsim_ctrl_delay(struct devsim *dev, unsigned int ms);
/** How many addresses the MAC table takes; a longer one gets ERR. */
void
devsim_mac_room(struct devsim *dev, uint16_t room);
/** Bits of supported_stats_types; all that the features allow at first. */
void
devsim_stats_types(struct devsim *dev, uint64_t types);
/** A counter of virtqueue @p vq, as what the device counts itself. */
void
devsim_stat_set(struct devsim *dev, uint16_t vq, unsigned int counter,
		uint64_t value);
uint64_t
devsim_stat_get(struct devsim *dev, uint16_t vq, unsigned int counter);
/** Coalescing of one virtqueue: max_usecs, max_packets. */
void
devsim_coal_get(struct devsim *dev, uint16_t vq, uint32_t coal[2]);

/* Data path, device side. Virtqueue numbers as in section 5.1.2. */

/** A frame as the driver sent it: header and all bytes after it. */
struct devsim_frame {
	const uint8_t *data;
	uint32_t len;
	uint16_t nr_segs;	/**< device-readable descriptors */
	const uint8_t *hdr;	/**< hdr_len bytes */
	uint16_t hdr_len;
};

typedef void (*devsim_frame_cb)(void *arg, const struct devsim_frame *frame);

/**
 * Write a frame into receive buffers of virtqueue @p vq.
 *
 * @param hdr header to put before the frame; NULL = all zero. num_buffers is
 *   filled in. Bytes past struct virtio_net_hdr come from @p hdr too when the
 *   negotiated header is longer.
 * @return buffers used; 0 if too few buffers are posted (nothing is used);
 *   -EMSGSIZE if the frame can never fit (nothing is used); -EPERM if the
 *   queue is not live.
 */
int
devsim_rx_inject(struct devsim *dev, uint16_t vq, const void *data,
		 uint32_t len, const struct virtio_net_hdr_tunnel *hdr);

/** The same with the longest header, of OUT_NET_HEADER. */
int
devsim_rx_inject_outer(struct devsim *dev, uint16_t vq, const void *data,
		       uint32_t len, const struct virtio_net_hdr_outer *hdr);

/**
 * What a sent frame becomes on a wire: sums completed, cut into segments, each
 * with headers of its own, or into fragments, as the frame's header asks
 * (5.1.6.2). Trusts the
 * header no further than the frame goes; knows VXLAN and Geneve.
 *
 * @param cb gets each frame; its hdr is NULL
 * @return frames; -EINVAL for a header that cannot be followed.
 */
int
devsim_wire(const struct devsim_frame *frame, devsim_frame_cb cb, void *arg);

/**
 * Every checksum of a complete frame: IPv4, TCP, UDP, those inside of VXLAN
 * and Geneve too.
 *
 * @return NULL if all are right, else which one is not.
 */
const char *
devsim_sums_check(const uint8_t *data, uint32_t len);

/**
 * Receive a frame as from the wire: hash, header and receive queue are what
 * the driver configured (5.1.6.4.3 to 5.1.6.4.5, 5.1.6.5.7.2); receiveq1
 * without RSS.
 *
 * @param queue the receive queue, from 0; may be NULL.
 * @return as devsim_rx_inject.
 */
int
devsim_rx_deliver(struct devsim *dev, const void *data, uint32_t len,
		  uint16_t *queue);

/** A hash and the type of it, VIRTIO_NET_HASH_REPORT_*. */
struct devsim_hash {
	uint32_t value;
	uint16_t report;
};

/** The hash of a frame under these parameters (5.1.6.4.3, 5.1.6.4.4). */
struct devsim_hash
devsim_hash_frame(const struct devsim_rss *rss, uint32_t tunnel_types,
		  const uint8_t *data, uint32_t len);
/** Toeplitz hash; a key ends where it ends and is not repeated. */
uint32_t
devsim_toeplitz(const uint8_t *key, size_t key_len, const uint8_t *data,
		size_t len);

/**
 * A frame comes from the network: as devsim_rx_inject, but the receive
 * filters decide first, and a frame for which there is no buffer is dropped
 * and counted. @return as there; 0 also for a frame that was filtered out.
 */
int
devsim_rx_wire(struct devsim *dev, uint16_t vq, const void *data,
	       uint32_t len);

/**
 * Take up to @p max sent frames of virtqueue @p vq, hand each to @p cb, then
 * give them back as the policy says.
 *
 * @return frames taken, or -EPERM if the queue is not live.
 */
int
devsim_tx_collect(struct devsim *dev, uint16_t vq, unsigned int max,
		  devsim_frame_cb cb, void *arg);

/** Give back all that a policy keeps. */
void
devsim_tx_flush(struct devsim *dev, uint16_t vq);

/**
 * Loopback: up to @p max sent frames of each pair are received again by the
 * same pair; a frame without a receive buffer waits. @return frames looped.
 */
unsigned int
devsim_poll(struct devsim *dev, unsigned int max);

/** Answer what waits on the control queue. @return commands answered. */
unsigned int
devsim_ctrl_poll(struct devsim *dev);

/** Buffers that the driver has posted and the device not used. */
unsigned int
devsim_posted(struct devsim *dev, uint16_t vq);

/* What was seen. */

uint16_t
devsim_hdr_len(struct devsim *dev);
void
devsim_vq_stats_get(struct devsim *dev, uint16_t vq,
		    struct devsim_vq_stats *stats);
const struct devsim_net_state *
devsim_net_state(struct devsim *dev);
/** Number of violations by the driver since creation. */
unsigned int
devsim_violations(struct devsim *dev);
/** Text of violation @p i (the first 32 are kept), or NULL. */
const char *
devsim_violation_text(struct devsim *dev, unsigned int i);
void
devsim_violations_clear(struct devsim *dev);

#endif /* DEVSIM_H */
