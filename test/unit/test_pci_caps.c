/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/pci_regs.h>

#include <rte_common.h>
#include <rte_log.h>

#include "fake_pci.h"
#include "vnic_log.h"

/* Good and hostile lists of PCI capabilities (virtio 1.4, section 4.1.4). */

int vnic_logtype;

static const struct vnic_pci_place common_good =
	{ FAKE_BAR, FAKE_COMMON, 64 };
static const struct vnic_pci_place notify_good =
	{ FAKE_BAR, FAKE_NOTIFY, 0x1000 };

/** Walk the list of @p fake; @p log takes what was logged. */
static int
walk(struct fake_pci *fake, struct vnic_pci_caps *caps, char **log)
{
	struct vnic_pci_space space;
	size_t len = 0;
	FILE *stream = open_memstream(log, &len);
	int ret;

	assert_non_null(stream);
	fake_pci_space(fake, &space);
	rte_openlog_stream(stream);
	ret = vnic_pci_caps_read(&space, caps);
	rte_openlog_stream(NULL);
	fclose(stream);
	/* Each of at most 48 capabilities, twice, and a few more. */
	assert_in_range(fake->config_reads, 0, 200);
	return ret;
}

static void
place_equal(struct vnic_pci_place a, struct vnic_pci_place b)
{
	assert_int_equal(a.bar, b.bar);
	assert_int_equal(a.offset, b.offset);
	assert_int_equal(a.length, b.length);
}

/* One capability put before the good ones, which then still must be used. */
struct bad_cap {
	const char *what;
	uint8_t cfg_type;
	uint8_t cap_len;
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
	uint32_t multiplier;
	const char *why;	/* in the log when there are no good ones */
};

static const struct bad_cap bad_caps[] = {
	{ "bar 6", 1, 16, 6, 0, 64, 0, "BAR is a reserved" },
	{ "bar 255", 1, 16, 255, 0, 64, 0, "BAR is a reserved" },
	{ "unmapped bar", 1, 16, 3, 0, 64, 0, "not mapped" },
	{ "end wraps", 1, 16, FAKE_BAR, 0x1000, 0xffffffff, 0, "inside its BAR" },
	{ "offset wraps", 1, 16, FAKE_BAR, 0xfffffffc, 64, 0, "inside its BAR" },
	{ "offset beyond", 1, 16, FAKE_BAR, FAKE_BAR_LEN, 64, 0, "inside its BAR" },
	{ "one byte over", 1, 16, FAKE_BAR, FAKE_BAR_LEN - 60, 64, 0, "inside its BAR" },
	{ "cap_len 15", 1, 15, FAKE_BAR, 0x100, 64, 0, "capability is too short" },
	{ "cap_len 4", 1, 4, FAKE_BAR, 0x100, 64, 0, "capability is too short" },
	{ "length 55", 1, 16, FAKE_BAR, 0x100, 55, 0, "it is too short" },
	{ "length 0", 1, 16, FAKE_BAR, 0x100, 0, 0, "it is too short" },
	{ "offset 2", 1, 16, FAKE_BAR, 2, 64, 0, "not aligned" },
	{ "on the MSI-X table", 1, 16, 1, 32, 64, 0, "MSI-X table" },
	{ "notify bar 7", 2, 20, 7, 0, 64, 4, "BAR is a reserved" },
	{ "notify cap_len 16", 2, 16, FAKE_BAR, 0x100, 64, 4, "capability is too short" },
	{ "notify length 1", 2, 20, FAKE_BAR, 0x100, 1, 4, "it is too short" },
	{ "notify offset 1", 2, 20, FAKE_BAR, 0x101, 64, 4, "not aligned" },
	{ "multiplier 1", 2, 20, FAKE_BAR, 0x100, 64, 1, "notify_off_multiplier" },
	{ "multiplier 3", 2, 20, FAKE_BAR, 0x100, 64, 3, "notify_off_multiplier" },
	{ "multiplier 6", 2, 20, FAKE_BAR, 0x100, 64, 6, "notify_off_multiplier" },
	{ "multiplier all ones", 2, 20, FAKE_BAR, 0x100, 64, UINT32_MAX,
	  "notify_off_multiplier" },
};

