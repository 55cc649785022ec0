# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Functions behind PCI Express root ports, as libvirt places them."""

from harness import Nic, scenarios

QEMU_ARGS = ["-device", "pcie-root-port,id=port0,chassis=1,addr=0x6",
             "-device", "pcie-root-port,id=port1,chassis=2,addr=0x7"]
NICS = [Nic(bus="port0"), Nic(bus="port1", packed="on")]


def run(guest):
    scenarios.forward_and_link(guest, expect=["VIRTIO_F_VERSION_1"])
