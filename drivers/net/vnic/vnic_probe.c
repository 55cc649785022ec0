/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include "vnic_ctrl.h"
#include "vnic_device.h"
#include "vnic_gate.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_telemetry.h"

/*
 * First contact with a device: what it offers, and what its configuration
 * space says, every field bounded (virtio 1.4, 2.5 and 5.1.4).
 */

#define CONFIG_FIELD(field) offsetof(struct virtio_net_config, field), \
	sizeof(((struct virtio_net_config *)0)->field)

/*
 * A field that the device lacks makes its feature unusable and is no error;
 * a device that does not answer, or answers nonsense, is one.
 */
static int
config_field(struct vnic_dev *dev, size_t off, size_t len, void *dst,
	     struct vnic_device_config *out, unsigned int bit)
{
	int ret = vnic_transport_ops(dev)->config_read(dev, off, dst, len);

	if (ret == -ENODEV || ret == -ETIMEDOUT || ret == -EPIPE ||
	    ret == -EPROTO)
		return ret;
	if (ret < 0) {
		virtio_features_add(&out->bad, bit);
		return 1;
	}
	return 0;
}

static void
config_bad(struct vnic_dev *dev, struct vnic_device_config *out,
	   unsigned int bit, unsigned int value, const char *legal)
{
	virtio_features_add(&out->bad, bit);
	dev->violations[VNIC_VIOLATION_CONFIG]++;
	VNIC_LOG(WARNING, "%s: %s is not used: the device's configuration says %u, legal is %s",
		 dev->name, virtio_features_name(bit), value, legal);
}

static int
config_mac(struct vnic_dev *dev, struct vnic_device_config *out)
{
	int ret = config_field(dev, CONFIG_FIELD(mac), &out->mac, out,
			       VIRTIO_NET_F_MAC);

	if (ret != 0)
		return RTE_MIN(ret, 0);
	if (rte_is_valid_assigned_ether_addr(&out->mac))
		out->has_mac = true;
	else
		config_bad(dev, out, VIRTIO_NET_F_MAC,
			   out->mac.addr_bytes[0],
			   "a unicast address that is not zero (first byte shown)");
	return 0;
}

static int
config_pairs(struct vnic_dev *dev, struct vnic_device_config *out)
{
	rte_le16_t raw = 0;
	uint16_t pairs;
	int ret = config_field(dev, CONFIG_FIELD(max_virtqueue_pairs), &raw,
			       out, VIRTIO_NET_F_MQ);

	if (ret != 0)
		return RTE_MIN(ret, 0);
	pairs = rte_le_to_cpu_16(raw);
	/* 0x8000 is legal, but then the control queue has no 16-bit number. */
	if (pairs >= 1 && pairs < VIRTIO_NET_PAIRS_MAX)
		out->max_pairs = pairs;
	else
		config_bad(dev, out, VIRTIO_NET_F_MQ, pairs,
			   "1 to 32767 queue pairs");
	if (virtio_features_has(&out->bad, VIRTIO_NET_F_MQ))
		virtio_features_add(&out->bad, VIRTIO_NET_F_RSS);
	return 0;
}

static int
config_mtu(struct vnic_dev *dev, struct vnic_device_config *out)
{
	rte_le16_t raw = 0;
	uint16_t mtu;
	int ret = config_field(dev, CONFIG_FIELD(mtu), &raw, out,
			       VIRTIO_NET_F_MTU);

	if (ret != 0)
		return RTE_MIN(ret, 0);
	mtu = rte_le_to_cpu_16(raw);
	if (mtu >= VIRTIO_NET_MTU_MIN)
		out->max_mtu = mtu;
	else
		config_bad(dev, out, VIRTIO_NET_F_MTU, mtu, "68 to 65535");
	return 0;
}

/* Fields that vnic_link.c reads later: only that they can be read. */
static int
config_link(struct vnic_dev *dev, const struct virtio_features *offered,
	    struct vnic_device_config *out)
{
	uint8_t raw[5];
	int ret = 0;

