# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""QEMU 10's default function: more features than QEMU 7's."""

from harness import Nic, scenarios

BACKPORTS_QEMU = True
NICS = [Nic(), Nic(packed="on")]


def run(guest):
    scenarios.forward_and_link(
        guest, expect=["VIRTIO_F_VERSION_1", "VIRTIO_NET_F_MRG_RXBUF"])
