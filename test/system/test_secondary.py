#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A secondary process reads the statistics of the primary's port, and sends and
receives on it while the primary does not; it follows what the primary does."""

import os
import re
import shutil
import signal
import subprocess
import time

from harness.bench import run, wait_until
from harness.checker import Checker
from harness.secondary import mount, secondary_eal
from harness.testpmd import JUMBO, Testpmd

FRAMES = 4365


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
                             (["--xstats"], rf"tx_q0_packets:\s*{FRAMES}\b"),
                             (["--show-port"], r"(?i)port 0\b")):
        done = subprocess.run([tool, "--no-pci", *secondary_eal(bench, pmd, folder)[1:],
                               "--", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        text = done.stdout.decode(errors="replace")
        bench.check(done.returncode == 0 and re.search(pattern, text),
                    f"{devargs}: dpdk-proc-info {options[0]} reads the port",
                    f"status {done.returncode}: {text[-800:]}")
        bench.check("vnic: " not in text,
                    f"{devargs}: and the driver complains of nothing", text[-800:])


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


def stick(bench, pmd, folder):
    """A secondary process that is inside a burst until SIGUSR1."""
    other = Checker(bench, "", args=["--echo", "--segments", 0, "--stick"],
                    eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])
    other.wait_for("burst that does not end", lambda: "\nstuck\n" in other.text())
    return other


def dies_inside(bench, pmd, folder, checker, devargs):
    """Killed inside a burst, it holds up no stop of the port."""
    took = []
    # The quickest of three: the CPUs may be busy with other things.
    while not took or (min(took) >= 0.5 and len(took) < 3):
        begin = os.path.getsize(pmd.log.name)
        stick(bench, pmd, folder).kill()
        start = time.monotonic()
        pmd.run("port stop 0")
        took.append(time.monotonic() - start)
        pmd.run("port start 0")
        with open(pmd.log.name, encoding="utf-8", errors="replace") as log:
            log.seek(begin)
            text = log.read()
        bench.check("died inside a burst of receive queue 0" in text
                    and "left alone" not in text and "never confirmed" not in text
                    and "fail" not in text.lower(), f"{devargs}: a secondary process dies "
                    "inside a burst: that is told, and no queue is left alone", text)
    bench.check(min(took) < 0.5, f"{devargs}: the port stops in {min(took):.2f} s")
    # The next one comes while the port recovers by itself.
    stick(bench, pmd, folder).kill()
    other = Checker(bench, "", args=["--echo", "--segments", 0],
                    eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])
    bench.check(checker.wait_flow(500) is not None,
                f"{devargs}: the next secondary process forwards",
                f"{checker.last_words()}\n{other.last_words()}\n{pmd.text[-800:]}")
    status, _ = other.stop()
    bench.check(status == 0, f"{devargs}: and ends", other.last_words())


def stopped_inside(bench, pmd, folder, start_checker, checker, devargs):
    """The back end restarts while it is stopped inside a burst."""
    other = stick(bench, pmd, folder)
    os.kill(other.child.pid, signal.SIGSTOP)
    pmd.text = ""
    checker.kill()
    checker = start_checker()
    pmd.expect("goes on with its new back end when the last burst has ended", 20)
    bench.check(not wait_until(lambda: checker.received() > 0, 1),
                f"{devargs}: nothing flows while a burst does not end", checker.last_words())
    os.kill(other.child.pid, signal.SIGUSR1)
    os.kill(other.child.pid, signal.SIGCONT)
    bench.check(checker.wait_flow(500) is not None, f"{devargs}: frames flow when it has",
                f"{checker.last_words()}\n{other.last_words()}\n{pmd.text[-800:]}")
    other.kill()
    status, counts = checker.stop()
    bench.check(status == 0, f"{devargs}: {counts.get('received')} frames, none damaged",
                checker.last_words())


def inside(bench, folder, devargs):
    path = bench.socket("i" + str(len(bench.cleanups)))

    def start_checker():
        return Checker(bench, path, args=["--frames", 0, "--lossy", "--stall-ms", 300])

    checker = start_checker()
    pmd = Testpmd(bench, [f"0,path={path},{devargs}"], name=f"i{len(bench.cleanups)}",
                  pages=("--huge-dir", folder, "--single-file-segments"))
    pmd.ready()
    dies_inside(bench, pmd, folder, checker, devargs)
    stopped_inside(bench, pmd, folder, start_checker, checker, devargs)
    primary_goes_on(bench, pmd, devargs)


def eventfds(checker):
    """Descriptors of doorbells, and a few that are always there."""
    folder = f"/proc/{checker.child.pid}/fd"
    return sum(os.readlink(f"{folder}/{fd}") == "anon_inode:[eventfd]"
               for fd in os.listdir(folder))


def attach_echo(bench, pmd, folder):
    return Checker(bench, "", queues=2, args=["--echo", "--segments", 0],
                   eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])


def flows(bench, checker, pmd, other, what):
    return bench.check(checker.wait_flow(500) is not None, f"{what}: frames flow",
                       f"{checker.last_words()}\n{other.last_words()}\n{pmd.text[-800:]}")


def follows(bench, folder, devargs):
    """Attached before the port is started, it works from its start on; it has
    the queues of a restart with more of them, and one that is started later."""
    path = bench.socket("f" + str(len(bench.cleanups)))
    args = ["--frames", 0, "--lossy", "--stall-ms", 300]
    checker = Checker(bench, path, args=args)
    pmd = Testpmd(bench, [f"0,path={path},queues=2,{devargs}"], name=f"f{len(bench.cleanups)}",
                  args=["--disable-device-start"],
                  pages=("--huge-dir", folder, "--single-file-segments"))
    pmd.ready()
    other = attach_echo(bench, pmd, folder)
    pmd.run("port start 0")
    if not flows(bench, checker, pmd, other, f"{devargs}: attached to a stopped port"):
        return
    before = eventfds(other)
    checker.kill()
    for line in ("port stop 0", "port config all rxq 2", "port config all txq 2"):
        pmd.run(line)
    checker = Checker(bench, path, queues=2, args=args)
    pmd.run("port start 0")
    flows(bench, checker, pmd, other, f"{devargs}: restarted with two queues")
    bench.check(wait_until(lambda: eventfds(other) == before + 2, 10),
                f"{devargs}: it has the doorbells of the second pair",
                f"{before} eventfds, now {eventfds(other)}")
    status, _ = checker.stop()
    bench.check(status == 0 and re.search(r"queue 1: .*\breceived=[1-9]", checker.text()),
                f"{devargs}: by both queues", checker.text()[-600:])
    other.kill()
    # Of a queue that is stopped as the process comes.
    checker = Checker(bench, path, args=args)
    pmd.run("port 0 txq 0 stop")
    other = attach_echo(bench, pmd, folder)
    pmd.run("port 0 txq 0 start")
    flows(bench, checker, pmd, other, f"{devargs}: a queue started after it was attached")
    checker.stop()
    other.kill()
    primary_goes_on(bench, pmd, devargs)


def test(bench):
    folder = mount(bench)
    for devargs in ("packed_vq=0", "packed_vq=1,in_order=0"):
        once(bench, folder, devargs)
        if bench.is_vnic:
            follows(bench, folder, devargs)
            restarts(bench, folder, devargs)
            inside(bench, folder, devargs)


run(test)
