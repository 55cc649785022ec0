# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A guest's serial line: text out, text in, every wait with a deadline."""

import re
import select
import socket
import time

from .report import Trouble


class Console:
    """One serial line of the guest; all that it says goes to a log file too."""

    def __init__(self, name, path, log_path, alive):
        self.name = name
        self.text = ""
        self._alive = alive
        self._log = open(log_path, "wb")
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.connect(path)
        self._sock.setblocking(False)

    def close(self):
        self._sock.close()
        self._log.close()

    def fileno(self):
        return self._sock.fileno()

    def pump(self, timeout=0.0):
        """Take in what the guest has said; wait up to `timeout` for something."""
        if not select.select([self._sock], [], [], timeout)[0]:
            return
        data = self._sock.recv(65536)
        if not data:
            raise Trouble(f"the guest's {self.name} line closed (QEMU ended?)")
        self._log.write(data)
        self._log.flush()
        self.text += data.decode("utf-8", "replace").replace("\r", "")

    def send(self, line):
        """Type a line."""
        self._sock.sendall(line.encode() + b"\n")

    def expect(self, pattern, timeout, what=None):
        """Wait for a regular expression; consume and return the match and the
        text up to its end."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text, re.M)
            if match:
                before = self.text[:match.end()]
                self.text = self.text[match.end():]
                return match, before
            left = deadline - time.monotonic()
            if left <= 0:
                tail = self.text[-1500:].strip()
                raise Trouble(f"no {what or pattern!r} on {self.name} within "
                              f"{timeout:.0f} s; it said:\n{tail}")
            if not self._alive():
                raise Trouble(f"QEMU ended while waiting for {what or pattern!r}")
            self.pump(min(left, 0.2))


class Shell(Console):
    """A serial line with the guest's agent: runs shell commands."""

    def ready(self, timeout):
        self.expect(r"@@ready@@\n", timeout, "agent")

    def start(self, command):
        """Start a command without waiting for its end (see finish)."""
        self.send(command)

    def finish(self, timeout):
        """Wait for the end of a started command: (status, output)."""
        match, text = self.expect(r"@@(\d+)@@\n", timeout, "end of the command")
        return int(match.group(1)), text[:text.rfind("@@" + match.group(1))]

    def run(self, command, timeout=20):
        """Run a command that must succeed and return its output."""
        self.start(command)
        status, text = self.finish(timeout)
        if status != 0:
            raise Trouble(f"in the guest, `{command}` gave {status}: {text.strip()}")
        return text
