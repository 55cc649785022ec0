/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdlib.h>

#include "histogram.h"

void
perf_histogram_merge(struct perf_histogram *to, const struct perf_histogram *from)
{
	if (from->count == 0)
		return;
	if (to->count == 0 || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	for (unsigned int i = 0; i < PERF_HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

/** Middle of bucket `i`. */
static double
bucket_value(unsigned int i)
{
	unsigned int octave = i / PERF_HISTOGRAM_SUB;
	uint64_t width;

	if (octave < 2)
		return i;
	octave--;
	width = 1ULL << octave;
	return (double)((i - octave * PERF_HISTOGRAM_SUB) * width) + width / 2.0;
}

/** Nearest bucket with samples in the direction of `step`, or `i` itself. */
static unsigned int
bucket_neighbour(const struct perf_histogram *h, unsigned int i, int step)
{
	for (unsigned int n = i + step; n < PERF_HISTOGRAM_BUCKETS; n += step) {
		if (h->bucket[n] > 0)
			return n;
	}
	return i;
}

/*
 * The counter may tick in steps of tens of cycles, so a few values hold nearly
 * all samples. A value stands for the range half-way to its neighbours, and the
 * quantile is taken within it by rank.
 */
static double
bucket_interpolate(const struct perf_histogram *h, unsigned int i, double share)
{
	double at = bucket_value(i);
	double low = (at + bucket_value(bucket_neighbour(h, i, -1))) / 2;
	double high = (at + bucket_value(bucket_neighbour(h, i, 1))) / 2;
	double value = low + share * (high - low);

	return value > h->max ? h->max : value < h->min ? h->min : value;
}

double
perf_histogram_quantile(const struct perf_histogram *h, double p)
{
	double rank = p * h->count;
	uint64_t seen = 0;

	for (unsigned int i = 0; i < PERF_HISTOGRAM_BUCKETS; i++) {
		if (h->bucket[i] > 0 && seen + h->bucket[i] >= rank)
			return bucket_interpolate(h, i, (rank - seen) / h->bucket[i]);
		seen += h->bucket[i];
	}
	return h->max;
}

static int
double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** Linear interpolation between the two nearest ranks. */
static double
sorted_quantile(const double *v, unsigned int n, double p)
{
	double rank = p * (n - 1);
	unsigned int i = (unsigned int)rank;

	if (i + 1 >= n)
		return v[n - 1];
	return v[i] + (rank - i) * (v[i + 1] - v[i]);
}

struct perf_spread
perf_spread_of(double *values, unsigned int count)
{
	if (count == 0)
		return (struct perf_spread){ 0 };
	qsort(values, count, sizeof(*values), double_compare);
	return (struct perf_spread){
		.count = count,
		.median = sorted_quantile(values, count, 0.5),
		.q1 = sorted_quantile(values, count, 0.25),
		.q3 = sorted_quantile(values, count, 0.75),
		.min = values[0],
		.max = values[count - 1],
	};
}
