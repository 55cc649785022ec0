#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A secondary process reads the statistics of the primary's port, and sends and
receives on it while the primary does not."""

import os
import re
import shutil
import subprocess

from harness.bench import Trouble, run
from harness.checker import Checker
from harness.testpmd import JUMBO, Testpmd

FRAMES = 4365


def mount(bench):
    """Huge pages of the test's own, which two processes can open."""
    folder = f"{bench.folder}/huge"
    os.mkdir(folder)
    done = subprocess.run(["mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "none", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Trouble(f"hugetlbfs cannot be mounted: {done.stdout.decode().strip()}")
    bench.cleanups.append(lambda: subprocess.run(["umount", "-l", folder], check=False))
    return folder


def secondary_eal(bench, pmd, folder):
    return ["--proc-type=secondary", "--huge-dir", folder, "--file-prefix", pmd.prefix,
            *(["-d", bench.plugin] if bench.plugin else [])]


def echo(bench, pmd, folder, checker, devargs):
    """A secondary forwards; every byte is checked at the other end."""
    other = Checker(bench, "", args=["--echo", "--segments", 0],
                    eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])
    status, counts = checker.finish()
    bench.check(status == 0, f"{devargs}: {counts.get('received')} of {FRAMES} frames by a "
                "secondary process", checker.last_words())
    status, _ = other.stop()
    text = other.text()
    bench.check(status == 0 and f"echo received={FRAMES} sent={FRAMES} dropped=0" in text,
                f"{devargs}: the secondary process counts them", other.last_words())
    bench.check(re.search(rf"stats ipackets={FRAMES} opackets={FRAMES} ", text),
                f"{devargs}: so do the statistics that it reads", other.last_words())
    bench.check(f"xstat rx_q0_packets={FRAMES}" in text, f"{devargs}: and the xstats",
                other.last_words())


def proc_info(bench, pmd, folder, devargs):
    tool = shutil.which("dpdk-proc-info")
    if not tool:
        bench.note("dpdk-proc-info is not installed")
        return
    for options, pattern in ((["--stats"], rf"RX-packets:\s*{FRAMES}\b"),
                             (["--xstats"], rf"rx_q0_packets:\s*{FRAMES}\b")):
        done = subprocess.run([tool, "--no-pci", *secondary_eal(bench, pmd, folder)[1:],
                               "--", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        text = done.stdout.decode(errors="replace")
        bench.check(done.returncode == 0 and re.search(pattern, text),
                    f"{devargs}: dpdk-proc-info {options[0]} shows {FRAMES} frames",
                    f"status {done.returncode}: {text[-800:]}")


def primary_goes_on(bench, pmd, devargs):
    """The primary stops, starts and ends its port after the secondary left."""
    for line in ("port stop 0", "port start 0"):
        text = pmd.run(line)
        bench.check("fail" not in text.lower(), f"{devargs}: '{line}' in the primary", text)
    bench.check(pmd.quit() == 0, f"{devargs}: the primary ends")


def once(bench, folder, devargs):
    path = bench.socket("s" + str(len(bench.cleanups)))
    checker = Checker(bench, path, args=["--frames", FRAMES, "--max", 9000, "--segments", 3])
    pmd = Testpmd(bench, [f"0,path={path},{devargs}"], args=JUMBO, name=f"p{len(bench.cleanups)}",
                  pages=("--huge-dir", folder, "--single-file-segments"))
    pmd.ready()
    stats = pmd.stats()
    bench.check(stats["TX-packets"] == 0, f"{devargs}: the primary sends nothing", str(stats))
    echo(bench, pmd, folder, checker, devargs)
    proc_info(bench, pmd, folder, devargs)
    primary_goes_on(bench, pmd, devargs)


def restarts(bench, folder, devargs):
    """The back end is killed while a secondary polls; then the secondary is."""
    path = bench.socket("k" + str(len(bench.cleanups)))
    args = ["--frames", 0, "--lossy", "--stall-ms", 300, "--segments", 3]
    checker = Checker(bench, path, args=args)
    pmd = Testpmd(bench, [f"0,path={path},{devargs}"], name=f"k{len(bench.cleanups)}",
                  pages=("--huge-dir", folder, "--single-file-segments"))
    pmd.ready()
    for turn in range(3):
        other = Checker(bench, "", args=["--echo", "--segments", 0],
                        eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])
        for kill in range(3):
            what = f"{devargs}: secondary {turn + 1}, back end {kill + 1}"
            if not bench.check(checker.wait_flow(500) is not None, f"{what}: frames flow",
                               f"{checker.last_words()}\n{other.child.poll()}\n"
                               f"{other.last_words()}"):
                return
            checker.kill()
            checker = Checker(bench, path, args=args)
        other.kill()
    status, counts = checker.stop()
    bench.check(status == 0, f"{devargs}: {counts.get('received')} frames, none damaged",
                checker.last_words())
    primary_goes_on(bench, pmd, devargs)


def test(bench):
    folder = mount(bench)
    for devargs in ("packed_vq=0", "packed_vq=1,in_order=0"):
        once(bench, folder, devargs)
        if bench.is_vnic:
            restarts(bench, folder, devargs)


run(test)