	if (virtio_features_has(offered, VIRTIO_NET_F_STATUS))
		ret = config_field(dev, CONFIG_FIELD(status), raw, out,
				   VIRTIO_NET_F_STATUS);
	if (ret >= 0 && virtio_features_has(offered, VIRTIO_NET_F_SPEED_DUPLEX))
		ret = config_field(dev,
			offsetof(struct virtio_net_config, speed), sizeof(raw),
			raw, out, VIRTIO_NET_F_SPEED_DUPLEX);
	return RTE_MIN(ret, 0);
}

static int
config_rss_key(struct vnic_dev *dev, struct vnic_device_config *out,
	       unsigned int bit)
{
	uint8_t key = 0;
	int ret = config_field(dev, CONFIG_FIELD(rss_max_key_size), &key, out,
			       bit);

	if (ret != 0)
		return RTE_MIN(ret, 0);
	/* The longest input, of IPv6 with ports, needs 40. */
	if (key >= VIRTIO_NET_RSS_KEY_MIN)
		out->rss.key_max = key;
	else
		config_bad(dev, out, bit, key, "a key of 40 to 255 bytes");
	return 0;
}

/* Any length that is left after rounding down to a power of two works. */
static int
config_rss_table(struct vnic_dev *dev, struct vnic_device_config *out)
{
	rte_le16_t raw = 0;
	uint16_t table;
	int ret = config_field(dev,
		CONFIG_FIELD(rss_max_indirection_table_length), &raw, out,
		VIRTIO_NET_F_RSS);

	if (ret != 0)
		return RTE_MIN(ret, 0);
	table = rte_le_to_cpu_16(raw);
	if (table == 0)
		config_bad(dev, out, VIRTIO_NET_F_RSS, table,
			   "a table of 128 to 65535 entries");
	else
		out->rss.table_max = RTE_MIN(rte_align32prevpow2(table),
					     (uint32_t)VNIC_RSS_TABLE_MAX);
	return 0;
}

/* Types that virtio 1.4 does not define are ignored (5.1.6.4.4.5). */
static int
config_types(struct vnic_dev *dev, struct vnic_device_config *out,
	     size_t off, unsigned int bit, uint32_t known, uint32_t *types)
{
	rte_le32_t raw = 0;
	int ret = config_field(dev, off, sizeof(raw), &raw, out, bit);

	if (ret == 0)
		*types = rte_le_to_cpu_32(raw) & known;
	return RTE_MIN(ret, 0);
}

static int
config_hash(struct vnic_dev *dev, const struct virtio_features *offered,
	    struct vnic_device_config *out)
{
	static const uint8_t bits[] = {
		VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < RTE_DIM(bits) && ret == 0; i++) {
		if (!virtio_features_has(offered, bits[i]))
			continue;
		ret = config_rss_key(dev, out, bits[i]);
		if (ret == 0)
			ret = config_types(dev, out,
				offsetof(struct virtio_net_config,
					 supported_hash_types),
				bits[i], VIRTIO_NET_HASH_TYPES,
				&out->rss.hash_types);
	}
	if (ret == 0 && virtio_features_has(offered, VIRTIO_NET_F_RSS))
		ret = config_rss_table(dev, out);
	if (ret == 0 && virtio_features_has(offered, VIRTIO_NET_F_HASH_TUNNEL))
		ret = config_types(dev, out,
			offsetof(struct virtio_net_config,
				 supported_tunnel_types),
			VIRTIO_NET_F_HASH_TUNNEL, VIRTIO_NET_HASH_TUNNEL_TYPES,
			&out->rss.tunnel_types);
	return ret;
}

int
vnic_probe_config(struct vnic_dev *dev, const struct virtio_features *offered,
		  struct vnic_device_config *out)
{
	int ret = 0;

