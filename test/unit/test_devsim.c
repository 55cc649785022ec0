/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "mini_world.h"

/* devsim against a driver of a few lines: it must accept what the
 * specification allows and name what it forbids. */

static void
post_rx(struct world *w)
{
	struct mini_seg seg;
	int i;

	/* The id of the next buffer decides which memory it has. */
	while (w->rx.free_desc > 0) {
		i = w->rx.packed ? w->rx.next : w->rx.cursor;
		while (w->rx.slots[i] != 0)
			i = (i + 1) % MINI_SIZE;
		if (!w->rx.packed)
			w->rx.cursor = i;
		seg.addr = w->rx_mem[i];
		seg.len = sizeof(w->rx_mem[i]);
		assert_int_equal(mini_post(&w->rx, &seg, 1), i);
	}
}

static void
fill(uint8_t *p, uint32_t seq, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = seq * 31 + i;
}

struct expect {
	uint32_t seq;
	uint32_t len;
	unsigned int seen;
};

static void
on_frame(void *arg, const struct devsim_frame *frame)
{
	struct expect *e = arg;
	uint8_t want[1024];

	assert_int_equal(frame->len, e->len);
	fill(want, e->seq, e->len);
	assert_memory_equal(frame->data, want, e->len);
	e->seen++;
}

/** Send one frame in @p n pieces and have it checked. */
static void
send_checked(struct world *w, uint32_t seq, int n)
{
	struct expect e = { seq, 60 + seq % 400, 0 };
	uint8_t *mem = w->tx_mem[seq % MINI_SIZE];
	uint32_t part = e.len / n, len = 0;
	struct mini_seg segs[MINI_SEGS];
	int i;

	memset(mem, 0, HDR);
	fill(mem + HDR, seq, e.len);
	for (i = 0; i < n; i++) {
		segs[i].addr = i == 0 ? mem : mem + HDR + part * i;
		segs[i].len = i == 0 ? HDR + part : part;
	}
	segs[n - 1].len += e.len - part * n;
	assert_true(mini_post(&w->tx, segs, n) >= 0);
	assert_int_equal(devsim_tx_collect(w->dev, 1, 8, on_frame, &e), 1);
	assert_int_equal(e.seen, 1);
	assert_true(mini_take(&w->tx, &len) >= 0);
	assert_int_equal(len, 0);
}

static void
for_layouts(void (*run)(struct world *w))
{
	int bits;

	for (bits = 0; bits < 16; bits++) {
		struct virtio_features f = features(bits & 1, bits & 2,
						    bits & 4, bits & 8);
		struct world *w = world(f, bits & 4);

		run(w);
		clean(w);
		world_end(w);
	}
}

static void
run_send(struct world *w)
{
	uint32_t seq;

	for (seq = 0; seq < 70000; seq++)
		send_checked(w, seq, 1 + seq % MINI_SEGS);
}

static void
test_send(void **state)
{
	(void)state;
	for_layouts(run_send);
}

static void
run_receive(struct world *w)
{
	uint32_t seq, len = 0, total;
	uint8_t data[1024], got[1024];
	int id, nr, n;

	for (seq = 0; seq < 70000; seq++) {
		struct virtio_features f = devsim_features_accepted(w->dev);
		bool mrg = virtio_features_has(&f, VIRTIO_NET_F_MRG_RXBUF);
		uint32_t size = 60 + seq % (mrg ? 900 : 440);

		post_rx(w);
		fill(data, seq, size);
		nr = devsim_rx_inject(w->dev, 0, data, size, NULL);
		assert_true(nr >= 1 && (mrg || nr == 1));
		for (n = 0, total = 0; n < nr; n++) {
			uint32_t skip = n == 0 ? HDR : 0;

			id = mini_take(&w->rx, &len);
			assert_true(id >= 0);
			if (n == 0)
				assert_int_equal(w->rx_mem[id][10], nr);
			memcpy(got + total, w->rx_mem[id] + skip, len - skip);
			total += len - skip;
		}
		assert_int_equal(total, size);
		assert_memory_equal(got, data, size);
		assert_int_equal(mini_take(&w->rx, &len), -1);
	}
}

