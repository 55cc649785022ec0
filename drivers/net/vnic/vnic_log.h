/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_LOG_H
#define VNIC_LOG_H

#include <rte_log.h>

extern int vnic_logtype;

/** One line; @p level is ERR, WARNING, NOTICE, INFO or DEBUG. */
#define VNIC_LOG(level, fmt, ...) \
	rte_log(RTE_LOG_##level, vnic_logtype, "vnic: " fmt "\n", ##__VA_ARGS__)

#endif /* VNIC_LOG_H */
