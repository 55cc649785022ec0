# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Packed rings, mergeable receive buffers."""

from harness import Nic, scenarios

NICS = [Nic(packed="on"), Nic(packed="on")]


def run(guest):
    scenarios.forward_and_link(
        guest, expect=["VIRTIO_F_RING_PACKED", "VIRTIO_NET_F_MRG_RXBUF"])