static void
test_receive(void **state)
{
	(void)state;
	for_layouts(run_receive);
}

static void
test_receive_out_of_order(void **state)
{
	int packed, order;

	(void)state;
	for (packed = 0; packed < 2; packed++)
		for (order = DEVSIM_ORDER_REVERSE;
		     order <= DEVSIM_ORDER_RANDOM; order++) {
			struct devsim_policy p = {
				.order = order, .window = 7, .seed = 5,
			};
			struct world *w = world(features(packed, 0, 0, 1), 0);

			devsim_policy_set(w->dev, 0, &p);
			run_receive(w);
			clean(w);
			world_end(w);
		}
}

static void
test_send_out_of_order(void **state)
{
	struct devsim_policy p = {
		.order = DEVSIM_ORDER_REVERSE, .window = 4,
	};
	struct mini_seg seg;
	struct world *w;
	uint32_t len, i;
	int packed, ids[4];

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		w = world(features(packed, 0, 0, 0), 0);
		devsim_policy_set(w->dev, 1, &p);
		seg.addr = w->tx_mem[0];
		seg.len = 100;
		for (i = 0; i < 3; i++)
			ids[i] = mini_post(&w->tx, &seg, 1);
		assert_int_equal(devsim_tx_collect(w->dev, 1, 9, NULL, NULL), 3);
		assert_int_equal(mini_take(&w->tx, &len), -1);
		ids[3] = mini_post(&w->tx, &seg, 1);
		assert_int_equal(devsim_tx_collect(w->dev, 1, 9, NULL, NULL), 1);
		for (i = 0; i < 4; i++)
			assert_int_equal(mini_take(&w->tx, &len), ids[3 - i]);
		clean(w);
		world_end(w);
	}
}

/** IN_ORDER: one used entry, with the id of the last, stands for four. */
static void
test_batch(void **state)
{
	struct devsim_policy p = { .batch = 4 };
	struct devsim_vq_stats stats;
	struct mini_seg seg;
	struct world *w;
	int packed, i, id = 0;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		w = world(features(packed, 1, 0, 0), 0);
		devsim_policy_set(w->dev, 1, &p);
		seg.addr = w->tx_mem[0];
		seg.len = 100;
		for (i = 0; i < 4; i++)
			id = mini_post(&w->tx, &seg, 1);
		assert_int_equal(devsim_tx_collect(w->dev, 1, 9, NULL, NULL), 4);
		devsim_vq_stats_get(w->dev, 1, &stats);
		assert_int_equal(stats.used, 4);
		assert_int_equal(stats.used_entries, 1);
		if (packed) {
			assert_int_equal(w->tx.pdesc[0].id, id);
			assert_int_equal(w->tx.pdesc[0].flags & 0x8080, 0x8080);
		} else {
			assert_int_equal(mini_used(&w->tx)->idx, 4);
			assert_int_equal(mini_used(&w->tx)->ring[0].id, id);
		}
		clean(w);
		world_end(w);
	}
}

static void
test_loopback(void **state)
{
	struct mini_seg seg;
	struct world *w;
	uint32_t len;
	int packed, id;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		w = world(features(packed, 0, 0, 0), 0);
		seg.addr = w->tx_mem[0];
		seg.len = HDR + 80;
		fill(w->tx_mem[0] + HDR, 9, 80);
		mini_post(&w->tx, &seg, 1);
		assert_int_equal(devsim_poll(w->dev, 32), 0);
		assert_int_equal(mini_take(&w->tx, &len), -1);
		post_rx(w);
		assert_int_equal(devsim_poll(w->dev, 32), 1);
		assert_true(mini_take(&w->tx, &len) >= 0);
		id = mini_take(&w->rx, &len);
		assert_true(id >= 0);
		assert_int_equal(len, HDR + 80);
		assert_memory_equal(w->rx_mem[id] + HDR, w->tx_mem[0] + HDR, 80);
		clean(w);
		world_end(w);
	}
}

