/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

/**
 * @file
 * The network device of virtio 1.4, section 5.1: packet header, configuration
 * space and control commands.
 */

/* Device status, section 2.1. */
#define VIRTIO_STATUS_RESET 0x00
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER 0x02
#define VIRTIO_STATUS_DRIVER_OK 0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_SUSPEND 0x10
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED 0x80
/** What a register read of a function that is gone gives. */
#define VIRTIO_STATUS_GONE 0xff

/* virtio_net_hdr.flags, section 5.1.6. */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 0x01
#define VIRTIO_NET_HDR_F_DATA_VALID 0x02
#define VIRTIO_NET_HDR_F_RSC_INFO 0x04
#define VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM 0x08

/* virtio_net_hdr.gso_type. */
#define VIRTIO_NET_HDR_GSO_NONE 0
#define VIRTIO_NET_HDR_GSO_TCPV4 1
#define VIRTIO_NET_HDR_GSO_UDP 3
#define VIRTIO_NET_HDR_GSO_TCPV6 4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 0x40
#define VIRTIO_NET_HDR_GSO_ECN 0x80

/*
 * Net headers are packed: in front of the frame, in its headroom, they begin
 * wherever the length of the header and the start of the frame have it.
 */

/** Header of VERSION_1 devices and of MRG_RXBUF (5.1.6): 12 bytes. */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	rte_le16_t hdr_len;
	rte_le16_t gso_size;
	rte_le16_t csum_start;
	rte_le16_t csum_offset;
	rte_le16_t num_buffers;
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio 1.4, 5.1.6");

/** Header of a legacy device without MRG_RXBUF (5.1.6.1). */
#define VIRTIO_NET_HDR_LEGACY_LEN 10

/** Header with HASH_REPORT, and the fields that later bits append. */
struct virtio_net_hdr_hash {
	struct virtio_net_hdr hdr;
	rte_le32_t hash_value;
	rte_le16_t hash_report;
	rte_le16_t padding;
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_hdr_hash) == 20, "virtio 1.4, 5.1.6");

struct virtio_net_hdr_tunnel {
	struct virtio_net_hdr_hash hash;
	rte_le16_t outer_th_offset;
	rte_le16_t inner_nh_offset;
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_hdr_tunnel) == 24, "virtio 1.4, 5.1.6");

/** Header with OUT_NET_HEADER: the longest. */
struct virtio_net_hdr_outer {
	struct virtio_net_hdr_tunnel tunnel;
	rte_le16_t outer_nh_offset;
	uint8_t padding_reserved_2[6];
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_hdr_outer) == 32, "virtio 1.4, 5.1.6");

/** hash_report values, section 5.1.6.4.5. */
enum virtio_net_hash_report {
	VIRTIO_NET_HASH_REPORT_NONE = 0,
	VIRTIO_NET_HASH_REPORT_IPv4 = 1,
	VIRTIO_NET_HASH_REPORT_TCPv4 = 2,
	VIRTIO_NET_HASH_REPORT_UDPv4 = 3,
	VIRTIO_NET_HASH_REPORT_IPv6 = 4,
	VIRTIO_NET_HASH_REPORT_TCPv6 = 5,
	VIRTIO_NET_HASH_REPORT_UDPv6 = 6,
	VIRTIO_NET_HASH_REPORT_IPv6_EX = 7,
	VIRTIO_NET_HASH_REPORT_TCPv6_EX = 8,
	VIRTIO_NET_HASH_REPORT_UDPv6_EX = 9,
	VIRTIO_NET_HASH_REPORT_MAX
};

