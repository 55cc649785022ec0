/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_version.h>

#include "device.h"
#include "report.h"

/** A JSON string: quotes, backslashes and control characters escaped. */
static void
json_text(FILE *f, const char *key, const char *text)
{
	fprintf(f, "\"%s\": \"", key);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(f, "\\u%04x", *text);
		else
			fputc(*text, f);
	}
	fputs("\", ", f);
}

static void
json_spread(FILE *f, const char *key, const struct perf_spread *s)
{
	fprintf(f, "\"%s\": {\"median\": %.6g, \"q1\": %.6g, \"q3\": %.6g, "
		"\"min\": %.6g, \"max\": %.6g, \"count\": %u}, ",
		key, s->median, s->q1, s->q3, s->min, s->max, s->count);
}

static void
json_rtt(FILE *f, const struct perf_histogram *h, uint64_t lost)
{
	double us = 1e6 / rte_get_tsc_hz();

	fprintf(f, "\"rtt_us\": {\"p50\": %.4f, \"p90\": %.4f, \"p99\": %.4f, "
		"\"p99.9\": %.4f, \"p99.99\": %.4f, \"min\": %.4f, \"max\": %.4f, "
		"\"samples\": %" PRIu64 ", \"lost\": %" PRIu64 "}, ",
		perf_histogram_quantile(h, 0.5) * us, perf_histogram_quantile(h, 0.9) * us,
		perf_histogram_quantile(h, 0.99) * us, perf_histogram_quantile(h, 0.999) * us,
		perf_histogram_quantile(h, 0.9999) * us, h->min * us, h->max * us,
		h->count, lost);
}

static void
json_port(FILE *f, const struct perf *perf, unsigned int t)
{
	const struct perf_port *port = &perf->port[t];
	const struct perf_totals *tot = &port->totals;

	json_text(f, "args", perf->opt.port[t].args);
	if (port->device != NULL)
		fprintf(f, "\"features\": \"0x%" PRIx64 "\", ",
			(uint64_t)port->device->features);
	fprintf(f, "\"totals\": {\"rx\": %" PRIu64 ", \"tx\": %" PRIu64
		", \"tx_unsent\": %" PRIu64 ", \"bad\": %" PRIu64 "}, ",
		tot->rx, tot->tx, tot->tx_unsent, tot->bad);
}

static void
json_target(FILE *f, const struct perf *perf, const struct perf_result *res,
	    enum perf_target t)
{
	const struct perf_figures *fig = &res->of[t];
	bool limit = t == PERF_LIMIT;

	fprintf(f, ",\n  \"%s\": {", limit ? "limit" : t == PERF_A ? "a" : "b");
	json_text(f, "name", perf_target_name(perf, t));
	if (!limit)
		json_port(f, perf, t);
	if (perf->opt.mode == PERF_RTT)
		json_rtt(f, limit ? &perf->limit_rtt.clean : &perf->port[t].rtt.clean,
			 limit ? 0 : perf->port[t].rtt_lost);
	json_spread(f, "mpps", &fig->mpps);
	json_spread(f, "cycles_per_packet", &fig->cycles);
	if (!limit && perf->limit != NULL)
		json_spread(f, "share_of_limit", &res->share[t]);
	fprintf(f, "\"gbps\": %.4f, \"device_idle\": %.4f, \"driver_empty\": %.4f}",
		fig->gbps, fig->device_idle, fig->driver_empty);
}

static void
json_run(FILE *f, const struct perf *perf, const struct perf_result *res,
	 unsigned int errors)
{
	const struct perf_options *opt = &perf->opt;
	time_t now = time(NULL);
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json_text(f, "date", date);
	json_text(f, "dpdk", rte_version());
	json_text(f, "mode", perf_mode_name(opt->mode));
	json_text(f, "layout", opt->external ? "external" : opt->layout->name);
	fprintf(f, "\n  \"size\": %u, \"imix\": %s, \"copy\": %s, \"burst\": %u, "
		"\"device_burst\": %u, \"queues\": %u, \"ring\": %u, "
		"\"window_ms\": %u, \"settle_us\": %u, \"event_idx\": %s, "
		"\"indirect\": %s, \"tsc_hz\": %" PRIu64 ", \"errors\": %u, "
		"\"windows_run\": %u, \"windows_disturbed\": %u, \"disturbed_left_out\": %s",
		opt->size, opt->imix ? "true" : "false", opt->copy ? "true" : "false",
		opt->burst, opt->device_burst, opt->queues, opt->ring,
		opt->window_ms, opt->settle_us, opt->event_idx ? "true" : "false",
		opt->indirect ? "true" : "false", rte_get_tsc_hz(), errors,
		perf->nr_windows, res->disturbed, res->left_out ? "true" : "false");
}

static void
json_windows(FILE *f, const struct perf *perf)
{
	fputs(",\n  \"windows\": [", f);
	for (unsigned int i = 0; i < perf->nr_windows; i++) {
		const struct perf_window *w = &perf->windows[i];

		fprintf(f, "%s\n    {\"target\": \"%s\", \"packets\": %" PRIu64
			", \"cycles\": %" PRIu64 ", \"p50_us\": %.4f, \"p99_us\": %.4f, \"disturbed\": %s}",
			i > 0 ? "," : "",
			w->target == PERF_LIMIT ? "limit" : w->target == PERF_A ? "a" : "b",
			w->packets, w->cycles, w->p50_us, w->p99_us,
			w->disturbed ? "true" : "false");
	}
	fputs("\n  ]", f);
}

int
perf_report_json(const struct perf *perf, const struct perf_result *res,
		 unsigned int errors)
{
	FILE *f = fopen(perf->opt.json, "w");

	if (f == NULL)
		return -errno;
	fputs("{\n  ", f);
	json_run(f, perf, res, errors);
	for (unsigned int t = 0; t < perf->nr_ports; t++)
		json_target(f, perf, res, t);
	if (perf->limit != NULL)
		json_target(f, perf, res, PERF_LIMIT);
	fputs(",\n  \"ratios\": {", f);
	if (perf->nr_ports > 1)
		json_spread(f, "a_b", &res->ratio);
	if (perf->nr_ports > 1 && perf->opt.mode == PERF_RTT)
		json_spread(f, "a_b_p99", &res->ratio_p99);
	fprintf(f, "\"unit\": \"%s\"}", perf->opt.mode == PERF_RTT ? "p50_us" : "mpps");
	if (perf->opt.raw_windows)
		json_windows(f, perf);
	fputs("\n}\n", f);
	return fclose(f) == 0 ? 0 : -errno;
}
