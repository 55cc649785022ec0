/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic_log.h"

RTE_LOG_REGISTER(vnic_logtype, pmd.net.vnic, NOTICE)