/** supported_hash_types, section 5.1.6.4.3.1: one bit a report. */
#define VIRTIO_NET_HASH_TYPE(report) \
	(UINT32_C(1) << (VIRTIO_NET_HASH_REPORT_##report - 1))
#define VIRTIO_NET_HASH_TYPES \
	((UINT32_C(1) << (VIRTIO_NET_HASH_REPORT_MAX - 1)) - 1)
#define VIRTIO_NET_RSS_KEY_MIN 40

/** supported_tunnel_types, section 5.1.6.4.4.2. */
#define VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_2784 0x001
#define VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_2890 0x002
#define VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_7676 0x004
#define VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_UDP 0x008
#define VIRTIO_NET_HASH_TUNNEL_TYPE_VXLAN 0x010
#define VIRTIO_NET_HASH_TUNNEL_TYPE_VXLAN_GPE 0x020
#define VIRTIO_NET_HASH_TUNNEL_TYPE_GENEVE 0x040
#define VIRTIO_NET_HASH_TUNNEL_TYPE_IPIP 0x080
#define VIRTIO_NET_HASH_TUNNEL_TYPE_NVGRE 0x100
#define VIRTIO_NET_HASH_TUNNEL_TYPES 0x1ff

/** Configuration space, section 5.1.4; read field by field, never whole. */
struct virtio_net_config {
	uint8_t mac[6];
	rte_le16_t status;
	rte_le16_t max_virtqueue_pairs;
	rte_le16_t mtu;
	rte_le32_t speed;
	uint8_t duplex;
	uint8_t rss_max_key_size;
	rte_le16_t rss_max_indirection_table_length;
	rte_le32_t supported_hash_types;
	rte_le32_t supported_tunnel_types;
} __attribute__((packed));
static_assert(offsetof(struct virtio_net_config, speed) == 12,
	      "virtio 1.4, 5.1.4");
static_assert(offsetof(struct virtio_net_config, rss_max_key_size) == 17,
	      "virtio 1.4, 5.1.4");
static_assert(sizeof(struct virtio_net_config) == 28, "virtio 1.4, 5.1.4");

#define VIRTIO_NET_S_LINK_UP 0x1
#define VIRTIO_NET_S_ANNOUNCE 0x2
#define VIRTIO_NET_SPEED_MAX 0x7fffffffU
#define VIRTIO_NET_DUPLEX_HALF 0x00
#define VIRTIO_NET_DUPLEX_FULL 0x01
#define VIRTIO_NET_PAIRS_MAX 0x8000
#define VIRTIO_NET_MTU_MIN 68

/* Control queue, section 5.1.6.5. */
struct virtio_net_ctrl_hdr {
	uint8_t class;
	uint8_t command;
};
static_assert(sizeof(struct virtio_net_ctrl_hdr) == 2, "virtio 1.4, 5.1.6.5");

#define VIRTIO_NET_OK 0
#define VIRTIO_NET_ERR 1

#define VIRTIO_NET_CTRL_RX 0
#define VIRTIO_NET_CTRL_RX_PROMISC 0
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1
#define VIRTIO_NET_CTRL_RX_ALLUNI 2
#define VIRTIO_NET_CTRL_RX_NOMULTI 3
#define VIRTIO_NET_CTRL_RX_NOUNI 4
#define VIRTIO_NET_CTRL_RX_NOBCAST 5

#define VIRTIO_NET_CTRL_MAC 1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET 1

#define VIRTIO_NET_CTRL_VLAN 2
#define VIRTIO_NET_CTRL_VLAN_ADD 0
#define VIRTIO_NET_CTRL_VLAN_DEL 1

#define VIRTIO_NET_CTRL_ANNOUNCE 3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0

#define VIRTIO_NET_CTRL_MQ 4
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0
#define VIRTIO_NET_CTRL_MQ_RSS_CONFIG 1
#define VIRTIO_NET_CTRL_MQ_HASH_CONFIG 2

#define VIRTIO_NET_CTRL_GUEST_OFFLOADS 5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0
/* Bits of its le64 where they are not those of the features (5.1.6.5.8). */
#define VIRTIO_NET_GUEST_OFFLOAD_UDP_TUNNEL_GSO 46
#define VIRTIO_NET_GUEST_OFFLOAD_UDP_TUNNEL_GSO_CSUM 47

#define VIRTIO_NET_CTRL_NOTF_COAL 6
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3

/** Notification coalescing, section 5.1.6.5.8. */
struct virtio_net_ctrl_coal {
	rte_le32_t max_packets;
	rte_le32_t max_usecs;
};
static_assert(sizeof(struct virtio_net_ctrl_coal) == 8,
	      "virtio 1.4, 5.1.6.5.8");

struct virtio_net_ctrl_coal_vq {
	rte_le16_t vq_index;
	rte_le16_t reserved;
	struct virtio_net_ctrl_coal coal;
};
static_assert(sizeof(struct virtio_net_ctrl_coal_vq) == 12,
	      "virtio 1.4, 5.1.6.5.8");

#define VIRTIO_NET_CTRL_HASH_TUNNEL 7
#define VIRTIO_NET_CTRL_HASH_TUNNEL_SET 0

#define VIRTIO_NET_CTRL_STATS 8
#define VIRTIO_NET_CTRL_STATS_QUERY 0
#define VIRTIO_NET_CTRL_STATS_GET 1

/** Types of statistics, section 5.1.6.5.9: bit of a mask, type of a reply. */
enum virtio_net_stats_type {
	VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC = 0,
	VIRTIO_NET_STATS_TYPE_REPLY_RX_CSUM = 1,
	VIRTIO_NET_STATS_TYPE_REPLY_RX_GSO = 2,
	VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED = 3,
	VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC = 16,
	VIRTIO_NET_STATS_TYPE_REPLY_TX_CSUM = 17,
	VIRTIO_NET_STATS_TYPE_REPLY_TX_GSO = 18,
	VIRTIO_NET_STATS_TYPE_REPLY_TX_SPEED = 19,
	VIRTIO_NET_STATS_TYPE_REPLY_CVQ = 32
};

struct virtio_net_ctrl_queue_stats {
	rte_le16_t vq_index;
	rte_le16_t reserved[3];
	rte_le64_t types_bitmap;
};
static_assert(sizeof(struct virtio_net_ctrl_queue_stats) == 16,
	      "virtio 1.4, 5.1.6.5.9");

/** Before each group of 64-bit counters; @p size counts itself. */
struct virtio_net_stats_reply_hdr {
	uint8_t type;
	uint8_t reserved;
	rte_le16_t vq_index;
	rte_le16_t reserved1;
	rte_le16_t size;
};
static_assert(sizeof(struct virtio_net_stats_reply_hdr) == 8,
	      "virtio 1.4, 5.1.6.5.9");

#define VIRTNET_RSS_CTX_CTRL 9
#define VIRTNET_RSS_CTX_CTRL_CAP_GET 0
#define VIRTNET_RSS_CTX_CTRL_ADD 1
#define VIRTNET_RSS_CTX_CTRL_MOD 2
#define VIRTNET_RSS_CTX_CTRL_DEL 3

/** Start of virtio_net_rss_config; a table, a tail and a key follow. */
struct virtio_net_rss_config_head {
	rte_le32_t hash_types;
	rte_le16_t indirection_table_mask;
	rte_le16_t unclassified_queue;
};
static_assert(sizeof(struct virtio_net_rss_config_head) == 8,
	      "virtio 1.4, 5.1.6.5.7.1");

/** struct rss_rq_id: bits 1 to 16 of a virtqueue index; bit 15 is reserved. */
#define VIRTIO_NET_RSS_RQ_ID(vq_index) ((vq_index) >> 1)
#define VIRTIO_NET_RSS_RQ_ID_MAX 0x7fff

struct virtio_net_rss_config_tail {
	rte_le16_t max_tx_vq;
	uint8_t hash_key_length;
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_rss_config_tail) == 3,
	      "virtio 1.4, 5.1.6.5.7.1");

/** virtio_net_hash_config; a key follows. */
struct virtio_net_hash_config {
	rte_le32_t hash_types;
	rte_le16_t reserved[4];
	uint8_t hash_key_length;
} __attribute__((packed));
static_assert(sizeof(struct virtio_net_hash_config) == 13,
	      "virtio 1.4, 5.1.6.5.6.4");

/** Start of virtnet_rss_ctx_add_modify; a virtio_net_rss_config follows. */
struct virtnet_rss_ctx_head {
	rte_le16_t rss_ctx_id;
	uint8_t reserved[6];
};
static_assert(sizeof(struct virtnet_rss_ctx_head) == 8,
	      "virtio 1.4, 5.1.6.5.8.2");

#endif /* VIRTIO_NET_H */
