/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "eal_args.h"

#define EAL_ARGS_MAX 96
#define EAL_TEXTS 8

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1];
	char text[EAL_TEXTS][64];
	unsigned int nr_texts;
};

static void
arg_add(struct eal_args *args, const char *text)
{
	if (args->argc < EAL_ARGS_MAX)
		args->argv[args->argc++] = (char *)(uintptr_t)text;
}

/** True if the user gave an EAL argument that starts with one of `words`. */
static bool
user_gave(const struct perf_options *opt, const char *const *words)
{
	for (int i = 0; i < opt->eal_argc; i++) {
		for (const char *const *w = words; *w != NULL; w++) {
			if (strncmp(opt->eal_argv[i], *w, strlen(*w)) == 0)
				return true;
		}
	}
	return false;
}

#define UNLESS(...) (const char *const[]){ __VA_ARGS__, NULL }

static char *
text_next(struct eal_args *args)
{
	return args->text[args->nr_texts++];
}

static void
lcores_add(struct eal_args *args, const struct perf_options *opt)
{
	char *text = text_next(args);

	if (user_gave(opt, UNLESS("--lcores", "-l", "-c")))
		return;
	/* The main thread sleeps, so it may share the driver's core. */
	snprintf(text, sizeof(args->text[0]), "0@%u,1@%u,2@%u", opt->driver_core,
		 opt->driver_core, opt->device_core);
	arg_add(args, "--lcores");
	arg_add(args, text);
}

static void
memory_add(struct eal_args *args, const struct perf_options *opt)
{
	char *text = text_next(args);

	if (!user_gave(opt, UNLESS("--in-memory", "--huge-unlink", "--file-prefix")))
		arg_add(args, "--in-memory");
	if (!user_gave(opt, UNLESS("--single-file-segments")))
		arg_add(args, "--single-file-segments");
	if (user_gave(opt, UNLESS("-m", "--socket-mem", "--memory-size")))
		return;
	snprintf(text, sizeof(args->text[0]), "%u", opt->memory_mb);
	arg_add(args, "-m");
	arg_add(args, text);
}

static void
simd_add(struct eal_args *args, const struct perf_options *opt)
{
	char *text = text_next(args);

	if (user_gave(opt, UNLESS("--force-max-simd-bitwidth")))
		return;
	snprintf(text, sizeof(args->text[0]), "--force-max-simd-bitwidth=%u", opt->simd);
	arg_add(args, text);
}

int
perf_eal_start(const struct perf_options *opt, char *program)
{
	struct eal_args args = { 0 };

	arg_add(&args, program);
	lcores_add(&args, opt);
	memory_add(&args, opt);
	simd_add(&args, opt);
	if (!user_gave(opt, UNLESS("--no-pci", "-a", "--allow")))
		arg_add(&args, "--no-pci");
	if (!user_gave(opt, UNLESS("--log-level")))
		arg_add(&args, "--log-level=*:warning");
	for (unsigned int i = 0; i < opt->nr_plugins; i++) {
		arg_add(&args, "-d");
		arg_add(&args, opt->plugin[i]);
	}
	for (int i = 0; i < opt->eal_argc; i++)
		arg_add(&args, opt->eal_argv[i]);
	if (rte_eal_init(args.argc, args.argv) < 0) {
		fprintf(stderr, "vnic-perf: EAL did not start: %s (huge pages? see --help)\n",
			rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}
