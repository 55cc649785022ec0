#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's vlan, qinq, checksum_offload and uni_pkt over vhost-user."""

from harness.bench import run
from harness.dts_bed import run_suites
from dts import offloads, tags


def test(bench):
    run_suites(bench, [
        ([], 1, [tags.vlan, tags.qinq, offloads.packet_types]),
        (offloads.CHECKSUM_ARGS, 1, [offloads.rx_checksum, offloads.tx_checksum]),
    ])


run(test)
