/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @file
 * Frames of real protocols, byte by byte, with sums made by code that shares
 * nothing with the driver's. Parts are appended in their order; the last,
 * wire_l4, fills in all lengths and sums.
 */

#define WIRE_MAX 2048

struct wire {
	uint8_t data[WIRE_MAX];
	uint32_t len;
	uint32_t l3;
	uint32_t l4;
	bool v6;
};

/** Addresses, @p tags (802.1Q 0x6123, outside of it 802.1ad 0x2064), type. */
void
wire_ether(struct wire *f, unsigned int tags, uint16_t type);
/** @p options bytes of them; @p fragment as in the header. */
void
wire_ipv4(struct wire *f, uint8_t proto, uint8_t options, uint16_t fragment);
void
wire_ipv6(struct wire *f, uint8_t next);
/** An extension header of 8 + 8 * @p units bytes. */
void
wire_ext(struct wire *f, uint8_t next, uint8_t units, uint8_t b2, uint8_t b3);
/** TCP (6) or another as UDP, with @p payload bytes behind. */
void
wire_l4(struct wire *f, uint8_t proto, uint32_t payload);
/** All of it. */
void
wire_simple(struct wire *f, unsigned int tags, bool v6, uint8_t proto,
	    uint32_t payload);

void
wire_put16(struct wire *f, uint16_t v);
void
wire_fill(struct wire *f, uint32_t len);
void
wire_store16(uint8_t *p, uint16_t v);

#endif /* WIRE_H */
