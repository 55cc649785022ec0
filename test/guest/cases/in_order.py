# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""In-order completion, split and packed, on QEMU 10."""

from harness import Nic, scenarios

BACKPORTS_QEMU = True
NICS = [Nic(in_order="on"), Nic(in_order="on", packed="on")]


def run(guest):
    scenarios.forward_and_link(guest, expect=["VIRTIO_F_IN_ORDER"])
