#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's port_control, port_stats, port_restart_config_persistency, mtu and
pmd_buffer_scatter over vhost-user."""

from harness.bench import run
from harness.dts_bed import run_suites
from dts import ports, sizes


def test(bench):
    run_suites(bench, [
        ([], 1, [ports.port_stats, ports.restart_keeps, ports.port_control, ports.port_close]),
        (sizes.JUMBO_ARGS, 1, [sizes.mtu_at_start, sizes.mtu]),
        ([sizes.MULTI_SEGS, "--mbuf-size=2048"], 1, [sizes.no_scatter]),
        (["--max-pkt-len=9000", "--enable-scatter", sizes.MULTI_SEGS, "--mbuf-size=2048"], 1,
         [sizes.buffer_scatter]),
    ])


run(test)
