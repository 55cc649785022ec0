# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""64 descriptors used of larger rings; doorbells a page each, or in I/O space too."""

from harness import Nic, scenarios

NICS = [Nic(rx_queue_size=1024, page_per_vq="on"),
        Nic(modern_pio_notify="on", packed="on")]
# More frames under way than a transmit ring takes would be testpmd's to drop.
WINDOW = 32


def run(guest):
    scenarios.forward_and_link(guest, window=WINDOW, args=["--rxd=64", "--txd=64"])
