#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Ports stopped and started, back ends killed and started anew, under traffic:
frames flow again by themselves, none is damaged, and no mbuf is lost."""

import sys

from harness.bench import Skip, run, wait_until
from harness.checker import Checker
from harness.testpmd import JUMBO, Testpmd

ENDLESS = ["--frames", 0, "--lossy", "--stall-ms", 300, "--segments", 4]


def judge(bench, checker, what):
    """Ends it; frames may be lost by a restart, never damaged."""
    status, counts = checker.stop()
    bench.check(status == 0, f"{what}: {counts.get('received')} frames, none damaged",
                checker.last_words())


def mempool_is_whole(bench, pmd, free, what):
    """A transmit queue may keep what was sent last until it is stopped."""
    for line in ("stop", "port stop 0", "port start 0"):
        pmd.run(line)
    after = pmd.free_mbufs()
    bench.check(after == free, f"{what}: {free} mbufs are free as before", f"{after} are")


def cycles(bench, pmd, checker, count):
    """The port is stopped and started under traffic."""
    idle = pmd.free_mbufs()
    pmd.run("start")
    if not bench.check(checker.wait_flow(100) is not None, "frames flow at first",
                       checker.last_words()):
        return
    for cycle in range(count):
        for line in ("stop", "port stop 0", "port start 0", "start"):
            text = pmd.run(line)
            if "fail" in text.lower():
                bench.check(False, f"cycle {cycle + 1}: {line}", text)
                return
        if cycle % 10 == 9 and not bench.check(
                checker.wait_flow(100) is not None, f"frames flow after {cycle + 1} restarts",
                checker.last_words()):
            return
    # What arrives meanwhile lies in the ring, and that holds as many as before.
    mempool_is_whole(bench, pmd, idle, f"{count} restarts")


def start_stop(bench, devargs, count):
    path = bench.socket(f"c{len(bench.children)}{devargs[1:3]}")
    checker = Checker(bench, path, args=[*ENDLESS, "--max", 9000])
    pmd = Testpmd(bench, [f"0,path={path}{devargs}"], args=JUMBO)
    pmd.ready()
    cycles(bench, pmd, checker, count)
    judge(bench, checker, "start and stop" + devargs)
    bench.check(pmd.quit() == 0, "testpmd ends")


def kills(bench, devargs, count, vhost=""):
    """The back end is killed; the next one finds the front end waiting."""
    path = bench.socket("k" + devargs[1:3] + ("s" if vhost else ""))
    what = devargs[1:] + (" server" if vhost else "")
    started = []

    def new_checker():
        started.append(Checker(bench, path, args=ENDLESS, vhost=vhost))
        return started[-1]

    if vhost:
        # The front end listens, and waits in its probe for the back end.
        pmd = Testpmd(bench, [f"0,path={path}{devargs}"])
        checker = new_checker()
    else:
        checker = new_checker()
        pmd = Testpmd(bench, [f"0,path={path}{devargs}"])
    pmd.ready()
    free = pmd.free_mbufs()
    pmd.run("start")
    for turn in range(count):
        if not bench.check(checker.wait_flow() is not None, f"{what}: frames flow, turn {turn + 1}",
                           checker.last_words() + "\n" + pmd.text[-1500:]):
            return
        bench.check(" damaged=" not in checker.text() and "damaged frame" not in checker.text(),
                    f"{what}: no frame damaged", checker.last_words())
        checker.kill()
        checker = new_checker()
    bench.check(checker.wait_flow() is not None, f"{what}: frames flow after {count} kills",
                checker.last_words() + "\n" + pmd.text[-1500:])
    judge(bench, checker, what)
    bench.check(wait_until(lambda: pmd.link() == "down", 10, 0.3),
                f"{what}: the link is down without back end")
    checker = new_checker()
    bench.check(wait_until(lambda: pmd.link() == "up", 20, 0.3),
                f"{what}: the link is up with a back end")
    bench.check(checker.wait_flow() is not None, f"{what}: frames flow",
                checker.last_words())
    judge(bench, checker, what)
    mempool_is_whole(bench, pmd, free, what)
    bench.check(pmd.quit() == 0, f"{what}: testpmd ends")


def test(bench):
    if not bench.is_vnic:
        raise Skip("restarts of back ends, and VNIC_VDEV names another driver")
    part = sys.argv[1] if len(sys.argv) > 1 else "cycles"
    count = 10 if bench.thorough else 5
    if part == "cycles":
        start_stop(bench, "", 100)
        start_stop(bench, ",packed_vq=1,in_order=0", 100 if bench.thorough else 40)
    elif part == "kills":
        for devargs in (",packed_vq=0", ",packed_vq=1"):
            kills(bench, devargs, count)
    else:
        kills(bench, ",packed_vq=0,server=1", 3, vhost=",client=1")


run(test)
