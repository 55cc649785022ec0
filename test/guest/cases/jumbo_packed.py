# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Frames up to 9014 bytes over several buffers, packed rings."""

from harness import Nic, scenarios

NICS = [Nic(host_mtu=9000, packed="on"), Nic(host_mtu=9000, packed="on")]
SKIP_PMD = {"net_virtio": "22.11's marks the header in an indirect packed table as "
                          "device-writable; QEMU stops the device"}


def run(guest):
    scenarios.forward_jumbo(
        guest, expect=["VIRTIO_NET_F_MTU", "VIRTIO_F_RING_PACKED"])
