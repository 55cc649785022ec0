# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A port detached from the running testpmd and attached again."""

from harness import Nic, scenarios

NICS = [Nic(), Nic(packed="on")]
ROUNDS = 2


def reattach(guest, testpmd, port):
    """Take a port away from testpmd with its device, and give it back."""
    address = guest.addresses[port]
    testpmd.run("stop")
    testpmd.run("port stop all", timeout=40)
    testpmd.run(f"port close {port}")
    text = testpmd.run(f"device detach {address}")
    left = testpmd.run("show port summary all")
    guest.report.check(address not in left, f"{address} is detached", text)
    text = testpmd.run(f"port attach {address}", timeout=40)
    guest.report.check(f"Port {port} is attached" in text, f"{address} is attached again",
                       text)
    testpmd.run("port start all", timeout=40)
    testpmd.run("set portlist 0,1")
    testpmd.run("start")


def run(guest):
    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, count=500)
    for port in range(ROUNDS):
        reattach(guest, testpmd, port)
        scenarios.forward(guest, testpmd, count=500, label=f"port {port} back: ")
        scenarios.link_change(guest, testpmd, port)
    scenarios.finish(guest, testpmd)
