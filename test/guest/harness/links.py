# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The outer ends of the guest's network devices: where frames go in and come out.

StreamLink speaks the framing of `-netdev stream` (a 32-bit big-endian length
before each frame) and loses nothing: when the guest posts no buffers, QEMU stops
reading. TapLink is for devices with several queue pairs, which only a tap gives.
"""

import fcntl
import os
import select
import socket
import struct

from .report import Skip, Trouble

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
IFF_MULTI_QUEUE = 0x0100
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCSIFMTU = 0x8922
IFF_UP = 0x1
ETH_P_ALL = 3
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
PACKET_OUTGOING = 4


def force_buffer(sock, size):
    """Set a socket's send buffer, above the system's limit where that is allowed."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, size)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


class StreamLink:
    """`buffer`: what QEMU's end holds before QEMU has to wait with sending."""

    def __init__(self, name, buffer=4 << 20):
        self.name = name
        self._in = bytearray()
        self._out = bytearray()
        self._peer, self._theirs = socket.socketpair(socket.AF_UNIX)
        force_buffer(self._theirs, buffer)
        self._peer.setblocking(False)
        self.fds = (self._theirs.fileno(),)
        self.netdev = (f"stream,id={name},server=off,"
                       f"addr.type=fd,addr.str={self.fds[0]}")

    def open(self):
        """QEMU has its end now."""
        self._theirs.close()

    def close(self):
        self._peer.close()
        self._theirs.close()

    def fileno(self):
        return self._peer.fileno()

    def send(self, frame):
        self._out += struct.pack("!I", len(frame)) + frame

    def flush(self):
        """Give QEMU what it takes now; True when nothing is left."""
        while self._out:
            try:
                sent = self._peer.send(self._out)
            except BlockingIOError:
                return False
            del self._out[:sent]
        return True

    def receive(self):
        """The frames that have come out of the guest since the last call."""
        try:
            data = self._peer.recv(1 << 18)
        except BlockingIOError:
            return []
        if not data:
            raise Trouble(f"QEMU closed {self.name}")
        self._in += data
        frames = []
        at = 0
        while len(self._in) - at >= 4:
            (size,) = struct.unpack_from("!I", self._in, at)
            if len(self._in) - at - 4 < size:
                break
            frames.append(bytes(self._in[at + 4:at + 4 + size]))
            at += 4 + size
        del self._in[:at]
        return frames


class TapLink:
    """A multi-queue tap in this process's own network namespace."""

    def __init__(self, name, queues):
        self.name = name
        self._sock = None
        self._pending = []
        self.fds = tuple(self._queue(name) for _ in range(queues))
        self.netdev = (f"tap,id={name},vhost=off,fds=" +
                       ":".join(str(fd) for fd in self.fds))

    @staticmethod
    def _queue(name):
        try:
            fd = os.open("/dev/net/tun", os.O_RDWR)
        except OSError as error:
            raise Skip(f"/dev/net/tun: {error.strerror}") from error
        flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE
        try:
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        except OSError as error:
            os.close(fd)
            raise Skip(f"no multi-queue tap here: {error.strerror}") from error
        os.set_blocking(fd, False)
        return fd

    def open(self):
        for fd in self.fds:
            os.close(fd)
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        name = self.name.encode()
        request = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sH22x", name, 0))
        (flags,) = struct.unpack_from("H", request, 16)
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        sock.bind((self.name, ETH_P_ALL))
        sock.setblocking(False)
        self._sock = sock

    def close(self):
        if self._sock:
            self._sock.close()

    def fileno(self):
        return self._sock.fileno()

    def send(self, frame):
        self._pending.append(frame)

    def flush(self):
        while self._pending:
            try:
                self._sock.send(self._pending[0])
            except (BlockingIOError, OSError):
                return False
            self._pending.pop(0)
        return True

    def receive(self):
        frames = []
        while len(frames) < 256 and select.select([self._sock], [], [], 0)[0]:
            frame, address = self._sock.recvfrom(65536)
            if address[2] != PACKET_OUTGOING:
                frames.append(frame)
        return frames
