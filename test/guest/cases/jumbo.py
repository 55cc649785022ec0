# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Frames up to 9014 bytes over several buffers, split rings."""

from harness import Nic, scenarios

NICS = [Nic(host_mtu=9000), Nic(host_mtu=9000)]


def run(guest):
    scenarios.forward_jumbo(
        guest, expect=["VIRTIO_NET_F_MTU", "VIRTIO_NET_F_MRG_RXBUF"])
