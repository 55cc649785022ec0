/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include <rte_malloc.h>

#include "vnic_log.h"
#include "vnic_port.h"

/* RSS contexts (virtio 1.4, 5.1.6.5.8): ethdev has no word for them. */

uint16_t
vnic_rss_context_max(const struct vnic_dev *dev)
{
	return vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT) ?
		RTE_MIN(dev->rss.contexts_max, VNIC_RSS_CONTEXTS_MAX) : 0;
}

static int
context_check(const struct vnic_dev *dev, uint16_t id)
{
	uint16_t max = vnic_rss_context_max(dev);

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT))
		return -ENOTSUP;
	if (id >= 1 && id <= max)
		return 0;
	VNIC_LOG(ERR, "%s: RSS context %u is not possible: the device has 1 to %u",
		 dev->name, id, max);
	return -EINVAL;
}

const struct vnic_rss_params *
vnic_rss_context_get(const struct vnic_dev *dev, uint16_t id)
{
	return id >= 1 && id <= VNIC_RSS_CONTEXTS_MAX ?
		dev->rss.contexts[id - 1] : NULL;
}

static int
context_change(struct vnic_dev *dev, uint8_t command, uint16_t id,
	       const struct vnic_rss_params *params)
{
	if (!vnic_dev_running(dev))
		return 0;
	return vnic_ctrl_rss_context_set(dev, command, id, params);
}

int
vnic_rss_context_steer(struct vnic_dev *dev)
{
	uint16_t id;
	int ret = 0;

	for (id = 1; id <= VNIC_RSS_CONTEXTS_MAX && ret == 0; id++)
		if (dev->rss.contexts[id - 1] != NULL)
			ret = context_change(dev, VIRTNET_RSS_CTX_CTRL_MOD, id,
					     dev->rss.contexts[id - 1]);
	return ret;
}

int
vnic_rss_context_set(struct vnic_dev *dev, uint16_t id,
		     const struct vnic_rss_params *params)
{
	struct vnic_rss_params *ctx;
	int ret = context_check(dev, id);

	if (ret == 0)
		ret = vnic_rss_params_check(dev, params);
	if (ret < 0)
		return ret;
	ctx = dev->rss.contexts[id - 1];
	if (ctx != NULL) {
		ret = context_change(dev, VIRTNET_RSS_CTX_CTRL_MOD, id, params);
		if (ret == 0)
			vnic_rss_params_copy(ctx, params);
		return ret;
	}
	ctx = rte_malloc("vnic_rss", sizeof(*ctx), 0);
	if (ctx == NULL) {
		VNIC_LOG(ERR, "%s: no memory for RSS context %u", dev->name,
			 id);
		return -ENOMEM;
	}
	ret = context_change(dev, VIRTNET_RSS_CTX_CTRL_ADD, id, params);
	if (ret < 0) {
		rte_free(ctx);
		return ret;
	}
	vnic_rss_params_copy(ctx, params);
	dev->rss.contexts[id - 1] = ctx;
	dev->rss.nb_contexts++;
	return 0;
}

int
vnic_rss_context_del(struct vnic_dev *dev, uint16_t id)
{
	int ret = context_check(dev, id);

	if (ret == 0 && dev->rss.contexts[id - 1] == NULL)
		ret = -ENOENT;
	if (ret == 0 && vnic_dev_running(dev))
		ret = vnic_ctrl_rss_context_del(dev, id);
	if (ret < 0)
		return ret;
	rte_free(dev->rss.contexts[id - 1]);
	dev->rss.contexts[id - 1] = NULL;
	dev->rss.nb_contexts--;
	return 0;
}

/* The limit is asked for after each reset; contexts beyond it are an error. */
int
vnic_rss_context_restore(struct vnic_dev *dev)
{
	uint16_t id;
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_RSS_CONTEXT))
		return 0;
	ret = vnic_ctrl_rss_context_cap(dev, &dev->rss.contexts_max);
	/* Nobody lives by them unless there are some. */
	if (ret == -EIO && dev->rss.nb_contexts == 0)
		return 0;
	if (ret == 0 && dev->rss.contexts_max == 0) {
		dev->violations[VNIC_VIOLATION_CTRL]++;
		VNIC_LOG(WARNING, "%s: the device offers RSS_CONTEXT and has 0 contexts, legal is 1 at least",
			 dev->name);
	}
	for (id = 1; id <= VNIC_RSS_CONTEXTS_MAX && ret == 0; id++) {
		if (dev->rss.contexts[id - 1] == NULL)
			continue;
		ret = context_check(dev, id);
		if (ret == 0)
			ret = vnic_ctrl_rss_context_set(dev,
				VIRTNET_RSS_CTX_CTRL_ADD, id,
				dev->rss.contexts[id - 1]);
	}
	return ret;
}

void
vnic_rss_context_clear(struct vnic_dev *dev)
{
	unsigned int i;

	for (i = 0; i < VNIC_RSS_CONTEXTS_MAX; i++) {
		rte_free(dev->rss.contexts[i]);
		dev->rss.contexts[i] = NULL;
	}
	dev->rss.nb_contexts = 0;
}
