# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""frame_check: sends frames that prove themselves and judges their return."""

import os
import re
import signal
import subprocess
import time

from .bench import Trouble, is_socket, wait_until

START_S = 30


class Checker:
    """A back end on the other CPU. `vhost` is added to net_vhost's arguments,
    `args` to frame_check's."""

    count = 0

    def __init__(self, bench, path, args=(), queues=1, vhost="", eal=None, cpu=None):
        Checker.count += 1
        self.bench = bench
        self.path = f"{bench.folder}/check{Checker.count}.log"
        if eal is None:
            eal = ["--in-memory", "--single-file-segments", "-m", "64",
                   "--file-prefix", f"{bench.prefix}-check{Checker.count}",
                   "--vdev", f"net_vhost0,iface={path},queues={queues}{vhost}"]
        command = [bench.checker, "--lcores", f"0@{bench.cpus[-1] if cpu is None else cpu}",
                   "--no-pci", *eal, "--", f"--queues={queues}", *map(str, args)]
        self.command_line = " ".join(command)
        # One that was killed leaves its socket, and net_vhost does not take it over.
        if "client=1" not in vhost and path and is_socket(path):
            os.unlink(path)
        with open(self.path, "wb") as log:
            self.child = bench.spawn(command, log, stdin=subprocess.DEVNULL)
        self.wait_for("ready", lambda: "\nready\n" in self.text())
        if "client=1" not in vhost and path:
            self.wait_for("socket", lambda: is_socket(path))

    def text(self):
        with open(self.path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def last_words(self):
        lines = [line for line in self.text().splitlines()
                 if not line.startswith(("VHOST_", "EAL:", "received "))]
        return "\n".join(lines[-8:])

    def wait_for(self, what, condition, seconds=START_S):
        if not wait_until(lambda: condition() or self.child.poll() is not None, seconds) \
                or not condition():
            raise Trouble(f"frame_check shows no {what}: {self.command_line}\n"
                          f"{self.last_words()}")

    def received(self):
        """Frames that came back, as told a few times a second."""
        told = re.findall(r"^received (\d+)$", self.text(), re.M)
        return int(told[-1]) if told else 0

    def wait_flow(self, more=1000, seconds=START_S):
        """Seconds until so many more frames are back; None if they never are."""
        start = time.monotonic()
        goal = self.received() + more
        reached = wait_until(lambda: self.received() >= goal or
                             self.child.poll() is not None, seconds)
        return time.monotonic() - start if reached and self.received() >= goal else None

    def finish(self, seconds=60):
        """Wait for its end; returns (status, counts of all queues summed)."""
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.bench.kill(self.child)
            raise Trouble(f"frame_check does not end within {seconds} s: "
                          f"{self.command_line}\n{self.last_words()}") from late
        return status, self.counts()

    def counts(self):
        sums = {}
        for line in re.findall(r"^(?:ok|FAIL) queue \d+: (.*)$", self.text(), re.M):
            for name, value in re.findall(r"(\w+)=(\d+)", line):
                sums[name] = sums.get(name, 0) + int(value)
        return sums

    def stop(self):
        """Ask it to end; returns as finish() does."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        return self.finish()

    def kill(self):
        self.bench.kill(self.child)
