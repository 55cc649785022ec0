/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "wire.h"

void
wire_put16(struct wire *f, uint16_t v)
{
	f->data[f->len++] = v >> 8;
	f->data[f->len++] = v;
}

void
wire_fill(struct wire *f, uint32_t len)
{
	while (len-- > 0) {
		f->data[f->len] = f->len * 37 + 11;
		f->len++;
	}
}

void
wire_ether(struct wire *f, unsigned int tags, uint16_t type)
{
	memset(f, 0, sizeof(*f));
	wire_fill(f, 12);
	if (tags == 2) {
		wire_put16(f, 0x88a8);
		wire_put16(f, 0x2064);
	}
	if (tags > 0) {
		wire_put16(f, 0x8100);
		wire_put16(f, 0x6123);
	}
	wire_put16(f, type);
	f->l3 = f->len;
}

/* One's complement sum as RFC 1071 has it, a byte at a time. */
static uint32_t
sum_bytes(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void
wire_store16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

void
wire_ipv4(struct wire *f, uint8_t proto, uint8_t options, uint16_t fragment)
{
	f->v6 = false;
	wire_put16(f, (0x45 + options / 4) << 8);
	wire_put16(f, 0);
	wire_put16(f, 0x1234);
	wire_put16(f, fragment);
	wire_put16(f, 64 << 8 | proto);
	wire_put16(f, 0);
	wire_fill(f, 8);
	while (options-- > 0)
		f->data[f->len++] = 1;
	f->l4 = f->len;
}

void
wire_ipv6(struct wire *f, uint8_t next)
{
	f->v6 = true;
	wire_put16(f, 0x6000);
	wire_put16(f, 0);
	wire_put16(f, 0);
	wire_put16(f, next << 8 | 64);
	wire_fill(f, 32);
	f->l4 = f->len;
}

void
wire_ext(struct wire *f, uint8_t next, uint8_t units, uint8_t b2, uint8_t b3)
{
	uint32_t rest = units * 8u + 4;

	f->data[f->len++] = next;
	f->data[f->len++] = units;
	f->data[f->len++] = b2;
	f->data[f->len++] = b3;
	while (rest-- > 0)
		f->data[f->len++] = 0;
	f->l4 = f->len;
}

/* Lengths and sums of all that was put. */
static void
finish(struct wire *f, uint8_t proto)
{
	uint8_t *ip = f->data + f->l3, *l4 = f->data + f->l4;
	uint16_t len = f->len - f->l4;
	uint32_t sum = proto + len;
	uint8_t *at = l4 + (proto == 6 ? 16 : 6);

	if (f->v6) {
		wire_store16(ip + 4, f->len - f->l3 - 40);
		sum = sum_bytes(ip + 8, 32, sum);
	} else {
		wire_store16(ip + 2, f->len - f->l3);
		wire_store16(ip + 10, 0);
		wire_store16(ip + 10, ~sum_bytes(ip, (ip[0] & 15) * 4, 0));
		sum = sum_bytes(ip + 12, 8, sum);
	}
	if (proto == 17)
		wire_store16(l4 + 4, len);
	wire_store16(at, 0);
	sum = sum_bytes(l4, len, sum);
	wire_store16(at, sum == 0xffff ? 0xffff : ~sum);
}

void
wire_l4(struct wire *f, uint8_t proto, uint32_t payload)
{
	wire_fill(f, proto == 6 ? 20 : 8);
	wire_fill(f, payload);
	finish(f, proto);
}

void
wire_simple(struct wire *f, unsigned int tags, bool v6, uint8_t proto,
	     uint32_t payload)
{
	wire_ether(f, tags, v6 ? 0x86dd : 0x0800);
	if (v6)
		wire_ipv6(f, proto);
	else
		wire_ipv4(f, proto, 0, 0x4000);
	wire_l4(f, proto, payload);
}
