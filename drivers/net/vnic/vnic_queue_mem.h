/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_QUEUE_MEM_H
#define VNIC_QUEUE_MEM_H

#include <stddef.h>
#include <stdint.h>

struct rte_memzone;
struct vnic_dev;
struct vring;

/**
 * Page-aligned memory to be shared with the device, named after port, use and
 * queue; one log line with the cure if there is none.
 */
const struct rte_memzone *
vnic_queue_mz(const struct vnic_dev *dev, const char *what, uint16_t queue_id,
	      size_t bytes, int socket_id);

/** A memzone's address as the device sees it. */
uint64_t
vnic_queue_mz_dma(const struct vnic_dev *dev, const struct rte_memzone *mz);

/**
 * Entries of a ring that is to hold @p nb_desc: so many, but on a legacy
 * device, which says itself how many there are (section 2.7.2).
 */
int
vnic_queue_ring_size(struct vnic_dev *dev, uint16_t vq_index,
		     uint16_t nb_desc, uint16_t *size);

/**
 * Hand a ring that is laid out in @p mz to the device, which begins at the
 * free-running index @p base.
 */
int
vnic_queue_hand_over(struct vnic_dev *dev, const struct vring *vr,
		     const struct rte_memzone *mz, uint16_t vq_index,
		     uint16_t base);

#endif /* VNIC_QUEUE_MEM_H */
