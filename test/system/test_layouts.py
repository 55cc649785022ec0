#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Every byte of every frame, in every layout of the rings: testpmd forwards, or
frame_check --echo, which cuts what it received into other segments."""

import itertools
import sys

from harness.bench import run
from harness.checker import Checker
from harness.testpmd import JUMBO, Testpmd

JUMBO_MAX = 9000
PLAIN_MAX = 1518


def largest(layout):
    """One buffer a frame where the device does not merge."""
    return JUMBO_MAX if layout["mrg_rxbuf"] else PLAIN_MAX


def devargs(layout):
    return "".join(f",{key}={value}" for key, value in layout.items())


def verdict(bench, what, checker, nr_frames):
    status, counts = checker.finish()
    good = status == 0 and counts.get("received") == nr_frames
    bench.check(good, f"{what}: {counts.get('received', 0)} of {nr_frames} frames, every byte",
                checker.last_words())
    return good


def once(bench, layout, segments):
    """Each length from 64 on at least once in each queue."""
    largest_len = largest(layout)
    frames = (3 if bench.thorough else 1) * (largest_len - 64 + 1)
    queues = layout["queues"]
    path = bench.socket()
    checker = Checker(bench, path, queues=queues, args=[
        "--frames", frames, "--max", largest_len, "--segments", segments,
        "--room", 2048 if segments > 1 else 9216])
    what = f"{devargs(layout)[1:]} 64 to {largest_len} bytes in " + \
        ("1 segment" if segments == 1 else f"1 to {segments} segments")
    pmd = Testpmd(bench, [f"0,path={path}{devargs(layout)}"], queues=queues,
                  args=JUMBO if layout["mrg_rxbuf"] else ())
    pmd.ready()
    pmd.run("start")
    verdict(bench, what, checker, frames * queues)
    stats = pmd.stats()
    total = frames * queues
    bench.check(stats["RX-packets"] == total and stats["TX-packets"] == total,
                f"{devargs(layout)[1:]} port counters are {total} both ways", str(stats))
    bench.check(pmd.quit() == 0, f"{devargs(layout)[1:]} testpmd ends")
    pmd.close()


def recut(bench, layout):
    """Segments of all lengths, down to a byte, are sent by the driver."""
    frames = 2 * (JUMBO_MAX - 64 + 1)
    path = bench.socket()
    checker = Checker(bench, path, args=["--frames", frames, "--max", JUMBO_MAX,
                                         "--segments", 3, "--window", 16])
    eal = ["--in-memory", "--single-file-segments", "-m", "96",
           "--file-prefix", f"{bench.prefix}-echo",
           "--vdev", f"{bench.vdev}0,path={path}{devargs(layout)}"]
    if bench.plugin:
        eal += ["-d", bench.plugin]
    echo = Checker(bench, "", args=["--echo", "--segments", 9, "--max", JUMBO_MAX], eal=eal,
                   cpu=bench.cpus[0])
    verdict(bench, f"{devargs(layout)[1:]} cut anew in 1 to 9 segments", checker, frames)
    status, _ = echo.stop()
    bench.check(status == 0, f"{devargs(layout)[1:]} echo ends, nothing dropped",
                echo.last_words())


def layouts(queues):
    for packed, in_order, mrg in itertools.product((0, 1), (0, 1), (1, 0)):
        yield {"packed_vq": packed, "in_order": in_order, "mrg_rxbuf": mrg,
               "queues": queues}


def test(bench):
    queues = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for layout in layouts(queues):
        once(bench, layout, 6)
        if bench.thorough:
            once(bench, layout, 1)
        if layout["mrg_rxbuf"] and queues == 1:
            recut(bench, layout)


run(test)
