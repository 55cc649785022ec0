/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COMPAT_H
#define VNIC_COMPAT_H

#include <rte_version.h>

/**
 * @file
 * The only place that knows how DPDK releases differ, from 22.11 on. Each
 * entry gives the newest name, so that the oldest branches can be deleted.
 */

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "vnic needs DPDK >= 22.11"
#endif

#endif /* VNIC_COMPAT_H */
