/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devsim_priv.h"

void
devsim_violation(struct devsim *dev, const struct devsim_vq *vq,
		 const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n = 0;

	if (vq != NULL && vq->wild)
		return;
	if (dev->nr_violations++ >= DEVSIM_VIOLATIONS_KEPT)
		return;
	text = dev->violations[dev->nr_violations - 1];
	if (vq != NULL)
		n = snprintf(text, DEVSIM_TEXT_LEN, "vq %u: ", vq->index);
	va_start(ap, fmt);
	vsnprintf(text + n, DEVSIM_TEXT_LEN - n, fmt, ap);
	va_end(ap);
}

static int
region_compare(const void *a, const void *b)
{
	const struct devsim_region *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

bool
devsim_mem_ok(struct devsim *dev, const void *addr, size_t len)
{
	uintptr_t start = (uintptr_t)addr;
	size_t low = 0, high = dev->nr_regions;

	if (dev->nr_regions == 0)
		return true;
	if (!dev->regions_sorted) {
		qsort(dev->regions, dev->nr_regions, sizeof(*dev->regions),
		      region_compare);
		dev->regions_sorted = true;
	}
	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (dev->regions[mid].start <= start)
			low = mid;
		else
			high = mid;
	}
	return start >= dev->regions[low].start &&
		start <= dev->regions[low].end &&
		len <= dev->regions[low].end - start;
}

