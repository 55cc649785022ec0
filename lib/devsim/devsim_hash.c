/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* The hash of a received frame, sections 5.1.6.4.3 and 5.1.6.4.4. */

#define ETHER_VLAN 0x8100
#define ETHER_QINQ 0x88a8
#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define ETHER_BRIDGE 0x6558	/* Ethernet in a tunnel */

#define PROTO_HOPOPTS 0
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_IPV6 41
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_GRE 47
#define PROTO_DSTOPTS 60

#define OPTION_PAD1 0
#define OPTION_HOME_ADDRESS 201
#define ROUTING_TYPE_2 2

#define PORT_GRE 4754
#define PORT_VXLAN 4789
#define PORT_VXLAN_GPE 4790
#define PORT_GENEVE 6081

#define GRE_SUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQ 0x1000

struct view {
	const uint8_t *p;
	uint32_t len;
};

/** What of a frame a hash may cover. */
struct flow {
	uint8_t version;	/**< 4, 6; 0 is no IP */
	bool extended;		/**< IPv6 with extension headers */
	uint8_t proto;		/**< of @p body; 0: unknown, or a fragment */
	const uint8_t *src;
	const uint8_t *dst;
	const uint8_t *home;	/**< what *_EX hashes use for src and dst */
	const uint8_t *route;
	struct view body;
};

static uint16_t
be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static bool
view_skip(struct view *v, uint32_t n)
{
	if (v->len < n)
		return false;
	v->p += n;
	v->len -= n;
	return true;
}

