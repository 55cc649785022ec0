# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Transitional functions, driven through their modern interface."""

from harness import Nic, scenarios

# A transitional function cannot be put behind the IOMMU (QEMU refuses it): what the
# driver tells it are physical addresses.
NICS = [Nic(modern=False, disable_legacy="off"),
        Nic(modern=False, disable_legacy="off", packed="on")]


def run(guest):
    scenarios.forward_and_link(
        guest, expect=["VIRTIO_F_VERSION_1"], refuse=["VIRTIO_F_IOMMU_PLATFORM"],
        eal=["--iova-mode=pa"])
