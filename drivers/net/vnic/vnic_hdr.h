/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_HDR_H
#define VNIC_HDR_H

#include <string.h>

#include <rte_mbuf.h>

#include <virtio_net.h>

/**
 * @file
 * The net header (virtio 1.4 section 5.1.6) to mbuf fields and back.
 */

#define VNIC_TX_OFFLOAD_MASK (RTE_MBUF_F_TX_L4_MASK | \
			      RTE_MBUF_F_TX_TCP_SEG)

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

/**
 * Header of a frame with checksum or segmentation work for the device
 * (5.1.6.2). The checksum field holds the pseudo-header sum already
 * (rte_eth_tx_prepare).
 */
void
vnic_hdr_from_mbuf(struct virtio_net_hdr *hdr, const struct rte_mbuf *m);

/**
 * Offload results of a received frame into its first mbuf (5.1.6.4). Takes a
 * private copy of the header; bounds every field by the frame's length.
 *
 * @return 0, or -EPROTO for a header that no correct device writes: the
 *   frame is to be dropped.
 */
int
vnic_hdr_to_mbuf(struct rte_mbuf *m, const struct virtio_net_hdr *hdr);

/** Whether a received header reports anything at all. */
static __rte_always_inline bool
vnic_hdr_plain(const struct virtio_net_hdr *hdr)
{
	uint16_t type;

	memcpy(&type, hdr, sizeof(type));
	return type == 0;
}

#endif /* VNIC_HDR_H */
