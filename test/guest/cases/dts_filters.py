# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's promisc, dynamic_config, mac_filter, port and size suites: QEMU filters."""

from harness import Nic
from harness.dts_bed import run_suites
from dts import filters, ports, sizes

NICS = [Nic(), Nic(packed="on")]


def run(guest):
    run_suites(guest, [
        ([], 1, [filters.promisc, filters.dynamic_config, filters.mac_filter,
                 ports.port_stats, ports.restart_keeps, ports.port_control,
                 ports.port_close]),
        (["--max-pkt-len=9000", "--enable-scatter", sizes.MULTI_SEGS, "--mbuf-size=2048"], 1,
         [sizes.buffer_scatter]),
    ])