static void
add_bad(struct fake_pci *fake, const struct bad_cap *bad)
{
	static const uint8_t msix[12] = { 0, 0, 2, 0, 1, 0, 0, 0 };

	fake_pci_caps_clear(fake);
	fake_pci_cap_add(fake, PCI_CAP_ID_MSIX, msix, sizeof(msix));
	fake_pci_virtio_cap(fake, bad->cfg_type, bad->cap_len, bad->bar,
			    bad->offset, bad->length, bad->multiplier);
}

static void
add_good(struct fake_pci *fake, uint8_t cfg_type)
{
	if (cfg_type == VIRTIO_PCI_CAP_COMMON_CFG)
		fake_pci_virtio_cap(fake, cfg_type, 16, FAKE_BAR, FAKE_COMMON,
				    64, 0);
	else
		fake_pci_virtio_cap(fake, cfg_type, 20, FAKE_BAR, FAKE_NOTIFY,
				    0x1000, 4);
}

static void
test_good(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	assert_int_equal(walk(fake, &caps, &log), 0);
	place_equal(caps.common, common_good);
	place_equal(caps.notify, notify_good);
	assert_int_equal(caps.isr.offset, FAKE_ISR);
	assert_int_equal(caps.device.offset, FAKE_DEVICE);
	assert_int_equal(caps.notify_off_multiplier, 4);
	assert_int_equal(caps.nb_vectors, 3);
	assert_string_equal(log, "");
	free(log);
}

/* A bad instance is passed over for a good one behind it. */
static void
test_bad_then_good(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int i;
	char *log;

	for (i = 0; i < RTE_DIM(bad_caps); i++) {
		print_message("\t%s\n", bad_caps[i].what);
		add_bad(fake, &bad_caps[i]);
		add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
		add_good(fake, VIRTIO_PCI_CAP_NOTIFY_CFG);
		fake->config_reads = 0;
		assert_int_equal(walk(fake, &caps, &log), 0);
		place_equal(caps.common, common_good);
		place_equal(caps.notify, notify_good);
		assert_int_equal(caps.notify_off_multiplier, 4);
		free(log);
	}
}

/* Without a good one the device is refused, with the reason. */
static void
test_bad_only(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int i;
	char *log;

	for (i = 0; i < RTE_DIM(bad_caps); i++) {
		print_message("\t%s\n", bad_caps[i].what);
		add_bad(fake, &bad_caps[i]);
		add_good(fake, bad_caps[i].cfg_type == 1 ? 2 : 1);
		fake->config_reads = 0;
		assert_int_equal(walk(fake, &caps, &log), -ENOTSUP);
		assert_non_null(strstr(log, "no usable"));
		assert_non_null(strstr(log, bad_caps[i].why));
		free(log);
	}
}

static void
test_first_wins(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	/* Second instances, legal but elsewhere. */
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_COMMON_CFG, 16, FAKE_BAR,
			    0x800, 64, 0);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_NOTIFY_CFG, 20, FAKE_BAR,
			    0x900, 64, 2);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_NOTIFY_CFG, 20, 6,
			    0xffffffff, 0xffffffff, 3);
	assert_int_equal(walk(fake, &caps, &log), 0);
	place_equal(caps.common, common_good);
	place_equal(caps.notify, notify_good);
	assert_int_equal(caps.notify_off_multiplier, 4);
	free(log);
}

static void
test_reserved_types(void **state)
{
	static const uint8_t types[] = { 0, 6, 7, 0x55, 0xff };
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int i;
	char *log;

	fake_pci_caps_clear(fake);
	for (i = 0; i < RTE_DIM(types); i++)
		fake_pci_virtio_cap(fake, types[i], 16, FAKE_BAR, 0, 64, 0);
	add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
	add_good(fake, VIRTIO_PCI_CAP_NOTIFY_CFG);
	assert_int_equal(walk(fake, &caps, &log), 0);
	place_equal(caps.common, common_good);
	assert_int_equal(caps.isr.length, 0);
	assert_int_equal(caps.device.length, 0);
	assert_int_equal(caps.nb_vectors, 0);
	free(log);
}

