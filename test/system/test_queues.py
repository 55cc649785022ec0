#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A queue whose start is deferred: nothing comes by it before it is started, nor
after the back end has gone and come; then frames flow."""

from harness.bench import Skip, run
from harness.checker import Checker
from harness.testpmd import Testpmd

ENDLESS = ["--frames", 0, "--lossy", "--stall-ms", 300]


def lines(pmd, *commands):
    return "".join(pmd.run(command) for command in commands)


def flows(bench, checker, pmd, what, said=""):
    return bench.check(checker.wait_flow(500) is not None, f"{what}: frames flow",
                       checker.last_words() + said + pmd.text[-1000:])


def deferred(bench):
    """Not started before it is told, nor by a back end that comes back."""
    path = bench.socket("d")
    checker = Checker(bench, path, args=ENDLESS)
    pmd = Testpmd(bench, [f"0,path={path}"], name="deferred")
    pmd.ready()
    said = lines(pmd, "port stop 0", "port 0 rxq 0 deferred_start on",
                 "port 0 rxq 0 setup", "port start 0", "start", "show rxq info 0 0")
    bench.check("deferred start: on" in said.lower(), "receive queue 0 is deferred", said)
    checker.kill()
    checker = Checker(bench, path, args=ENDLESS)
    got = pmd.stats()["RX-packets"]
    bench.check(got == 0, f"{got} frames before it is started")
    said = lines(pmd, "stop", "port 0 rxq 0 start", "start")
    flows(bench, checker, pmd, "started", said)
    checker.kill()
    lines(pmd, "stop", "port stop 0")
    bench.check(pmd.quit() == 0, "deferred: testpmd ends")


def test(bench):
    if not bench.is_vnic:
        raise Skip("queues of vnic, and VNIC_VDEV names another driver")
    deferred(bench)


run(test)
