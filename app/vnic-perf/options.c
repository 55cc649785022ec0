/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const struct perf_layout layouts[] = {
	{ "split-mrg", false, false, true },
	{ "split-nomrg", false, false, false },
	{ "split-inorder-mrg", false, true, true },
	{ "split-inorder", false, true, false },
	{ "packed-mrg", true, false, true },
	{ "packed", true, false, false },
	{ "packed-inorder-mrg", true, true, true },
	{ "packed-inorder", true, true, false },
};

static const char *const mode_names[] = { "rx", "tx", "fwd", "rtt" };

/* Simple IMIX is 7:4:1 of 64, 594, 1518; 16 entries hold 9:5:2. */
static const uint16_t imix_sizes[PERF_SIZES] = {
	64, 594, 64, 64, 594, 1518, 64, 64, 594, 64, 64, 594, 64, 1518, 64, 594,
};

enum {
	OPT_A_ARGS = 256,
	OPT_B_ARGS,
	OPT_A_PATH,
	OPT_B_PATH,
	OPT_BURST,
	OPT_COPY,
	OPT_CSV,
	OPT_CTRL_QUEUE,
	OPT_CYCLES,
	OPT_DEVICE_BURST,
	OPT_DEVICE_CORE,
	OPT_DEVICE_PAUSE,
	OPT_DRIVER_CORE,
	OPT_EXTERNAL,
	OPT_IMIX,
	OPT_JSON,
	OPT_LAYOUT,
	OPT_MEMORY,
	OPT_MIN_RATIO,
	OPT_MODE,
	OPT_NO_EVENT_IDX,
	OPT_NO_FAST_FREE,
	OPT_NO_INDIRECT,
	OPT_NO_INORDER_BATCH,
	OPT_NO_LIMIT,
	OPT_PAIRS,
	OPT_PLUGIN,
	OPT_POOL,
	OPT_QUEUES,
	OPT_QUIET,
	OPT_REALTIME,
	OPT_RING,
	OPT_SECONDS,
	OPT_SETTLE,
	OPT_SIMD,
	OPT_SIZE,
	OPT_WINDOWS,
	OPT_WINDOW_MS,
};

static const struct option long_options[] = {
	{ "a", required_argument, NULL, 'a' },
	{ "a-args", required_argument, NULL, OPT_A_ARGS },
	{ "a-path", required_argument, NULL, OPT_A_PATH },
	{ "b", required_argument, NULL, 'b' },
	{ "b-args", required_argument, NULL, OPT_B_ARGS },
	{ "b-path", required_argument, NULL, OPT_B_PATH },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "copy", no_argument, NULL, OPT_COPY },
	{ "csv", required_argument, NULL, OPT_CSV },
	{ "ctrl-queue", no_argument, NULL, OPT_CTRL_QUEUE },
	{ "cycles", no_argument, NULL, OPT_CYCLES },
	{ "device-burst", required_argument, NULL, OPT_DEVICE_BURST },
	{ "device-core", required_argument, NULL, OPT_DEVICE_CORE },
	{ "device-pause", required_argument, NULL, OPT_DEVICE_PAUSE },
	{ "driver-core", required_argument, NULL, OPT_DRIVER_CORE },
	{ "external", no_argument, NULL, OPT_EXTERNAL },
	{ "help", no_argument, NULL, 'h' },
	{ "imix", no_argument, NULL, OPT_IMIX },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "layout", required_argument, NULL, OPT_LAYOUT },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "min-ratio", required_argument, NULL, OPT_MIN_RATIO },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "no-event-idx", no_argument, NULL, OPT_NO_EVENT_IDX },
	{ "no-fast-free", no_argument, NULL, OPT_NO_FAST_FREE },
	{ "no-indirect", no_argument, NULL, OPT_NO_INDIRECT },
	{ "no-inorder-batch", no_argument, NULL, OPT_NO_INORDER_BATCH },
	{ "no-limit", no_argument, NULL, OPT_NO_LIMIT },
	{ "pairs", required_argument, NULL, OPT_PAIRS },
	{ "plugin", required_argument, NULL, OPT_PLUGIN },
	{ "pool", required_argument, NULL, OPT_POOL },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "realtime", no_argument, NULL, OPT_REALTIME },
	{ "ring", required_argument, NULL, OPT_RING },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "settle-us", required_argument, NULL, OPT_SETTLE },
	{ "simd", required_argument, NULL, OPT_SIMD },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "windows", no_argument, NULL, OPT_WINDOWS },
	{ "window-ms", required_argument, NULL, OPT_WINDOW_MS },
	{ NULL, 0, NULL, 0 },
};

