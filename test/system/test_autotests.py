#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DPDK's own test program, dpdk-test, with a port of vnic: the autotests that take
a port from the command line, and those that make ports beside it."""

import os
import re
import shutil
import signal
import subprocess
import time

from harness.bench import Skip, Trouble, run, wait_until
from harness.checker import Checker

QUEUES = 4
TEST_S = 60
ROUNDS_S = 0.5
FRAMES = 2048  # what pmd_perf_autotest sends

#: Those that need no conversation. A port with one queue is not enough for the
#: first two: they expect a second one.
ALONE = ("event_eth_rx_adapter_autotest", "event_eth_rx_intr_adapter_autotest",
         "pcapng_autotest", "vdev_autotest",
         "link_bonding_rssconf_autotest", "ring_pmd_autotest", "event_eth_tx_adapter_autotest",
         "bitratestats_autotest", "latencystats_autotest", "ethdev_link_status",
         "telemetry_data_autotest")
#: Modes of pmd_perf_autotest: what it configures, what it measures.
MODES = (("vector", "rxtx"), ("full", "rxonly"), ("scalar", "txonly"))


class DpdkTest:
    """dpdk-test on one CPU with a port, and somebody on the other who sends back
    what comes."""

    count = 0

    def __init__(self, bench, devargs="", name=None):
        DpdkTest.count += 1
        self.bench = bench
        path = bench.socket(f"a{DpdkTest.count}")
        eal = ["--in-memory", "--single-file-segments", "-m", "64", "--file-prefix",
               f"{bench.prefix}-echo{DpdkTest.count}",
               "--vdev", f"net_vhost0,iface={path},queues={QUEUES}"]
        self.echo = Checker(bench, path, args=["--echo", "--segments", 0, "--desc", 1024],
                            queues=QUEUES, eal=eal)
        cpu = bench.cpus[0]
        # Its verdicts are wanted line by line, though they go to a file.
        self.command = [
            "stdbuf", "-oL", "dpdk-test", "--lcores", f"0@{cpu},1@{cpu}", "--no-pci", "--in-memory",
            "--single-file-segments", "-m", "256", "--file-prefix",
            f"{bench.prefix}-at{DpdkTest.count}", *(["-d", bench.plugin] if bench.plugin else []),
            "--vdev", f"{bench.vdev}0,path={path},queues={QUEUES}{devargs}"]
        self.log = f"{bench.folder}/autotest{DpdkTest.count}.log"
        env = dict(os.environ, **({"DPDK_TEST": name} if name else {}))
        with open(self.log, "wb") as log:
            self.child = bench.spawn(self.command, log, stdin=subprocess.PIPE, env=env)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def say(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def expect(self, pattern, seconds=TEST_S):
        """Wait until the pattern has come; returns what matched."""
        def found():
            return re.findall(pattern, self.text(), re.M)
        wait_until(lambda: found() or self.child.poll() is not None, seconds, 0.1)
        if not found():
            raise Trouble(f"dpdk-test: no {pattern!r} within {seconds} s: "
                          f"{' '.join(self.command)}\n{self.text()[-1500:]}")
        return found()[0]

    def end(self):
        """Its exit status; the echo ends too."""
        try:
            status = self.child.wait(TEST_S)
        except subprocess.TimeoutExpired:
            status = None
        self.bench.kill(self.child)
        self.echo.stop()
        return status


def alone(bench, name):
    test = DpdkTest(bench, name=name)
    status = test.end()
    text = test.text()
    bench.check(status == 0 and re.search("^Test OK$", text, re.M), f"{name}: Test OK",
                f"status {status}\n{text[-1500:]}")


def continuous(bench, devargs, mode, anchor):
    """Frames go round until it is told to stop."""
    what = f"pmd_perf_autotest{devargs}, {mode}, {anchor}"
    test = DpdkTest(bench, devargs)
    for line in ("set_rxtx_sc continuous", f"set_rxtx_mode {mode}", f"set_rxtx_anchor {anchor}",
                 "pmd_perf_autotest"):
        test.say(line)
    test.expect("^Test will stop after")
    time.sleep(ROUNDS_S)
    test.child.send_signal(signal.SIGUSR1)
    verdict = test.expect("^Test (?:OK|Failed|Skipped)")
    frames = int(test.expect(r"^(\d+) packet, \d+ drop"))
    bench.check(verdict == "Test OK" and frames > 0, f"{what}: Test OK",
                f"{frames} frames\n{test.text()[-1500:]}")
    test.say("quit")
    bench.check(test.end() == 0, f"{what}: dpdk-test ends")


def poll_after(bench, devargs):
    """All frames are sent before the first is received: none may be lost."""
    test = DpdkTest(bench, f",queue_size={FRAMES}{devargs}")
    test.say("set_rxtx_sc poll_after_xmit")
    test.say("pmd_perf_autotest")
    verdict = test.expect("^Test (?:OK|Failed|Skipped)")
    lost = test.expect(r"^(\d+) packets lost")
    bench.check(verdict == "Test OK" and lost == "0",
                f"pmd_perf_autotest{devargs}, polled after sending: Test OK, none of {FRAMES} lost",
                test.text()[-1500:])
    test.say("quit")
    bench.check(test.end() == 0, f"pmd_perf_autotest{devargs}: dpdk-test ends")


def test(bench):
    if shutil.which("dpdk-test") is None:
        raise Skip("dpdk-test is not installed: package dpdk-dev has it")
    bench.need_pages(384)
    for devargs in ("", ",packed_vq=1"):
        for mode, anchor in MODES:
            continuous(bench, devargs, mode, anchor)
    poll_after(bench, "")
    for name in ALONE:
        alone(bench, name)


run(test)