uint32_t
devsim_toeplitz(const uint8_t *key, size_t key_len, const uint8_t *data,
		size_t len)
{
	uint32_t hash = 0, window = 0;
	size_t i;
	int bit;

	for (i = 0; i < 4; i++)
		window = window << 8 | (i < key_len ? key[i] : 0);
	for (i = 0; i < len; i++) {
		uint8_t next = i + 4 < key_len ? key[i + 4] : 0;

		for (bit = 7; bit >= 0; bit--) {
			if (data[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | (next >> bit & 1);
		}
	}
	return hash;
}

static bool
flow_ipv4(struct flow *f, struct view v)
{
	uint32_t ihl = v.len >= 20 ? (v.p[0] & 0xf) * 4 : 0;

	if (ihl < 20 || v.p[0] >> 4 != 4)
		return false;
	f->version = 4;
	f->src = v.p + 12;
	f->dst = v.p + 16;
	/* A fragment has no transport header that can be relied on. */
	f->proto = be16(v.p + 6) & 0x3fff ? 0 : v.p[9];
	f->body = v;
	return view_skip(&f->body, ihl);
}

/** The home address option among destination options, or NULL. */
static const uint8_t *
option_home(const uint8_t *p, uint32_t len)
{
	uint32_t i = 2;

	while (i < len) {
		uint32_t n = p[i] == OPTION_PAD1 ? 1 :
			i + 1 < len ? 2u + p[i + 1] : len;

		if (p[i] == OPTION_HOME_ADDRESS && n == 18 && i + n <= len)
			return p + i + 2;
		i += n;
	}
	return NULL;
}

/** Take one extension header; @return false if it is none, or cut short. */
static bool
flow_extension(struct flow *f)
{
	const uint8_t *p = f->body.p;
	uint32_t len;

	if (f->proto != PROTO_HOPOPTS && f->proto != PROTO_ROUTING &&
	    f->proto != PROTO_DSTOPTS)
		return false;
	if (f->body.len < 8)
		return false;
	len = 8 + p[1] * 8u;
	if (len > f->body.len)
		return false;
	if (f->proto == PROTO_DSTOPTS && option_home(p, len) != NULL)
		f->home = option_home(p, len);
	if (f->proto == PROTO_ROUTING && p[2] == ROUTING_TYPE_2 && len == 24)
		f->route = p + 8;
	f->extended = true;
	f->proto = p[0];
	return view_skip(&f->body, len);
}

static bool
flow_ipv6(struct flow *f, struct view v)
{
	if (v.len < 40 || v.p[0] >> 4 != 6)
		return false;
	f->version = 6;
	f->src = v.p + 8;
	f->dst = v.p + 24;
	f->home = f->src;
	f->route = f->dst;
	f->proto = v.p[6];
	f->body = v;
	view_skip(&f->body, 40);
	while (flow_extension(f))
		;
	if (f->proto == PROTO_FRAGMENT) {
		f->extended = true;
		f->proto = 0;
	}
	return true;
}

static bool
flow_network(struct flow *f, uint16_t type, struct view v)
{
	memset(f, 0, sizeof(*f));
	if (type == ETHER_IPV4)
		return flow_ipv4(f, v);
	return type == ETHER_IPV6 && flow_ipv6(f, v);
}

static bool
flow_ether(struct flow *f, struct view v)
{
	uint16_t type;

	if (!view_skip(&v, 14))
		return false;
	type = be16(v.p - 2);
	while (type == ETHER_VLAN || type == ETHER_QINQ) {
		if (!view_skip(&v, 4))
			return false;
		type = be16(v.p - 2);
	}
	return flow_network(f, type, v);
}

/** What is inside of a tunnel, and the tunnel's type; 0: no tunnel. */
static uint32_t
tunnel_gre(const struct flow *outer, struct view v, uint16_t *type,
	   struct view *inner)
{
	uint16_t flags;

	*inner = v;
	if (!view_skip(inner, 4))
		return 0;
	flags = be16(v.p);
	*type = be16(v.p + 2);
	if (!view_skip(inner, 4 * (!!(flags & GRE_SUM) + !!(flags & GRE_KEY) +
				   !!(flags & GRE_SEQ))))
		return 0;
	if (outer->proto == PROTO_UDP)
		return VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_UDP;
	if (*type == ETHER_BRIDGE)
		return flags & GRE_KEY ? VIRTIO_NET_HASH_TUNNEL_TYPE_NVGRE : 0;
	if (flags & (GRE_KEY | GRE_SEQ))
		return VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_2890;
	return outer->version == 6 ? VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_7676 :
		VIRTIO_NET_HASH_TUNNEL_TYPE_GRE_2784;
}

static uint32_t
tunnel_udp(const struct flow *outer, uint16_t *type, struct view *inner)
{
	struct view v = outer->body;
	uint16_t port;

	if (!view_skip(&v, 8))
		return 0;
	port = be16(outer->body.p + 2);
	if (port == PORT_GRE)
		return tunnel_gre(outer, v, type, inner);
	*inner = v;
	if (!view_skip(inner, 8))
		return 0;
	*type = ETHER_BRIDGE;
	if (port == PORT_VXLAN)
		return VIRTIO_NET_HASH_TUNNEL_TYPE_VXLAN;
	if (port == PORT_GENEVE) {
		*type = be16(v.p + 2);
		return view_skip(inner, (v.p[0] & 0x3f) * 4) ?
			VIRTIO_NET_HASH_TUNNEL_TYPE_GENEVE : 0;
	}
	if (port != PORT_VXLAN_GPE)
		return 0;
	if (v.p[3] == 1 || v.p[3] == 2)
		*type = v.p[3] == 1 ? ETHER_IPV4 : ETHER_IPV6;
	return VIRTIO_NET_HASH_TUNNEL_TYPE_VXLAN_GPE;
}

static uint32_t
tunnel_find(const struct flow *outer, uint16_t *type, struct view *inner)
{
	*inner = outer->body;
	switch (outer->proto) {
	case PROTO_IPIP:
		*type = ETHER_IPV4;
		return VIRTIO_NET_HASH_TUNNEL_TYPE_IPIP;
	case PROTO_IPV6:
		*type = ETHER_IPV6;
		return VIRTIO_NET_HASH_TUNNEL_TYPE_IPIP;
	case PROTO_GRE:
		return tunnel_gre(outer, outer->body, type, inner);
	case PROTO_UDP:
		return tunnel_udp(outer, type, inner);
	}
	return 0;
}

/** Step into the tunnel if its type is enabled; one level only. */
static bool
flow_enter(struct flow *f, uint32_t tunnel_types)
{
	struct view inner;
	uint16_t type = 0;

	if (!(tunnel_find(f, &type, &inner) & tunnel_types))
		return true;
	return type == ETHER_BRIDGE ? flow_ether(f, inner) :
		flow_network(f, type, inner);
}

/** Which of the enabled types a frame is hashed by. */
static uint16_t
flow_report(const struct flow *f, uint32_t types)
{
	static const uint16_t reports[3][3] = {
		{ VIRTIO_NET_HASH_REPORT_TCPv4, VIRTIO_NET_HASH_REPORT_UDPv4,
		  VIRTIO_NET_HASH_REPORT_IPv4 },
		{ VIRTIO_NET_HASH_REPORT_TCPv6, VIRTIO_NET_HASH_REPORT_UDPv6,
		  VIRTIO_NET_HASH_REPORT_IPv6 },
		{ VIRTIO_NET_HASH_REPORT_TCPv6_EX,
		  VIRTIO_NET_HASH_REPORT_UDPv6_EX,
		  VIRTIO_NET_HASH_REPORT_IPv6_EX },
	};
	const bool has[3] = {
		f->proto == PROTO_TCP && f->body.len >= 20,
		f->proto == PROTO_UDP && f->body.len >= 8, true };
	int family = f->version == 4 ? 0 : f->extended ? 2 : 1;
	unsigned int i;

	/* Without an *_EX type, extension headers are skipped. */
	for (;; family = 1) {
		for (i = 0; i < 3; i++) {
			uint16_t report = reports[family][i];

			if (has[i] && types >> (report - 1) & 1)
				return report;
		}
		if (family != 2)
			return VIRTIO_NET_HASH_REPORT_NONE;
	}
}

static size_t
flow_input(const struct flow *f, uint16_t report, uint8_t *out)
{
	const bool ex = report >= VIRTIO_NET_HASH_REPORT_IPv6_EX;
	const bool ports = report != VIRTIO_NET_HASH_REPORT_IPv4 &&
		report != VIRTIO_NET_HASH_REPORT_IPv6 &&
		report != VIRTIO_NET_HASH_REPORT_IPv6_EX;
	const size_t addr = f->version == 4 ? 4 : 16;

	memcpy(out, ex ? f->home : f->src, addr);
	memcpy(out + addr, ex ? f->route : f->dst, addr);
	if (ports)
		memcpy(out + addr * 2, f->body.p, 4);
	return addr * 2 + (ports ? 4 : 0);
}

struct devsim_hash
devsim_hash_frame(const struct devsim_rss *rss, uint32_t tunnel_types,
		  const uint8_t *data, uint32_t len)
{
	struct devsim_hash h = { 0, VIRTIO_NET_HASH_REPORT_NONE };
	uint8_t input[36];
	struct flow f;

	if (!flow_ether(&f, (struct view){ data, len }) ||
	    !flow_enter(&f, tunnel_types))
		return h;
	h.report = flow_report(&f, rss->hash_types);
	if (h.report != VIRTIO_NET_HASH_REPORT_NONE)
		h.value = devsim_toeplitz(rss->key, rss->key_len, input,
					  flow_input(&f, h.report, input));
	return h;
}