/** Options whose argument is a whole number, with their bounds. */
struct number_option {
	int code;
	const char *name;
	size_t offset;
	unsigned long min;
	unsigned long max;
};

#define NUMBER(code, name, field, min, max) \
	{ code, name, offsetof(struct perf_options, field), min, max }
static const struct number_option numbers[] = {
	NUMBER(OPT_BURST, "--burst", burst, 1, PERF_BURST_MAX),
	NUMBER(OPT_DEVICE_BURST, "--device-burst", device_burst, 1,
	       PERF_BURST_MAX),
	NUMBER(OPT_DEVICE_PAUSE, "--device-pause", device_pause, 0, 100),
	NUMBER(OPT_DEVICE_CORE, "--device-core", device_core, 0, 1023),
	NUMBER(OPT_DRIVER_CORE, "--driver-core", driver_core, 0, 1023),
	NUMBER(OPT_MEMORY, "--memory", memory_mb, 64, 1048576),
	NUMBER(OPT_PAIRS, "--pairs", pairs, 1, 1000000),
	NUMBER(OPT_POOL, "--pool", pool, 0, 1048576),
	NUMBER(OPT_QUEUES, "--queues", queues, 1, PERF_QUEUES_MAX),
	NUMBER(OPT_RING, "--ring", ring, 16, 32768),
	NUMBER(OPT_SECONDS, "--seconds", seconds, 1, 864000),
	NUMBER(OPT_SETTLE, "--settle-us", settle_us, 0, 1000000),
	NUMBER(OPT_SIMD, "--simd", simd, 64, 512),
	NUMBER(OPT_SIZE, "--size", size, PERF_FRAME_MIN, PERF_FRAME_MAX),
	NUMBER(OPT_WINDOW_MS, "--window-ms", window_ms, 1, 60000),
};

const char *
perf_mode_name(enum perf_mode mode)
{
	return mode_names[mode];
}

unsigned int
perf_frame_size(const struct perf_options *opt, unsigned int i)
{
	return opt->imix ? imix_sizes[i % PERF_SIZES] : opt->size;
}

unsigned int
perf_frame_size_max(const struct perf_options *opt)
{
	return opt->imix ? 1518 : opt->size;
}

double
perf_frame_size_mean(const struct perf_options *opt)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < PERF_SIZES; i++)
		sum += perf_frame_size(opt, i);
	return (double)sum / PERF_SIZES;
}

static int
number_parse(struct perf_options *opt, const struct number_option *num,
	     const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' ||
	    value < num->min || value > num->max) {
		fprintf(stderr, "vnic-perf: %s %s: must be a number from %lu to %lu\n",
			num->name, text, num->min, num->max);
		return -EINVAL;
	}
	*(unsigned int *)((char *)opt + num->offset) = value;
	return 0;
}

static int
mode_parse(struct perf_options *opt, const char *text)
{
	for (unsigned int i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++) {
		if (strcmp(text, mode_names[i]) == 0) {
			opt->mode = i;
			return 0;
		}
	}
	fprintf(stderr, "vnic-perf: --mode %s: must be rx, tx, fwd or rtt\n", text);
	return -EINVAL;
}

static int
layout_parse(struct perf_options *opt, const char *text)
{
	size_t n = sizeof(layouts) / sizeof(*layouts);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, layouts[i].name) == 0) {
			opt->layout = &layouts[i];
			return 0;
		}
	}
	fprintf(stderr, "vnic-perf: --layout %s: must be one of", text);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", layouts[i].name);
	fputc('\n', stderr);
	return -EINVAL;
}

static int
ratio_parse(struct perf_options *opt, const char *text)
{
	char *end;

	opt->min_ratio = strtod(text, &end);
	if (end == text || *end != '\0' || !(opt->min_ratio >= 0)) {
		fprintf(stderr, "vnic-perf: --min-ratio %s: must be a number\n", text);
		return -EINVAL;
	}
	return 0;
}

static int
plugin_parse(struct perf_options *opt, const char *text)
{
	if (opt->nr_plugins == PERF_PLUGINS_MAX) {
		fprintf(stderr, "vnic-perf: --plugin: at most %d of them\n",
			PERF_PLUGINS_MAX);
		return -EINVAL;
	}
	opt->plugin[opt->nr_plugins++] = text;
	return 0;
}

