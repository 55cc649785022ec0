/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vnic_hash.h"
#include "vnic_log.h"
#include "vnic_offload.h"
#include "vnic_port.h"

/* RSS and hashes as ethdev asks for them, in terms of vnic_rss.h. */

/* The key of the published verification vectors, so that hashes can be
 * checked by anybody; a longer one goes on with its start. */
static const uint8_t rss_default_key[VIRTIO_NET_RSS_KEY_MIN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
	0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
	0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
	0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
	0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

uint64_t
vnic_rss_asked(const struct rte_eth_conf *conf)
{
	return conf->rxmode.mq_mode & RTE_ETH_MQ_RX_RSS_FLAG ?
		conf->rx_adv_conf.rss_conf.rss_hf : 0;
}

/* Log why a feature that is asked for cannot be had. */
static int
rss_refuse(const struct vnic_dev *dev, const struct vnic_negotiation *nego,
	   unsigned int bit, const char *what)
{
	char reason[64];

	VNIC_LOG(ERR, "%s: %s needs %s: %s", dev->name, what,
		 virtio_features_name(bit),
		 vnic_negotiate_reason(nego, bit, reason, sizeof(reason)));
	return -ENOTSUP;
}

/* Length of a key that an application gave, or -EINVAL. */
static int
rss_key_len(const struct vnic_dev *dev, const struct rte_eth_rss_conf *conf)
{
	uint16_t max = dev->rss.caps.key_max;

	/* Before 23.11 ethdev did not ask for a length and meant 40. */
	if (conf->rss_key_len == 0)
		return VIRTIO_NET_RSS_KEY_MIN;
	if (conf->rss_key_len >= VIRTIO_NET_RSS_KEY_MIN &&
	    conf->rss_key_len <= max)
		return conf->rss_key_len;
	VNIC_LOG(ERR, "%s: an RSS key of %u bytes is not possible: %u to %u are",
		 dev->name, conf->rss_key_len, VIRTIO_NET_RSS_KEY_MIN, max);
	return -EINVAL;
}

static bool
rss_has_tunnels(const struct vnic_dev *dev, const struct virtio_features *f)
{
	return virtio_features_has(f, VIRTIO_NET_F_HASH_TUNNEL) &&
		dev->rss.caps.tunnel_types != 0;
}

/* Which header is hashed. Who asks for all that is announced has no wish. */
static bool
rss_asks_inner(uint64_t rss_hf)
{
	return (rss_hf & RTE_ETH_RSS_LEVEL_MASK) == RTE_ETH_RSS_LEVEL_INNERMOST;
}

static int
rss_check_level(const struct vnic_dev *dev,
		const struct vnic_negotiation *nego, uint64_t rss_hf)
{
	if (!rss_asks_inner(rss_hf) || rss_has_tunnels(dev, &nego->accepted))
		return 0;
	if (!virtio_features_has(&nego->accepted, VIRTIO_NET_F_HASH_TUNNEL))
		return rss_refuse(dev, nego, VIRTIO_NET_F_HASH_TUNNEL,
				  "RTE_ETH_RSS_LEVEL_INNERMOST");
	VNIC_LOG(ERR, "%s: RTE_ETH_RSS_LEVEL_INNERMOST needs a tunnel that the device can look into: its supported_tunnel_types has none that virtio 1.4 defines",
		 dev->name);
	return -ENOTSUP;
}

/* Hash functions and key, as far as the device has them. */
static int
rss_check_conf(const struct vnic_dev *dev, const struct vnic_negotiation *nego,
	       const struct rte_eth_rss_conf *conf)
{
	uint64_t rest, more;
	uint32_t types = vnic_hash_types(conf->rss_hf, &rest);
	int ret = rss_check_level(dev, nego, conf->rss_hf);

	if (ret < 0)
		return ret;
	more = vnic_hash_rss_hf(types & ~dev->rss.caps.hash_types) |
		(rest & ~RTE_ETH_RSS_LEVEL_MASK);
	if (more != 0) {
		VNIC_LOG(ERR, "%s: hash functions 0x%" PRIx64 " are not supported: the device has 0x%" PRIx64,
			 dev->name, more,
			 vnic_hash_rss_hf(dev->rss.caps.hash_types));
		return -ENOTSUP;
	}
	return conf->rss_key != NULL ? RTE_MIN(rss_key_len(dev, conf), 0) : 0;
}

/* Reports of one queue's frames need no table: HASH_CONFIG has the functions. */
static bool
rss_needs_table(const struct vnic_dev *dev, const struct rte_eth_conf *conf)
{
	return vnic_rss_asked(conf) != 0 &&
		(dev->data->nb_rx_queues > 1 ||
		 !(conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH));
}

int
vnic_rss_check(const struct vnic_dev *dev, const struct rte_eth_conf *conf,
	       const struct vnic_negotiation *nego)
{
	const struct virtio_features *f = &nego->accepted;
	const uint64_t report = conf->rxmode.offloads &
		RTE_ETH_RX_OFFLOAD_RSS_HASH;

	if (rss_needs_table(dev, conf) &&
	    !virtio_features_has(f, VIRTIO_NET_F_RSS))
		return rss_refuse(dev, nego, VIRTIO_NET_F_RSS,
				  "receive mode RTE_ETH_MQ_RX_RSS with hash functions (with rss_hf 0 the device steers as it likes)");
	if (report != 0 && !virtio_features_has(f, VIRTIO_NET_F_HASH_REPORT))
		return rss_refuse(dev, nego, VIRTIO_NET_F_HASH_REPORT,
				  "RTE_ETH_RX_OFFLOAD_RSS_HASH");
	if (vnic_rss_asked(conf) == 0 && report == 0)
		return 0;
	if (dev->data->nb_rx_queues == 0) {
		VNIC_LOG(ERR, "%s: RSS needs a receive queue", dev->name);
		return -EINVAL;
	}
	return rss_check_conf(dev, nego, &conf->rx_adv_conf.rss_conf);
}

static void
rss_key_set(struct vnic_rss_params *p, const uint8_t *key, uint16_t len)
{
	p->key_len = len;
	memcpy(p->key, key, len);
}

static void
rss_key_default(struct vnic_rss_params *p, uint16_t len)
{
	uint16_t i;

	p->key_len = len;
	for (i = 0; i < len; i++)
		p->key[i] = rss_default_key[i % sizeof(rss_default_key)];
}

static void
rss_table_spread(struct vnic_rss *rss, uint16_t nb_queues)
{
	struct vnic_rss_params *p = rss->params;
	uint16_t i;

	rss->spread = nb_queues;
	p->table_len = rss->caps.table_max;
	p->unclassified = 0;
	for (i = 0; i < p->table_len; i++)
		p->table[i] = i % nb_queues;
}

static void
rss_key_apply(const struct vnic_dev *dev, struct vnic_rss_params *p,
	      const struct rte_eth_rss_conf *conf)
{
	if (conf->rss_key != NULL)
		rss_key_set(p, conf->rss_key, rss_key_len(dev, conf));
	else if (p->key_len == 0)
		rss_key_default(p, dev->rss.caps.key_max);
}

/* Types of tunnels to look into under these hash functions. */
static uint32_t
rss_tunnels(const struct vnic_dev *dev, uint64_t rss_hf)
{
	return vnic_dev_has(dev, VIRTIO_NET_F_HASH_TUNNEL) &&
		rss_asks_inner(rss_hf) ? dev->rss.caps.tunnel_types : 0;
}

static bool
rss_has_hash(const struct vnic_dev *dev)
{
	return vnic_dev_has(dev, VIRTIO_NET_F_RSS) ||
		vnic_dev_has(dev, VIRTIO_NET_F_HASH_REPORT);
}

static void
rss_params_make(struct vnic_dev *dev, const struct rte_eth_conf *conf)
{
	const struct rte_eth_rss_conf *rc = &conf->rx_adv_conf.rss_conf;
	struct vnic_rss *rss = &dev->rss;
	bool on = vnic_dev_has(dev, VIRTIO_NET_F_RSS);
	uint64_t rest;
	uint32_t types = vnic_hash_types(vnic_rss_asked(conf), &rest);

	rss_key_apply(dev, rss->params, rc);
	/* Reports of whatever the device can hash, where no function is named. */
	rss->params->hash_types = on || types != 0 ? types :
		rss->caps.hash_types;
	if (on && rss->spread != dev->data->nb_rx_queues)
		rss_table_spread(rss, dev->data->nb_rx_queues);
}

void
vnic_rss_configure(struct vnic_dev *dev, const struct rte_eth_conf *conf)
{
	vnic_rss_context_clear(dev);
	dev->rss.contexts_max = 0;
	vnic_rss_write_begin(dev);
	dev->rss.tunnel_types = rss_tunnels(dev, vnic_rss_asked(conf));
	if (rss_has_hash(dev))
		rss_params_make(dev, conf);
	vnic_rss_write_end(dev);
}

/*
 * Programs take what is announced for what can steer: they mask their wishes by
 * it and ask for RSS if any is left. So a device without RSS has functions only
 * for a port that is configured, or just being configured, to report hashes.
 */
static bool
rss_announces(const struct vnic_dev *dev, const struct virtio_features *f)
{
	return dev->rss.caps.hash_types != 0 &&
		(virtio_features_has(f, VIRTIO_NET_F_RSS) ||
		 (dev->data->dev_conf.rxmode.offloads &
		  RTE_ETH_RX_OFFLOAD_RSS_HASH));
}

void
vnic_rss_info(const struct vnic_dev *dev, const struct virtio_features *f,
	      struct rte_eth_dev_info *info)
{
	const struct vnic_rss_caps *caps = &dev->rss.caps;
	bool on = virtio_features_has(f, VIRTIO_NET_F_RSS);

	if (!on && !virtio_features_has(f, VIRTIO_NET_F_HASH_REPORT))
		return;
	info->hash_key_size = caps->key_max;
	VNIC_COMPAT_RSS_TOEPLITZ_CAPA(info);
	if (on)
		info->reta_size = caps->table_max;
	if (!rss_announces(dev, f))
		return;
	info->flow_type_rss_offloads = vnic_hash_rss_hf(caps->hash_types) |
		RTE_ETH_RSS_LEVEL_OUTERMOST;
	if (rss_has_tunnels(dev, f))
		info->flow_type_rss_offloads |= RTE_ETH_RSS_LEVEL_INNERMOST;
}

void
vnic_rss_explain(const struct vnic_dev *dev, uint64_t rss_hf)
{
	const struct rte_eth_rss_conf conf = { .rss_hf = rss_hf };
	struct vnic_negotiation best;
	char what[64];

	vnic_offload_negotiate(dev, &best);
	if (virtio_features_has(&best.accepted, VIRTIO_NET_F_RSS) ||
	    virtio_features_has(&best.accepted, VIRTIO_NET_F_HASH_REPORT)) {
		rss_check_conf(dev, &best, &conf);
		return;
	}
	snprintf(what, sizeof(what), "rss_hf 0x%" PRIx64, rss_hf);
	rss_refuse(dev, &best, VIRTIO_NET_F_RSS, what);
}

/* ---- ethdev operations ---- */

/* Not to be had at all, or not asked for. */
static int
rss_refuse_table(const struct vnic_dev *dev)
{
	struct vnic_negotiation best;

	vnic_offload_negotiate(dev, &best);
	return rss_refuse(dev, virtio_features_has(&best.accepted,
						   VIRTIO_NET_F_RSS) ?
			  &dev->nego : &best, VIRTIO_NET_F_RSS,
			  "a redirection table (receive mode RTE_ETH_MQ_RX_RSS with hash functions)");
}

static int
rss_refuse_size(const struct vnic_dev *dev, uint16_t size)
{
	VNIC_LOG(ERR, "%s: a redirection table of %u entries was given, it has %u",
		 dev->name, size, dev->rss.params->table_len);
	return -EINVAL;
}

static int
rss_check_size(const struct vnic_dev *dev, uint16_t size)
{
	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS))
		return rss_refuse_table(dev);
	return size == dev->rss.params->table_len ? 0 :
		rss_refuse_size(dev, size);
}

