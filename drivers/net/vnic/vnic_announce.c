/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#include "vnic_announce.h"
#include "vnic_command.h"
#include "vnic_log.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_tx.h"

/*
 * How the frames get onto rings that lcores own. A mailbox that each burst
 * looks into would cost every burst, and would wait for ever where the
 * application only receives; so a queue's gate is shut for the moment of one
 * burst of ours. A queue that rests is taken if there is one: then nobody
 * notices at all. mbufs are of a pool of our own, since the application's may
 * be empty, or made for a single consumer.
 */

#define ANNOUNCE_MBUFS 255
/* Frames a gate is shut for, and such bursts a visit. */
#define ANNOUNCE_BATCH 32
#define ANNOUNCE_VISITS 8
/* Visits of the health timer without a frame sent, then they are given up. */
#define ANNOUNCE_STUCK_MAX 10

int
vnic_announce_create(struct vnic_dev *dev)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	if (dev->announce.pool != NULL)
		return 0;
	snprintf(name, sizeof(name), "vnic_p%u_announce", dev->port_id);
	dev->announce.pool = rte_pktmbuf_pool_create(name, ANNOUNCE_MBUFS, 0,
		0, RTE_PKTMBUF_HEADROOM + 128, SOCKET_ID_ANY);
	if (dev->announce.pool != NULL)
		return 0;
	VNIC_LOG(ERR, "%s: no memory for %u mbufs to announce port %u with (%s): give EAL more memory (-m)",
		 dev->name, ANNOUNCE_MBUFS, dev->port_id,
		 rte_strerror(rte_errno));
	return -ENOMEM;
}

void
vnic_announce_free(struct vnic_dev *dev)
{
	rte_mempool_free(dev->announce.pool);
	dev->announce.pool = NULL;
}

static struct vnic_announce_who
announce_who(const struct vnic_dev *dev)
{
	return (struct vnic_announce_who){
		.mac = &dev->mac,
		.addrs = dev->args.announce,
		.nb_addrs = dev->args.nb_announce,
		.vlans = vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VLAN) ?
			dev->filter.vlans : NULL,
	};
}

/* Up to @p max of the frames that are left; fewer if there are no mbufs. */
static uint16_t
announce_make(struct vnic_dev *dev, struct rte_mbuf **pkts, uint16_t max)
{
	const struct vnic_announce_who who = announce_who(dev);
	uint8_t buf[VNIC_ANNOUNCE_FRAME_MAX];
	uint16_t nb;

	for (nb = 0; nb < max; nb++) {
		size_t len = vnic_announce_frame(&who, dev->announce.next + nb,
						 buf);

		if (len == 0)
			break;
		pkts[nb] = rte_pktmbuf_alloc(dev->announce.pool);
		if (pkts[nb] == NULL)
			break;
		memcpy(rte_pktmbuf_append(pkts[nb], len), buf, len);
	}
	return nb;
}

/* One burst by @p txq; frames sent, 0 if it has no room or cannot be had. */
static uint16_t
announce_by(struct vnic_dev *dev, struct vnic_txq *txq)
{
	uint32_t flags = vnic_tx_path_select(dev)->flags;
	struct rte_mbuf *pkts[ANNOUNCE_BATCH];
	uint16_t nb, sent;

	if (!txq->enabled || txq->stopped || vnic_txq_borrow(txq) < 0)
		return 0;
	/* First what the ring is done with, ours among it. */
	vnic_tx_insert(txq, NULL, 0, flags);
	nb = announce_make(dev, pkts, ANNOUNCE_BATCH);
	/* They come back with mbufs of other pools. */
	txq->fast_free = false;
	sent = vnic_tx_insert(txq, pkts, nb, flags);
	vnic_txq_give_back(txq);
	if (nb > sent)
		rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
	return sent;
}

static bool
txq_rests(const struct vnic_txq *txq)
{
	return txq->seen_avail == vring_peek(&txq->vr).avail_idx;
}

/* Queues that rest first, the last one before the first. */
static uint16_t
announce_burst(struct vnic_dev *dev)
{
	uint16_t i, sent = 0;
	int busy;

	for (busy = 0; busy < 2 && sent == 0; busy++)
		for (i = dev->data->nb_tx_queues; i > 0 && sent == 0; i--) {
			struct vnic_txq *txq = vnic_txq_of(dev, i - 1);

			if (txq != NULL && txq_rests(txq) != (bool)busy)
				sent = announce_by(dev, txq);
		}
	return sent;
}

static int
announce_go_on(struct vnic_dev *dev)
{
	const struct vnic_announce_who who = announce_who(dev);
	uint32_t count = vnic_announce_count(&who), before = dev->announce.next;
	unsigned int visit;

	for (visit = 0; visit < ANNOUNCE_VISITS && dev->announce.next < count;
	     visit++) {
		uint16_t sent = announce_burst(dev);

		if (sent == 0)
			break;
		dev->announce.next += sent;
		dev->announce_frames += sent;
	}
	dev->announce.stuck = dev->announce.next == before ?
		dev->announce.stuck + 1 : 0;
	dev->announce.busy = dev->announce.next < count &&
		dev->announce.stuck < ANNOUNCE_STUCK_MAX;
	if (dev->announce.next < count && !dev->announce.busy)
		VNIC_LOG(ERR, "%s: port %u: %u of %u frames that announce it were not sent: no transmit queue has had room for a second",
			 dev->name, dev->port_id, count - dev->announce.next,
			 count);
	return dev->announce.busy ? -EAGAIN : 0;
}

void
vnic_announce_defer(struct vnic_dev *dev)
{
	dev->announce.next = 0;
	dev->announce.stuck = 0;
	dev->announce.busy = dev->announce.pool != NULL;
}

int
vnic_announce_start(struct vnic_dev *dev)
{
	if (dev->announce.pool == NULL)
		return -ENOTSUP;
	vnic_announce_defer(dev);
	return announce_go_on(dev);
}

/* Frames that wait for room are on their way: the ACK does not (5.1.6.5.4). */
static void
announce_asked(struct vnic_dev *dev)
{
	dev->announce.asked = false;
	dev->announce_requests++;
	VNIC_LOG(INFO, "%s: the device asks port %u to announce itself",
		 dev->name, dev->port_id);
	vnic_announce_start(dev);
	if (vnic_command_announce_ack(dev) < 0)
		return;
	dev->announce_acks++;
	/* The device has cleared the bit: the next one seen is another. */
	dev->announce.seen = false;
}

void
vnic_announce_work(struct vnic_dev *dev)
{
	if (dev->announce.asked)
		announce_asked(dev);
	else if (dev->announce.busy)
		announce_go_on(dev);
}
