# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Programs on a terminal of their own, by their prompt; of these dpdk-testpmd."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from .bench import Trouble

START_S = 60
COMMAND_S = 40
PAGES = ("--in-memory", "--single-file-segments")
#: What jumbo frames in mbufs of ordinary size take.
JUMBO = ("--max-pkt-len=9018", "--enable-scatter", "--tx-offloads=0x8000")


class Program:
    """A program on a terminal of its own; `label` names its log and its EAL."""

    prompt = None
    name = None

    def __init__(self, bench, label, back_end, eal, args):
        cpu = bench.cpus[-1 if back_end else 0]
        self.bench = bench
        self.text = ""
        self.prefix = f"{bench.prefix}-{label}"
        self.log = open(f"{bench.folder}/{label}.log", "wb")
        command = [self.name, "--lcores", f"0@{cpu},1@{cpu}", "--no-pci",
                   "--file-prefix", self.prefix, *eal]
        if bench.plugin and not back_end:
            command += ["-d", bench.plugin]
        command += ["--", *args]
        self.command_line = " ".join(command)
        self.master, slave = pty.openpty()
        # One row as long as any line: the line editor must not wrap.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 1000, 0, 0))
        self.child = bench.spawn(command, slave, stdin=slave, start_new_session=True)
        os.close(slave)
        bench.cleanups.append(self.close)

    def close(self):
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
            self.log.close()

    def pump(self, seconds):
        """Take what was printed, waiting so long for the first byte; False at
        the end of it."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.log.write(data)
        self.log.flush()
        self.text += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern, seconds):
        """Wait for `pattern` in what was printed since the last command."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.text)
            if match:
                return match
            alive = self.pump(0.2)
            if not alive or time.monotonic() > end:
                if re.search(pattern, self.text):
                    continue
                why = "still not there" if alive else f"{self.name} has ended"
                raise Trouble(f"waiting for {pattern!r}: {why}; the last lines:\n"
                              + "\n".join(self.text.splitlines()[-15:])
                              + f"\n{self.command_line}")

    def ready(self, seconds=START_S):
        """Wait for the first prompt; returns what was printed before it."""
        self.expect(self.prompt, seconds)
        return self.text

    def run(self, line, seconds=COMMAND_S):
        """One command; returns what it printed."""
        while select.select([self.master], [], [], 0)[0] and self.pump(0):
            pass
        self.text = ""
        os.write(self.master, line.encode() + b"\n")
        # The terminal echoes the line behind the prompt that is there, and an
        # event may be printed into the midst of it.
        self.expect(r"\n(?s:.*)" + self.prompt, seconds)
        return self.text

    def quit(self, seconds=COMMAND_S):
        """End it by its own command; returns its exit status."""
        try:
            os.write(self.master, b"quit\n")
        except OSError:
            pass
        return self.wait(seconds)

    def wait(self, seconds=COMMAND_S):
        """Its exit status; negative the signal that killed it."""
        end = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < end:
            self.pump(0.1)
        if self.child.poll() is None:
            self.bench.kill(self.child)
            raise Trouble(f"{self.name} does not end within {seconds} s")
        while select.select([self.master], [], [], 0)[0] and self.pump(0):
            pass
        self.bench.kill(self.child)
        return self.child.returncode


class Testpmd(Program):
    """A front end. `vdevs` are texts for --vdev, without the driver's name:
    "0,path=..."; `pages` the EAL flags of its memory. A `back_end` has
    other drivers, which `vdevs` name, and polls on the other CPU."""

    prompt = r"testpmd> "
    name = "dpdk-testpmd"

    def __init__(self, bench, vdevs, args=(), queues=1, desc=256, pages=PAGES,
                 name="pmd", megabytes=96, mbufs=4096, back_end=False):
        eal = [*pages]
        if "-m" not in pages:
            eal += ["-m", str(megabytes)]
        for vdev in vdevs:
            eal += ["--vdev", vdev if back_end else bench.vdev + vdev]
        super().__init__(bench, name, back_end, eal, [
            "-i", "--nb-cores=1", "--forward-mode=io", "--no-flush-rx",
            f"--total-num-mbufs={mbufs}", f"--rxq={queues}", f"--txq={queues}",
            f"--rxd={desc}", f"--txd={desc}", *args])

    # Answers, parsed

    def free_mbufs(self):
        """Mbufs in the pool, those in the lcores' caches included."""
        text = self.run("dump_mempool mb_pool_0")
        counts = re.findall(r"(?:common_pool_count|total_cache_count)=(\d+)", text)
        if len(counts) != 2:
            raise Trouble(f"no counts in testpmd's pool dump:\n{text}")
        return sum(int(count) for count in counts)

    def stats(self, port=0):
        text = self.run(f"show port stats {port}")
        return {name: int(value) for name, value in
                re.findall(r"([RT]X-\w+):\s*(\d+)", text)}

    def link(self, port=0):
        found = re.search(r"Link status: (\w+)", self.run(f"show port info {port}"))
        return found.group(1) if found else None


def try_testpmd(bench, eal, args=(), seconds=START_S):
    """Run testpmd with closed input to its end; returns (status, output)."""
    command = ["dpdk-testpmd", *eal, "--", "-i", *args]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"testpmd does not end within {seconds} s: {' '.join(command)}") from late
    return done.returncode, done.stdout.decode(errors="replace")
