/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "device.h"
#include "eal_args.h"
#include "limit.h"
#include "report.h"

#define LCORE_DRIVER 1
#define LCORE_DEVICE 2
#define PROGRESS_TTY_S 1
#define PROGRESS_FILE_S 5

static struct perf *running;

static void
on_signal(int sig)
{
	/* A second one ends a run that hangs in a driver. */
	signal(sig, SIG_DFL);
	if (running != NULL)
		running->stop = true;
}

static int
devices_open(struct perf *perf, const char *dir)
{
	unsigned int step = RTE_ALIGN(perf_frame_size_max(&perf->opt), 64);

	for (unsigned int i = 0; i < perf->nr_ports && !perf->opt.external; i++) {
		struct perf_device *dev;
		int ret;

		dev = rte_zmalloc("device", sizeof(*dev), 2 * RTE_CACHE_LINE_SIZE);
		if (dev == NULL)
			return -ENOMEM;
		dev->source_step = step;
		dev->sources = rte_zmalloc("sources", PERF_SOURCES * step, 4096);
		dev->sink = rte_zmalloc("sink", PERF_FRAME_MAX, 4096);
		dev->frame = &perf->frame[i];
		if (dev->sources == NULL || dev->sink == NULL)
			return -ENOMEM;
		ret = perf_device_open(dev, dir, 'a' + i, &perf->opt);
		if (ret < 0)
			return ret;
		perf->port[i].device = dev;
	}
	return 0;
}

static void
devices_close(struct perf *perf)
{
	for (unsigned int i = 0; i < perf->nr_ports; i++) {
		struct perf_device *dev = perf->port[i].device;

		if (dev == NULL)
			continue;
		perf_device_close(dev);
		rte_free(dev->sources);
		rte_free(dev->sink);
		rte_free(dev);
		perf->port[i].device = NULL;
	}
}

static int
windows_plan(struct perf *perf)
{
	const struct perf_options *opt = &perf->opt;
	unsigned int per_round = perf->nr_ports + opt->limit;
	uint64_t round_us = per_round * (opt->window_ms * 1000ULL + opt->settle_us);
	uint64_t rounds = opt->pairs;

	if (rounds == 0)
		rounds = RTE_MAX(1ULL, opt->seconds * 1000000ULL / round_us);
	perf->max_windows = rounds * per_round;
	perf->windows = calloc(perf->max_windows, sizeof(*perf->windows));
	return perf->windows == NULL ? -ENOMEM : 0;
}

static void
progress_print(const struct perf *perf, bool tty)
{
	unsigned int nr = perf->nr_windows;
	const struct perf_window *w = nr > 0 ? &perf->windows[nr - 1] : NULL;

	if (w == NULL)
		return;
	fprintf(stderr, "%s%u of %u windows; %s: %.1f Mpps%s", tty ? "\r\033[K" : "",
		nr, perf->max_windows, perf_target_name(perf, w->target),
		w->packets / ((double)w->cycles / rte_get_tsc_hz()) / 1e6,
		tty ? "" : "\n");
}

static void
progress_wait(struct perf *perf)
{
	bool tty = isatty(STDERR_FILENO);
	unsigned int every = 10 * (tty ? PROGRESS_TTY_S : PROGRESS_FILE_S), tick = 0;

	while (!perf->done) {
		const struct timespec nap = { .tv_nsec = 100000000 };

		nanosleep(&nap, NULL);
		if (++tick % every == 0 && !perf->opt.quiet)
			progress_print(perf, tty);
	}
	if (tty && !perf->opt.quiet)
		fputs("\r\033[K", stderr);
}

static unsigned int
check(const char *port, const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return 0;
	fprintf(stderr, "vnic-perf: CHECK FAILED: %s: %s: %" PRIu64 ", should be %" PRIu64 "\n",
		port, what, got, want);
	return 1;
}

/** Nothing lost, nothing invented, nothing altered. */
static unsigned int
totals_check(const struct perf *perf, const struct perf_port *port)
{
	uint64_t rx = 0, tx = 0, bytes = 0, bad = 0;
	unsigned int errors = 0;

	if (port->device == NULL)
		return 0;
	for (unsigned int q = 0; q < perf->opt.queues; q++) {
		rx += port->device->vq[2 * q].frames;
		tx += port->device->vq[2 * q + 1].frames;
		bytes += port->device->vq[2 * q + 1].bytes;
		bad += port->device->vq[2 * q + 1].bad;
	}
	errors += check(port->name, "frames received of those that the device wrote",
			port->totals.rx, rx);
	errors += check(port->name, "frames that the device took of those sent", tx,
			port->totals.tx);
	errors += check(port->name, "frames sent with a wrong content", bad, 0);
	errors += check(port->name, "frames received wrong", port->totals.bad, 0);
	errors += check(port->name, "rings that the driver broke", port->device->failed, 0);
	errors += check(port->name, "round trips lost", port->rtt_lost, 0);
	if (!perf->opt.imix)
		errors += check(port->name, "bytes that the device took", bytes,
				tx * perf->opt.size);
	return errors;
}

