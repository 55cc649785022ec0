/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_ANNOUNCE_H
#define VNIC_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

/**
 * @file
 * Telling the network where the port is (virtio 1.4, 5.1.6.5.4): RARP with
 * its MAC address always; for each address of the devarg announce= an ARP
 * announcement (RFC 5227) or an unsolicited neighbour advertisement (RFC
 * 4861, 7.2.6); all of that again with the tag of each VLAN that the port's
 * filter lets in.
 *
 * The frames go out by a transmit queue that lcores own: the caller shuts
 * that queue's gate for the moment of one burst (vnic_txq_borrow), in which
 * the lcore finds what it would find in a full ring. So nothing is added to
 * the path of the application's frames, and it works if there are none.
 */

struct vnic_address;
struct vnic_dev;

/** Who is announced. */
struct vnic_announce_who {
	const struct rte_ether_addr *mac;
	const struct vnic_address *addrs;
	uint8_t nb_addrs;
	/** VNIC_VLAN_WORDS of bits; NULL: untagged only */
	const uint64_t *vlans;
};

#define VNIC_ANNOUNCE_FRAME_MAX 92

/** Number of frames that @p who takes. Pure. */
uint32_t
vnic_announce_count(const struct vnic_announce_who *who);

/**
 * Frame @p index of vnic_announce_count, untagged ones first. Pure.
 *
 * @param[out] buf VNIC_ANNOUNCE_FRAME_MAX bytes
 * @return its length, at least 60; 0 past the last
 */
size_t
vnic_announce_frame(const struct vnic_announce_who *who, uint32_t index,
		    uint8_t *buf);

/** Memory for the frames; once, while the port is stopped. 0 or -ENOMEM. */
int
vnic_announce_create(struct vnic_dev *dev);
void
vnic_announce_free(struct vnic_dev *dev);

/**
 * Announce the port, from the first frame on, by its own transmit queues.
 * Control lock held, port running. What the rings do not take now follows
 * from the health timer, for up to a second without progress.
 *
 * @return 0 all frames are on their way; -EAGAIN the rest follows; -ENOTSUP
 *   if vnic_announce_create was not called.
 */
int
vnic_announce_start(struct vnic_dev *dev);

/** The same from the next visit of the health timer on. Lock held. */
void
vnic_announce_defer(struct vnic_dev *dev);

/**
 * What is left to do: the device's request (start, then ACK), and frames that
 * found no room. Control lock held, port running; cheap if there is nothing.
 */
void
vnic_announce_work(struct vnic_dev *dev);

#endif /* VNIC_ANNOUNCE_H */
