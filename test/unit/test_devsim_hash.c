/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include <devsim.h>

/*
 * The model's hash against the vectors that Microsoft publishes for
 * implementers of RSS ("Verifying the RSS Hash Calculation"): key, addresses,
 * ports, and the hash with and without ports.
 */

static const uint8_t ms_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
	0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
	0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
	0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
	0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct vector {
	int family;
	const char *src;
	const char *dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t with_ports;
	uint32_t addresses;
} vectors[] = {
	{ AF_INET, "66.9.149.187", "161.142.100.80", 2794, 1766,
	  0x51ccc178, 0x323e8fc2 },
	{ AF_INET, "199.92.111.2", "65.69.140.83", 14230, 4739,
	  0xc626b0ea, 0xd718262a },
	{ AF_INET, "24.19.198.95", "12.22.207.184", 12898, 38024,
	  0x5c2b394a, 0xd2d0a5de },
	{ AF_INET, "38.27.205.30", "209.142.163.6", 48228, 2217,
	  0xafc7327f, 0x82989176 },
	{ AF_INET, "153.39.163.191", "202.188.127.2", 44251, 1303,
	  0x10e828a2, 0x5d1809c5 },
	{ AF_INET6, "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766,
	  0x40207d3d, 0x2cc18cd5 },
	{ AF_INET6, "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739,
	  0xdde51bbf, 0x0f0c461c },
	{ AF_INET6, "3ffe:1900:4545:3:200:f8ff:fe21:67cf",
	  "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x02d1feef, 0x4b61e985 },
};

#define NR (sizeof(vectors) / sizeof(vectors[0]))
#define TYPE(x) VIRTIO_NET_HASH_TYPE(x)

static uint8_t frame[512];
static uint32_t frame_len;

static void
put(const void *data, uint32_t len)
{
	memcpy(frame + frame_len, data, len);
	frame_len += len;
}

static void
put16(uint16_t v)
{
	uint8_t b[2] = { v >> 8, v };

	put(b, 2);
}

static void
put_ether(uint16_t type)
{
	put("\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	put16(type);
}

static void
put_ip(const struct vector *v, uint8_t proto)
{
	uint8_t h[40] = { v->family == AF_INET ? 0x45 : 0x60 };

	if (v->family == AF_INET) {
		h[8] = 64;
		h[9] = proto;
		inet_pton(AF_INET, v->src, h + 12);
		inet_pton(AF_INET, v->dst, h + 16);
		put(h, 20);
		return;
	}
	h[6] = proto;
	inet_pton(AF_INET6, v->src, h + 8);
	inet_pton(AF_INET6, v->dst, h + 24);
	put(h, 40);
}

static void
put_ports(const struct vector *v, uint32_t len)
{
	static const uint8_t zero[16];

	put16(v->src_port);
	put16(v->dst_port);
	put(zero, len - 4);
}

static void
put_flow(const struct vector *v, uint8_t proto)
{
	put_ip(v, proto);
	put_ports(v, proto == 6 ? 20 : 8);
}

static uint16_t
ether_of(const struct vector *v)
{
	return v->family == AF_INET ? 0x0800 : 0x86dd;
}

static void
expect(uint32_t types, uint32_t tunnels, uint16_t report, uint32_t value)
{
	struct devsim_rss rss = {
		.set = true, .hash_types = types, .key_len = sizeof(ms_key) };
	struct devsim_hash h;

	memcpy(rss.key, ms_key, sizeof(ms_key));
	h = devsim_hash_frame(&rss, tunnels, frame, frame_len);
	assert_int_equal(h.report, report);
	if (report != VIRTIO_NET_HASH_REPORT_NONE)
		assert_int_equal(h.value, value);
}

static void
test_vectors(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < NR; i++) {
		const struct vector *v = &vectors[i];
		bool v4 = v->family == AF_INET;

		frame_len = 0;
		put_ether(ether_of(v));
		put_flow(v, 6);
		expect(0x3f, 0, v4 ? VIRTIO_NET_HASH_REPORT_TCPv4 :
		       VIRTIO_NET_HASH_REPORT_TCPv6, v->with_ports);
		expect(TYPE(IPv4) | TYPE(IPv6) | TYPE(UDPv4) | TYPE(UDPv6), 0,
		       v4 ? VIRTIO_NET_HASH_REPORT_IPv4 :
		       VIRTIO_NET_HASH_REPORT_IPv6, v->addresses);
		expect(v4 ? 0x38 : 0x07, 0, VIRTIO_NET_HASH_REPORT_NONE, 0);
		frame_len = 0;
		put_ether(0x8100);
		put16(100);
		put16(ether_of(v));
		put_flow(v, 17);
		expect(0x3f, 0, v4 ? VIRTIO_NET_HASH_REPORT_UDPv4 :
		       VIRTIO_NET_HASH_REPORT_UDPv6, v->with_ports);
	}
}

/* No transport header that can be used: addresses only, or nothing. */
static void
test_no_ports(void **state)
{
	const struct vector *v = &vectors[0];

	(void)state;
	frame_len = 0;
	put_ether(0x0800);
	put_flow(v, 6);
	frame[14 + 6] = 0x20;
	expect(0x3f, 0, VIRTIO_NET_HASH_REPORT_IPv4, v->addresses);
	frame[14 + 6] = 0;
	frame_len -= 17;
	expect(0x3f, 0, VIRTIO_NET_HASH_REPORT_IPv4, v->addresses);
	frame_len = 14 + 19;
	expect(0x3f, 0, VIRTIO_NET_HASH_REPORT_NONE, 0);
	frame_len = 0;
	put_ether(0x0806);
	put_flow(v, 6);
	expect(0x3f, 0, VIRTIO_NET_HASH_REPORT_NONE, 0);
}

/* Extension headers: home address and routing type 2 replace addresses. */
static void
test_extensions(void **state)
{
	const struct vector *v = &vectors[5];
	struct vector other = *v;
	uint8_t routing[24] = { 60, 2, 2, 1 };
	uint8_t options[24] = { 6, 2, 1, 2, 0, 0, 201, 16 };

	(void)state;
	inet_pton(AF_INET6, v->dst, routing + 8);
	inet_pton(AF_INET6, v->src, options + 8);
	other.src = "fe80::1";
	other.dst = "fe80::2";
	frame_len = 0;
	put_ether(0x86dd);
	put_ip(&other, 43);
	put(routing, sizeof(routing));
	put(options, sizeof(options));
	put_ports(v, 20);
	expect(0x1ff, 0, VIRTIO_NET_HASH_REPORT_TCPv6_EX, v->with_ports);
	expect(TYPE(IPv6_EX) | TYPE(UDPv6_EX) | TYPE(TCPv6), 0,
	       VIRTIO_NET_HASH_REPORT_IPv6_EX, v->addresses);
	/* Without *_EX: the addresses of the header itself. */
	other = *v;
	frame_len = 0;
	put_ether(0x86dd);
	put_ip(&other, 60);
	memset(options + 2, 0, 22);
	put(options, sizeof(options));
	put_ports(v, 20);
	expect(0x3f, 0, VIRTIO_NET_HASH_REPORT_TCPv6, v->with_ports);
	expect(0x1ff, 0, VIRTIO_NET_HASH_REPORT_TCPv6_EX, v->with_ports);
}

#define TUNNEL(x) VIRTIO_NET_HASH_TUNNEL_TYPE_##x

/** One tunnel: what is between the outer IP header and the inner frame. */
static const struct tunnel {
	uint32_t type;
	uint8_t proto;
	uint16_t port;		/**< of UDP */
	uint8_t head[16];
	uint8_t head_len;
	bool ether;
	bool v6;		/**< outer */
} tunnels[] = {
	{ TUNNEL(GRE_2784), 47, 0, { 0, 0, 8, 0 }, 4, false, false },
	{ TUNNEL(GRE_2784), 47, 0, { 0x80, 0, 8, 0 }, 8, false, false },
	{ TUNNEL(GRE_2890), 47, 0, { 0x20, 0, 8, 0 }, 8, false, false },
	{ TUNNEL(GRE_2890), 47, 0, { 0xb0, 0, 8, 0 }, 16, false, false },
	{ TUNNEL(GRE_7676), 47, 0, { 0, 0, 8, 0 }, 4, false, true },
	{ TUNNEL(GRE_UDP), 17, 4754, { 0, 0, 8, 0 }, 4, false, false },
	{ TUNNEL(VXLAN), 17, 4789, { 8 }, 8, true, false },
	{ TUNNEL(VXLAN_GPE), 17, 4790, { 0xc, 0, 0, 3 }, 8, true, false },
	{ TUNNEL(VXLAN_GPE), 17, 4790, { 0xc, 0, 0, 1 }, 8, false, true },
	{ TUNNEL(GENEVE), 17, 6081, { 2, 0, 0x65, 0x58 }, 16, true, false },
	{ TUNNEL(IPIP), 4, 0, { 0 }, 0, false, false },
	{ TUNNEL(NVGRE), 47, 0, { 0x20, 0, 0x65, 0x58 }, 8, true, false },
};

static void
tunnel_write(const struct tunnel *t, const struct vector *in)
{
	struct vector out = vectors[t->v6 ? 6 : 1];

	out.dst_port = t->port;
	frame_len = 0;
	put_ether(ether_of(&out));
	put_ip(&out, t->proto);
	if (t->port != 0)
		put_ports(&out, 8);
	put(t->head, t->head_len);
	if (t->ether)
		put_ether(ether_of(in));
	put_flow(in, 6);
}

static void
test_tunnels(void **state)
{
	const struct vector *in = &vectors[2];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel *t = &tunnels[i];
		const struct vector *out = &vectors[t->v6 ? 6 : 1];
		uint32_t types = TYPE(IPv4) | TYPE(IPv6) | TYPE(TCPv4);
		uint16_t outer = t->v6 ? VIRTIO_NET_HASH_REPORT_IPv6 :
			VIRTIO_NET_HASH_REPORT_IPv4;

		tunnel_write(t, in);
		expect(types, t->type, VIRTIO_NET_HASH_REPORT_TCPv4,
		       in->with_ports);
		expect(types, VIRTIO_NET_HASH_TUNNEL_TYPES & ~t->type, outer,
		       out->addresses);
		expect(types, 0, outer, out->addresses);
	}
}

