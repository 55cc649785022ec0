/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vnic_hdr.h"

/* A received net header against a frame of known length. */

#define LEN 100

static struct rte_mbuf m;
static uint8_t data[2048];

static int
parse(struct virtio_net_hdr hdr)
{
	memset(&m, 0, sizeof(m));
	memset(data, 0, sizeof(data));
	m.buf_addr = data;
	m.buf_len = sizeof(data);
	m.data_len = LEN;
	m.pkt_len = LEN;
	m.nb_segs = 1;
	return vnic_hdr_to_mbuf(&m, &hdr);
}

static void
test_checksum_bounds(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	uint32_t start, offset;

	(void)state;
	for (start = 0; start < 65536; start += start < 128 ? 1 : 4099)
		for (offset = 0; offset < 65536;
		     offset += offset < 128 ? 1 : 4099) {
			h.csum_start = rte_cpu_to_le_16(start);
			h.csum_offset = rte_cpu_to_le_16(offset);
			assert_int_equal(parse(h) == 0,
					 start + offset + 2 <= LEN);
		}
}

static void
test_flags(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };

	(void)state;
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	h.flags = 0;
	assert_int_equal(parse(h), 0);
	assert_int_equal(m.ol_flags, 0);
}

/* Every gso_type: known ones give a segment size above 0, others nothing. */
static void
test_gso(void **state)
{
	struct virtio_net_hdr h = { .gso_size = rte_cpu_to_le_16(500) };
	unsigned int type;

	(void)state;
	for (type = 1; type < 256; type++) {
		h.gso_type = type;
		if (parse(h) == 0) {
			assert_true(m.ol_flags & RTE_MBUF_F_RX_LRO);
			assert_int_equal(m.tso_segsz, 500);
		}
	}
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	assert_int_equal(parse(h), 0);
	h.gso_type = VIRTIO_NET_HDR_GSO_ECN;
	assert_int_equal(parse(h), -EPROTO);
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	h.gso_size = 0;
	assert_int_equal(parse(h), -EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum_bounds),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_gso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
