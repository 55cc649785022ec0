# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Packed rings, one buffer a frame."""

from harness import Nic, scenarios

NICS = [Nic(packed="on", mrg_rxbuf="off"), Nic(packed="on", mrg_rxbuf="off")]


def run(guest):
    scenarios.forward_and_link(
        guest, expect=["VIRTIO_F_RING_PACKED"], refuse=["VIRTIO_NET_F_MRG_RXBUF"])
