/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef MINI_WORLD_H
#define MINI_WORLD_H

#include "mini_driver.h"

/** A devsim of one pair with the mini driver started on it. */

#define HDR 12

struct world {
	struct devsim *dev;
	struct mini_ring rx;
	struct mini_ring tx;
	uint8_t rx_mem[MINI_SIZE][512];
	uint8_t tx_mem[MINI_SIZE][1024];
};

static inline struct virtio_features
features(bool packed, bool in_order, bool indirect, bool mrg)
{
	struct virtio_features f = { { 0, 0 } };

	virtio_features_add(&f, VIRTIO_F_VERSION_1);
	if (packed)
		virtio_features_add(&f, VIRTIO_F_RING_PACKED);
	if (in_order)
		virtio_features_add(&f, VIRTIO_F_IN_ORDER);
	if (indirect)
		virtio_features_add(&f, VIRTIO_F_INDIRECT_DESC);
	if (mrg)
		virtio_features_add(&f, VIRTIO_NET_F_MRG_RXBUF);
	return f;
}

static inline struct devsim *
device(struct virtio_features offered)
{
	struct devsim_config c = {
		.offered = offered, .pairs = 1, .queue_size_max = 256,
		.mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500,
		.rss_key_size = 40, .rss_table_size = 128,
	};
	struct devsim *dev = devsim_create(&c);

	assert_non_null(dev);
	return dev;
}

static inline struct world *
world(struct virtio_features f, bool indirect)
{
	bool packed = virtio_features_has(&f, VIRTIO_F_RING_PACKED);
	bool in_order = virtio_features_has(&f, VIRTIO_F_IN_ORDER);
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->dev = device(f);
	mini_init(&w->rx, packed, false, in_order, true);
	mini_init(&w->tx, packed, indirect, in_order, false);
	mini_start(w->dev, f, &w->rx, &w->tx);
	assert_int_equal(devsim_violations(w->dev), 0);
	return w;
}

static inline void
world_end(struct world *w)
{
	devsim_destroy(w->dev);
	free(w);
}

static inline void
clean(struct world *w)
{
	if (devsim_violations(w->dev) > 0)
		print_error("%s\n", devsim_violation_text(w->dev, 0));
	assert_int_equal(devsim_violations(w->dev), 0);
}

/** The violation that must have been seen, by a part of its text. */
static inline void
blamed(struct devsim *dev, const char *text)
{
	unsigned int i;

	for (i = 0; devsim_violation_text(dev, i) != NULL; i++)
		if (strstr(devsim_violation_text(dev, i), text) != NULL)
			return;
	print_error("\"%s\" was not seen; first: %s\n", text,
		    devsim_violations(dev) ? devsim_violation_text(dev, 0) :
		    "nothing");
	fail();
}

#endif /* MINI_WORLD_H */