static void
test_larger_cap_len(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	uint8_t pos;
	char *log;

	fake_pci_caps_clear(fake);
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_COMMON_CFG, 0x20, FAKE_BAR,
			    FAKE_COMMON, 64, 0);
	pos = fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_NOTIFY_CFG, 0x20,
				  FAKE_BAR, FAKE_NOTIFY, 0x1000, 4);
	fake->config[pos + 2] = 0xff;
	assert_int_equal(walk(fake, &caps, &log), 0);
	place_equal(caps.common, common_good);
	place_equal(caps.notify, notify_good);
	free(log);
}

static void
test_cycles(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	uint8_t first = fake->config[PCI_CAPABILITY_LIST], pos = first;
	char *log;

	/* The last one points to the first: all was seen, so it works. */
	while (fake->config[pos + 1] != 0)
		pos = fake->config[pos + 1];
	fake->config[pos + 1] = first;
	assert_int_equal(walk(fake, &caps, &log), 0);
	assert_non_null(strstr(log, "returns to"));
	free(log);

	/* The first points to itself: nothing else is seen. */
	fake->config[first + 1] = first;
	assert_int_equal(walk(fake, &caps, &log), -ENOENT);
	assert_non_null(strstr(log, "returns to"));
	free(log);
}

/* The longest list there can be: each dword a capability. */
static void
test_longest_list(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int pos;
	char *log;

	fake_pci_caps_clear(fake);
	fake->config[PCI_CAPABILITY_LIST] = PCI_STD_HEADER_SIZEOF;
	for (pos = PCI_STD_HEADER_SIZEOF; pos < 256; pos += 4) {
		fake->config[pos] = PCI_CAP_ID_VNDR;
		fake->config[pos + 1] = pos + 4;
	}
	assert_int_equal(walk(fake, &caps, &log), -ENOENT);
	free(log);
}

/* Capabilities that would reach past the 256 bytes are not read. */
static void
test_end_of_space(void **state)
{
	static const uint8_t ids[] = { PCI_CAP_ID_VNDR, PCI_CAP_ID_MSIX };
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int i;
	char *log;

	for (i = 0; i < RTE_DIM(ids); i++) {
		fake_pci_caps_clear(fake);
		fake->config[PCI_CAPABILITY_LIST] = 0xfc;
		fake->config[0xfc] = ids[i];
		fake->config[0xff] = VIRTIO_PCI_CAP_COMMON_CFG;
		assert_int_equal(walk(fake, &caps, &log), -ENOENT);
		free(log);
	}
	/* A notify capability whose multiplier would be outside. */
	fake_pci_caps_clear(fake);
	add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
	fake->config[0x41] = 0xf0;
	memcpy(&fake->config[0xf0], &fake->config[0x40], 16);
	fake->config[0xf1] = 0;
	fake->config[0xf2] = 20;
	fake->config[0xf3] = VIRTIO_PCI_CAP_NOTIFY_CFG;
	assert_int_equal(walk(fake, &caps, &log), -ENOTSUP);
	assert_non_null(strstr(log, "no usable NOTIFY_CFG"));
	free(log);
}

static void
test_legacy_only(void **state)
{
	static const uint8_t msix[12] = { 0, 0, 2, 0, 1, 0, 0, 0 };
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	/* No structure at all is left to the legacy interface, in silence. */
	fake_pci_caps_clear(fake);
	assert_int_equal(walk(fake, &caps, &log), -ENOENT);
	assert_string_equal(log, "");
	assert_int_equal(caps.msix_pos, 0);
	free(log);

	fake_pci_cap_add(fake, PCI_CAP_ID_MSIX, msix, sizeof(msix));
	assert_int_equal(walk(fake, &caps, &log), -ENOENT);
	assert_int_equal(caps.nb_vectors, 3);
	assert_int_equal(caps.msix_pos, PCI_STD_HEADER_SIZEOF);
	free(log);

	/* A pointer without the status bit that says that it is valid. */
	fake_pci_caps_good(fake);
	fake->config[PCI_STATUS] = 0;
	assert_int_equal(walk(fake, &caps, &log), -ENOENT);
	free(log);
}