int
devsim_mem_add(struct devsim *dev, void *addr, size_t len)
{
	struct devsim_region *regions = dev->regions;
	size_t cap = dev->cap_regions;

	pthread_mutex_lock(&dev->lock);
	if (dev->nr_regions == cap) {
		cap = cap == 0 ? 64 : cap * 2;
		regions = realloc(regions, cap * sizeof(*regions));
		if (regions == NULL) {
			pthread_mutex_unlock(&dev->lock);
			return -ENOMEM;
		}
		dev->regions = regions;
		dev->cap_regions = cap;
	}
	regions[dev->nr_regions].start = (uintptr_t)addr;
	regions[dev->nr_regions++].end = (uintptr_t)addr + len;
	dev->regions_sorted = false;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

void
devsim_mem_clear(struct devsim *dev)
{
	pthread_mutex_lock(&dev->lock);
	dev->nr_regions = 0;
	pthread_mutex_unlock(&dev->lock);
}

static void
config_fill(struct devsim *dev)
{
	const struct devsim_config *c = &dev->config;
	struct virtio_net_config *net = &dev->net;

	memcpy(net->mac, c->mac, sizeof(net->mac));
	net->status = rte_cpu_to_le_16(c->link_down ? 0 : VIRTIO_NET_S_LINK_UP);
	net->max_virtqueue_pairs = rte_cpu_to_le_16(c->pairs);
	net->mtu = rte_cpu_to_le_16(c->mtu);
	net->speed = rte_cpu_to_le_32(c->speed);
	net->duplex = c->duplex;
	net->rss_max_key_size = c->rss_key_size;
	net->rss_max_indirection_table_length =
		rte_cpu_to_le_16(c->rss_table_size);
	net->supported_hash_types = rte_cpu_to_le_32(c->hash_types);
	net->supported_tunnel_types = rte_cpu_to_le_32(c->tunnel_types);
}

static void
state_clear(struct devsim *dev)
{
	memset(&dev->state, 0, sizeof(dev->state));
	memcpy(dev->state.mac, dev->config.mac, sizeof(dev->state.mac));
	dev->state.pairs = 1;
	/* A device without CTRL_RX passes everything (5.1.6.5.1). */
	dev->state.promisc = true;
}

struct devsim *
devsim_create(const struct devsim_config *config)
{
	struct devsim *dev;
	uint16_t i;

	if (config->pairs == 0 || config->pairs > 1024 ||
	    config->rss_contexts > DEVSIM_RSS_CONTEXTS_MAX ||
	    config->queue_size_max == 0 ||
	    config->queue_size_max > VIRTIO_RING_SIZE_MAX) {
		errno = EINVAL;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return NULL;
	pthread_mutex_init(&dev->lock, NULL);
	dev->config = *config;
	dev->nr_vqs = config->pairs * 2 + 1;
	dev->vqs = calloc(dev->nr_vqs, sizeof(*dev->vqs));
	dev->frame = malloc(DEVSIM_SCRATCH);
	if (dev->vqs == NULL || dev->frame == NULL) {
		dev->nr_vqs = 0;
		devsim_destroy(dev);
		errno = ENOMEM;
		return NULL;
	}
	for (i = 0; i < dev->nr_vqs; i++) {
		dev->vqs[i].dev = dev;
		dev->vqs[i].index = i;
		dev->vqs[i].policy.window = 1;
		dev->vqs[i].kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		dev->vqs[i].call_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
	dev->mac_room = DEVSIM_MAC_MAX;
	dev->stats_types = UINT64_C(0x1000f000f);
	config_fill(dev);
	state_clear(dev);
	return dev;
}

void
devsim_destroy(struct devsim *dev)
{
	uint16_t i;

	if (dev == NULL)
		return;
	for (i = 0; i < dev->nr_vqs; i++) {
		devsim_vq_clear(&dev->vqs[i]);
		close(dev->vqs[i].kick_fd);
		close(dev->vqs[i].call_fd);
	}
	pthread_mutex_destroy(&dev->lock);
	free(dev->vqs);
	free(dev->frame);
	free(dev->regions);
	free(dev);
}

uint8_t
devsim_status_get(struct devsim *dev)
{
	uint8_t status;

	pthread_mutex_lock(&dev->lock);
	status = dev->status;
	if (dev->fault.kind == DEVSIM_FAULT_GONE)
		status = VIRTIO_STATUS_GONE;
	if (dev->fault.kind == DEVSIM_FAULT_RESET_STUCK && status == 0)
		status = VIRTIO_STATUS_ACKNOWLEDGE;
	pthread_mutex_unlock(&dev->lock);
	return status;
}

/** Feature @p bit needs any of the bits of @p needs (5.1.3.1, section 6). */
struct feature_rule {
	uint8_t bit;
	uint8_t needs[2];
};

static const struct feature_rule feature_rules[] = {
	{ VIRTIO_NET_F_GUEST_TSO4, { VIRTIO_NET_F_GUEST_CSUM } },
	{ VIRTIO_NET_F_GUEST_TSO6, { VIRTIO_NET_F_GUEST_CSUM } },
	{ VIRTIO_NET_F_GUEST_ECN,
	  { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6 } },
	{ VIRTIO_NET_F_GUEST_UFO, { VIRTIO_NET_F_GUEST_CSUM } },
	{ VIRTIO_NET_F_GUEST_USO4, { VIRTIO_NET_F_GUEST_CSUM } },
	{ VIRTIO_NET_F_GUEST_USO6, { VIRTIO_NET_F_GUEST_CSUM } },
	{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_GUEST_TSO4 } },
	{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_GUEST_TSO6 } },
	{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_GUEST_USO4 } },
	{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_GUEST_USO6 } },
	{ VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM,
	  { VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO } },
	{ VIRTIO_NET_F_HOST_TSO4, { VIRTIO_NET_F_CSUM } },
	{ VIRTIO_NET_F_HOST_TSO6, { VIRTIO_NET_F_CSUM } },
	{ VIRTIO_NET_F_HOST_ECN,
	  { VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6 } },
	{ VIRTIO_NET_F_HOST_UFO, { VIRTIO_NET_F_CSUM } },
	{ VIRTIO_NET_F_HOST_USO, { VIRTIO_NET_F_CSUM } },
	{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_HOST_TSO4 } },
	{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_HOST_TSO6 } },
	{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO, { VIRTIO_NET_F_HOST_USO } },
	{ VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM,
	  { VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO } },
	{ VIRTIO_NET_F_CTRL_RX, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_CTRL_VLAN, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_CTRL_RX_EXTRA, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_CTRL_RX_EXTRA, { VIRTIO_NET_F_CTRL_RX } },
	{ VIRTIO_NET_F_DEVICE_STATS, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_GUEST_ANNOUNCE, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_MQ, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_CTRL_MAC_ADDR, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_NOTF_COAL, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_RSC_EXT,
	  { VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6 } },
	{ VIRTIO_NET_F_RSS, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_HASH_REPORT, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_VQ_NOTF_COAL, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_HASH_TUNNEL, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_HASH_TUNNEL,
	  { VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT } },
	{ VIRTIO_NET_F_RSS_CONTEXT, { VIRTIO_NET_F_CTRL_VQ } },
	{ VIRTIO_NET_F_RSS_CONTEXT, { VIRTIO_NET_F_RSS } },
};

