/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COMMAND_H
#define VNIC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file
 * Typed control commands of single features (virtio 1.4, 5.1.6.5), each one
 * exchange of vnic_ctrl.h, whose errors and thread rules are theirs: -ENOTSUP
 * if the feature that a command needs was not accepted.
 */

struct vnic_coalesce;
struct vnic_dev;

/** GUEST_ANNOUNCE: the driver has seen that it is to announce itself. */
int
vnic_command_announce_ack(struct vnic_dev *dev);

/** NOTF_COAL: all transmit queues, or all receive queues. */
int
vnic_command_coalesce_set(struct vnic_dev *dev, bool tx,
			  const struct vnic_coalesce *coal);
/** VQ_NOTF_COAL: one enabled data virtqueue. */
int
vnic_command_coalesce_vq_set(struct vnic_dev *dev, uint16_t vq_index,
			     const struct vnic_coalesce *coal);
/** -EPROTO if the answer is too short; then @p coal is as before. */
int
vnic_command_coalesce_vq_get(struct vnic_dev *dev, uint16_t vq_index,
			     struct vnic_coalesce *coal);

/** DEVICE_STATS: supported_stats_types. -EPROTO as above. */
int
vnic_command_stats_query(struct vnic_dev *dev, uint64_t *types);

/** Types of statistics that are wanted of one virtqueue. */
struct vnic_stats_want {
	uint16_t vq_index;
	uint64_t types;
};
#define VNIC_STATS_WANT_MAX 64

/**
 * Statistics of at most VNIC_STATS_WANT_MAX virtqueues.
 *
 * @param[out] got bytes of struct virtio_net_stats_reply_hdr and counters
 *   written to @p reply, whose content is the device's: not checked
 */
int
vnic_command_stats_get(struct vnic_dev *dev,
		       const struct vnic_stats_want *want, unsigned int nb,
		       void *reply, size_t max, size_t *got);

#endif /* VNIC_COMMAND_H */
