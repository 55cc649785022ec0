/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_NEGOTIATE_H
#define VNIC_NEGOTIATE_H

#include <stddef.h>
#include <stdint.h>

#include <virtio_features.h>

#include "vnic_transport.h"

/**
 * @file
 * Which feature bits to accept: one table of bits with what each needs, and
 * one pure function over it. Knows no device and no ethdev.
 */

struct vnic_args;

/** What became of a feature bit, and why. */
enum vnic_verdict {
	VNIC_VERDICT_ACCEPTED,
	VNIC_VERDICT_NOT_OFFERED,	/**< wanted, the device lacks it */
	VNIC_VERDICT_UNKNOWN,		/**< no bit of virtio 1.4 for a NIC */
	VNIC_VERDICT_NOT_IMPLEMENTED,	/**< by this driver */
	VNIC_VERDICT_NOT_ASKED,		/**< by devargs and configuration */
	VNIC_VERDICT_TRANSPORT,		/**< the transport cannot carry it */
	VNIC_VERDICT_PREREQUISITE,	/**< a bit that it needs is missing */
	VNIC_VERDICT_CONFIG		/**< its configuration field is bad */
};

/** What the port is to do: input of the negotiation. */
struct vnic_need {
	enum vnic_transport_kind transport;
	bool legacy;		/**< the transport's */
	const struct vnic_args *args;
	uint64_t rx_offloads;
	uint64_t tx_offloads;
	uint64_t rss_hf;	/**< 0: no RSS */
	/** Bits whose configuration fields are unreadable or out of bounds. */
	struct virtio_features bad_config;
};

struct vnic_negotiation {
	struct virtio_features wanted;
	struct virtio_features accepted;
	uint8_t verdict[VIRTIO_FEATURES_BITS];	/**< enum vnic_verdict */
	/** The bit that is missing, for VNIC_VERDICT_PREREQUISITE. */
	uint8_t missing[VIRTIO_FEATURES_BITS];
};

/**
 * The largest set of bits that the device offers, the port wants, and whose
 * prerequisites are in the set too (virtio 1.4, 2.2 and 5.1.3.1). Pure.
 */
void
vnic_negotiate(struct virtio_features offered, const struct vnic_need *need,
	       struct vnic_negotiation *out);

/** Bytes of the packet header under accepted features (5.1.6.1). */
uint8_t
vnic_negotiate_hdr_len(const struct virtio_features *accepted);

/** "not offered by the device", ... into @p buf; returns @p buf. */
const char *
vnic_negotiate_reason(const struct vnic_negotiation *n, unsigned int bit,
		      char *buf, size_t size);

/** Lowest bit of @p set that is not in @p in; -1 if there is none. */
int
vnic_negotiate_first_missing(const struct virtio_features *set,
			     const struct virtio_features *in);

/** Name of a bit, or "bit N" for an unknown one, into @p buf. */
const char *
vnic_negotiate_name(unsigned int bit, char *buf, size_t size);

#endif /* VNIC_NEGOTIATE_H */