	memset(out, 0, sizeof(*out));
	out->max_pairs = 1;
	out->max_mtu = UINT16_MAX;
	if (virtio_features_has(offered, VIRTIO_NET_F_MAC))
		ret = config_mac(dev, out);
	if (ret == 0 && (virtio_features_has(offered, VIRTIO_NET_F_MQ) ||
			 virtio_features_has(offered, VIRTIO_NET_F_RSS)))
		ret = config_pairs(dev, out);
	if (ret == 0 && virtio_features_has(offered, VIRTIO_NET_F_MTU))
		ret = config_mtu(dev, out);
	if (ret == 0)
		ret = config_link(dev, offered, out);
	if (ret == 0)
		ret = config_hash(dev, offered, out);
	if (ret < 0)
		VNIC_LOG(ERR, "%s: the device's configuration space cannot be read: %s",
			 dev->name, strerror(-ret));
	return ret;
}

/* Pairs whose rings exist, up to what the driver and the user allow. */
static int
probe_pairs(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint16_t limit = RTE_MIN(dev->max_pairs, VNIC_QUEUE_PAIRS_MAX);
	uint16_t i, rx = 0, tx = 0;
	int ret;

	limit = RTE_MIN(limit, RTE_MAX_QUEUES_PER_PORT);
	if (dev->args.queues != 0)
		limit = RTE_MIN(limit, dev->args.queues);
	for (i = 0; i < limit; i++) {
		ret = ops->queue_max(dev, vnic_vq_rx(i), &rx);
		if (ret == 0)
			ret = ops->queue_max(dev, vnic_vq_tx(i), &tx);
		if (ret < 0)
			return ret;
		if (rx < VNIC_DESC_MIN || tx < VNIC_DESC_MIN)
			break;
		if (i == 0) {
			uint32_t both = RTE_MIN(rx, tx);

			dev->max_desc = RTE_MIN(rte_align32prevpow2(both),
				(uint32_t)VNIC_DESC_MAX);
		}
	}
	if (i == 0) {
		VNIC_LOG(ERR, "%s: the device has no usable queue pair (rx %u, tx %u descriptors; %u are needed)",
			 dev->name, rx, tx, VNIC_DESC_MIN);
		return -EPROTO;
	}
	dev->usable_pairs = i;
	if (dev->room_pairs == 0)
		dev->room_pairs = i;
	if (i > dev->room_pairs) {
		VNIC_LOG(NOTICE, "%s: the device has %u queue pairs now, port %u can have the %u of its first contact: close it and probe the device anew for more",
			 dev->name, i, dev->port_id, dev->room_pairs);
		dev->usable_pairs = dev->room_pairs;
	}
	return 0;
}

static void
probe_mac(struct vnic_dev *dev, const struct vnic_device_config *config)
{
	if (dev->args.has_mac)
		dev->mac = dev->args.mac;
	else if (config->has_mac)
		dev->mac = config->mac;
	/* A port that is probed again keeps the address that it was given. */
	else if (rte_is_zero_ether_addr(&dev->mac))
		rte_eth_random_addr(dev->mac.addr_bytes);
}

/* Sections 6.1 and 6.2: what no configuration of the port can change. */
static int
probe_offer(struct vnic_dev *dev)
{
	bool legacy = vnic_transport_ops(dev)->legacy;

	if (!legacy &&
	    !virtio_features_has(&dev->offered, VIRTIO_F_VERSION_1)) {
		VNIC_LOG(ERR, "%s: the device does not offer VIRTIO_F_VERSION_1, which a device with a modern interface must",
			 dev->name);
		return -ENOTSUP;
	}
	if (legacy && !virtio_features_has(&dev->offered,
					   VIRTIO_F_ANY_LAYOUT)) {
		VNIC_LOG(ERR, "%s: the legacy device does not offer VIRTIO_F_ANY_LAYOUT: it wants each header in a descriptor of its own, which is not supported",
			 dev->name);
		return -ENOTSUP;
	}
	if ((dev->transport == VNIC_TRANSPORT_PCI ||
	     dev->transport == VNIC_TRANSPORT_LEGACY) &&
	    rte_eal_iova_mode() == RTE_IOVA_VA &&
	    !virtio_features_has(&dev->offered, VIRTIO_F_ACCESS_PLATFORM)) {
		VNIC_LOG(ERR, "%s: the device bypasses the IOMMU (no VIRTIO_F_ACCESS_PLATFORM) and would use virtual addresses as physical ones: start EAL with --iova-mode=pa, or the device with iommu_platform=on",
			 dev->name);
		return -ENOTSUP;
	}
	return 0;
}

