# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Split rings, mergeable receive buffers: what QEMU offers by default."""

from harness import Nic, scenarios

NICS = [Nic(), Nic()]


def run(guest):
    scenarios.forward_and_link(
        guest,
        expect=["VIRTIO_F_VERSION_1", "VIRTIO_F_IOMMU_PLATFORM",
                "VIRTIO_NET_F_MRG_RXBUF", "VIRTIO_NET_F_STATUS"],
        refuse=["VIRTIO_F_RING_PACKED"])
