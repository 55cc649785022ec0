/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "report.h"

static double
window_mpps(const struct perf_window *w)
{
	double seconds = (double)w->cycles / rte_get_tsc_hz();

	return seconds > 0 ? w->packets / seconds / 1e6 : 0;
}

static double
window_cycles(const struct perf_window *w)
{
	return w->packets > 0 ? (double)w->cycles / w->packets : 0;
}

static double
window_p50(const struct perf_window *w)
{
	return w->p50_us;
}

static double
window_p99(const struct perf_window *w)
{
	return w->p99_us;
}

typedef double (*window_figure)(const struct perf_window *w);

static unsigned int
windows_per_round(const struct perf *perf)
{
	return perf->nr_ports + (perf->limit != NULL);
}

/** Does the round that holds window `i` count? */
static bool
round_counts(const struct perf *perf, const struct perf_result *res, unsigned int i)
{
	unsigned int per_round = windows_per_round(perf);
	unsigned int first = i - i % per_round;

	if (!res->left_out)
		return true;
	for (i = first; i < first + per_round && i < perf->nr_windows; i++) {
		if (perf->windows[i].disturbed)
			return false;
	}
	return true;
}

static void
disturbed_count(const struct perf *perf, struct perf_result *res)
{
	unsigned int clean = 0;

	for (unsigned int i = 0; i < perf->nr_windows; i++)
		res->disturbed += perf->windows[i].disturbed;
	res->left_out = true;
	for (unsigned int i = 0; i < perf->nr_windows; i += windows_per_round(perf))
		clean += round_counts(perf, res, i);
	res->left_out = clean >= PERF_CLEAN_ROUNDS;
}

/** Spread of one figure over the windows of a target. */
static struct perf_spread
figure_spread(const struct perf *perf, const struct perf_result *res,
	      enum perf_target target, window_figure f, double *values)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < perf->nr_windows; i++) {
		if (perf->windows[i].target == target && round_counts(perf, res, i))
			values[nr++] = f(&perf->windows[i]);
	}
	return perf_spread_of(values, nr);
}

static const struct perf_window *
round_window(const struct perf *perf, unsigned int first, enum perf_target target)
{
	unsigned int per_round = windows_per_round(perf);

	for (unsigned int i = first; i < first + per_round; i++) {
		if (perf->windows[i].target == target)
			return &perf->windows[i];
	}
	return NULL;
}

/** Spread of the ratio x / y over the rounds that have both. */
static struct perf_spread
ratio_spread(const struct perf *perf, const struct perf_result *res,
	     enum perf_target x, enum perf_target y, window_figure f, double *values)
{
	unsigned int per_round = windows_per_round(perf);
	unsigned int nr = 0;

	for (unsigned int i = 0; i + per_round <= perf->nr_windows; i += per_round) {
		const struct perf_window *wx = round_window(perf, i, x);
		const struct perf_window *wy = round_window(perf, i, y);

		if (wx != NULL && wy != NULL && f(wy) > 0 &&
		    round_counts(perf, res, i))
			values[nr++] = f(wx) / f(wy);
	}
	return perf_spread_of(values, nr);
}

static void
figures_compute(const struct perf *perf, struct perf_result *res,
		enum perf_target target, double *values)
{
	struct perf_figures *fig = &res->of[target];
	uint64_t polls = 0, idle = 0, bursts = 0, empty = 0;

	fig->mpps = figure_spread(perf, res, target, window_mpps, values);
	fig->cycles = figure_spread(perf, res, target, window_cycles, values);
	fig->p50 = figure_spread(perf, res, target, window_p50, values);
	fig->p99 = figure_spread(perf, res, target, window_p99, values);
	fig->gbps = fig->mpps.median * perf_frame_size_mean(&perf->opt) * 8 / 1e3;
	for (unsigned int i = 0; i < perf->nr_windows; i++) {
		const struct perf_window *w = &perf->windows[i];

		if (w->target != target)
			continue;
		polls += w->device_polls;
		idle += w->device_idle;
		bursts += w->polls;
		empty += w->empty_polls;
	}
	fig->device_idle = polls > 0 ? (double)idle / polls : 0;
	fig->driver_empty = bursts > 0 ? (double)empty / bursts : 0;
}

static void
rtt_join(struct perf_rtt *rtt)
{
	perf_histogram_merge(&rtt->clean, &rtt->disturbed);
}

int
perf_result_compute(struct perf *perf, struct perf_result *res)
{
	window_figure f = perf->opt.mode == PERF_RTT ? window_p50 : window_mpps;
	double *values = calloc(perf->nr_windows + 1, sizeof(*values));

	if (values == NULL)
		return -ENOMEM;
	*res = (struct perf_result){ 0 };
	disturbed_count(perf, res);
	for (unsigned int i = 0; i < perf->nr_ports && !res->left_out; i++)
		rtt_join(&perf->port[i].rtt);
	if (!res->left_out)
		rtt_join(&perf->limit_rtt);
	for (unsigned int t = 0; t < PERF_TARGETS; t++)
		figures_compute(perf, res, t, values);
	res->ratio = ratio_spread(perf, res, PERF_A, PERF_B, f, values);
	res->share[PERF_A] = ratio_spread(perf, res, PERF_A, PERF_LIMIT, f, values);
	res->share[PERF_B] = ratio_spread(perf, res, PERF_B, PERF_LIMIT, f, values);
	if (perf->opt.mode == PERF_RTT)
		res->ratio_p99 = ratio_spread(perf, res, PERF_A, PERF_B, window_p99, values);
	free(values);
	return 0;
}
