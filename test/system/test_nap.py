#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Receive interrupts over vhost-user: a program that sleeps until a frame comes, as
l3fwd-power does, through restarts of the port and back ends that come and go."""

import re

from harness.bench import Skip, run, wait_until
from harness.checker import Checker
from harness.testpmd import Program

#: Few at a time, so that the lcore sleeps again and again.
FEW = ["--window", 1, "--stall-ms", 3000]
ENDLESS = ["--frames", 0, "--lossy", "--window", 1, "--stall-ms", 300]


class Nap(Program):
    prompt = r"nap> "

    def __init__(self, bench, path, devargs, queues):
        self.name = bench.given("VNIC_NAP", "nap")
        super().__init__(bench, f"nap{devargs[-1]}", False, [
            "--in-memory", "--single-file-segments", "-m", "96", "--vdev",
            f"{bench.vdev}0,path={path},queues={queues}{devargs}"], [f"--queues={queues}"])
        self.expect(self.prompt, 60)

    def stats(self):
        return {name: int(value)
                for name, value in re.findall(r"(\w+)=(\d+)", self.run("stats"))}

    def restart(self):
        return int(re.search(r"free mbufs=(\d+)", self.run("restart")).group(1))


def asleep(bench, nap, what):
    """An idle lcore makes next to no rounds."""
    seen = [nap.stats()]

    def quiet():
        nap.pump(2)
        seen.append(nap.stats())
        rounds, naps = (seen[-1][key] - seen[-2][key] for key in ("rounds", "naps"))
        return naps <= 10 and rounds <= 64 * (naps + 1)

    bench.check(wait_until(quiet, 20, 0), f"{what}: without frames the lcore sleeps",
                f"{seen[-2:]}")


def ping(bench, nap, path, queues, count, what):
    """Each frame is waited for before the next one is sent, so each is a wake-up."""
    before = nap.stats()
    status, counts = Checker(bench, path, queues=queues,
                             args=["--frames", count, *FEW]).finish()
    now = nap.stats()
    bench.check(status == 0, f"{what}: {counts.get('received')} frames came back", f"{counts}")
    woken, late = (now[key] - before[key] for key in ("wakes", "timeouts"))
    bench.check(woken > 0, f"{what}: the lcore was woken {woken} times", f"{now}")
    bench.check(late <= 10, f"{what}: it did not wait for its clock", f"{late} times")


def losses(bench, nap, path, queues, count):
    """Back ends come and go; the lcore that sleeps hears of the next one's frames."""
    for turn in range(count):
        checker = Checker(bench, path, queues=queues, args=ENDLESS)
        bench.check(checker.wait_flow(200) is not None, f"back end {turn + 1}: frames flow",
                    checker.last_words())
        checker.kill()
        asleep(bench, nap, f"back end {turn + 1} is gone")


def layout(bench, devargs, queues):
    path = bench.socket("n" + devargs[-1])
    what = devargs[1:]
    first = Checker(bench, path, queues=queues, args=["--frames", 200, *FEW])
    nap = Nap(bench, path, devargs, queues)
    status, counts = first.finish()
    bench.check(status == 0, f"{what}: {counts.get('received')} frames came back", f"{counts}")
    asleep(bench, nap, what)
    ping(bench, nap, path, queues, 300, what)
    losses(bench, nap, path, queues, 3)
    free = {nap.restart() for _ in range(3)}
    bench.check(len(free) == 1, f"{what}: no mbuf leaked in restarts: {free} free")
    ping(bench, nap, path, queues, 300, f"{what}, restarted")
    bench.check("EAL: Error" not in nap.text, f"{what}: EAL has reported no error", nap.text)
    bench.check(nap.quit() == 0, f"{what}: the program ends")
    nap.close()


def test(bench):
    if not bench.is_vnic:
        raise Skip("interrupts of vnic, and VNIC_VDEV names another driver")
    layout(bench, ",packed_vq=0", 1)
    layout(bench, ",packed_vq=1", 2)


run(test)