/* Groups have 64 entries; bits past a shorter table's end mean nothing. */
static bool
reta_chosen(const struct rte_eth_rss_reta_entry64 *reta, uint16_t i)
{
	return reta[i / RTE_ETH_RETA_GROUP_SIZE].mask >>
		(i % RTE_ETH_RETA_GROUP_SIZE) & 1;
}

static int
rss_reta_update_locked(struct vnic_dev *dev,
		       const struct rte_eth_rss_reta_entry64 *reta,
		       uint16_t size)
{
	struct vnic_rss_params *next = dev->rss.next;
	int ret = rss_check_size(dev, size);
	uint16_t i;

	if (ret < 0)
		return ret;
	vnic_rss_params_copy(next, dev->rss.params);
	for (i = 0; i < size; i++) {
		if (!reta_chosen(reta, i))
			continue;
		next->table[i] = reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[
			i % RTE_ETH_RETA_GROUP_SIZE];
		/* Of the others some may be stopped, and stay as they are. */
		if (!vnic_rss_queue_check(dev, next->table[i]))
			return -EINVAL;
	}
	return vnic_rss_hash_set(dev, next, dev->rss.tunnel_types);
}

int
vnic_rss_reta_update(struct rte_eth_dev *eth_dev,
		     struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = rss_reta_update_locked(dev, reta, size);
	vnic_dev_unlock(dev);
	return ret;
}

