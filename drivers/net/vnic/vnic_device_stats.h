/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_DEVICE_STATS_H
#define VNIC_DEVICE_STATS_H

#include <stddef.h>
#include <stdint.h>

/**
 * @file
 * What the device counts itself (DEVICE_STATS; virtio 1.4, 5.1.6.5.9). The
 * last answer is kept in shared memory, where any process reads it; only the
 * primary asks for a new one, for a secondary by its health timer. All
 * counters begin with 0 when the port starts for the first time.
 */

struct vnic_dev;
struct vnic_device_stats;
struct vnic_xstats;

/** Memory for the answers; while the port is stopped. 0 or -ENOMEM. */
int
vnic_device_stats_create(struct vnic_dev *dev);
void
vnic_device_stats_free(struct vnic_dev *dev);

/**
 * Which types of statistics the device has, and their first values; after
 * DRIVER_OK, control lock held. A device that answers nonsense has none.
 *
 * @return 0, or -ETIMEDOUT, -EPROTO of a control queue that is dead now.
 */
int
vnic_device_stats_start(struct vnic_dev *dev);

/**
 * Ask anew, unless the last answer is younger than 100 ms, the control queue
 * is dead or somebody else has the control lock: then what is there stays. At
 * most the deadline of one control command. In a secondary: let the primary
 * ask, and wait for that up to 300 ms, or not at all where it took no question
 * up before.
 */
void
vnic_device_stats_refresh(struct vnic_dev *dev);

/** Ask if a secondary wants it; the health timer, locked. */
void
vnic_device_stats_serve(struct vnic_dev *dev);

/** The device may count this virtqueue from 0: it was reset alone. Locked. */
void
vnic_device_stats_restarted(struct vnic_dev *dev, uint16_t vq_index);

/**
 * All counters are 0 from now on. Asks the device what it has counted until
 * then, as long as a control command takes; where it cannot be asked (a
 * secondary, or somebody has the control lock) its next answer counts as that.
 */
void
vnic_device_stats_reset(struct vnic_dev *dev);

/** Frames that the device dropped, over all queues (rx_drops, tx_drops). */
uint64_t
vnic_device_stats_rx_drops(const struct vnic_dev *dev);
uint64_t
vnic_device_stats_tx_drops(const struct vnic_dev *dev);

/**
 * Extended statistics: per port device_NAME, per pair device_qN_NAME, with
 * the specification's names. They stay the same, with the values of the last
 * answer, while a device recovers or refuses to be asked.
 */
void
vnic_device_stats_list(const struct vnic_dev *dev, struct vnic_xstats *x);

/**
 * Take an answer apart: @p len bytes that the device wrote. Each length is
 * bounded by what is left, each type and queue by what the port has.
 *
 * @return entries; -EPROTO at the first one that is broken, those before count
 */
int
vnic_device_stats_parse(struct vnic_dev *dev, const uint8_t *reply,
			size_t len);

#endif /* VNIC_DEVICE_STATS_H */