static bool
features_closed(struct devsim *dev)
{
	const struct virtio_features *f = &dev->accepted;
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(feature_rules) / sizeof(feature_rules[0]); i++) {
		const struct feature_rule *r = &feature_rules[i];

		if (!virtio_features_has(f, r->bit) ||
		    virtio_features_has(f, r->needs[0]) ||
		    (r->needs[1] != 0 && virtio_features_has(f, r->needs[1])))
			continue;
		devsim_violation(dev, NULL, "%s accepted without %s",
			virtio_features_name(r->bit),
			virtio_features_name(r->needs[0]));
		ok = false;
	}
	return ok;
}

static bool
features_ok(struct devsim *dev)
{
	if (dev->fault.kind == DEVSIM_FAULT_FEATURES_REFUSED)
		return false;
	if (!virtio_features_subset(dev->accepted, dev->config.offered)) {
		devsim_violation(dev, NULL,
			"features accepted that were not offered");
		return false;
	}
	return features_closed(dev);
}

static void
device_reset(struct devsim *dev)
{
	uint16_t i;

	for (i = 0; i < dev->nr_vqs; i++) {
		devsim_vq_clear(&dev->vqs[i]);
		dev->vqs[i].was_reset = false;
		dev->vqs[i].wild = false;
		memset(dev->vqs[i].coal, 0, sizeof(dev->vqs[i].coal));
	}
	dev->net.status &= ~rte_cpu_to_le_16(VIRTIO_NET_S_ANNOUNCE);
	memset(&dev->accepted, 0, sizeof(dev->accepted));
	dev->features_set = false;
	dev->status = 0;
	state_clear(dev);
}

/* Section 3.1.1: each bit needs those before it. */
static void
status_check(struct devsim *dev, uint8_t status)
{
	static const uint8_t steps[] = {
		VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_STATUS_DRIVER,
		VIRTIO_STATUS_FEATURES_OK, VIRTIO_STATUS_DRIVER_OK,
	};
	uint8_t added = status & ~dev->status, need = 0;
	unsigned int i;

	if ((dev->status & ~VIRTIO_STATUS_NEEDS_RESET & ~status) != 0)
		devsim_violation(dev, NULL, "status 0x%02x clears bits of 0x%02x",
				 status, dev->status);
	for (i = 0; i < sizeof(steps); i++) {
		if ((added & steps[i]) && (status & need) != need)
			devsim_violation(dev, NULL,
				"status 0x%02x skips a step", status);
		if ((added & steps[i]) && (dev->status & need) != need)
			devsim_violation(dev, NULL,
				"status 0x%02x after 0x%02x: two steps at once",
				status, dev->status);
		need |= steps[i];
	}
	/* The driver may write back what it read; it may not set it itself. */
	if (added & VIRTIO_STATUS_NEEDS_RESET)
		devsim_violation(dev, NULL, "driver set NEEDS_RESET");
}

/* Section 3.5: SUSPEND is shown, and DRIVER_OK no more, once it is done. */
static uint8_t
device_suspend(struct devsim *dev, uint8_t status)
{
	if (!devsim_has(dev, VIRTIO_F_SUSPEND) ||
	    !(dev->status & VIRTIO_STATUS_DRIVER_OK)) {
		devsim_violation(dev, NULL,
				 "SUSPEND without the feature or DRIVER_OK");
		return status & ~VIRTIO_STATUS_SUSPEND;
	}
	devsim_net_settle(dev);
	return status & ~VIRTIO_STATUS_DRIVER_OK;
}

