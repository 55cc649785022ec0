/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_REPORT_H
#define PERF_REPORT_H

#include <stdio.h>

#include "perf.h"

/** @file From windows to figures, and the figures in three forms. */

/** One target over all its windows. */
struct perf_figures {
	struct perf_spread mpps;
	struct perf_spread cycles; /**< TSC cycles a packet */
	struct perf_spread p50; /**< rtt, microseconds, of the windows */
	struct perf_spread p99;
	double gbps; /**< at the median */
	double device_idle; /**< share of polls in which the device waited */
	double driver_empty; /**< share of bursts that moved nothing */
};

/** Ratios are of windows of the same round; rtt: of p50 and p99. */
struct perf_result {
	struct perf_figures of[PERF_TARGETS];
	struct perf_spread ratio; /**< a / b */
	struct perf_spread ratio_p99; /**< rtt only */
	struct perf_spread share[2]; /**< a / limit, b / limit */
	unsigned int disturbed; /**< windows during which a core was taken away */
	bool left_out; /**< rounds with such windows are not in the figures */
};

/** Fewest idle polls for which the driver counts as the slower side. */
#define PERF_DRIVER_BOUND 0.05

/** Disturbed rounds are left out if so many others remain. */
#define PERF_CLEAN_ROUNDS 5

/**
 * Compute all figures; where disturbed rounds count, their round trips are added
 * to the clean ones.
 * @return 0 or -ENOMEM.
 */
int perf_result_compute(struct perf *perf, struct perf_result *res);

/* report.c */
void perf_report_print(const struct perf *perf, const struct perf_result *res);
int perf_report_csv(const struct perf *perf);

/* report_json.c */
int perf_report_json(const struct perf *perf, const struct perf_result *res,
		     unsigned int errors);

#endif /* PERF_REPORT_H */
