/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_QUEUE_H
#define VNIC_QUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include <vring.h>

#include "vnic_transport.h"

/**
 * @file
 * A receive or transmit queue: all that the data path touches, and the life
 * of it. The control plane reads the counters and calls the functions below;
 * it writes none of the other fields while the port is started.
 */

struct rte_eth_dev_data;
struct rte_memzone;
struct vnic_dev;

/** Gate between a burst and the control plane, one a queue. */
struct vnic_gate {
	/** vnic_gate_owner of the process whose lcore is inside a burst, else
	 * 0. Lcore writes. */
	volatile uint32_t busy;
	/** Frames a burst may handle; 0 while parked. Control writes. */
	volatile uint16_t limit;
};

struct vnic_rxq_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t bursts;	/**< calls that delivered something */
	uint64_t empty;		/**< calls that found nothing */
	uint64_t kicks;
	uint64_t kicks_saved;	/**< publishes the device asked no kick for */
	uint64_t nombuf;	/**< buffers that the mempool could not give */
	uint64_t errors;	/**< frames dropped for a bad header or length */
	uint64_t slow;		/**< batches that left the straight path */
	uint64_t too_long;	/**< dropped: need a chain, SCATTER is off */
};

struct vnic_txq_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t bursts;
	uint64_t full;		/**< bursts cut short by a full ring */
	uint64_t kicks;
	uint64_t kicks_saved;
	uint64_t rekicks;	/**< doorbells by the health timer */
	uint64_t errors;	/**< frames dropped: too many segments, length */
	uint64_t completed;	/**< frames that the device gave back */
	uint64_t returned;	/**< frames taken back at stop or reset */
	uint64_t slow;
};

/* Ledger of a txq: packets = completed + returned + in the ring. */

struct vnic_rxq {
	struct vring vr;
	struct vnic_gate gate;

	uint64_t rearm;		/**< mbuf: data_off, refcnt, nb_segs, port */
	uint64_t ol_flags;	/**< mbuf: what its pool has in ol_flags */
	struct rte_mempool *pool;
	uint32_t buf_len;	/**< bytes posted a buffer, header included */
	uint16_t data_off;	/**< frame start in a buffer */
	uint16_t hdr_len;
	uint16_t dma_field;	/**< offset in rte_mbuf of the address to post */
	uint16_t hdr_delta;	/**< header = mbuf + this; 0: from buf_addr */
	uint16_t depth;		/**< buffers kept posted (nb_desc) */
	uint16_t refill_min;	/**< refill when so many are missing */
	uint16_t look_in;	/**< batches until headers are read again */
	uint16_t looks;		/**< batches to come whose headers are read */
	uint16_t port_id;
	uint16_t vq_index;
	uint32_t ptype_mask;	/**< packet_type & this, of hash rows */

	struct vnic_rxq_stats stats __rte_cache_aligned;

	/* cold */
	uint16_t queue_id __rte_cache_aligned;
	uint16_t ring_size;	/**< entries: depth, or what a legacy device has */
	uint16_t hdr_can;	/**< vnic_hdr_rx_can */
	uint16_t segs_max;	/**< of a frame: 1 or VNIC_RX_SEGS_MAX */
	bool enabled;		/**< the device has the ring, or may have it */
	bool orphan;		/**< its process died inside a burst */
	bool recycles;		/**< vnic_recycle_info was asked for */
	bool stopped;		/**< by the application: ring empty, gate shut */
	bool deferred;		/**< dev_start leaves it stopped */
	bool armed;		/**< its lcore may sleep; that lcore writes it */
	int socket_id;
	uint64_t offloads;
	uint64_t own_offloads;	/**< asked for by queue setup */
	uint32_t soft;		/**< VNIC_RX_SOFT_*: vnic_rx_soft.h */
	uint32_t ptypes;	/**< layers told in packet_type */
	const struct rte_memzone *mz;
	struct vnic_dev *dev;
	/** Sent mbufs on their way here, by slot; the lcore's (vnic_recycle.h). */
	struct rte_mbuf **recycle;
} __rte_cache_aligned;

