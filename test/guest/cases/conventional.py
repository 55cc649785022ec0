# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Functions on a conventional PCI bus, behind a bridge."""

from harness import Nic, scenarios

QEMU_ARGS = ["-device", "pcie-pci-bridge,id=bridge,addr=0x6"]
NICS = [Nic(bus="bridge", ats="off"), Nic(bus="bridge", ats="off", packed="on")]


def run(guest):
    scenarios.forward_and_link(guest, expect=["VIRTIO_F_VERSION_1"])
