/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_EAL_ARGS_H
#define PERF_EAL_ARGS_H

#include "options.h"

/** Start EAL with the defaults that the user's own arguments leave open. */
int perf_eal_start(const struct perf_options *opt, char *program);

#endif /* PERF_EAL_ARGS_H */