static unsigned int
ratio_check(const struct perf *perf, const struct perf_result *res)
{
	if (perf->opt.min_ratio <= 0 || res->ratio.median >= perf->opt.min_ratio)
		return 0;
	fprintf(stderr, "vnic-perf: CHECK FAILED: a / b %.3f, should be %.3f at least\n",
		res->ratio.median, perf->opt.min_ratio);
	return 1;
}

static int
lcores_run(struct perf *perf)
{
	int ret = rte_eal_remote_launch(perf_device_main, perf, LCORE_DEVICE);

	if (ret == 0)
		ret = rte_eal_remote_launch(perf_driver_main, perf, LCORE_DRIVER);
	if (ret < 0) {
		fprintf(stderr, "vnic-perf: lcores %d (driver) and %d (device) are needed: %s\n",
			LCORE_DRIVER, LCORE_DEVICE, strerror(-ret));
		perf->order.want = PERF_OP_QUIT;
		return ret;
	}
	progress_wait(perf);
	rte_eal_mp_wait_lcore();
	return 0;
}

static int
ports_open(struct perf *perf)
{
	int ret = 0;

	for (unsigned int i = 0; i < perf->nr_ports && ret == 0; i++)
		ret = perf_port_open(perf, i);
	if (ret == 0 && perf->opt.limit)
		ret = perf_limit_open(perf);
	return ret;
}

/** Measure, report; the number of failed checks or a negative errno. */
static int
measure(struct perf *perf, struct perf_result *res)
{
	int ret = windows_plan(perf);
	unsigned int errors = 0;

	if (ret == 0)
		ret = lcores_run(perf);
	if (ret == 0)
		ret = perf_result_compute(perf, res);
	if (ret < 0)
		return ret;
	perf_report_print(perf, res);
	for (unsigned int i = 0; i < perf->nr_ports; i++)
		errors += totals_check(perf, &perf->port[i]);
	return errors + ratio_check(perf, res);
}

static int
files_write(const struct perf *perf, const struct perf_result *res,
	    unsigned int errors)
{
	int ret = 0;

	if (perf->opt.csv != NULL && (ret = perf_report_csv(perf)) < 0)
		fprintf(stderr, "vnic-perf: %s: %s\n", perf->opt.csv, strerror(-ret));
	if (ret == 0 && perf->opt.json != NULL &&
	    (ret = perf_report_json(perf, res, errors)) < 0)
		fprintf(stderr, "vnic-perf: %s: %s\n", perf->opt.json, strerror(-ret));
	return ret;
}

static int
run(struct perf *perf, const char *dir)
{
	struct perf_result res;
	unsigned int missing;
	int ret;

	ret = devices_open(perf, dir);
	if (ret == 0)
		ret = ports_open(perf);
	if (ret == 0)
		ret = measure(perf, &res);
	for (unsigned int i = 0; i < perf->nr_ports; i++) {
		missing = perf_port_close(perf, i);
		if (ret >= 0)
			ret += check(perf->port[i].name, "mbufs missing in the pool", missing, 0);
	}
	if (ret >= 0 && files_write(perf, &res, ret) < 0)
		ret = -EIO;
	perf_limit_close(perf);
	devices_close(perf);
	free(perf->windows);
	return ret < 0 ? PERF_EXIT_SETUP : ret > 0 ? PERF_EXIT_CHECK : PERF_EXIT_OK;
}

static int
run_in_scratch(struct perf *perf)
{
	char dir[] = "/tmp/vnic-perf-XXXXXX";
	int ret;

	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "vnic-perf: %s: %s\n", dir, strerror(errno));
		return PERF_EXIT_SETUP;
	}
	running = perf;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	ret = run(perf, dir);
	rmdir(dir);
	return ret;
}

int
main(int argc, char **argv)
{
	struct perf_options opt;
	struct perf *perf;
	int ret = perf_options_parse(&opt, argc, argv);

	if (ret > 0)
		perf_help_print();
	if (ret != 0)
		return ret > 0 ? PERF_EXIT_OK : PERF_EXIT_USAGE;
	if (perf_eal_start(&opt, argv[0]) < 0)
		return PERF_EXIT_SETUP;
	perf = rte_zmalloc("perf", sizeof(*perf), 2 * RTE_CACHE_LINE_SIZE);
	if (perf == NULL)
		return PERF_EXIT_SETUP;
	perf->opt = opt;
	perf->nr_ports = 1 + (opt.port[PERF_B].name != NULL);
	ret = run_in_scratch(perf);
	rte_free(perf);
	rte_eal_cleanup();
	return ret;
}