static void
test_status_machine(void **state)
{
	struct virtio_features f = features(0, 0, 0, 0);
	struct devsim *dev = device(f);

	(void)state;
	devsim_status_set(dev, VIRTIO_STATUS_ACKNOWLEDGE);
	devsim_status_set(dev, 3);
	virtio_features_add(&f, VIRTIO_NET_F_CSUM);
	devsim_features_set(dev, f);
	devsim_status_set(dev, 0xb);
	assert_int_equal(devsim_status_get(dev), 3);
	blamed(dev, "not offered");
	devsim_violations_clear(dev);

	devsim_status_set(dev, 0);
	devsim_status_set(dev, VIRTIO_STATUS_DRIVER);
	blamed(dev, "skips a step");
	devsim_status_set(dev, VIRTIO_STATUS_ACKNOWLEDGE);
	blamed(dev, "clears bits");
	devsim_destroy(dev);
}

static void
test_feature_closure(void **state)
{
	struct virtio_features f = features(0, 0, 0, 0);
	struct devsim *dev;

	(void)state;
	virtio_features_add(&f, VIRTIO_NET_F_CTRL_VLAN);
	dev = device(f);
	devsim_status_set(dev, 1);
	devsim_status_set(dev, 3);
	devsim_features_set(dev, f);
	devsim_status_set(dev, 0xb);
	assert_int_equal(devsim_status_get(dev), 3);
	blamed(dev, "CTRL_VLAN accepted without CTRL_VQ");
	devsim_destroy(dev);
}

static void
test_blame_changed(void **state)
{
	struct mini_seg seg;
	struct world *w;
	int packed;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		w = world(features(packed, 0, 0, 0), 0);
		seg.addr = w->tx_mem[0];
		seg.len = 100;
		mini_post(&w->tx, &seg, 1);
		assert_int_equal(devsim_posted(w->dev, 1), 1);
		w->tx.desc[0].len = 99;
		devsim_tx_collect(w->dev, 1, 8, NULL, NULL);
		blamed(w->dev, "changed while the device owned it");
		world_end(w);
	}
}

static void
blame_split(void (*spoil)(struct world *w), const char *text)
{
	struct world *w = world(features(0, 0, 0, 0), 0);
	struct mini_seg segs[2] = {
		{ w->tx_mem[0], 50 }, { w->tx_mem[1], 50 },
	};

	/* Published by the bump of idx below, after it was spoiled. */
	mini_post(&w->tx, segs, 2);
	mini_avail(&w->tx)->idx = 0;
	spoil(w);
	mini_avail(&w->tx)->idx += 1;
	devsim_tx_collect(w->dev, 1, 8, NULL, NULL);
	blamed(w->dev, text);
	world_end(w);
}

static void
spoil_loop(struct world *w)
{
	w->tx.desc[1].flags = VRING_DESC_F_NEXT;
	w->tx.desc[1].next = 0;
}

static void
spoil_far(struct world *w)
{
	w->tx.desc[0].next = MINI_SIZE;
}

static void
spoil_flags(struct world *w)
{
	w->tx.desc[0].flags = 0x40;
}

static void
spoil_indirect(struct world *w)
{
	w->tx.desc[0].flags = VRING_DESC_F_INDIRECT;
}

static void
spoil_len(struct world *w)
{
	w->tx.desc[0].len = 0;
}

static void
spoil_order(struct world *w)
{
	w->tx.desc[0].flags |= VRING_DESC_F_WRITE;
}

static void
spoil_idx(struct world *w)
{
	mini_avail(&w->tx)->idx = 0xfff0;
}

static void
spoil_num_buffers(struct world *w)
{
	w->tx_mem[0][10] = 1;
}