struct vnic_txq {
	struct vring vr;
	struct vnic_gate gate;

	uint16_t port_id;
	uint16_t vq_index;
	uint16_t hdr_len;
	uint16_t dma_field;
	uint16_t free_min;	/**< reclaim below so many free slots */
	uint16_t max_segs;	/**< of one frame */
	uint16_t nb_desc;
	uint16_t quiet;		/**< bursts since the last doorbell, saturating */
	uint32_t max_len;	/**< longest frame that is no GSO frame */
	uint16_t hdr_can;	/**< vnic_hdr_tx_can */
	bool fast_free;		/**< all mbufs of one pool, never shared */
	struct vnic_tx_extra *extra;	/**< one a slot */
	uint64_t extra_dma;
	uint64_t offloads;

	struct vnic_txq_stats stats __rte_cache_aligned;

	/* cold */
	uint16_t queue_id __rte_cache_aligned;
	bool enabled;
	bool orphan;
	bool stopped;
	bool deferred;
	int socket_id;
	uint64_t own_offloads;	/**< asked for by queue setup */
	uint32_t soft;		/**< VNIC_TX_SOFT_*: vnic_tx_soft.h */
	const struct rte_memzone *mz;
	const struct rte_memzone *extra_mz;
	/* the health timer's */
	uint16_t seen_avail;	/**< avail_idx at its last look */
	bool nudged;		/**< rung since that moved */
	uint8_t rest_looks;	/**< in a row that saw it unmoved, saturating */
	uint16_t stall_place;	/**< how far the device had used the ring */
	uint64_t stall_since;	/**< timer cycles when it came there; 0: nothing waits */
	bool stall_rung;	/**< once more, half way to the bound */
	uint8_t stall_tries;	/**< resets for it; one more: it is given up */
	uint64_t stall_well;	/**< it took a frame, and no stall since then; or 0 */
	struct vnic_dev *dev;
} __rte_cache_aligned;

/** Most buffers of one received frame. */
#define VNIC_RX_SEGS_MAX 64
/** With these, and MRG_RXBUF, a frame may come as a chain of mbufs. */
#define VNIC_RX_OFFLOAD_CHAINS \
	(RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TCP_LRO)

/** Most segments of one sent frame. */
#define VNIC_TX_SEGS_MAX 61

/** What a slot's frame may need beyond its mbufs; shared with the device. */
struct vnic_tx_extra {
	struct vring_desc table[VNIC_TX_SEGS_MAX + 1];
	uint8_t hdr[32];
} __rte_aligned(1024);
static_assert(sizeof(struct vnic_tx_extra) == 1024, "one slot, one KiB");

/** Where an mbuf has its I/O address, in builds that keep one. */
#if defined(RTE_IOVA_IN_MBUF) && !RTE_IOVA_IN_MBUF
#define VNIC_MBUF_IOVA_OFFSET offsetof(struct rte_mbuf, buf_addr)
#else
#define VNIC_MBUF_IOVA_OFFSET offsetof(struct rte_mbuf, buf_iova)
#endif

/** The memory of a queue that only the driver reads, after the struct. */
#define VNIC_QUEUE_PRIV(q) ((void *)((q) + 1))

/**
 * Allocate a queue: ring memory, private records. The device knows nothing
 * of it yet. @p nb_desc is a power of two, checked by the caller against the
 * device's maximum. A legacy device's rings have a size of their own: a receive
 * queue then fills nb_desc entries of it, a transmit queue has them all.
 *
 * @return 0; -EINVAL, -ENOMEM (with one log line saying what and the cure).
 */
int
vnic_rxq_create(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		unsigned int socket_id, uint64_t offloads,
		struct rte_mempool *pool, struct vnic_rxq **out);
int
vnic_txq_create(struct vnic_dev *dev, uint16_t queue_id, uint16_t nb_desc,
		unsigned int socket_id, uint64_t offloads, uint16_t free_thresh,
		struct vnic_txq **out);

/** Buffers missing at which a burst refills. */
static inline uint16_t
vnic_rxq_refill_min(const struct vnic_rxq *rxq)
{
	uint16_t n = rxq->recycles ? rxq->depth / 2 :
		RTE_MIN(rxq->depth / 8, 32);

	return RTE_MAX(n, 1);
}

