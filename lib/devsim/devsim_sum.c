/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/*
 * Frames taken apart by their own bytes, and their checksums computed as RFC
 * 1071 has it: slow, plain, and nothing of it shared with the driver.
 */

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV6 0x86dd
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PORT_VXLAN 4789
#define PORT_GENEVE 6081

static uint16_t
be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint64_t
devsim_sum(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += be16(p + i);
	if (len & 1)
		sum += p[len - 1] << 8;
	return sum;
}

uint16_t
devsim_sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint32_t
devsim_sum_at(const struct devsim_layer *l)
{
	return l->l4 + (l->proto == PROTO_TCP ? 16 : 6);
}

uint16_t
devsim_sum_pseudo(const uint8_t *data, const struct devsim_layer *l,
		  uint32_t len)
{
	uint64_t sum = l->proto + (uint64_t)len;

	sum += l->ipv6 ? devsim_sum(data + l->l3 + 8, 32) :
		devsim_sum(data + l->l3 + 12, 8);
	return devsim_sum_fold(sum);
}

bool
devsim_sum_right(const uint8_t *data, const struct devsim_layer *l)
{
	uint32_t len = l->end - l->l4;

	if (l->proto == PROTO_UDP && be16(data + devsim_sum_at(l)) == 0)
		return true;
	return devsim_sum_fold(devsim_sum_pseudo(data, l, len) +
			       devsim_sum(data + l->l4, len)) == 0xffff;
}

/** IP and transport at l->l3; false if it is neither TCP nor UDP, or cut. */
static bool
layer_read(const uint8_t *data, uint32_t len, struct devsim_layer *l)
{
	const uint8_t *ip = data + l->l3;
	uint32_t total;

	if (len < l->l3 + 20)
		return false;
	l->ipv6 = ip[0] >> 4 == 6;
	if (l->ipv6) {
		if (len < l->l3 + 40)
			return false;
		l->proto = ip[6];
		l->l4 = l->l3 + 40;
		total = 40 + be16(ip + 4);
	} else {
		if (ip[0] >> 4 != 4)
			return false;
		l->proto = ip[9];
		l->l4 = l->l3 + (ip[0] & 15) * 4;
		total = be16(ip + 2);
	}
	/* A frame to be cut is longer than IP can say. */
	l->end = l->l3 + total < len && total > l->l4 - l->l3 ?
		l->l3 + total : len;
	if (l->proto == PROTO_TCP && len >= l->l4 + 20)
		l->payload = l->l4 + (data[l->l4 + 12] >> 4) * 4;
	else if (l->proto == PROTO_UDP && len >= l->l4 + 8)
		l->payload = l->l4 + 8;
	else
		return false;
	return l->payload <= len;
}

/** Where the network header behind an Ethernet header at @p off is, or 0. */
static uint32_t
ether_l3(const uint8_t *data, uint32_t len, uint32_t off)
{
	uint16_t type;

	for (off += 12; off + 2 <= len; off += 4) {
		type = be16(data + off);
		if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6)
			return off + 2;
		if (type != ETHERTYPE_VLAN)
			break;
	}
	return 0;
}

/** Where the Ethernet header inside of a UDP tunnel is, or 0. */
static uint32_t
tunnel_ether(const uint8_t *data, uint32_t len, const struct devsim_layer *l)
{
	uint16_t port;

	if (l->proto != PROTO_UDP || len < l->payload + 8)
		return 0;
	port = be16(data + l->l4 + 2);
	if (port == PORT_VXLAN)
		return l->payload + 8;
	if (port == PORT_GENEVE)
		return l->payload + 8 + (data[l->payload] & 63) * 4;
	return 0;
}

unsigned int
devsim_layers(const uint8_t *data, uint32_t len,
	      struct devsim_layer layers[DEVSIM_LAYERS])
{
	uint32_t ether = 0;
	unsigned int n;

	for (n = 0; n < DEVSIM_LAYERS; n++) {
		struct devsim_layer *l = &layers[n];

		memset(l, 0, sizeof(*l));
		l->l3 = ether_l3(data, len, ether);
		if (l->l3 == 0 || !layer_read(data, len, l))
			return n;
		ether = tunnel_ether(data, len, l);
		if (ether == 0)
			return n + 1;
	}
	return n;
}

const char *
devsim_sums_check(const uint8_t *data, uint32_t len)
{
	struct devsim_layer layers[DEVSIM_LAYERS];
	unsigned int n = devsim_layers(data, len, layers), i;

	if (n == 0)
		return "neither TCP nor UDP over IP";
	for (i = 0; i < n; i++) {
		const struct devsim_layer *l = &layers[i];

		if (!l->ipv6 && devsim_sum_fold(devsim_sum(data + l->l3,
				l->l4 - l->l3)) != 0xffff)
			return i == 0 ? "IPv4 header" : "inner IPv4 header";
		if (!devsim_sum_right(data, l))
			return i == 0 ? "transport" : "inner transport";
	}
	return NULL;
}