/* A control queue that is too small or missing: do without it. */
static int
probe_ctrl(struct vnic_dev *dev, const struct virtio_features *accepted)
{
	uint16_t max = 0;
	uint16_t most = vnic_transport_ops(dev)->legacy ?
		VNIC_CTRL_RING_LEGACY : UINT16_MAX;
	bool mq = virtio_features_has(accepted, VIRTIO_NET_F_MQ) ||
		virtio_features_has(accepted, VIRTIO_NET_F_RSS);
	int ret;

	if (!virtio_features_has(accepted, VIRTIO_NET_F_CTRL_VQ))
		return 0;
	ret = vnic_transport_ops(dev)->queue_max(dev,
		mq ? dev->max_pairs * 2 : 2, &max);
	if (ret < 0 || (max >= 4 && max <= most))
		return ret;
	VNIC_LOG(WARNING, "%s: CTRL_VQ is not used: its virtqueue has %u descriptors, 4 to %u are possible",
		 dev->name, max, most);
	virtio_features_add(&dev->bad_config, VIRTIO_NET_F_CTRL_VQ);
	return 0;
}

/*
 * Virtqueues are discovered after FEATURES_OK (section 3.1.1, step 7): QEMU has
 * those of multiqueue only while MQ or RSS is agreed.
 */
static int
probe_queues(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	struct vnic_need need = {
		.transport = dev->transport,
		.legacy = vnic_transport_ops(dev)->legacy,
		.args = &dev->args,
		.rss_hf = UINT64_MAX,
		.bad_config = dev->bad_config,
	};
	struct vnic_negotiation nego;
	int ret;

	vnic_negotiate(dev->offered, &need, &nego);
	ret = ops->features_set(dev, &nego.accepted);
	if (ret == 0)
		ret = vnic_device_status_add(dev, VIRTIO_STATUS_FEATURES_OK);
	if (ret == 0)
		ret = probe_ctrl(dev, &nego.accepted);
	return ret < 0 ? ret : probe_pairs(dev);
}

static int
probe_device(struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	struct vnic_device_config config;
	int ret;

	ret = vnic_device_reset(dev);
	if (ret == 0)
		ret = vnic_device_status_add(dev, VIRTIO_STATUS_ACKNOWLEDGE);
	if (ret == 0)
		ret = vnic_device_status_add(dev, VIRTIO_STATUS_DRIVER);
	if (ret == 0)
		ret = ops->features_get(dev, &dev->offered);
	if (ret < 0) {
		VNIC_LOG(ERR, "%s: no first contact with the device: %s",
			 dev->name, strerror(-ret));
		return ret;
	}
	ret = probe_offer(dev);
	if (ret == 0)
		ret = vnic_probe_config(dev, &dev->offered, &config);
	if (ret < 0)
		return ret;
	dev->max_pairs = config.max_pairs;
	dev->max_mtu = config.max_mtu;
	dev->mtu = RTE_MIN(config.max_mtu, RTE_ETHER_MTU);
	dev->bad_config = config.bad;
	dev->rss.caps = config.rss;
	probe_mac(dev, &config);
	return probe_queues(dev);
}

