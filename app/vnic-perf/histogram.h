/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_HISTOGRAM_H
#define PERF_HISTOGRAM_H

#include <stdint.h>

/**
 * @file
 * Log-linear histogram: 64 buckets an octave (within 1.6 %), up to 2^36.
 */

#define PERF_HISTOGRAM_SUB_BITS 6
#define PERF_HISTOGRAM_SUB (1U << PERF_HISTOGRAM_SUB_BITS)
#define PERF_HISTOGRAM_BUCKETS ((36 - PERF_HISTOGRAM_SUB_BITS) * PERF_HISTOGRAM_SUB)

struct perf_histogram {
	uint64_t count;
	uint64_t min;
	uint64_t max;
	uint32_t bucket[PERF_HISTOGRAM_BUCKETS];
};

static inline unsigned int
perf_histogram_bucket(uint64_t value)
{
	unsigned int octave, i;

	if (value < PERF_HISTOGRAM_SUB)
		return value;
	octave = 63 - __builtin_clzll(value) - PERF_HISTOGRAM_SUB_BITS;
	i = octave * PERF_HISTOGRAM_SUB + (value >> octave);
	return i < PERF_HISTOGRAM_BUCKETS ? i : PERF_HISTOGRAM_BUCKETS - 1;
}

static inline void
perf_histogram_add(struct perf_histogram *h, uint64_t value)
{
	h->bucket[perf_histogram_bucket(value)]++;
	if (h->count++ == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
}

/** Add all of `from` to `to`. */
void perf_histogram_merge(struct perf_histogram *to,
			  const struct perf_histogram *from);

/** Value below which the share `p` (0..1) of the samples lies; 0 if none. */
double perf_histogram_quantile(const struct perf_histogram *h, double p);

/** Median, quartiles and extremes of a set of figures. */
struct perf_spread {
	unsigned int count;
	double median;
	double q1;
	double q3;
	double min;
	double max;
};

/** Sorts `values`; a spread of nothing is all zero. */
struct perf_spread perf_spread_of(double *values, unsigned int count);

#endif /* PERF_HISTOGRAM_H */
