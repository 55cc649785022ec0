/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Control commands, section 5.1.6.5. */

uint16_t
devsim_ctrl_index(const struct devsim *dev)
{
	bool mq = devsim_has(dev, VIRTIO_NET_F_MQ) ||
		devsim_has(dev, VIRTIO_NET_F_RSS);

	if (!devsim_has(dev, VIRTIO_NET_F_CTRL_VQ))
		return UINT16_MAX;
	return mq ? dev->config.pairs * 2 : 2;
}

#define get16 devsim_get16
#define get32 devsim_get32

void
devsim_reply(struct devsim *dev, const void *data, uint32_t len)
{
	uint32_t room = sizeof(dev->reply) - dev->reply_len;

	if (len > room)
		len = room;
	memcpy(dev->reply + dev->reply_len, data, len);
	dev->reply_len += len;
}

static uint8_t
cmd_rx(struct devsim *dev, uint8_t command, const uint8_t *data, uint32_t len)
{
	struct devsim_net_state *s = &dev->state;

	if (len != 1 || command > VIRTIO_NET_CTRL_RX_NOBCAST)
		return VIRTIO_NET_ERR;
	if (command > VIRTIO_NET_CTRL_RX_ALLMULTI &&
	    !devsim_has(dev, VIRTIO_NET_F_CTRL_RX_EXTRA)) {
		devsim_violation(dev, NULL,
			"CTRL_RX command %u without CTRL_RX_EXTRA", command);
		return VIRTIO_NET_ERR;
	}
	if (command == VIRTIO_NET_CTRL_RX_PROMISC)
		s->promisc = data[0];
	else if (command == VIRTIO_NET_CTRL_RX_ALLMULTI)
		s->allmulti = data[0];
	s->rx_extra &= ~(1 << command);
	s->rx_extra |= (data[0] != 0) << command;
	return VIRTIO_NET_OK;
}

static uint8_t
cmd_mac(struct devsim *dev, uint8_t command, const uint8_t *data, uint32_t len)
{
	struct devsim_net_state *s = &dev->state;

	if (command == VIRTIO_NET_CTRL_MAC_ADDR_SET) {
		if (len != 6 || !devsim_has(dev, VIRTIO_NET_F_CTRL_MAC_ADDR))
			return VIRTIO_NET_ERR;
		memcpy(s->mac, data, 6);
		return VIRTIO_NET_OK;
	}
	if (command != VIRTIO_NET_CTRL_MAC_TABLE_SET)
		return VIRTIO_NET_ERR;
	return devsim_mac_table(dev, data, len);
}

static uint8_t
cmd_vlan(struct devsim *dev, uint8_t command, const uint8_t *data,
	 uint32_t len)
{
	uint16_t id;

	if (len != 2 || command > VIRTIO_NET_CTRL_VLAN_DEL)
		return VIRTIO_NET_ERR;
	id = get16(data);
	if (id > 4095)
		return VIRTIO_NET_ERR;
	if (command == VIRTIO_NET_CTRL_VLAN_ADD)
		dev->state.vlan[id / 64] |= UINT64_C(1) << (id % 64);
	else
		dev->state.vlan[id / 64] &= ~(UINT64_C(1) << (id % 64));
	return VIRTIO_NET_OK;
}

static uint8_t
cmd_announce(struct devsim *dev, uint8_t command, const uint8_t *data,
	     uint32_t len)
{
	(void)data;
	if (len != 0 || command != VIRTIO_NET_CTRL_ANNOUNCE_ACK)
		return VIRTIO_NET_ERR;
	dev->net.status &= ~rte_cpu_to_le_16(VIRTIO_NET_S_ANNOUNCE);
	dev->state.announce_acks++;
	return VIRTIO_NET_OK;
}

bool
devsim_announce(struct devsim *dev)
{
	bool can;

	pthread_mutex_lock(&dev->lock);
	can = devsim_has(dev, VIRTIO_NET_F_GUEST_ANNOUNCE);
	if (can)
		dev->net.status |= rte_cpu_to_le_16(VIRTIO_NET_S_ANNOUNCE);
	pthread_mutex_unlock(&dev->lock);
	return can;
}

