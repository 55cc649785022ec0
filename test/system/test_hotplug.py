#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Ports that come and go while testpmd runs."""

from harness.bench import run
from harness.checker import Checker
from harness.testpmd import Testpmd


def exchange(bench, pmd, port, path, what):
    """Frames through a port that was attached."""
    checker = Checker(bench, path, args=["--frames", 3000])
    text = pmd.run(f"port attach {bench.vdev}1,path={path}")
    if not bench.check(f"Port {port} is attached" in text, f"{what}: port attached", text):
        checker.kill()
        return
    pmd.run("set portlist %d" % port)
    pmd.run(f"port start {port}")
    pmd.run("start")
    status, counts = checker.finish()
    bench.check(status == 0, f"{what}: {counts.get('received')} of 3000 frames",
                checker.last_words())
    pmd.run("stop")
    pmd.run(f"port stop {port}")
    text = pmd.run(f"port detach {port}")
    bench.check("is detached" in text.lower() or "Now total ports is 1" in text,
                f"{what}: port detached", text)


def test(bench):
    first = bench.socket("first")
    keeper = Checker(bench, first, args=["--frames", 0, "--lossy"])
    pmd = Testpmd(bench, [f"0,path={first}"])
    pmd.ready()
    before = pmd.free_mbufs()
    for turn in range(10 if bench.thorough else 3):
        exchange(bench, pmd, 1, bench.socket(f"s{turn}"), f"turn {turn + 1}")
    after = pmd.free_mbufs()
    bench.check(before == after, f"mempool holds {after} mbufs as before", f"{before} before")
    text = pmd.run(f"port attach {bench.vdev}1,path={bench.folder}/absent")
    bench.check("is attached" not in text, "an absent socket is refused", text)
    pmd.run("set portlist 0")
    pmd.run("start")
    bench.check(keeper.wait_flow() is not None, "the first port still forwards",
                keeper.last_words())
    keeper.stop()
    bench.check(pmd.quit() == 0, "testpmd ends")


run(test)
