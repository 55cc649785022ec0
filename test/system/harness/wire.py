# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""frame_wire: frames of this process's own making in and out of back-end ports."""

import select
import socket
import subprocess
import time

from .bench import Trouble, is_socket, wait_until

START_S = 30
LARGEST = 1 << 16


class Wire:
    """A back end with a port for each of `paths`, on the other CPU. `vhost` is
    added to net_vhost's arguments."""

    count = 0

    def __init__(self, bench, program, paths, queues=1, vhost=""):
        Wire.count += 1
        self.bench = bench
        self.path = f"{bench.folder}/wire{Wire.count}.log"
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in paths]
        self.ends = [mine for mine, _ in pairs]
        theirs = [other for _, other in pairs]
        command = [program, "--lcores", f"0@{bench.cpus[-1]}", "--no-pci", "--in-memory",
                   "--single-file-segments", "-m", "64",
                   "--file-prefix", f"{bench.prefix}-wire{Wire.count}"]
        for index, path in enumerate(paths):
            command += ["--vdev", f"net_vhost{index},iface={path},queues={queues}{vhost}"]
        command += ["--", str(queues), *(str(end.fileno()) for end in theirs)]
        with open(self.path, "wb") as log:
            self.child = bench.spawn(command, log, stdin=subprocess.DEVNULL,
                                     pass_fds=[end.fileno() for end in theirs])
        for end in theirs:
            end.close()
        for end in self.ends:
            end.setblocking(False)
        if not wait_until(lambda: self.ready(paths) or self.child.poll() is not None,
                          START_S) or not self.ready(paths):
            raise Trouble(f"frame_wire does not start: {' '.join(command)}\n{self.text()[-800:]}")

    def text(self):
        with open(self.path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def ready(self, paths):
        return "\nready\n" in self.text() and all(map(is_socket, paths))

    def put(self, port, data, queue=0):
        end = self.ends[port]
        select.select([], [end], [], START_S)
        try:
            end.send(bytes([queue]) + data)
        except OSError as error:
            raise Trouble(f"frame_wire takes no frame: {error}\n{self.text()[-800:]}") from error

    def get(self, port, seconds):
        """What has come out of the port, waiting so long for the first frame:
        a list of (queue, bytes)."""
        end, got = self.ends[port], []
        deadline = time.monotonic() + seconds
        while select.select([end], [], [], max(deadline - time.monotonic(), 0))[0]:
            message = end.recv(LARGEST)
            if not message:
                raise Trouble(f"frame_wire has ended\n{self.text()[-800:]}")
            got.append((message[0], message[1:]))
            deadline = 0
        return got

    def close(self):
        for end in self.ends:
            end.close()
        self.bench.kill(self.child)