/** Free a queue that the device does not have (any more); NULL is fine. */
void
vnic_rxq_free(struct vnic_rxq *rxq);
void
vnic_txq_free(struct vnic_txq *txq);

/**
 * Lay the ring out afresh for the negotiated features, fill a receive ring
 * with buffers unless the queue is stopped, and hand it to the device
 * (transport queue_enable). The gate stays shut until it is opened.
 *
 * @return 0; -ENOMEM if the mempool cannot give even one buffer; any error
 *   of the transport, after which the device may have the ring all the same:
 *   the queue is enabled, and only a reset gives its mbufs back.
 */
int
vnic_rxq_start(struct vnic_rxq *rxq);
/** Buffers for the empty ring that the device has; errors as above. */
int
vnic_rxq_fill(struct vnic_rxq *rxq);
int
vnic_txq_start(struct vnic_txq *txq);

/**
 * Take all mbufs back and free them. The device must have let go of the ring
 * (reset) and the gate must be shut.
 */
void
vnic_rxq_drain(struct vnic_rxq *rxq);
void
vnic_txq_drain(struct vnic_txq *txq);

/** Free the frames that the device has sent, count them as completed. */
void
vnic_txq_reclaim(struct vnic_txq *txq);

/**
 * Health timer: ring once for a queue that holds frames and has not been
 * sent to since the last call. It ends the wait for a doorbell that a look
 * without a fence, or the device itself, may have missed.
 */
void
vnic_txq_nudge(struct vnic_txq *txq);
/** Ring, and count it; health timer. */
void
vnic_txq_ring(struct vnic_txq *txq);

/**
 * Device lost and found again (vhost-user reconnection): lay the ring out
 * afresh, post every buffer that was outstanding again in its order, and
 * hand it to the device. Gate shut, old device gone.
 */
int
vnic_rxq_restart(struct vnic_rxq *rxq);
int
vnic_txq_restart(struct vnic_txq *txq);

/**
 * Shut gates and wait until no lcore, of any process, is inside a burst.
 * Deadline 1 s for all of them together. A queue whose process died inside
 * is an orphan: nobody knows which of its mbufs are freed already, so none of
 * them may be, and its ring is begun anew.
 *
 * @return 0, or -ETIMEDOUT if an lcore never left its burst (then nothing of
 *   the queue may be freed or reused).
 */
int
vnic_port_park(struct vnic_dev *dev);
void
vnic_port_open(struct vnic_dev *dev);

/**
 * The same for one queue, while the others go on. After -ETIMEDOUT the gate
 * is as it was.
 */
int
vnic_rxq_park(struct vnic_rxq *rxq);
int
vnic_txq_park(struct vnic_txq *txq);
void
vnic_rxq_open(struct vnic_rxq *rxq);
void
vnic_txq_open(struct vnic_txq *txq);

/**
 * Take a transmit queue from its lcore for a moment: shut its gate and wait
 * until no burst is inside, for a millisecond at most. Bursts meanwhile send
 * nothing, as with a full ring. Control lock held; give it back at once.
 *
 * @return 0, -EBUSY: it is shut already, or a burst did not end.
 */
int
vnic_txq_borrow(struct vnic_txq *txq);
void
vnic_txq_give_back(struct vnic_txq *txq);

/** The first violation a ring has recorded, or VRING_FAULT_NONE. */
static inline enum vring_fault
vnic_rxq_fault(const struct vnic_rxq *rxq)
{
	return rxq->vr.fault;
}

static inline enum vring_fault
vnic_txq_fault(const struct vnic_txq *txq)
{
	return txq->vr.fault;
}

/** Doorbell table of this process, by port and virtqueue. */
struct vnic_notify *
vnic_notify_slot(uint16_t port_id, uint16_t vq_index);
/** Allocate (or free with nb_vqs 0) the table of a port in this process. */
int
vnic_notify_table(uint16_t port_id, uint16_t nb_vqs);

#endif /* VNIC_QUEUE_H */
