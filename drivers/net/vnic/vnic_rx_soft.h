/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_RX_SOFT_H
#define VNIC_RX_SOFT_H

#include <stdint.h>

#include <ethdev_driver.h>
#include <rte_mbuf.h>

/**
 * @file
 * Receive offloads by the processor: tags, checksums, packet types. A burst
 * of its own calls the row's burst and then works on the mbufs; it is
 * installed only while a queue asks for one of them (vnic_soft.h).
 *
 * Frames are the device's bytes: every field is read once, and every length
 * bounded by the frame's.
 */

/* vnic_rxq.soft */
#define VNIC_RX_SOFT_VLAN	(1u << 0)	/**< strip one 802.1Q tag */
#define VNIC_RX_SOFT_QINQ	(1u << 1)	/**< strip two tags */
#define VNIC_RX_SOFT_IP		(1u << 2)	/**< verify IPv4 headers */
#define VNIC_RX_SOFT_UDP	(1u << 3)	/**< verify UDP checksums */
#define VNIC_RX_SOFT_TCP	(1u << 4)	/**< verify TCP checksums */
#define VNIC_RX_SOFT_PTYPE	(1u << 5)	/**< packet_type */
#define VNIC_RX_SOFT_CSUM	(VNIC_RX_SOFT_IP | VNIC_RX_SOFT_UDP | \
				 VNIC_RX_SOFT_TCP)

/**
 * Move tags from the frame into the mbuf. VLAN takes one 802.1Q tag. QINQ
 * takes two, of which the outer one is 802.1ad or 802.1Q and the inner one
 * 802.1Q; a frame with one tag is left to VLAN. Tags that are not in the
 * first segment stay.
 */
void
vnic_rx_soft_strip(struct rte_mbuf *m, uint32_t soft);

/**
 * Checksum results for ol_flags, as far as @p soft asks and the device has
 * told nothing: RTE_MBUF_F_RX_IP_CKSUM_GOOD or _BAD for an IPv4 header,
 * RTE_MBUF_F_RX_L4_CKSUM_GOOD or _BAD for UDP and TCP. A header that its
 * frame cannot hold is BAD. Nothing is said of fragments, of UDP without a
 * checksum over IPv6, of other protocols, and of frames whose destination is
 * to be found in a routing header. UDP without a checksum over IPv4 is GOOD.
 */
uint64_t
vnic_rx_soft_csum(const struct rte_mbuf *m, uint32_t soft);

/** Types of the layers in @p mask (RTE_PTYPE_L2_MASK to _L4_MASK). */
uint32_t
vnic_rx_soft_ptype(const struct rte_mbuf *m, uint32_t mask);

/** Rows' bursts of this process by port; written before bursts run. */
extern eth_rx_burst_t vnic_rx_soft_rows[RTE_MAX_ETHPORTS];

/** The row's burst, and then all that the queue's flags ask for. */
uint16_t
vnic_rx_soft_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb);

#endif /* VNIC_RX_SOFT_H */
