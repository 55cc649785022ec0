# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The link fills up, so QEMU takes transmit buffers late and sends asynchronously.

QEMU then arms a packed ring's event index once and takes more buffers past it
without arming again (seen on 7.2 and 10.0), so that a driver which goes by the
index alone never rings again.
"""

from harness import Nic, scenarios

BUFFER = 16384
NICS = [Nic(buffer=BUFFER), Nic(buffer=BUFFER, packed="on")]


def run(guest):
    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, window=200)
    scenarios.finish(guest, testpmd)