/** Options that take no argument; false if `code` is none of them. */
static bool
flag_parse(struct perf_options *opt, int code)
{
	switch (code) {
	case OPT_COPY:
		return opt->copy = true;
	case OPT_CTRL_QUEUE:
		return opt->ctrl_queue = true;
	case OPT_CYCLES:
		return opt->cycles = true;
	case OPT_EXTERNAL:
		return opt->external = true;
	case OPT_IMIX:
		return opt->imix = true;
	case OPT_QUIET:
		return opt->quiet = true;
	case OPT_REALTIME:
		return opt->realtime = true;
	case OPT_WINDOWS:
		return opt->raw_windows = true;
	case OPT_NO_EVENT_IDX:
		return !(opt->event_idx = false);
	case OPT_NO_FAST_FREE:
		return !(opt->fast_free = false);
	case OPT_NO_INDIRECT:
		return !(opt->indirect = false);
	case OPT_NO_INORDER_BATCH:
		return !(opt->inorder_batch = false);
	case OPT_NO_LIMIT:
		return !(opt->limit = false);
	default:
		return false;
	}
}

/** Options that take text. */
static int
text_parse(struct perf_options *opt, int code, char *text)
{
	switch (code) {
	case 'a':
		opt->port[PERF_A].name = text;
		return 0;
	case 'b':
		opt->port[PERF_B].name = text;
		return 0;
	case OPT_A_ARGS:
		opt->port[PERF_A].args = text;
		return 0;
	case OPT_B_ARGS:
		opt->port[PERF_B].args = text;
		return 0;
	case OPT_A_PATH:
		opt->port[PERF_A].path = text;
		return 0;
	case OPT_B_PATH:
		opt->port[PERF_B].path = text;
		return 0;
	case OPT_CSV:
		opt->csv = text;
		return 0;
	case OPT_JSON:
		opt->json = text;
		return 0;
	case OPT_LAYOUT:
		return layout_parse(opt, text);
	case OPT_MIN_RATIO:
		return ratio_parse(opt, text);
	case OPT_MODE:
		return mode_parse(opt, text);
	case OPT_PLUGIN:
		return plugin_parse(opt, text);
	default:
		fprintf(stderr, "vnic-perf: try 'vnic-perf --help'\n");
		return -EINVAL;
	}
}

static int
option_parse(struct perf_options *opt, int code, char *text)
{
	if (flag_parse(opt, code))
		return 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (numbers[i].code == code)
			return number_parse(opt, &numbers[i], text);
	}
	return text_parse(opt, code, text);
}

static int
usage_error(const char *what)
{
	fprintf(stderr, "vnic-perf: %s\n", what);
	return -EINVAL;
}

/** Requests that are each well-formed but cannot be had together. */
static int
options_check(const struct perf_options *opt)
{
	if (opt->port[PERF_A].name == NULL)
		return usage_error("--a NAME is needed: the port to measure");
	if ((opt->ring & (opt->ring - 1)) != 0)
		return usage_error("--ring: must be a power of two");
	if (opt->driver_core == opt->device_core)
		return usage_error("--driver-core and --device-core: must differ, both sides poll");
	if (opt->external && opt->mode == PERF_RTT)
		return usage_error("--mode rtt: needs the built-in back end, --external has none");
	if (opt->external && opt->limit)
		return usage_error("--external: has no limit to compare with, add --no-limit");
	if (!opt->external &&
	    (opt->port[PERF_A].path != NULL || opt->port[PERF_B].path != NULL))
		return usage_error("--a-path, --b-path: are for an external back end, add --external");
	if (opt->mode == PERF_RTT && (opt->imix || opt->copy))
		return usage_error("--imix, --copy: have no meaning with --mode rtt");
	return 0;
}

int
perf_options_parse(struct perf_options *opt, int argc, char **argv)
{
	int code;

	*opt = (struct perf_options){
		.mode = PERF_RX, .layout = &layouts[0], .limit = true,
		.event_idx = true, .indirect = true, .inorder_batch = true,
		.fast_free = true, .burst = 32, .device_burst = 32,
		.device_pause = 1, .size = 64, .queues = 1, .ring = 256,
		.window_ms = 50, .settle_us = 1000, .seconds = 10,
		.memory_mb = 512, .simd = 512, .device_core = 1,
	};
	while ((code = getopt_long(argc, argv, "+a:b:h", long_options, NULL)) != -1) {
		if (code == 'h')
			return 1;
		if (option_parse(opt, code, optarg) < 0)
			return -EINVAL;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(stderr, "vnic-perf: %s: not an option (EAL's follow \"--\")\n",
			argv[optind]);
		return -EINVAL;
	}
	opt->eal_argv = &argv[optind];
	opt->eal_argc = argc - optind;
	return options_check(opt);
}
