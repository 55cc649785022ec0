# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Programs in the guest, by their prompt; of these dpdk-testpmd."""

import re

from .report import Trouble

START_S = 60
COMMAND_S = 20


class Program:
    """A program with a prompt on the guest's second line."""

    prompt = None
    name = None

    def __init__(self, guest, command):
        self._line = guest.pmd_line
        self._line.text = ""
        self._line.start(" ".join(command))
        self.banner = self._prompt(START_S)

    def _prompt(self, timeout):
        match, text = self._line.expect(self.prompt + r"|@@(\d+)@@\n", timeout,
                                        f"prompt of {self.name}")
        if match.group(1) is not None:
            tail = "\n".join(text.strip().splitlines()[-15:])
            raise Trouble(f"{self.name} ended with status {match.group(1)}:\n{tail}")
        return text

    def run(self, command, timeout=COMMAND_S):
        """Run a command of the program and return what it printed."""
        self._line.pump()
        self._line.text = ""
        self._line.send(command)
        # The line is echoed after the prompt that is already there.
        return self._prompt(timeout)

    def wait_output(self, pattern, timeout):
        """Wait for text that is printed unasked, such as an event."""
        return self._line.expect(pattern, timeout)[0]

    def said(self, pattern):
        """Has this been printed since the last command?"""
        self._line.pump()
        return re.search(pattern, self._line.text)

    def output(self, wait=0.2):
        """What was printed since the last command; `wait` so long for more."""
        self._line.pump(wait)
        return self._line.text

    def pump(self):
        self._line.pump()

    def quit(self):
        """End the program; returns (status, what it said)."""
        self._line.text = ""
        self._line.send("quit")
        return self._line.finish(START_S)

    def kill(self, guest):
        """End it without warning, as a crash would."""
        guest.shell.run(f"killall -9 {self.name}")
        self._line.finish(COMMAND_S)


def eal_options(guest, eal=(), devargs=""):
    """The plug-in, the addresses, and those of `eal`."""
    plugin = ([] if guest.settings.pmd == "net_virtio"
              else ["-d", "/opt/vnic/librte_net_vnic.so"])
    options = ["-l", "0-1", "-m", "160", *plugin]
    if not any(option.startswith("--iova-mode") for option in eal):
        options.append("--iova-mode=va")
    options += list(eal)
    for address in guest.addresses:
        options += ["-a", address + devargs]
    return options


class Testpmd(Program):
    """A running testpmd. `eal` and `args` are added to its two argument lists;
    `devargs` is added to each port's address (",key=value")."""

    prompt = r"testpmd> "
    name = "dpdk-testpmd"

    def __init__(self, guest, eal=(), args=(), devargs="", queues=1):
        super().__init__(guest, [
            self.name, *eal_options(guest, eal, devargs), "--", "-i", "--forward-mode=io",
            "--nb-cores=1", f"--rxq={queues}", f"--txq={queues}",
            "--total-num-mbufs=8192", *args])

    # Answers of testpmd, parsed

    def driver(self, port):
        return self._field(port, r"Driver name: (\S+)")

    def link(self, port):
        return self._field(port, r"Link status: (\w+)")

    def _field(self, port, pattern):
        text = self.run(f"show port info {port}")
        match = re.search(pattern, text)
        if not match:
            raise Trouble(f"no {pattern!r} in testpmd's port info:\n{text}")
        return match.group(1)

    def stats(self, port):
        """rx, tx, missed, rx-errors, tx-errors, nombuf of a port."""
        text = self.run(f"show port stats {port}")
        names = {"rx": "RX-packets", "tx": "TX-packets", "missed": "RX-missed",
                 "rx-errors": "RX-errors", "tx-errors": "TX-errors",
                 "nombuf": "RX-nombuf"}
        return {key: int(re.search(name + r":\s*(\d+)", text).group(1))
                for key, name in names.items()}

    def stream_packets(self):
        """Packets received by each (port, queue) stream since `start`."""
        text = self.run("show fwd stats all")
        return {(int(port), int(queue)): int(count) for port, queue, count in re.findall(
            r"RX Port=\s*(\d+)/Queue=\s*(\d+).*?RX-packets:\s*(\d+)", text, re.S)}

    def free_mbufs(self):
        """Mbufs in testpmd's pool, those in the lcores' caches included."""
        text = self.run("dump_mempool mb_pool_0")
        counts = re.findall(r"(?:common_pool_count|total_cache_count)=(\d+)", text)
        if len(counts) != 2:
            raise Trouble(f"no counts in testpmd's pool dump:\n{text}")
        return sum(int(count) for count in counts)