static void
spoil_hdr_flags(struct world *w)
{
	w->tx_mem[0][0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

static void
spoil_gso(struct world *w)
{
	w->tx_mem[0][1] = VIRTIO_NET_HDR_GSO_TCPV4;
}

static void
test_blame(void **state)
{
	(void)state;
	blame_split(spoil_loop, "loops");
	blame_split(spoil_far, "leaves the table");
	blame_split(spoil_flags, "flags 0x40");
	blame_split(spoil_indirect, "not negotiated");
	blame_split(spoil_len, "0 bytes");
	blame_split(spoil_order, "readable element after a writable");
	blame_split(spoil_idx, "avail idx");
	blame_split(spoil_num_buffers, "num_buffers 1, not 0");
	blame_split(spoil_hdr_flags, "flags 0x01, allowed 0x00");
	blame_split(spoil_gso, "gso_type 0x01");
}

static void
test_memory(void **state)
{
	struct world *w = world(features(0, 0, 0, 0), 0);
	struct mini_seg seg = { w->tx_mem[0], 100 };

	(void)state;
	devsim_mem_add(w->dev, w->tx_mem[1], sizeof(w->tx_mem[1]));
	devsim_mem_add(w->dev, w->rx_mem, sizeof(w->rx_mem));
	mini_post(&w->tx, &seg, 1);
	devsim_tx_collect(w->dev, 1, 8, NULL, NULL);
	blamed(w->dev, "not memory of the device");
	devsim_violations_clear(w->dev);
	seg.addr = w->tx_mem[1];
	mini_post(&w->tx, &seg, 1);
	assert_int_equal(devsim_tx_collect(w->dev, 1, 8, NULL, NULL), 1);
	clean(w);
	world_end(w);
}

static void
test_queue_reset(void **state)
{
	struct virtio_features f = features(0, 0, 0, 0);
	struct devsim_ring ring;
	struct world *w;

	(void)state;
	w = world(f, false);
	assert_int_equal(devsim_queue_reset(w->dev, 0), -ENOTSUP);
	world_end(w);

	virtio_features_add(&f, VIRTIO_F_RING_RESET);
	w = world(f, false);
	assert_int_equal(devsim_queue_reset(w->dev, 1), 0);
	assert_false(devsim_queue_enabled(w->dev, 1));
	mini_init(&w->tx, false, false, false, false);
	ring = mini_areas(&w->tx);
	assert_int_equal(devsim_queue_enable(w->dev, 1, &ring), 0);
	send_checked(w, 1, 2);
	clean(w);
	world_end(w);
}

static uint16_t
avail_event(struct world *w)
{
	uint16_t event;

	memcpy(&event, &mini_used(&w->tx)->ring[MINI_SIZE], sizeof(event));
	return event;
}

/** A publication across the device's event asks for one doorbell. */
static void
test_events(void **state)
{
	struct devsim_policy p = { .kicks = DEVSIM_KICKS_NEVER };
	struct virtio_features f;
	struct world *w;
	int packed;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		const struct vring_packed_desc_event *e;

		f = features(packed, 0, 0, 0);
		virtio_features_add(&f, VIRTIO_F_EVENT_IDX);
		w = world(f, false);
		e = (void *)w->tx.device;
		send_checked(w, 1, 1);
		if (packed)
			assert_int_equal(e->flags, 2);
		if (packed)
			assert_int_equal(e->off_wrap, 0x8001);
		else
			assert_int_equal(avail_event(w), 1);
		devsim_policy_set(w->dev, 1, &p);
		send_checked(w, 2, 1);
		if (packed)
			assert_int_equal(e->flags, 1);
		else
			assert_int_equal(avail_event(w), 0x8002);
		clean(w);
		world_end(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_machine),
		cmocka_unit_test(test_feature_closure),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_send_out_of_order),
		cmocka_unit_test(test_receive_out_of_order),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_blame_changed),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_queue_reset),
		cmocka_unit_test(test_events),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
