/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Section 5.1.6.2.1: what a driver may say of a frame it sends. */

#define GSO_TUNNEL (VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 | \
		    VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)
#define PROTO_TCP 6
#define TCP_FLAGS 13
#define TCP_CWR 0x80

/** A sent frame, its header in host order, and what its bytes say. */
struct sent {
	struct devsim_vq *vq;
	const struct devsim_frame *frame;
	struct virtio_net_hdr_outer raw;
	uint8_t flags;
	uint8_t gso;		/**< without ECN and tunnel bits */
	uint8_t tunnel;		/**< tunnel bits */
	bool ecn;
	uint32_t start;
	uint32_t at;		/**< of the checksum, from the frame's start */
	struct devsim_layer layers[DEVSIM_LAYERS];
	unsigned int nr_layers;
	/** That whose sum is left to the device; NULL: not known. */
	const struct devsim_layer *inner;
};

#define COMPLAIN(s, ...) devsim_violation((s)->vq->dev, (s)->vq, \
	"sent header: " __VA_ARGS__)

static bool
has(const struct sent *s, unsigned int bit)
{
	return devsim_has(s->vq->dev, bit);
}

static void
sent_read(struct sent *s, struct devsim_vq *vq,
	  const struct devsim_frame *frame)
{
	const struct virtio_net_hdr *h = &s->raw.tunnel.hash.hdr;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->vq = vq;
	s->frame = frame;
	memcpy(&s->raw, frame->hdr, frame->hdr_len);
	s->flags = h->flags;
	s->gso = h->gso_type & ~(GSO_TUNNEL | VIRTIO_NET_HDR_GSO_ECN);
	s->tunnel = h->gso_type & GSO_TUNNEL;
	s->ecn = h->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	s->start = rte_le_to_cpu_16(h->csum_start);
	s->at = s->start + rte_le_to_cpu_16(h->csum_offset);
	if (!(s->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return;
	s->nr_layers = devsim_layers(frame->data, frame->len, s->layers);
	for (i = 0; i < s->nr_layers; i++)
		if (s->layers[i].l4 == s->start)
			s->inner = &s->layers[i];
}

static void
check_flags(const struct sent *s)
{
	uint8_t allowed = 0;

	if (s->frame->hdr_len >= sizeof(struct virtio_net_hdr) &&
	    s->raw.tunnel.hash.hdr.num_buffers != 0)
		COMPLAIN(s, "num_buffers %u, not 0", rte_le_to_cpu_16(
			 s->raw.tunnel.hash.hdr.num_buffers));
	if (has(s, VIRTIO_NET_F_CSUM))
		allowed |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (has(s, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM))
		allowed |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	if (s->flags & ~allowed)
		COMPLAIN(s, "flags 0x%02x, allowed 0x%02x", s->flags, allowed);
	if ((s->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM) && s->tunnel == 0)
		COMPLAIN(s, "UDP_TUNNEL_CSUM outside of a tunnel");
}

static bool
gso_negotiated(const struct sent *s)
{
	switch (s->gso) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return s->tunnel == 0 && !s->ecn;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return has(s, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return has(s, VIRTIO_NET_F_HOST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP:
		return s->tunnel == 0 && has(s, VIRTIO_NET_F_HOST_UFO);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return has(s, VIRTIO_NET_F_HOST_USO);
	}
	return false;
}

/** The type fits the headers that the frame has. */
static bool
gso_true(const struct sent *s)
{
	const struct devsim_layer *l = s->inner;

	switch (s->gso) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return l->proto == PROTO_TCP && !l->ipv6;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return l->proto == PROTO_TCP && l->ipv6;
	}
	return l->proto != PROTO_TCP;
}

static void
check_hdr_len(const struct sent *s)
{
	uint32_t len = rte_le_to_cpu_16(s->raw.tunnel.hash.hdr.hdr_len);
	uint32_t right = s->inner->payload;

	if (has(s, VIRTIO_NET_F_GUEST_HDRLEN) ? len != right : len < right)
		COMPLAIN(s, "hdr_len %u, the headers have %u", len, right);
}

static void
check_ecn(const struct sent *s)
{
	bool cwr = s->inner->proto == PROTO_TCP &&
		(s->frame->data[s->inner->l4 + TCP_FLAGS] & TCP_CWR);

	if (cwr && !has(s, VIRTIO_NET_F_HOST_ECN))
		COMPLAIN(s, "CWR in a frame to be cut without HOST_ECN");
	else if (cwr != s->ecn)
		COMPLAIN(s, "ECN %d, CWR %d", s->ecn, cwr);
}

static void
check_gso(const struct sent *s)
{
	const struct virtio_net_hdr *h = &s->raw.tunnel.hash.hdr;

	if (!gso_negotiated(s)) {
		COMPLAIN(s, "gso_type 0x%02x", h->gso_type);
		return;
	}
	if (s->ecn && !has(s, VIRTIO_NET_F_HOST_ECN))
		COMPLAIN(s, "ECN was not negotiated");
	if (s->gso == VIRTIO_NET_HDR_GSO_NONE)
		return;
	if (h->gso_size == 0 || !(s->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		COMPLAIN(s, "segmentation with gso_size %u, flags 0x%02x",
			 rte_le_to_cpu_16(h->gso_size), h->flags);
		return;
	}
	if (s->inner == NULL || !gso_true(s)) {
		COMPLAIN(s, "gso_type 0x%02x at %u is not what the frame has",
			 h->gso_type, s->start);
		return;
	}
	check_hdr_len(s);
	check_ecn(s);
}

static void
check_tunnel(const struct sent *s)
{
	const struct virtio_net_hdr_tunnel *h = &s->raw.tunnel;
	const struct devsim_layer *outer = &s->layers[0];
	bool csum = s->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	uint16_t sum;

	if (s->tunnel == 0)
		return;
	if (!has(s, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO) ||
	    s->tunnel == GSO_TUNNEL || s->gso == VIRTIO_NET_HDR_GSO_NONE) {
		COMPLAIN(s, "gso_type 0x%02x, not negotiated or not legal",
			 h->hash.hdr.gso_type);
		return;
	}
	if (s->nr_layers < 2 || s->inner != &s->layers[1]) {
		COMPLAIN(s, "tunnel bits without a tunnel");
		return;
	}
	if ((s->tunnel == VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6) != s->inner->ipv6)
		COMPLAIN(s, "tunnel bits 0x%02x, inner IPv%d", s->tunnel,
			 s->inner->ipv6 ? 6 : 4);
	if (rte_le_to_cpu_16(h->outer_th_offset) != outer->l4 ||
	    rte_le_to_cpu_16(h->inner_nh_offset) != s->inner->l3)
		COMPLAIN(s, "tunnel offsets %u %u, not %u %u",
			 rte_le_to_cpu_16(h->outer_th_offset),
			 rte_le_to_cpu_16(h->inner_nh_offset), outer->l4,
			 s->inner->l3);
	sum = s->frame->data[devsim_sum_at(outer)] << 8 |
		s->frame->data[devsim_sum_at(outer) + 1];
	if (sum != (csum ? devsim_sum_pseudo(s->frame->data, outer,
					     s->frame->len - outer->l4) : 0))
		COMPLAIN(s, "outer UDP sum 0x%04x is not its pseudo-header's, or 0",
			 sum);
}

/**
 * The stored sum is the pseudo-header's, and sums before it are complete once
 * this one is.
 */
static void
check_sums(const struct sent *s)
{
	static __thread uint8_t copy[DEVSIM_FRAME_MAX];
	const struct devsim_frame *f = s->frame;
	const struct devsim_layer *l = s->inner;
	uint32_t len;
	uint16_t sum;

	if (l == NULL)
		return;
	if (s->at != devsim_sum_at(l)) {
		COMPLAIN(s, "checksum at %u, the protocol's is at %u", s->at,
			 devsim_sum_at(l));
		return;
	}
	len = (s->gso == VIRTIO_NET_HDR_GSO_NONE ? l->end : f->len) - l->l4;
	sum = f->data[s->at] << 8 | f->data[s->at + 1];
	if (sum != devsim_sum_pseudo(f->data, l, len))
		COMPLAIN(s, "stored sum 0x%04x, the pseudo-header's is 0x%04x",
			 sum, devsim_sum_pseudo(f->data, l, len));
	if (s->gso != VIRTIO_NET_HDR_GSO_NONE)
		return;
	memcpy(copy, f->data, f->len);
	sum = ~devsim_sum_fold(devsim_sum(copy + s->start, f->len - s->start));
	copy[s->at] = sum >> 8;
	copy[s->at + 1] = sum;
	if (l == &s->layers[1] && !devsim_sum_right(copy, &s->layers[0]))
		COMPLAIN(s, "the outer UDP sum is wrong");
}

static void
check_outer_nh(const struct sent *s)
{
	uint32_t off = rte_le_to_cpu_16(s->raw.outer_nh_offset);

	if (off == 0)
		return;
	if (off + 20 > s->frame->len || (s->frame->data[off] >> 4 != 4 &&
					 s->frame->data[off] >> 4 != 6))
		COMPLAIN(s, "no network header at outer_nh_offset %u", off);
}

void
devsim_check_tx_hdr(struct devsim_vq *vq, const struct devsim_frame *frame)
{
	struct sent s;

	sent_read(&s, vq, frame);
	check_flags(&s);
	check_outer_nh(&s);
	if ((s.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && s.at + 2 > frame->len) {
		COMPLAIN(&s, "checksum ends at %u of %u bytes", s.at + 2,
			 frame->len);
		return;
	}
	check_gso(&s);
	check_tunnel(&s);
	if (s.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		check_sums(&s);
}
