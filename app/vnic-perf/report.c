/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_version.h>

#include "device.h"
#include "report.h"

static void
spread_print(const char *what, const struct perf_spread *s, const char *unit)
{
	printf("  %-26s %8.3f%s  quartiles %.3f..%.3f  min %.3f  max %.3f  (%u)\n",
	       what, s->median, unit, s->q1, s->q3, s->min, s->max, s->count);
}

/** Features that the two sides agreed on, as far as they make the layout. */
static void
features_print(const struct perf_device *dev)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ VIRTIO_NET_F_MRG_RXBUF, "mergeable" },
		{ VIRTIO_F_IN_ORDER, "in-order" },
		{ VIRTIO_F_RING_PACKED, "packed" },
		{ VIRTIO_F_INDIRECT_DESC, "indirect" },
		{ VIRTIO_F_EVENT_IDX, "event-index" },
		{ VIRTIO_NET_F_MQ, "multiqueue" },
	};

	printf("  negotiated:");
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (dev->features >> names[i].bit & 1)
			printf(" %s", names[i].name);
	}
	printf(" (0x%" PRIx64 ")\n", (uint64_t)dev->features);
}

static void
paths_print(const struct perf_port *port)
{
	struct rte_eth_burst_mode mode;

	if (rte_eth_rx_burst_mode_get(port->id, 0, &mode) == 0)
		printf("  receive path: %s\n", mode.info);
	if (rte_eth_tx_burst_mode_get(port->id, 0, &mode) == 0)
		printf("  transmit path: %s\n", mode.info);
}

static const char *
bottleneck(const struct perf_figures *fig)
{
	return fig->device_idle >= PERF_DRIVER_BOUND ?
		"the driver was the slower side" :
		"THE DEVICE MAY HAVE BEEN THE SLOWER SIDE";
}

static void
rtt_print(const struct perf_histogram *h, uint64_t lost)
{
	static const double p[] = { 0.5, 0.9, 0.99, 0.999, 0.9999 };
	double us = 1e6 / rte_get_tsc_hz();

	printf("  round trip, us:");
	for (unsigned int i = 0; i < RTE_DIM(p); i++)
		printf("  p%g %.3f", p[i] * 100, perf_histogram_quantile(h, p[i]) * us);
	printf("  min %.3f  max %.3f  (%" PRIu64 " samples, %" PRIu64 " lost)\n",
	       h->min * us, h->max * us, h->count, lost);
}

static void
target_print(const struct perf *perf, const struct perf_result *res,
	     enum perf_target t)
{
	const struct perf_figures *fig = &res->of[t];
	bool limit = t == PERF_LIMIT;

	printf("%s:\n", perf_target_name(perf, t));
	if (!limit)
		paths_print(&perf->port[t]);
	if (!limit && perf->port[t].device != NULL)
		features_print(perf->port[t].device);
	if (perf->opt.mode == PERF_RTT) {
		rtt_print(limit ? &perf->limit_rtt.clean : &perf->port[t].rtt.clean,
			  limit ? 0 : perf->port[t].rtt_lost);
		return;
	}
	spread_print("Mpps", &fig->mpps, "");
	if (perf->opt.cycles)
		spread_print("TSC cycles a packet", &fig->cycles, "");
	else
		printf("  %-26s %8.1f\n", "TSC cycles a packet", fig->cycles.median);
	printf("  %-26s %8.2f\n", "Gbit/s", fig->gbps);
	if (!limit && perf->port[t].device != NULL)
		printf("  device waited for the driver in %.1f %% of polls: %s\n",
		       100 * fig->device_idle, bottleneck(fig));
	printf("  driver found nothing to do in %.1f %% of bursts\n",
	       100 * fig->driver_empty);
}

void
perf_report_print(const struct perf *perf, const struct perf_result *res)
{
	const struct perf_options *opt = &perf->opt;
	const char *what = opt->mode == PERF_RTT ? " (of p50)" : "";
	char text[64];

	printf("%s: mode %s, layout %s, ", rte_version(), perf_mode_name(opt->mode),
	       opt->external ? "of the back end" : opt->layout->name);
	if (opt->imix)
		printf("IMIX");
	else
		printf("%u-byte frames", opt->size);
	printf("%s, burst %u, ring %u, %u queue(s), windows of %u ms\n",
	       opt->copy ? " copied whole" : "", opt->burst, opt->ring, opt->queues,
	       opt->window_ms);
	for (unsigned int t = 0; t < perf->nr_ports; t++)
		target_print(perf, res, t);
	if (perf->limit != NULL)
		target_print(perf, res, PERF_LIMIT);
	if (res->disturbed > 0)
		printf("a core was taken away during %u of %u windows; %s\n",
		       res->disturbed, perf->nr_windows, res->left_out ?
		       "their rounds are left out" : "too many to leave them out");
	printf("ratios of windows taken in turns%s:\n", what);
	if (perf->nr_ports > 1)
		spread_print("a / b", &res->ratio, "");
	if (perf->nr_ports > 1 && opt->mode == PERF_RTT)
		spread_print("a / b (of p99)", &res->ratio_p99, "");
	for (unsigned int i = 0; perf->limit != NULL && i < perf->nr_ports; i++) {
		snprintf(text, sizeof(text), "%c / limit", 'a' + i);
		spread_print(text, &res->share[i], "");
	}
}

int
perf_report_csv(const struct perf *perf)
{
	FILE *f = fopen(perf->opt.csv, "w");

	if (f == NULL)
		return -errno;
	fprintf(f, "window,target,name,mode,layout,packets,seconds,mpps,cycles_per_packet,"
		   "device_idle,driver_empty,p50_us,p99_us,disturbed\n");
	for (unsigned int i = 0; i < perf->nr_windows; i++) {
		const struct perf_window *w = &perf->windows[i];
		double s = (double)w->cycles / rte_get_tsc_hz();

		fprintf(f, "%u,%c,%s,%s,%s,%" PRIu64 ",%.6f,%.4f,%.3f,%.4f,%.4f,%.4f,%.4f,%d\n",
			i, "abl"[w->target], perf_target_name(perf, w->target),
			perf_mode_name(perf->opt.mode), perf->opt.layout->name,
			w->packets, s, w->packets / s / 1e6,
			w->packets > 0 ? (double)w->cycles / w->packets : 0,
			w->device_polls > 0 ? (double)w->device_idle / w->device_polls : 0,
			w->polls > 0 ? (double)w->empty_polls / w->polls : 0,
			w->p50_us, w->p99_us, w->disturbed);
	}
	return fclose(f) == 0 ? 0 : -errno;
}
