/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "vnic.h"
#include "vnic_ctrl.h"

/* Commands of 5.1.6.4.4, 5.1.6.5.6.4, 5.1.6.5.7 and 5.1.6.5.8, as bytes. */

static size_t
rss_bytes(uint16_t table_len, uint16_t key_len)
{
	return sizeof(struct virtio_net_rss_config_head) +
		table_len * sizeof(rte_le16_t) +
		sizeof(struct virtio_net_rss_config_tail) + key_len;
}

size_t
vnic_ctrl_rss_max(const struct vnic_rss_caps *caps)
{
	return sizeof(struct virtnet_rss_ctx_head) +
		rss_bytes(caps->table_max, caps->key_max);
}

/** A command being written in its place; every part is behind the last. */
struct command {
	size_t len;
	uint8_t *data;
};

static int
command_begin(struct command *c, struct vnic_dev *dev, size_t bytes)
{
	c->len = 0;
	return vnic_ctrl_begin(dev, bytes, &c->data);
}

static void
command_add(struct command *c, const void *part, size_t len)
{
	memcpy(c->data + c->len, part, len);
	c->len += len;
}

static rte_le16_t
rq_id(uint16_t queue)
{
	return rte_cpu_to_le_16(VIRTIO_NET_RSS_RQ_ID(vnic_vq_rx(queue)));
}

/* struct virtio_net_rss_config */
static void
command_add_rss(struct command *c, const struct vnic_dev *dev,
		const struct vnic_rss_params *p)
{
	uint16_t queues[VNIC_QUEUE_PAIRS_MAX];
	struct virtio_net_rss_config_head head = {
		.hash_types = rte_cpu_to_le_32(p->hash_types),
		.indirection_table_mask = rte_cpu_to_le_16(p->table_len - 1),
	};
	const struct virtio_net_rss_config_tail tail = {
		.max_tx_vq = rte_cpu_to_le_16(dev->nb_pairs),
		.hash_key_length = p->key_len,
	};
	uint16_t i;

	vnic_rss_stand_ins(dev, queues);
	head.unclassified_queue = rq_id(queues[p->unclassified]);
	command_add(c, &head, sizeof(head));
	for (i = 0; i < p->table_len; i++) {
		rte_le16_t id = rq_id(queues[p->table[i]]);

		command_add(c, &id, sizeof(id));
	}
	command_add(c, &tail, sizeof(tail));
	command_add(c, p->key, p->key_len);
}

int
vnic_ctrl_rss_config(struct vnic_dev *dev,
		     const struct vnic_rss_params *params)
{
	struct command c;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS))
		return -ENOTSUP;
	ret = command_begin(&c, dev, rss_bytes(params->table_len,
					       params->key_len));
	if (ret < 0)
		return ret;
	command_add_rss(&c, dev, params);
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_MQ,
			      VIRTIO_NET_CTRL_MQ_RSS_CONFIG, c.data, c.len);
}

int
vnic_ctrl_hash_config(struct vnic_dev *dev,
		      const struct vnic_rss_params *params)
{
	const struct virtio_net_hash_config head = {
		.hash_types = rte_cpu_to_le_32(params->hash_types),
		.hash_key_length = params->key_len,
	};
	struct command c;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_HASH_REPORT))
		return -ENOTSUP;
	ret = command_begin(&c, dev, sizeof(head) + params->key_len);
	if (ret < 0)
		return ret;
	command_add(&c, &head, sizeof(head));
	command_add(&c, params->key, params->key_len);
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_MQ,
			      VIRTIO_NET_CTRL_MQ_HASH_CONFIG, c.data, c.len);
}

int
vnic_ctrl_hash_tunnel(struct vnic_dev *dev, uint32_t tunnel_types)
{
	rte_le32_t types = rte_cpu_to_le_32(tunnel_types);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_HASH_TUNNEL))
		return -ENOTSUP;
	if (tunnel_types & ~dev->rss.caps.tunnel_types)
		return -EINVAL;
	return vnic_ctrl_exec(dev, VIRTIO_NET_CTRL_HASH_TUNNEL,
			      VIRTIO_NET_CTRL_HASH_TUNNEL_SET, &types,
			      sizeof(types));
}

int
vnic_ctrl_rss_context_cap(struct vnic_dev *dev, uint16_t *max)
{
	rte_le16_t cap = 0;
	size_t got = 0;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT))
		return -ENOTSUP;
	ret = vnic_ctrl_query(dev, VIRTNET_RSS_CTX_CTRL,
			      VIRTNET_RSS_CTX_CTRL_CAP_GET, NULL, 0, &cap,
			      sizeof(cap), &got);
	*max = ret == 0 && got == sizeof(cap) ? rte_le_to_cpu_16(cap) : 0;
	return ret;
}

int
vnic_ctrl_rss_context_set(struct vnic_dev *dev, uint8_t command, uint16_t id,
			  const struct vnic_rss_params *params)
{
	const struct virtnet_rss_ctx_head head = {
		.rss_ctx_id = rte_cpu_to_le_16(id),
	};
	struct command c;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT))
		return -ENOTSUP;
	ret = command_begin(&c, dev, sizeof(head) +
			    rss_bytes(params->table_len, params->key_len));
	if (ret < 0)
		return ret;
	command_add(&c, &head, sizeof(head));
	command_add_rss(&c, dev, params);
	return vnic_ctrl_exec(dev, VIRTNET_RSS_CTX_CTRL, command, c.data,
			      c.len);
}

int
vnic_ctrl_rss_context_del(struct vnic_dev *dev, uint16_t id)
{
	rte_le16_t raw = rte_cpu_to_le_16(id);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT))
		return -ENOTSUP;
	return vnic_ctrl_exec(dev, VIRTNET_RSS_CTX_CTRL,
			      VIRTNET_RSS_CTX_CTRL_DEL, &raw, sizeof(raw));
}