static uint8_t
cmd_mq(struct devsim *dev, uint8_t command, const uint8_t *data, uint32_t len)
{
	uint16_t pairs;

	if (command == VIRTIO_NET_CTRL_MQ_RSS_CONFIG)
		return devsim_rss_config(dev, data, len);
	if (command == VIRTIO_NET_CTRL_MQ_HASH_CONFIG)
		return devsim_rss_hash_config(dev, data, len);
	if (command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET || len != 2)
		return VIRTIO_NET_ERR;
	pairs = get16(data);
	if (pairs == 0 || pairs > dev->config.pairs) {
		devsim_violation(dev, NULL, "VQ_PAIRS_SET %u of %u", pairs,
				 dev->config.pairs);
		return VIRTIO_NET_ERR;
	}
	if (devsim_rss_has_context(dev)) {
		devsim_violation(dev, NULL, "VQ_PAIRS_SET with an RSS context");
		return VIRTIO_NET_ERR;
	}
	/* The last command decides (5.1.6.5.5). */
	dev->state.steering = false;
	dev->state.pairs = pairs;
	return VIRTIO_NET_OK;
}

/** Those that have the number of their feature (5.1.6.5.8). */
#define OFFLOADS_ALL (UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO4 | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO6 | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_ECN | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_UFO | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_USO4 | \
	UINT64_C(1) << VIRTIO_NET_F_GUEST_USO6)

static uint8_t
cmd_offloads(struct devsim *dev, uint8_t command, const uint8_t *data,
	     uint32_t len)
{
	uint64_t set, may = dev->accepted.w[0];

	if (command != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET || len != 8)
		return VIRTIO_NET_ERR;
	set = get32(data) | (uint64_t)get32(data + 4) << 32;
	may &= OFFLOADS_ALL;
	if (devsim_has(dev, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO))
		may |= UINT64_C(1) << 46;
	if (devsim_has(dev, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM))
		may |= UINT64_C(1) << 47;
	if (set & ~may) {
		devsim_violation(dev, NULL,
			"GUEST_OFFLOADS_SET of features not negotiated");
		return VIRTIO_NET_ERR;
	}
	dev->state.guest_offloads = set;
	dev->state.guest_offloads_set = true;
	return VIRTIO_NET_OK;
}

static const struct ctrl_class {
	uint8_t feature;
	uint8_t (*run)(struct devsim *dev, uint8_t command,
		       const uint8_t *data, uint32_t len);
} ctrl_classes[] = {
	[VIRTIO_NET_CTRL_RX] = { VIRTIO_NET_F_CTRL_RX, cmd_rx },
	[VIRTIO_NET_CTRL_MAC] = { VIRTIO_NET_F_CTRL_RX, cmd_mac },
	[VIRTIO_NET_CTRL_VLAN] = { VIRTIO_NET_F_CTRL_VLAN, cmd_vlan },
	[VIRTIO_NET_CTRL_ANNOUNCE] = {
		VIRTIO_NET_F_GUEST_ANNOUNCE, cmd_announce },
	[VIRTIO_NET_CTRL_MQ] = { VIRTIO_NET_F_CTRL_VQ, cmd_mq },
	[VIRTIO_NET_CTRL_GUEST_OFFLOADS] = {
		VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, cmd_offloads },
	/* Its commands look at the features themselves. */
	[VIRTIO_NET_CTRL_NOTF_COAL] = {
		VIRTIO_NET_F_CTRL_VQ, devsim_coal_command },
	[VIRTIO_NET_CTRL_STATS] = {
		VIRTIO_NET_F_DEVICE_STATS, devsim_stats_command },
	[VIRTIO_NET_CTRL_HASH_TUNNEL] = {
		VIRTIO_NET_F_HASH_TUNNEL, devsim_rss_tunnel },
	[VIRTNET_RSS_CTX_CTRL] = {
		VIRTIO_NET_F_RSS_CONTEXT, devsim_rss_context },
};

static uint8_t
command_run(struct devsim *dev, const uint8_t *cmd, uint32_t len)
{
	const struct ctrl_class *c;

	if (len < sizeof(struct virtio_net_ctrl_hdr)) {
		devsim_violation(dev, NULL, "control command of %u bytes", len);
		return VIRTIO_NET_ERR;
	}
	if (cmd[0] >= sizeof(ctrl_classes) / sizeof(ctrl_classes[0]) ||
	    ctrl_classes[cmd[0]].run == NULL)
		return VIRTIO_NET_ERR;
	c = &ctrl_classes[cmd[0]];
	if (!devsim_has(dev, c->feature)) {
		devsim_violation(dev, NULL, "control class %u without %s",
				 cmd[0], virtio_features_name(c->feature));
		return VIRTIO_NET_ERR;
	}
	return c->run(dev, cmd[1], cmd + 2, len - 2);
}

uint8_t
devsim_ctrl_command(struct devsim *dev, const uint8_t *cmd, uint32_t len)
{
	uint8_t ack;

	dev->reply_len = 0;
	ack = command_run(dev, cmd, len);
	dev->state.commands++;
	dev->state.refused += ack != VIRTIO_NET_OK;
	return ack;
}
