#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The judge itself: frame_check tells each kind of fault, made on purpose."""

from harness.bench import run
from harness.checker import Checker

#: --spoil, its name, the count that has to show it.
FAULTS = [
    (0, "nothing", None),
    (1, "a flipped bit", "damaged"),
    (2, "a missing byte", "damaged"),
    (3, "a dropped frame", "lost"),
    (4, "a repeated frame", "late"),
    (5, "two frames swapped", "late"),
]
FRAMES = 2000


def once(bench, spoil, name, count):
    path = bench.socket()
    checker = Checker(bench, path, args=["--frames", FRAMES, "--stall-ms", 1000])
    eal = ["--in-memory", "--single-file-segments", "-m", "64",
           "--file-prefix", f"{bench.prefix}-echo", "--vdev", f"{bench.vdev}0,path={path}"]
    if bench.plugin:
        eal += ["-d", bench.plugin]
    echo = Checker(bench, "", args=["--echo", "--spoil", spoil], eal=eal, cpu=bench.cpus[0])
    status, counts = checker.finish()
    echo.stop()
    if count is None:
        bench.check(status == 0, f"{name}: passes", checker.last_words())
    else:
        bench.check(status == 1 and counts[count] > 0, f"{name}: fails, {count}={counts[count]}",
                    checker.last_words())


def test(bench):
    for fault in FAULTS:
        once(bench, *fault)


run(test)
