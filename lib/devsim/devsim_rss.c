/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Commands that configure hashing and steering: 5.1.6.4.4, 5.1.6.5.6.4,
 * 5.1.6.5.7 and 5.1.6.5.8. */

static uint16_t
get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t
get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* Limits are what the driver can read, not what the device was made with. */

static bool
types_ok(struct devsim *dev, uint32_t types)
{
	uint32_t can = rte_le_to_cpu_32(dev->net.supported_hash_types);

	if (types & ~can)
		devsim_violation(dev, NULL, "hash types 0x%x of 0x%x", types,
				 can);
	return (types & ~can) == 0;
}

/** Length byte and key at the command's end. */
static bool
key_get(struct devsim *dev, struct devsim_rss *rss, const uint8_t *data,
	uint32_t len)
{
	if (len < 1 || len != 1u + data[0]) {
		devsim_violation(dev, NULL, "a key of %u bytes in %u",
				 len < 1 ? 0 : data[0], len);
		return false;
	}
	if (data[0] > dev->net.rss_max_key_size) {
		devsim_violation(dev, NULL, "a key of %u bytes of %u", data[0],
				 dev->net.rss_max_key_size);
		return false;
	}
	rss->key_len = data[0];
	memcpy(rss->key, data + 1, data[0]);
	return true;
}

/** struct rss_rq_id: an enabled receive queue, from 0. */
static bool
rq_get(struct devsim *dev, const uint8_t *data, uint16_t *queue)
{
	*queue = get16(data);
	if (*queue < dev->config.pairs && dev->vqs[*queue * 2].enabled)
		return true;
	devsim_violation(dev, NULL,
		"receive queue id 0x%x is not that of an enabled queue", *queue);
	return false;
}

static bool
table_get(struct devsim *dev, struct devsim_rss *rss, const uint8_t *data,
	  uint32_t entries)
{
	uint32_t max = rte_le_to_cpu_16(
		dev->net.rss_max_indirection_table_length), i;

	if ((entries & (entries - 1)) != 0 || entries > max ||
	    entries > DEVSIM_RSS_TABLE_MAX) {
		devsim_violation(dev, NULL, "a table of %u entries of %u",
				 entries, max);
		return false;
	}
	rss->table_len = entries;
	for (i = 0; i < entries; i++)
		if (!rq_get(dev, data + i * 2, &rss->table[i]))
			return false;
	return true;
}

/** Parse and check struct virtio_net_rss_config whole. */
static bool
config_get(struct devsim *dev, struct devsim_rss *rss, const uint8_t *data,
	   uint32_t len)
{
	uint32_t entries, off;

	memset(rss, 0, sizeof(*rss));
	if (len < 8)
		return false;
	entries = get16(data + 4) + 1u;
	off = 8 + entries * 2;
	if (len < off + 3) {
		devsim_violation(dev, NULL, "%u bytes for a table of %u", len,
				 entries);
		return false;
	}
	rss->set = true;
	rss->hash_types = get32(data);
	rss->max_tx_vq = get16(data + off);
	if (rss->max_tx_vq == 0 || rss->max_tx_vq > dev->config.pairs) {
		devsim_violation(dev, NULL, "max_tx_vq %u of %u",
				 rss->max_tx_vq, dev->config.pairs);
		return false;
	}
	return types_ok(dev, rss->hash_types) &&
		rq_get(dev, data + 6, &rss->unclassified) &&
		table_get(dev, rss, data + 8, entries) &&
		key_get(dev, rss, data + off + 2, len - off - 2);
}

uint8_t
devsim_rss_config(struct devsim *dev, const uint8_t *data, uint32_t len)
{
	struct devsim_rss rss;

	if (!devsim_has(dev, VIRTIO_NET_F_RSS)) {
		devsim_violation(dev, NULL, "RSS_CONFIG without RSS");
		return VIRTIO_NET_ERR;
	}
	if (!config_get(dev, &rss, data, len))
		return VIRTIO_NET_ERR;
	dev->state.rss = rss;
	dev->state.pairs = rss.max_tx_vq;
	dev->state.steering = true;
	dev->state.hash_config = false;
	return VIRTIO_NET_OK;
}

uint8_t
devsim_rss_hash_config(struct devsim *dev, const uint8_t *data, uint32_t len)
{
	struct devsim_rss rss = { .set = true };
	uint32_t i;

	if (!devsim_has(dev, VIRTIO_NET_F_HASH_REPORT)) {
		devsim_violation(dev, NULL, "HASH_CONFIG without HASH_REPORT");
		return VIRTIO_NET_ERR;
	}
	if (len < 13)
		return VIRTIO_NET_ERR;
	for (i = 4; i < 12; i++)
		if (data[i] != 0) {
			devsim_violation(dev, NULL,
				"HASH_CONFIG: reserved byte %u is 0x%x", i,
				data[i]);
			return VIRTIO_NET_ERR;
		}
	rss.hash_types = get32(data);
	if (!types_ok(dev, rss.hash_types) ||
	    !key_get(dev, &rss, data + 12, len - 12))
		return VIRTIO_NET_ERR;
	dev->state.rss = rss;
	dev->state.steering = false;
	dev->state.hash_config = true;
	return VIRTIO_NET_OK;
}