/** Where a question for the table is answered. */
struct reta_query {
	struct rte_eth_rss_reta_entry64 *reta;
	uint16_t size;
};

static int
rss_reta_take(const struct vnic_dev *dev, void *arg)
{
	const struct vnic_rss_params *p = dev->rss.params;
	const struct reta_query *q = arg;
	uint16_t i;

	if (p == NULL || !vnic_dev_has(dev, VIRTIO_NET_F_RSS))
		return -ENOTSUP;
	if (q->size != p->table_len)
		return -EINVAL;
	for (i = 0; i < q->size; i++)
		if (reta_chosen(q->reta, i))
			q->reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[
				i % RTE_ETH_RETA_GROUP_SIZE] = p->table[i];
	return 0;
}

int
vnic_rss_reta_query(struct rte_eth_dev *eth_dev,
		    struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct reta_query query = { .reta = reta, .size = size };
	int ret = vnic_rss_read(dev, rss_reta_take, &query);

	if (ret == -ENOTSUP)
		return rss_refuse_table(dev);
	return ret == -EINVAL ? rss_refuse_size(dev, size) : ret;
}

static int
rss_hash_check(const struct vnic_dev *dev, const struct rte_eth_rss_conf *conf)
{
	if (!rss_has_hash(dev)) {
		VNIC_LOG(ERR, "%s: no hash to change: the port is configured neither with RTE_ETH_MQ_RX_RSS and hash functions nor with RTE_ETH_RX_OFFLOAD_RSS_HASH",
			 dev->name);
		return -ENOTSUP;
	}
	return rss_check_conf(dev, &dev->nego, conf);
}