static int
probe_ethdev(struct rte_eth_dev *eth_dev)
{
	struct rte_eth_dev_data *data = eth_dev->data;
	struct vnic_dev *dev = vnic_dev_of(eth_dev);

	data->mac_addrs = rte_zmalloc("vnic_mac",
		VNIC_MAC_MAX * sizeof(*data->mac_addrs), 0);
	if (data->mac_addrs == NULL) {
		VNIC_LOG(ERR, "%s: no memory for MAC addresses", dev->name);
		return -ENOMEM;
	}
	data->mac_addrs[0] = dev->mac;
	data->mtu = dev->mtu;
	data->promiscuous = 0;
	/* By interrupt, or by the health timer. */
	data->dev_flags |= RTE_ETH_DEV_INTR_LSC;
	if (vnic_transport_ops(dev)->status_register)
		data->dev_flags |= RTE_ETH_DEV_INTR_RMV;
	data->dev_link = (struct rte_eth_link){
		.link_speed = RTE_ETH_SPEED_NUM_UNKNOWN,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
		.link_status = RTE_ETH_LINK_DOWN,
	};
	eth_dev->dev_ops = &vnic_ethdev_ops;
	vnic_ethdev_remove_bursts(eth_dev);
	return vnic_notify_table(data->port_id, dev->max_pairs * 2 + 1);
}

int
vnic_device_probe(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct rte_eth_conf conf = { .rxmode = { .mtu = 0 } };
	int ret;

	if (vnic_transport_ops(dev) == NULL) {
		VNIC_LOG(ERR, "%s: no transport %d in this build", dev->name,
			 dev->transport);
		return -ENOTSUP;
	}
	dev->port_id = eth_dev->data->port_id;
	dev->data = eth_dev->data;
	dev->state = VNIC_DEV_PROBED;
	rte_spinlock_init(&dev->ctrl_lock);
	vnic_gate_join(dev);
	ret = probe_device(dev);
	if (ret == 0)
		ret = vnic_device_negotiate(dev, &conf, &dev->nego);
	if (ret == 0)
		ret = probe_ethdev(eth_dev);
	/* Nothing runs yet: left reset, on success until dev_start. */
	if (ret < 0 && !vnic_device_is_gone(ret))
		vnic_device_status_add(dev, VIRTIO_STATUS_FAILED);
	if (vnic_device_reset(dev) < 0 && ret == 0)
		ret = -ETIMEDOUT;
	if (ret < 0) {
		rte_free(eth_dev->data->mac_addrs);
		eth_dev->data->mac_addrs = NULL;
		vnic_notify_table(dev->port_id, 0);
		return ret;
	}
	vnic_telemetry_add(dev);
	return 0;
}

/* What ethdev has of the port is the device's word too; filters begin anew. */
static void
probe_afresh(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);

	eth_dev->data->mac_addrs[0] = dev->mac;
	eth_dev->data->mtu = dev->mtu;
	memset(&dev->filter, 0, sizeof(dev->filter));
}

static int
probe_again_locked(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret;

	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	/* ethdev goes on after a stop that was refused. */
	if (eth_dev->data->dev_started) {
		VNIC_LOG(ERR, "%s: port %u is not reset: it could not be stopped, and runs",
			 dev->name, dev->port_id);
		return -EBUSY;
	}
	ret = probe_device(dev);
	if (ret == 0)
		ret = vnic_notify_table(dev->port_id, dev->max_pairs * 2 + 1);
	if (ret < 0)
		vnic_device_status_add(dev, VIRTIO_STATUS_FAILED);
	else
		probe_afresh(eth_dev);
	if (vnic_device_reset(dev) < 0 && ret == 0)
		ret = -ETIMEDOUT;
	dev->state = VNIC_DEV_PROBED;
	if (vnic_device_is_lost(dev, ret))
		vnic_event_gone(dev);
	return ret;
}

int
vnic_probe_again(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = probe_again_locked(eth_dev);
	vnic_dev_unlock(dev);
	vnic_event_tell(dev);
	return ret;
}
