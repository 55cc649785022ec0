# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's vlan, qinq, uni_pkt, checksum_offload and mtu: QEMU filters VLANs."""

from harness import Nic
from harness.dts_bed import run_suites
from dts import offloads, sizes, tags

NICS = [Nic(), Nic(packed="on")]


def run(guest):
    run_suites(guest, [
        ([], 1, [tags.vlan, tags.qinq, offloads.packet_types]),
        (offloads.CHECKSUM_ARGS, 1, [offloads.rx_checksum, offloads.tx_checksum]),
        (sizes.JUMBO_ARGS, 1, [sizes.mtu_at_start, sizes.mtu]),
    ])
