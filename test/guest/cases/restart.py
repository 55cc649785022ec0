# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Ports stopped and started, testpmd run again after an end and a crash."""

from harness import Nic, scenarios

NICS = [Nic(), Nic(packed="on")]
ROUNDS = 4


def run(guest):
    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, count=500, label="first: ")
    free = []
    for turn in range(ROUNDS):
        free.append(scenarios.restart_ports(testpmd))
        scenarios.forward(guest, testpmd, count=500, label=f"restart {turn + 1}: ")
    guest.report.check(len(set(free)) == 1, f"no mbuf leaked: {free[0]} free each time "
                       "the ports stood", f"{free}")
    scenarios.link_change(guest, testpmd)
    scenarios.finish(guest, testpmd)

    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, count=500, label="second testpmd: ")
    testpmd.kill(guest)

    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, count=500, label="after a crash: ")
    scenarios.link_change(guest, testpmd, port=1)
    scenarios.finish(guest, testpmd)