static void
test_io_bar_only(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	fake_pci_caps_clear(fake);
	fake->config[PCI_BASE_ADDRESS_0] = PCI_BASE_ADDRESS_SPACE_IO;
	fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_COMMON_CFG, 16, 0, 0, 64, 0);
	add_good(fake, VIRTIO_PCI_CAP_NOTIFY_CFG);
	assert_int_equal(walk(fake, &caps, &log), -ENOTSUP);
	assert_non_null(strstr(log, "I/O ports"));
	free(log);

	/* With an instance in memory behind it, that one is used. */
	add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
	assert_int_equal(walk(fake, &caps, &log), 0);
	place_equal(caps.common, common_good);
	free(log);
}

static void
test_missing_notify(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	fake_pci_caps_clear(fake);
	add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
	assert_int_equal(walk(fake, &caps, &log), -ENOTSUP);
	assert_non_null(strstr(log, "no NOTIFY_CFG capability"));
	free(log);
}

static void
test_multipliers(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	uint32_t multiplier;
	char *log;

	for (multiplier = 2; ; multiplier *= 2) {
		fake_pci_caps_clear(fake);
		add_good(fake, VIRTIO_PCI_CAP_COMMON_CFG);
		fake_pci_virtio_cap(fake, VIRTIO_PCI_CAP_NOTIFY_CFG, 20,
				    FAKE_BAR, FAKE_NOTIFY, 0x1000, multiplier);
		fake->config_reads = 0;
		assert_int_equal(walk(fake, &caps, &log), 0);
		assert_int_equal(caps.notify_off_multiplier, multiplier);
		free(log);
		if (multiplier == 0)	/* after 2^31 */
			break;
	}
}

static void
test_unreadable(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	char *log;

	fake->config_fails = true;
	assert_int_equal(walk(fake, &caps, &log), -ENODEV);
	assert_non_null(strstr(log, "cannot be read"));
	free(log);
	fake->config_fails = false;
	memset(fake->config, 0xff, sizeof(fake->config));
	assert_int_equal(walk(fake, &caps, &log), -ENODEV);
	assert_non_null(strstr(log, "all ones"));
	free(log);
}

/* Any content at all: no over-read, no endless loop, places in bounds. */
static void
test_random_space(void **state)
{
	struct fake_pci *fake = *state;
	struct vnic_pci_caps caps;
	unsigned int round, i;
	char *log;

	srand(20261122);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < 16; i++)
			fake->config[PCI_CAPABILITY_LIST +
				     rand() % (256 - PCI_CAPABILITY_LIST)] =
				rand() % 3 ? rand() : rand() % 8;
		if (round % 16 == 0)
			fake_pci_caps_good(fake);
		fake->config_reads = 0;
		if (walk(fake, &caps, &log) == 0) {
			assert_in_range(caps.common.bar, 0, 5);
			assert_in_range((uint64_t)caps.common.offset +
					caps.common.length, 56, FAKE_BAR_LEN);
			assert_in_range((uint64_t)caps.notify.offset +
					caps.notify.length, 2, FAKE_BAR_LEN);
		}
		free(log);
	}
}

static int
setup(void **state)
{
	*state = fake_pci_create();
	return 0;
}

static int
teardown(void **state)
{
	fake_pci_free(*state);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_good),
		CASE(test_bad_then_good),
		CASE(test_bad_only),
		CASE(test_first_wins),
		CASE(test_reserved_types),
		CASE(test_larger_cap_len),
		CASE(test_cycles),
		CASE(test_longest_list),
		CASE(test_end_of_space),
		CASE(test_legacy_only),
		CASE(test_io_bar_only),
		CASE(test_missing_notify),
		CASE(test_multipliers),
		CASE(test_unreadable),
		CASE(test_random_space),
	};

	vnic_logtype = rte_log_register("test.vnic");
	rte_log_set_level(vnic_logtype, RTE_LOG_NOTICE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
