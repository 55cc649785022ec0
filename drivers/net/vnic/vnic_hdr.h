/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_HDR_H
#define VNIC_HDR_H

#include <string.h>

#include <rte_mbuf.h>

#include <virtio_features.h>
#include <virtio_net.h>

/**
 * @file
 * The net header (virtio 1.4 section 5.1.6) to mbuf fields and back.
 */

/** ol_flags of a frame that asks for something in transmit. */
#define VNIC_TX_OFFLOAD_MASK (RTE_MBUF_F_TX_L4_MASK | \
			      RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG | \
			      RTE_MBUF_F_TX_IP_CKSUM | \
			      RTE_MBUF_F_TX_OUTER_IP_CKSUM | \
			      RTE_MBUF_F_TX_OUTER_UDP_CKSUM)

/** Those that ask for one frame to become several. */
#define VNIC_TX_GSO_MASK (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)

/** Those that say: outer headers, l2_len begins at the outer transport. */
#define VNIC_TX_TUNNEL_MASK (RTE_MBUF_F_TX_OUTER_IPV4 | \
			     RTE_MBUF_F_TX_OUTER_IPV6 | \
			     RTE_MBUF_F_TX_TUNNEL_MASK)

/** What the accepted features let a header say, in one direction. */
#define VNIC_HDR_CSUM		(1u << 0)
#define VNIC_HDR_TSO4		(1u << 1)
#define VNIC_HDR_TSO6		(1u << 2)
#define VNIC_HDR_USO		(1u << 3)
#define VNIC_HDR_ECN		(1u << 4)
#define VNIC_HDR_TUNNEL		(1u << 5)
#define VNIC_HDR_TUNNEL_CSUM	(1u << 6)
#define VNIC_HDR_OUT_NET	(1u << 7)	/* the header has 32 bytes */
#define VNIC_HDR_UFO		(1u << 8)
#define VNIC_HDR_RSC		(1u << 9)

/** VNIC_HDR_* of frames sent, and of frames received. Pure. */
uint16_t
vnic_hdr_tx_can(const struct virtio_features *accepted);
uint16_t
vnic_hdr_rx_can(const struct virtio_features *accepted);

/** Header of a frame that asks for nothing; num_buffers 0 (5.1.6.2.1). */
static __rte_always_inline void
vnic_hdr_clear(void *hdr, uint16_t hdr_len)
{
	if (likely(hdr_len == sizeof(struct virtio_net_hdr))) {
		memset(hdr, 0, sizeof(struct virtio_net_hdr));
		return;
	}
	memset(hdr, 0, hdr_len);
}

/** Where the headers of a frame to send begin, in bytes from its start. */
struct vnic_hdr_offsets {
	uint16_t outer_l3;	/**< outermost network header */
	uint16_t outer_l4;	/**< outer UDP header; 0: not in a tunnel */
	uint16_t l3;		/**< innermost network header */
	uint16_t l4;		/**< innermost transport header */
};

/** From the lengths that the application gave; nothing is checked. Pure. */
struct vnic_hdr_offsets
vnic_hdr_tx_offsets(const struct rte_mbuf *m);

/**
 * Header of a frame with VNIC_TX_OFFLOAD_MASK flags (5.1.6.2). The checksum
 * fields hold pseudo-header sums already (rte_eth_tx_prepare).
 *
 * @param hdr cleared header of the negotiated length
 * @param can vnic_hdr_tx_can
 * @return 0; -ENOTSUP for what was not negotiated, -EINVAL for lengths or a
 *   segment size that cannot be: then the frame must not be sent.
 */
int
vnic_hdr_from_mbuf(void *hdr, uint16_t can, const struct rte_mbuf *m);

/**
 * Offload results of a received frame into its first mbuf (5.1.6.4). Bounds
 * every field by the frame's length. A partial checksum that the mbuf cannot
 * tell of is completed here.
 *
 * @param hdr private copy of the header, valid up to the negotiated length
 * @param can vnic_hdr_rx_can
 * @return 0, or -EPROTO for a header that no correct device writes: the
 *   frame is to be dropped.
 */
int
vnic_hdr_to_mbuf(struct rte_mbuf *m, const struct virtio_net_hdr_outer *hdr,
		 uint16_t can);

/** Whether a received header reports anything at all. */
static __rte_always_inline bool
vnic_hdr_plain(const struct virtio_net_hdr *hdr)
{
	uint16_t type;

	memcpy(&type, hdr, sizeof(type));
	return type == 0;
}

#endif /* VNIC_HDR_H */
