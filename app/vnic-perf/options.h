/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_OPTIONS_H
#define PERF_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/** @file What the user asked for; filled by perf_options_parse(). */

#define PERF_BURST_MAX 256
#define PERF_QUEUES_MAX 32
#define PERF_PLUGINS_MAX 8
#define PERF_FRAME_MIN 64
#define PERF_FRAME_MAX 9000
/** Ethernet CRC is never in memory: a "64-byte frame" has all 64 here. */
#define PERF_SIZES 16

enum perf_mode {
	PERF_RX,
	PERF_TX,
	PERF_FWD,
	PERF_RTT,
};

/** What takes a turn in the windows. */
enum perf_target {
	PERF_A,
	PERF_B,
	PERF_LIMIT,
	PERF_TARGETS,
};

/** Exit codes of the program. */
enum perf_exit {
	PERF_EXIT_OK = 0,
	PERF_EXIT_CHECK = 1,
	PERF_EXIT_USAGE = 2,
	PERF_EXIT_SETUP = 3,
};

struct perf_port_options {
	const char *name; /**< device or driver name; NULL = no such port */
	const char *args; /**< devargs added to those of the layout */
	const char *path; /**< socket of an external back end, or NULL */
};

struct perf_layout {
	const char *name;
	bool packed;
	bool in_order;
	bool mergeable;
};

struct perf_options {
	enum perf_mode mode;
	struct perf_port_options port[2];
	const struct perf_layout *layout;
	bool external;
	bool copy;
	bool imix;
	bool limit;
	bool event_idx;
	bool indirect;
	bool ctrl_queue;
	bool inorder_batch;
	bool fast_free;
	bool cycles;
	bool quiet;
	bool realtime;
	bool raw_windows;
	unsigned int burst;
	unsigned int device_burst;
	unsigned int device_pause;
	unsigned int size;
	unsigned int queues;
	unsigned int ring;
	unsigned int window_ms;
	unsigned int settle_us;
	unsigned int seconds;
	unsigned int pairs; /**< 0: as many as fit in `seconds` */
	unsigned int pool;
	unsigned int memory_mb;
	unsigned int simd;
	unsigned int driver_core;
	unsigned int device_core;
	double min_ratio; /**< exit 1 below this median of a / b; 0 = off */
	const char *json;
	const char *csv;
	const char *plugin[PERF_PLUGINS_MAX];
	unsigned int nr_plugins;
	char **eal_argv; /**< what follows "--" */
	int eal_argc;
};

/**
 * Read the command line.
 * @return 0; 1 after --help; -EINVAL after saying what is wrong on stderr.
 */
int perf_options_parse(struct perf_options *opt, int argc, char **argv);

const char *perf_mode_name(enum perf_mode mode);

/** Frame length number `i` of the mix in use (a cycle of PERF_SIZES). */
unsigned int perf_frame_size(const struct perf_options *opt, unsigned int i);

/** Longest frame that the run uses. */
unsigned int perf_frame_size_max(const struct perf_options *opt);

/** Mean frame length of the run. */
double perf_frame_size_mean(const struct perf_options *opt);

/* help.c */
void perf_help_print(void);

#endif /* PERF_OPTIONS_H */
