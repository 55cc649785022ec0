/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"

/* What the device has of RSS and hashes: parameters in force, kept over resets. */

int
vnic_rss_alloc(struct vnic_dev *dev, const struct virtio_features *f)
{
	struct vnic_rss *rss = &dev->rss;

	if (rss->params != NULL ||
	    (!virtio_features_has(f, VIRTIO_NET_F_RSS) &&
	     !virtio_features_has(f, VIRTIO_NET_F_HASH_REPORT)))
		return 0;
	rss->params = rte_zmalloc("vnic_rss", 2 * sizeof(*rss->params), 0);
	if (rss->params == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the parameters of RSS: give EAL more huge pages",
			 dev->name);
		return -ENOMEM;
	}
	rss->next = rss->params + 1;
	return 0;
}

void
vnic_rss_free(struct vnic_dev *dev)
{
	vnic_rss_context_clear(dev);
	rte_free(dev->rss.params);
	dev->rss.params = NULL;
	dev->rss.next = NULL;
}

void
vnic_rss_params_copy(struct vnic_rss_params *dst,
		     const struct vnic_rss_params *src)
{
	memcpy(dst, src, offsetof(struct vnic_rss_params, table) +
	       src->table_len * sizeof(src->table[0]));
}

/* A change is a copy: much longer than that nobody waits for its end. */
#define READ_TRIES 100
#define READ_RETRY_US 100

int
vnic_rss_read(const struct vnic_dev *dev,
	      int (*take)(const struct vnic_dev *dev, void *arg), void *arg)
{
	unsigned int i;

	for (i = 0; i < READ_TRIES; i++) {
		/* Partners: vnic_rss_write_begin and vnic_rss_write_end. */
		uint32_t sn = rte_seqcount_read_begin(&dev->rss.seq);
		int ret = take(dev, arg);

		if (!rte_seqcount_read_retry(&dev->rss.seq, sn))
			return ret;
		rte_delay_us_sleep(READ_RETRY_US);
	}
	VNIC_LOG(ERR, "%s: the parameters of RSS of port %u stay half changed: did the primary process die?",
		 dev->name, dev->port_id);
	return -EAGAIN;
}

static bool
rss_fits(const struct vnic_dev *dev, const struct vnic_rss_params *p,
	 const struct vnic_rss_caps *now)
{
	return p->key_len <= now->key_max &&
		(p->hash_types & ~now->hash_types) == 0 &&
		(!vnic_dev_has(dev, VIRTIO_NET_F_RSS) ||
		 p->table_len <= now->table_max);
}

/* The parameters that the device has no room for any more, or NULL. */
static const struct vnic_rss_params *
rss_find_misfit(const struct vnic_dev *dev, const struct vnic_rss_caps *now)
{
	const struct vnic_rss *rss = &dev->rss;
	unsigned int i;

	if (!rss_fits(dev, rss->params, now) ||
	    (rss->tunnel_types & ~now->tunnel_types) != 0)
		return rss->params;
	for (i = 0; i < VNIC_RSS_CONTEXTS_MAX; i++)
		if (rss->contexts[i] != NULL &&
		    !rss_fits(dev, rss->contexts[i], now))
			return rss->contexts[i];
	return NULL;
}

int
vnic_rss_revalidate(struct vnic_dev *dev, const struct vnic_rss_caps *now)
{
	const struct vnic_rss_params *p;
	bool on = vnic_dev_has(dev, VIRTIO_NET_F_RSS);

	if (!on && !vnic_dev_has(dev, VIRTIO_NET_F_HASH_REPORT))
		return 0;
	p = rss_find_misfit(dev, now);
	if (p == NULL)
		return 0;
	dev->violations[VNIC_VIOLATION_CONFIG]++;
	VNIC_LOG(ERR, "%s: the device can no longer hash as the port was configured%s (table %u of %u, key %u of %u, types 0x%x of 0x%x, tunnels 0x%x of 0x%x): probe it again",
		 dev->name, p != dev->rss.params ? " in an RSS context" : "",
		 on ? p->table_len : 0, now->table_max, p->key_len,
		 now->key_max, p->hash_types, now->hash_types,
		 dev->rss.tunnel_types, now->tunnel_types);
	return -EPROTO;
}

static bool
rss_queue_runs(const struct vnic_dev *dev, uint16_t queue_id)
{
	const struct vnic_rxq *rxq = vnic_rxq_of(dev, queue_id);

	return rxq != NULL && !rxq->stopped;
}

bool
vnic_rss_stand_ins(const struct vnic_dev *dev, uint16_t *queues)
{
	const unsigned int nb = dev->data->nb_rx_queues;
	unsigned int i, next = nb;

	/* Down from the last, twice, since the first comes after the last. */
	for (i = nb * 2; i-- > 0;) {
		if (rss_queue_runs(dev, i % nb))
			next = i % nb;
		queues[i % nb] = next < nb ? next : i % nb;
	}
	return next < nb;
}

/* By the command that fits: the table steers, or the device does. */
static int
rss_send(struct vnic_dev *dev, const struct vnic_rss_params *p)
{
	return vnic_dev_has(dev, VIRTIO_NET_F_RSS) ?
		vnic_ctrl_rss_config(dev, p) : vnic_ctrl_hash_config(dev, p);
}

