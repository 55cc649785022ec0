# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""QEMU's monitor: commands in, events kept."""

import json
import select
import socket
import time

from .report import Trouble


class Qmp:
    def __init__(self, path):
        self.events = []
        self._buffer = b""
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(20)
        self._sock.connect(path)
        self._message(20)
        self.run("qmp_capabilities")

    def close(self):
        self._sock.close()

    def _message(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._sock], [], [], left)[0]:
                raise Trouble(f"QEMU's monitor did not answer within {timeout} s")
            data = self._sock.recv(65536)
            if not data:
                raise Trouble("QEMU closed its monitor")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def run(self, command, timeout=20, literal=None, **arguments):
        """Run a command (underscores in argument names stand for dashes, but
        not in those of `literal`)."""
        request = {"execute": command}
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()} | (literal or {})
        if arguments:
            request["arguments"] = arguments
        self._sock.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self._message(timeout)
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise Trouble(f"QEMU refused {command}: {message['error']['desc']}")
            else:
                return message["return"]

    def wait_event(self, name, timeout):
        """Wait for an event by name and return its data."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("data", {})
            message = self._message(max(0.0, deadline - time.monotonic()))
            if "event" in message:
                self.events.append(message)
