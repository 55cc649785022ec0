# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Functions without MSI-X: frames pass, the link state is read on demand."""

import time

from harness import Nic, scenarios

NICS = [Nic(vectors=0), Nic(vectors=0, packed="on")]


def run(guest):
    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd)
    for up in (False, True):
        guest.set_link(0, up)
        want = "up" if up else "down"
        state = testpmd.link(0)
        if state != want:
            # On a busy machine the driver may have given up waiting for its lock.
            time.sleep(1)
            state = testpmd.link(0)
        guest.report.check(state == want, f"port 0: link is {want}", state)
    scenarios.finish(guest, testpmd)
