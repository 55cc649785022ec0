/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "devsim_priv.h"

/* The other side of a device: frames as they leave on a wire. */

#define PROTO_TCP 6
#define TCP_FIN_PSH 0x09
#define TCP_CWR 0x80

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void
add32(uint8_t *p, uint32_t add)
{
	uint32_t v = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];

	v += add;
	put16(p, v >> 16);
	put16(p + 2, v);
}

static void
sum_fill(uint8_t *data, uint32_t start, uint32_t at, uint32_t len, bool udp)
{
	uint16_t sum = ~devsim_sum_fold(devsim_sum(data + start, len - start));

	put16(data + at, udp && sum == 0 ? 0xffff : sum);
}

/** Headers of segment @p nr of a frame: lengths, numbers and sums. */
static void
segment_headers(uint8_t *data, uint32_t len, struct devsim_layer *layers,
		unsigned int nr_layers, uint32_t nr, uint32_t payload_off,
		bool last)
{
	unsigned int i = nr_layers;

	while (i-- > 0) {
		struct devsim_layer *l = &layers[i];
		bool tcp = l->proto == PROTO_TCP;
		bool zero = !tcp && i + 1 < nr_layers &&
			data[l->l4 + 6] == 0 && data[l->l4 + 7] == 0;

		if (l->ipv6) {
			put16(data + l->l3 + 4, len - l->l3 - 40);
		} else {
			put16(data + l->l3 + 2, len - l->l3);
			put16(data + l->l3 + 4, (data[l->l3 + 4] << 8 |
				data[l->l3 + 5]) + nr);
			put16(data + l->l3 + 10, 0);
			put16(data + l->l3 + 10, ~devsim_sum_fold(devsim_sum(
				data + l->l3, l->l4 - l->l3)));
		}
		if (tcp) {
			add32(data + l->l4 + 4, payload_off);
			if (!last)
				data[l->l4 + 13] &= ~TCP_FIN_PSH;
			if (nr > 0)
				data[l->l4 + 13] &= ~TCP_CWR;
		} else {
			put16(data + l->l4 + 4, len - l->l4);
		}
		if (zero)
			continue;
		put16(data + devsim_sum_at(l),
		      devsim_sum_pseudo(data, l, len - l->l4));
		sum_fill(data, l->l4, devsim_sum_at(l), len, !tcp);
	}
}

static int
wire_segments(const struct devsim_frame *frame, uint32_t size,
	      devsim_frame_cb cb, void *arg)
{
	static __thread uint8_t data[DEVSIM_FRAME_MAX];
	struct devsim_layer layers[DEVSIM_LAYERS];
	unsigned int n = devsim_layers(frame->data, frame->len, layers);
	struct devsim_frame out = { .data = data, .nr_segs = 1 };
	uint32_t hdrs, off;
	int nr = 0;

	if (n == 0 || size == 0)
		return -EINVAL;
	hdrs = layers[n - 1].payload;
	for (off = 0; hdrs + off < frame->len; off += size, nr++) {
		uint32_t rest = frame->len - hdrs - off;
		uint32_t part = rest < size ? rest : size;

		memcpy(data, frame->data, hdrs);
		memcpy(data + hdrs, frame->data + hdrs + off, part);
		out.len = hdrs + part;
		segment_headers(data, out.len, layers, n, nr, off,
				part == rest);
		cb(arg, &out);
	}
	return nr;
}

#define IP6_FRAGMENT 44
#define IP6_FRAGMENT_LEN 8
#define IP_MORE_FRAGMENTS 0x2000

/** The network header, and what follows it, of the fragment at @p off. */
static uint32_t
fragment_headers(uint8_t *data, const struct devsim_layer *l, uint32_t off,
		 uint32_t part, bool last)
{
	uint8_t *ext = data + l->l4;

	if (!l->ipv6) {
		put16(data + l->l3 + 2, l->l4 - l->l3 + part);
		put16(data + l->l3 + 6,
		      off / 8 | (last ? 0 : IP_MORE_FRAGMENTS));
		put16(data + l->l3 + 10, 0);
		put16(data + l->l3 + 10, ~devsim_sum_fold(devsim_sum(
			data + l->l3, l->l4 - l->l3)));
		return l->l4;
	}
	put16(data + l->l3 + 4, l->l4 - l->l3 - 40 + IP6_FRAGMENT_LEN + part);
	memset(ext, 0, IP6_FRAGMENT_LEN);
	ext[0] = data[l->l3 + 6];
	put16(ext + 2, off | !last);
	data[l->l3 + 6] = IP6_FRAGMENT;
	return l->l4 + IP6_FRAGMENT_LEN;
}

/** One UDP datagram, its sum complete, as IP fragments of @p size bytes. */
static int
wire_fragments(const struct devsim_frame *frame, uint32_t size,
	       devsim_frame_cb cb, void *arg)
{
	static __thread uint8_t whole[DEVSIM_FRAME_MAX];
	static __thread uint8_t data[DEVSIM_FRAME_MAX];
	struct devsim_layer layers[DEVSIM_LAYERS], *l = &layers[0];
	struct devsim_frame out = { .data = data, .nr_segs = 1 };
	uint32_t off;
	int nr = 0;

	if (devsim_layers(frame->data, frame->len, layers) != 1 ||
	    l->proto == PROTO_TCP || size == 0 || size % 8 != 0)
		return -EINVAL;
	memcpy(whole, frame->data, frame->len);
	sum_fill(whole, l->l4, devsim_sum_at(l), frame->len, true);
	for (off = 0; l->l4 + off < frame->len; off += size, nr++) {
		uint32_t rest = frame->len - l->l4 - off;
		uint32_t part = rest < size ? rest : size, hdrs;

		memcpy(data, whole, l->l4);
		hdrs = fragment_headers(data, l, off, part, part == rest);
		memcpy(data + hdrs, whole + l->l4 + off, part);
		out.len = hdrs + part;
		cb(arg, &out);
	}
	return nr;
}

int
devsim_wire(const struct devsim_frame *frame, devsim_frame_cb cb, void *arg)
{
	static __thread uint8_t data[DEVSIM_FRAME_MAX];
	const struct virtio_net_hdr *h = (const void *)frame->hdr;
	uint32_t start = rte_le_to_cpu_16(h->csum_start);
	uint32_t at = start + rte_le_to_cpu_16(h->csum_offset);
	struct devsim_frame out = {
		.data = data, .len = frame->len, .nr_segs = 1,
	};

	if (h->gso_type == VIRTIO_NET_HDR_GSO_UDP)
		return wire_fragments(frame, rte_le_to_cpu_16(h->gso_size), cb,
				      arg);
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return wire_segments(frame, rte_le_to_cpu_16(h->gso_size), cb,
				     arg);
	memcpy(data, frame->data, frame->len);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (at + 2 > frame->len)
			return -EINVAL;
		sum_fill(data, start, at, frame->len, at - start == 6);
	}
	cb(arg, &out);
	return 1;
}
