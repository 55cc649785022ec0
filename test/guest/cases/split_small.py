# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Split rings, one buffer a frame."""

from harness import Nic, scenarios

NICS = [Nic(mrg_rxbuf="off"), Nic(mrg_rxbuf="off")]


def run(guest):
    scenarios.forward_and_link(
        guest, refuse=["VIRTIO_NET_F_MRG_RXBUF", "VIRTIO_F_RING_PACKED"])
