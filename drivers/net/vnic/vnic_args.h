/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_ARGS_H
#define VNIC_ARGS_H

#include <stdbool.h>

#include "vnic.h"

/**
 * @file
 * Device arguments: the text after a device's name, "key=value,key=value".
 */

/** Deadlines where the user gives none. */
#define VNIC_CTRL_TIMEOUT_MS 1000
#define VNIC_MESSAGE_TIMEOUT_MS 2000
#define VNIC_ACCEPT_TIMEOUT_MS 10000
#define VNIC_TX_STALL_MS 5000
#define VNIC_TIMEOUT_MS_MAX 600000

/** Keys with their values, for RTE_PMD_REGISTER_PARAM_STRING. */
#define VNIC_ARGS_PARAMS_COMMON \
	"queues=<int> queue_size=<int> mac=<mac addr> speed=<int> " \
	"mrg_rxbuf=<0|1> " \
	"in_order=<0|1> packed_vq=<0|1> vectorized=<0|1> standby=<0|1> " \
	"soft_csum=<0|1> " \
	"announce=<ip address or [list]> rx_suppress=<kind or [list]> " \
	"rx_coal_usecs=<int> rx_coal_packets=<int> " \
	"tx_coal_usecs=<int> tx_coal_packets=<int> " \
	"lro=<tcp|udp|tunnel> " \
	"ctrl_timeout_ms=<int> tx_stall_ms=<int> connect_timeout_ms=<int>"
#define VNIC_ARGS_PARAMS_USER \
	"path=<path> iface=<string> server=<0|1> cq=<0|1> " VNIC_ARGS_PARAMS_COMMON

/**
 * Parse @p text (NULL is "") for a device of @p kind. All of it is checked
 * before *@p out is written; what is not given gets its default.
 *
 * @return 0; -EINVAL after one log line that names the device, the key, the
 *   value and what would be right; -ENOMEM.
 */
int
vnic_args_parse(const char *device_name, const char *text,
		enum vnic_transport_kind kind, struct vnic_args *out);

/** True if @p text, accepted by vnic_args_parse, has @p key with value 1. */
bool
vnic_args_flag(const char *text, const char *key);

#endif /* VNIC_ARGS_H */