/* While all queues are stopped no table is right: the first start sends it. */
static bool
rss_can_send(const struct vnic_dev *dev)
{
	uint16_t queues[VNIC_QUEUE_PAIRS_MAX];

	return vnic_dev_running(dev) &&
		(!vnic_dev_has(dev, VIRTIO_NET_F_RSS) ||
		 vnic_rss_stand_ins(dev, queues));
}

int
vnic_rss_steer(struct vnic_dev *dev)
{
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS) || !rss_can_send(dev))
		return 0;
	ret = rss_send(dev, dev->rss.params);
	return ret == 0 ? vnic_rss_context_steer(dev) : ret;
}

int
vnic_rss_restore(struct vnic_dev *dev)
{
	int ret = 0;

	if (vnic_dev_has(dev, VIRTIO_NET_F_RSS) ||
	    vnic_dev_has(dev, VIRTIO_NET_F_HASH_REPORT))
		ret = rss_send(dev, dev->rss.params);
	if (ret == 0 && dev->rss.tunnel_types != 0)
		ret = vnic_ctrl_hash_tunnel(dev, dev->rss.tunnel_types);
	if (ret == 0)
		ret = vnic_rss_context_restore(dev);
	return ret;
}

bool
vnic_rss_queue_check(const struct vnic_dev *dev, uint16_t queue_id)
{
	if (queue_id >= dev->data->nb_rx_queues)
		VNIC_LOG(ERR, "%s: RSS cannot steer to queue %u, the port has %u",
			 dev->name, queue_id, dev->data->nb_rx_queues);
	else if (vnic_dev_running(dev) && !rss_queue_runs(dev, queue_id))
		VNIC_LOG(ERR, "%s: RSS cannot steer to queue %u, which is stopped: start it first",
			 dev->name, queue_id);
	else
		return true;
	return false;
}

static int
rss_check_table(const struct vnic_dev *dev, const struct vnic_rss_params *p)
{
	uint16_t i;

	if (!rte_is_power_of_2(p->table_len) ||
	    p->table_len > dev->rss.caps.table_max) {
		VNIC_LOG(ERR, "%s: an RSS table of %u entries is not possible: a power of two up to %u is",
			 dev->name, p->table_len, dev->rss.caps.table_max);
		return -EINVAL;
	}
	for (i = 0; i < p->table_len; i++)
		if (!vnic_rss_queue_check(dev, p->table[i]))
			return -EINVAL;
	return 0;
}

int
vnic_rss_params_check(const struct vnic_dev *dev,
		      const struct vnic_rss_params *p)
{
	const struct vnic_rss_caps *caps = &dev->rss.caps;

	if (p->hash_types & ~caps->hash_types ||
	    p->key_len < VIRTIO_NET_RSS_KEY_MIN || p->key_len > caps->key_max) {
		VNIC_LOG(ERR, "%s: RSS with hash types 0x%x and a key of %u bytes is not possible: 0x%x and %u to %u bytes are",
			 dev->name, p->hash_types, p->key_len, caps->hash_types,
			 VIRTIO_NET_RSS_KEY_MIN, caps->key_max);
		return -EINVAL;
	}
	if (!vnic_rss_queue_check(dev, p->unclassified))
		return -EINVAL;
	return rss_check_table(dev, p);
}

/* Send if there is a device to send to, then keep. */
static int
rss_commit(struct vnic_dev *dev, const struct vnic_rss_params *next)
{
	int ret = rss_can_send(dev) ? rss_send(dev, next) : 0;

	if (ret < 0)
		return ret;
	vnic_rss_write_begin(dev);
	vnic_rss_params_copy(dev->rss.params, next);
	vnic_rss_write_end(dev);
	return 0;
}

int
vnic_rss_set(struct vnic_dev *dev, const struct vnic_rss_params *params)
{
	int ret = vnic_dev_has(dev, VIRTIO_NET_F_RSS) ? 0 : -ENOTSUP;

	if (ret == 0)
		ret = vnic_rss_params_check(dev, params);
	return ret < 0 ? ret : rss_commit(dev, params);
}

/* Before the device looks into tunnels, after it no longer does. */
static void
rss_ptypes(struct vnic_dev *dev, uint32_t mask)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL)
			rxq->ptype_mask = mask;
	}
}

static void
rss_tunnels_keep(struct vnic_dev *dev, uint32_t types)
{
	vnic_rss_write_begin(dev);
	dev->rss.tunnel_types = types;
	vnic_rss_write_end(dev);
}

static int
rss_tunnel_set(struct vnic_dev *dev, uint32_t types)
{
	int ret = 0;

	if (types == dev->rss.tunnel_types)
		return 0;
	if (types != 0)
		rss_ptypes(dev, 0);
	if (vnic_dev_running(dev))
		ret = vnic_ctrl_hash_tunnel(dev, types);
	if (ret == 0)
		rss_tunnels_keep(dev, types);
	rss_ptypes(dev, vnic_rss_ptype_mask(&dev->rss));
	return ret;
}

int
vnic_rss_hash_set(struct vnic_dev *dev, const struct vnic_rss_params *params,
		  uint32_t tunnel_types)
{
	uint32_t before = dev->rss.tunnel_types;
	int ret = rss_tunnel_set(dev, tunnel_types);

	if (ret < 0)
		return ret;
	ret = rss_commit(dev, params);
	/* A device that does not take this back either is given no types. */
	if (ret < 0 && rss_tunnel_set(dev, before) < 0) {
		rss_tunnels_keep(dev, before);
		rss_ptypes(dev, 0);
	}
	return ret;
}
