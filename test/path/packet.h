/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef TEST_PACKET_H
#define TEST_PACKET_H

#include "sim_port.h"

/**
 * @file
 * Real TCP and UDP frames, in UDP tunnels too, to be sent with offloads and
 * looked at as they leave on a wire.
 */

enum packet_tunnel {
	PACKET_NO_TUNNEL,
	PACKET_VXLAN,
	PACKET_GENEVE
};

struct packet {
	enum packet_tunnel tunnel;
	bool outer6;
	bool ipv6;
	bool udp;
	bool vlan;
	bool options;		/**< 12 bytes of TCP options */
	bool cwr;
	uint32_t payload;
};

#define PACKET_HDRS_MAX 200
#define PACKET_MAX (PACKET_HDRS_MAX + 64000)

/** Write the frame, all checksums 0. @return its length. */
uint32_t
packet_write(uint8_t *p, const struct packet *k);
/** Bytes before the payload. */
uint32_t
packet_hdrs(const struct packet *k);
/**
 * The frame as an mbuf, the headers and @p first bytes of payload in the
 * first segment, with its lengths and address families; IPv4 header checksums
 * are asked for. @p ol_flags are added.
 */
struct rte_mbuf *
packet_mbuf(struct rte_mempool *pool, const struct packet *k, uint32_t first,
	    uint64_t ol_flags, uint16_t mss);

/** What was seen on the wire of one sent frame. */
struct packet_seen {
	const struct packet *k;
	uint16_t mss;		/**< most payload of one frame; 0: all of it */
	bool outer_sum;		/**< the outer UDP checksum was asked for */
	uint32_t payload;	/**< bytes seen so far */
	uint32_t frames;
	uint8_t hdr[32];	/**< header that the driver wrote */
};

/** A devsim_frame_cb: completes, cuts and checks; asserts. */
void
packet_see(void *arg, const struct devsim_frame *frame);

/** Prepare, send and check one packet. @return what was seen of it. */
struct packet_seen
packet_send(struct sim_port *port, const struct packet *k, uint32_t first,
	    uint64_t ol_flags, uint16_t mss);

/**
 * A packet that must not be sent: rte_eth_tx_prepare gives @p err, and a
 * burst without it drops the frame and counts it (if @p burst).
 */
void
packet_refused(struct sim_port *port, struct rte_mbuf *m, int err, bool burst);

#endif /* TEST_PACKET_H */