void
devsim_status_set(struct devsim *dev, uint8_t status)
{
	uint8_t added;

	pthread_mutex_lock(&dev->lock);
	if (dev->fault.kind == DEVSIM_FAULT_GONE)
		goto out;
	if (status == 0) {
		if (dev->fault.kind != DEVSIM_FAULT_RESET_STUCK)
			device_reset(dev);
		goto out;
	}
	status_check(dev, status);
	added = status & ~dev->status;
	if ((added & VIRTIO_STATUS_FEATURES_OK) && !features_ok(dev))
		status &= ~VIRTIO_STATUS_FEATURES_OK;
	if (added & VIRTIO_STATUS_SUSPEND)
		status = device_suspend(dev, status);
	dev->status = status | (dev->status & VIRTIO_STATUS_NEEDS_RESET);
out:
	pthread_mutex_unlock(&dev->lock);
}

void
devsim_needs_reset(struct devsim *dev)
{
	pthread_mutex_lock(&dev->lock);
	dev->status |= VIRTIO_STATUS_NEEDS_RESET;
	pthread_mutex_unlock(&dev->lock);
}

struct virtio_features
devsim_features_get(struct devsim *dev)
{
	struct virtio_features ones = { { UINT64_MAX, UINT64_MAX } };

	if (dev->fault.kind == DEVSIM_FAULT_GONE)
		return ones;
	return dev->config.offered;
}

void
devsim_features_set(struct devsim *dev, struct virtio_features f)
{
	pthread_mutex_lock(&dev->lock);
	if (!(dev->status & VIRTIO_STATUS_DRIVER))
		devsim_violation(dev, NULL, "features written before DRIVER");
	if (dev->status & VIRTIO_STATUS_FEATURES_OK)
		devsim_violation(dev, NULL,
				 "features written after FEATURES_OK");
	else
		dev->accepted = f;
	dev->features_set = true;
	pthread_mutex_unlock(&dev->lock);
}

struct virtio_features
devsim_features_accepted(struct devsim *dev)
{
	return dev->accepted;
}

int
devsim_config_read(struct devsim *dev, size_t off, void *dst, size_t len)
{
	if (off > sizeof(dev->net) || len > sizeof(dev->net) - off)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	if (dev->fault.kind == DEVSIM_FAULT_GONE)
		memset(dst, 0xff, len);
	else
		memcpy(dst, (const uint8_t *)&dev->net + off, len);
	if (!(dev->status & VIRTIO_STATUS_ACKNOWLEDGE))
		devsim_violation(dev, NULL,
				 "configuration read before ACKNOWLEDGE");
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

void
devsim_config_poke(struct devsim *dev, size_t off, const void *src, size_t len)
{
	pthread_mutex_lock(&dev->lock);
	if (off <= sizeof(dev->net) && len <= sizeof(dev->net) - off)
		memcpy((uint8_t *)&dev->net + off, src, len);
	pthread_mutex_unlock(&dev->lock);
}

uint16_t
devsim_hdr_len_locked(const struct devsim *dev)
{
	if (devsim_has(dev, VIRTIO_NET_F_OUT_NET_HEADER))
		return sizeof(struct virtio_net_hdr_outer);
	if (devsim_has(dev, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO) ||
	    devsim_has(dev, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO))
		return sizeof(struct virtio_net_hdr_tunnel);
	if (devsim_has(dev, VIRTIO_NET_F_HASH_REPORT))
		return sizeof(struct virtio_net_hdr_hash);
	if (devsim_has(dev, VIRTIO_F_VERSION_1) ||
	    devsim_has(dev, VIRTIO_NET_F_MRG_RXBUF))
		return sizeof(struct virtio_net_hdr);
	return VIRTIO_NET_HDR_LEGACY_LEN;
}

uint16_t
devsim_hdr_len(struct devsim *dev)
{
	return devsim_hdr_len_locked(dev);
}

const struct devsim_net_state *
devsim_net_state(struct devsim *dev)
{
	return &dev->state;
}

unsigned int
devsim_violations(struct devsim *dev)
{
	return dev->nr_violations;
}

const char *
devsim_violation_text(struct devsim *dev, unsigned int i)
{
	if (i >= dev->nr_violations || i >= DEVSIM_VIOLATIONS_KEPT)
		return NULL;
	return dev->violations[i];
}

void
devsim_violations_clear(struct devsim *dev)
{
	dev->nr_violations = 0;
}