/* Cut anywhere, a frame is never read past its end (ASan). */
static void
test_cut(void **state)
{
	struct devsim_rss rss = {
		.set = true, .hash_types = 0x1ff, .key_len = 40 };
	uint8_t *copy;
	unsigned int i;
	uint32_t n;

	(void)state;
	for (i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		tunnel_write(&tunnels[i], &vectors[2]);
		for (n = 1; n < frame_len; n++) {
			copy = test_malloc(n);
			memcpy(copy, frame, n);
			devsim_hash_frame(&rss, 0x1ff, copy, n);
			test_free(copy);
		}
	}
}

/* A longer key changes nothing, a shorter one goes on with zeros. */
static void
test_keys(void **state)
{
	uint8_t key[255] = { 0 }, input[12] = { 66, 9, 149, 187, 161, 142, 100,
		80, 0x0a, 0xea, 0x06, 0xe6 };

	(void)state;
	memcpy(key, ms_key, sizeof(ms_key));
	assert_int_equal(devsim_toeplitz(ms_key, 40, input, 12), 0x51ccc178);
	assert_int_equal(devsim_toeplitz(key, 255, input, 12), 0x51ccc178);
	assert_int_equal(devsim_toeplitz(ms_key, 16, input, 12), 0x51ccc178);
	assert_int_equal(devsim_toeplitz(ms_key, 0, input, 12), 0);
	assert_int_equal(devsim_toeplitz(ms_key, 40, input, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_no_ports),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
