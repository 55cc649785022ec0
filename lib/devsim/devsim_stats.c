/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Device statistics, section 5.1.6.5.9. */

#define ALL_QUEUES UINT8_MAX
#define CVQ 2

/** A type: its queues, its counters, and features of which it needs one. */
static const struct stats_type {
	uint8_t type;
	uint8_t way;		/**< 0 receive, 1 transmit, CVQ */
	uint8_t first;		/**< in devsim_vq.counters */
	uint8_t nr;
	uint8_t needs[3];
	uint8_t nr_needs;
} stats_types[] = {
	{ VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC, 0, DEVSIM_STAT_BASIC, 6,
	  { 0 }, 0 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_RX_CSUM, 0, DEVSIM_STAT_CSUM, 4,
	  { VIRTIO_NET_F_GUEST_CSUM }, 1 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_RX_GSO, 0, DEVSIM_STAT_GSO, 4,
	  { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6 }, 2 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED, 0, DEVSIM_STAT_SPEED, 2,
	  { VIRTIO_NET_F_SPEED_DUPLEX }, 1 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC, 1, DEVSIM_STAT_BASIC, 6,
	  { 0 }, 0 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_TX_CSUM, 1, DEVSIM_STAT_CSUM, 2,
	  { VIRTIO_NET_F_CSUM }, 1 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_TX_GSO, 1, DEVSIM_STAT_GSO, 6,
	  { VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6,
	    VIRTIO_NET_F_HOST_USO }, 3 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_TX_SPEED, 1, DEVSIM_STAT_SPEED, 2,
	  { VIRTIO_NET_F_SPEED_DUPLEX }, 1 },
	{ VIRTIO_NET_STATS_TYPE_REPLY_CVQ, CVQ, 0, 2, { 0 }, 0 },
};
#define NR_TYPES (sizeof(stats_types) / sizeof(stats_types[0]))

static bool
type_allowed(const struct devsim *dev, const struct stats_type *t)
{
	uint8_t i;

	for (i = 0; i < t->nr_needs; i++)
		if (devsim_has(dev, t->needs[i]))
			return true;
	return t->nr_needs == 0;
}

static uint8_t
queue_way(const struct devsim *dev, uint16_t index)
{
	if (index == devsim_ctrl_index(dev))
		return CVQ;
	return index < dev->config.pairs * 2 ? index & 1 : ALL_QUEUES;
}

static uint8_t
stats_query(struct devsim *dev, uint32_t len)
{
	rte_le64_t types = rte_cpu_to_le_64(dev->stats_types);

	if (len != 0)
		return VIRTIO_NET_ERR;
	devsim_reply(dev, &types, sizeof(types));
	return VIRTIO_NET_OK;
}

static uint64_t
get64(const uint8_t *p)
{
	return devsim_get32(p) | (uint64_t)devsim_get32(p + 4) << 32;
}

/** Everything that was asked for may be; else the whole command fails. */
static bool
stats_check(struct devsim *dev, const uint8_t *entry)
{
	uint16_t index = devsim_get16(entry);
	uint8_t way = queue_way(dev, index);
	uint64_t want = get64(entry + 8), can = 0;
	size_t i;

	for (i = 0; i < NR_TYPES; i++)
		if (stats_types[i].way == way &&
		    type_allowed(dev, &stats_types[i]))
			can |= UINT64_C(1) << stats_types[i].type;
	if (way != ALL_QUEUES && (want & ~(can & dev->stats_types)) == 0)
		return true;
	devsim_violation(dev, NULL, "statistics 0x%llx of virtqueue %u",
			 (unsigned long long)want, index);
	return false;
}

static void
stats_reply(struct devsim *dev, const struct stats_type *t, uint16_t index)
{
	struct devsim_vq *vq = &dev->vqs[index];
	struct devsim_vq *ctrl = &dev->vqs[devsim_ctrl_index(dev)];
	struct virtio_net_stats_reply_hdr hdr = {
		.type = t->type,
		.vq_index = rte_cpu_to_le_16(index),
		.size = rte_cpu_to_le_16(sizeof(hdr) + t->nr * 8),
	};
	uint8_t i;

	if (devsim_fault_hit(ctrl, DEVSIM_FAULT_STATS_SIZE))
		hdr.size = rte_cpu_to_le_16(dev->fault.value);
	if (devsim_fault_hit(ctrl, DEVSIM_FAULT_STATS_VQ))
		hdr.vq_index = rte_cpu_to_le_16(dev->fault.value);
	if (devsim_fault_hit(ctrl, DEVSIM_FAULT_STATS_TYPE))
		hdr.type = dev->fault.value;
	devsim_reply(dev, &hdr, sizeof(hdr));
	for (i = 0; i < t->nr; i++) {
		uint64_t v = vq->counters[t->first + i];
		rte_le64_t le;

		/* command_num and ok_num count this command too. */
		if (t->way == CVQ)
			v = dev->state.commands + 1 -
				(i == 1 ? dev->state.refused : 0);
		else if (t->first == DEVSIM_STAT_BASIC && i == 0)
			v = vq->stats.kicks;
		le = rte_cpu_to_le_64(v);
		devsim_reply(dev, &le, sizeof(le));
	}
}

static uint8_t
stats_get(struct devsim *dev, const uint8_t *data, uint32_t len)
{
	uint32_t off;
	size_t i;

	if (len == 0 || len % sizeof(struct virtio_net_ctrl_queue_stats) != 0)
		return VIRTIO_NET_ERR;
	for (off = 0; off < len; off += 16)
		if (!stats_check(dev, data + off))
			return VIRTIO_NET_ERR;
	for (off = 0; off < len; off += 16)
		for (i = 0; i < NR_TYPES; i++)
			if (get64(data + off + 8) >> stats_types[i].type & 1)
				stats_reply(dev, &stats_types[i],
					    devsim_get16(data + off));
	dev->state.stats_gets++;
	return VIRTIO_NET_OK;
}

uint8_t
devsim_stats_command(struct devsim *dev, uint8_t command, const uint8_t *data,
		     uint32_t len)
{
	if (command == VIRTIO_NET_CTRL_STATS_QUERY)
		return stats_query(dev, len);
	if (command == VIRTIO_NET_CTRL_STATS_GET)
		return stats_get(dev, data, len);
	return VIRTIO_NET_ERR;
}

void
devsim_stats_count(struct devsim_vq *vq, enum devsim_stat counter, uint64_t by)
{
	vq->counters[counter] += by;
}

void
devsim_stats_types(struct devsim *dev, uint64_t types)
{
	dev->stats_types = types;
}

void
devsim_stat_set(struct devsim *dev, uint16_t index, unsigned int counter,
		uint64_t value)
{
	pthread_mutex_lock(&dev->lock);
	if (index < dev->nr_vqs && counter < DEVSIM_STAT_MAX)
		dev->vqs[index].counters[counter] = value;
	pthread_mutex_unlock(&dev->lock);
}

uint64_t
devsim_stat_get(struct devsim *dev, uint16_t index, unsigned int counter)
{
	uint64_t value = 0;

	pthread_mutex_lock(&dev->lock);
	if (index < dev->nr_vqs && counter < DEVSIM_STAT_MAX)
		value = dev->vqs[index].counters[counter];
	pthread_mutex_unlock(&dev->lock);
	return value;
}