uint8_t
devsim_rss_tunnel(struct devsim *dev, uint8_t command, const uint8_t *data,
		  uint32_t len)
{
	uint32_t can = rte_le_to_cpu_32(dev->net.supported_tunnel_types);

	if (command != VIRTIO_NET_CTRL_HASH_TUNNEL_SET || len != 4)
		return VIRTIO_NET_ERR;
	if (get32(data) & ~can) {
		devsim_violation(dev, NULL, "tunnel types 0x%x of 0x%x",
				 get32(data), can);
		return VIRTIO_NET_ERR;
	}
	dev->state.tunnel_types = get32(data);
	return VIRTIO_NET_OK;
}

static bool
rss_names(const struct devsim_rss *rss, uint16_t queue)
{
	uint16_t i;

	if (!rss->set)
		return false;
	for (i = 0; i < rss->table_len; i++)
		if (rss->table[i] == queue)
			return true;
	return rss->unclassified == queue;
}

/** A receive queue that frames could go to instead. */
static bool
other_has_buffers(struct devsim *dev)
{
	uint16_t i;

	for (i = 0; i < dev->config.pairs; i++)
		if (dev->vqs[i * 2].enabled &&
		    devsim_vq_fetch(&dev->vqs[i * 2]) > 0)
			return true;
	return false;
}

void
devsim_rss_left(struct devsim *dev, uint16_t index)
{
	bool named = dev->state.steering &&
		rss_names(&dev->state.rss, index / 2);
	unsigned int i;

	for (i = 0; i < DEVSIM_RSS_CONTEXTS_MAX; i++)
		named |= rss_names(&dev->state.contexts[i], index / 2);
	if (index % 2 == 0 && named && other_has_buffers(dev))
		devsim_violation(dev, NULL,
			"receive queue id 0x%x is reset and named by an RSS table",
			index / 2);
}

bool
devsim_rss_has_context(const struct devsim *dev)
{
	unsigned int i;

	for (i = 0; i < DEVSIM_RSS_CONTEXTS_MAX; i++)
		if (dev->state.contexts[i].set)
			return true;
	return false;
}

static struct devsim_rss *
context_get(struct devsim *dev, const uint8_t *data)
{
	uint16_t id = get16(data);

	if (id >= 1 && id <= dev->config.rss_contexts)
		return &dev->state.contexts[id - 1];
	devsim_violation(dev, NULL, "RSS context %u of %u", id,
			 dev->config.rss_contexts);
	return NULL;
}

static uint8_t
context_cap(struct devsim *dev, uint32_t len)
{
	if (len != 0)
		return VIRTIO_NET_ERR;
	dev->reply[0] = dev->config.rss_contexts;
	dev->reply[1] = dev->config.rss_contexts >> 8;
	dev->reply_len = 2;
	return VIRTIO_NET_OK;
}

uint8_t
devsim_rss_context(struct devsim *dev, uint8_t command, const uint8_t *data,
		   uint32_t len)
{
	struct devsim_rss *ctx, rss;
	bool del = command == VIRTNET_RSS_CTX_CTRL_DEL;

	if (command == VIRTNET_RSS_CTX_CTRL_CAP_GET)
		return context_cap(dev, len);
	if (command > VIRTNET_RSS_CTX_CTRL_DEL || len < 2 || (del && len != 2))
		return VIRTIO_NET_ERR;
	ctx = context_get(dev, data);
	if (ctx == NULL || ctx->set == (command == VIRTNET_RSS_CTX_CTRL_ADD))
		return VIRTIO_NET_ERR;
	if (del) {
		ctx->set = false;
		return VIRTIO_NET_OK;
	}
	if (len < 8 || !config_get(dev, &rss, data + 8, len - 8))
		return VIRTIO_NET_ERR;
	*ctx = rss;
	return VIRTIO_NET_OK;
}

uint16_t
devsim_rss_steer(struct devsim *dev, uint16_t automatic, const uint8_t *data,
		 uint32_t len, uint8_t *hdr)
{
	const struct devsim_rss *rss = &dev->state.rss;
	struct devsim_hash h = { 0, VIRTIO_NET_HASH_REPORT_NONE };

	if (rss->set)
		h = devsim_hash_frame(rss, dev->state.tunnel_types, data, len);
	if (devsim_has(dev, VIRTIO_NET_F_HASH_REPORT)) {
		struct virtio_net_hdr_hash report = {
			.hash_value = rte_cpu_to_le_32(h.value),
			.hash_report = rte_cpu_to_le_16(h.report),
		};

		memcpy(hdr + sizeof(report.hdr),
		       (const uint8_t *)&report + sizeof(report.hdr),
		       sizeof(report) - sizeof(report.hdr));
	}
	if (!dev->state.steering)
		return automatic;
	if (h.report == VIRTIO_NET_HASH_REPORT_NONE)
		return rss->unclassified;
	return rss->table[h.value & (rss->table_len - 1)];
}