static int
rss_hash_update_locked(struct vnic_dev *dev,
		       const struct rte_eth_rss_conf *conf)
{
	struct vnic_rss_params *next = dev->rss.next;
	int ret = rss_hash_check(dev, conf);
	uint64_t rest;

	if (ret < 0)
		return ret;
	vnic_rss_params_copy(next, dev->rss.params);
	next->hash_types = vnic_hash_types(conf->rss_hf, &rest);
	rss_key_apply(dev, next, conf);
	return vnic_rss_hash_set(dev, next, rss_tunnels(dev, conf->rss_hf));
}

int
vnic_rss_hash_update(struct rte_eth_dev *eth_dev,
		     struct rte_eth_rss_conf *conf)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = rss_hash_update_locked(dev, conf);
	vnic_dev_unlock(dev);
	return ret;
}

static int
rss_hash_take(const struct vnic_dev *dev, void *arg)
{
	const struct vnic_rss_params *p = dev->rss.params;
	struct rte_eth_rss_conf *conf = arg;
	uint8_t key_len;

	if (p == NULL || !rss_has_hash(dev))
		return -ENOTSUP;
	key_len = p->key_len;
	if (conf->rss_key != NULL && conf->rss_key_len < key_len)
		return -EINVAL;
	if (conf->rss_key != NULL)
		memcpy(conf->rss_key, p->key, key_len);
	conf->rss_hf = vnic_hash_rss_hf(p->hash_types);
	if (dev->rss.tunnel_types != 0)
		conf->rss_hf |= RTE_ETH_RSS_LEVEL_INNERMOST;
	return key_len;
}

int
vnic_rss_hash_conf_get(struct rte_eth_dev *eth_dev,
		       struct rte_eth_rss_conf *conf)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_rss_read(dev, rss_hash_take, conf);

	/* Programs ask every port. */
	if (ret == -ENOTSUP)
		VNIC_LOG(DEBUG, "%s: no hash functions to tell of: the port has neither RSS nor RTE_ETH_RX_OFFLOAD_RSS_HASH",
			 dev->name);
	if (ret == -EINVAL)
		VNIC_LOG(ERR, "%s: room for a key of %u bytes was given, the key has %u",
			 dev->name, conf->rss_key_len, dev->rss.params->key_len);
	if (ret < 0)
		return ret;
	conf->rss_key_len = ret;
	VNIC_COMPAT_RSS_TOEPLITZ(conf);
	return 0;
}
