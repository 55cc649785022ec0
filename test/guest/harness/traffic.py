# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Numbered, check-summed frames in at one end of the guest, out at the other.

Each frame is IPv4/UDP with, after the UDP header: magic, run, sequence number,
frame size, CRC-32 of the whole frame but the CRC itself. At most `window` frames
are under way in a direction, so a slow guest is waited for and not overrun.
"""

import os
import select
import struct
import time
import zlib

MAGIC = 0x564E4943
HEAD = struct.Struct("!IHIHI")  # magic, run, sequence, size, crc
HEAD_AT = 14 + 20 + 8
CRC_AT = HEAD_AT + HEAD.size - 4
MIN_FRAME = 64
MAX_FRAME = 1514
STALL_S = 8.0
PATTERN = os.urandom(1 << 15)


def spread_sizes(count, largest=MAX_FRAME):
    """64 bytes to the largest: the ends, then all between in a scattered order."""
    ends = [MIN_FRAME, largest, MIN_FRAME + 1, largest - 1]
    span = largest - MIN_FRAME + 1
    return (ends + [MIN_FRAME + i * 641 % span for i in range(4, count)])[:count]


class Flow:
    """One direction: frames put into `source` are to come out of `sink`. Several
    `flows` (UDP ports) spread over queues, so their order is not looked at."""

    def __init__(self, run, source, sink, sizes, flows=1):
        self.source, self.sink = source, sink
        self.run, self.sizes, self.flows = run, sizes, flows
        self.sent = 0
        self.good = 0
        self.damaged = 0
        self.twice = 0
        self.late = 0
        self._seen = bytearray(len(sizes))
        self._last = -1

    @property
    def done(self):
        return self.good + self.damaged >= len(self.sizes)

    @property
    def lost(self):
        return self.sent - self.good

    def frame(self, seq):
        size = self.sizes[seq]
        port = 1024 + seq % self.flows
        ether = b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"
        ipv4 = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, seq & 0xFFFF, 0, 64, 17,
                           0, bytes((198, 18, 0, 1)), bytes((198, 18, 0, 2)))
        udp = struct.pack("!HHHH", port, 9, size - 34, 0)
        at = seq * 7 % (len(PATTERN) // 2)
        body = PATTERN[at:at + size - CRC_AT - 4]
        head = HEAD.pack(MAGIC, self.run, seq, size, 0)[:-4]
        start = ether + ipv4 + udp + head
        crc = zlib.crc32(body, zlib.crc32(start))
        return start + struct.pack("!I", crc) + body

    def take(self, frame):
        """Judge a frame that came out; frames of other origin are passed over."""
        if len(frame) < CRC_AT + 4:
            return
        magic, run, seq, size, crc = HEAD.unpack_from(frame, HEAD_AT)
        if magic != MAGIC or run != self.run:
            return
        whole = zlib.crc32(frame[CRC_AT + 4:], zlib.crc32(frame[:CRC_AT]))
        if crc != whole or len(frame) != size or seq >= self.sent:
            self.damaged += 1
        elif self._seen[seq]:
            self.twice += 1
        else:
            self._seen[seq] = 1
            self.good += 1
            self.late += seq < self._last and self.flows == 1
            self._last = max(seq, self._last)

    def fill(self, window):
        while self.sent < len(self.sizes) and self.sent - self.good < window:
            self.source.send(self.frame(self.sent))
            self.sent += 1
        return self.source.flush()

    def verdict(self):
        """(as it should be?, text)"""
        clean = not (self.lost or self.damaged or self.twice or self.late)
        text = (f"sent {self.sent}, received {self.good}, lost {self.lost}, damaged "
                f"{self.damaged}, twice {self.twice}, out of order {self.late}")
        return clean and self.sent == len(self.sizes), text


def run(flows, window=128, linger=0.2, pump=lambda: None):
    """Run flows to their end or until nothing has moved for STALL_S. `pump` is
    called now and then, to take in what the guest says meanwhile."""
    moved = time.monotonic()
    sinks = {flow.sink: flow for flow in flows}
    while not all(flow.done for flow in flows):
        blocked = [flow.source for flow in flows if not flow.fill(window)]
        before = sum(flow.good for flow in flows)
        readable, _, _ = select.select(list(sinks), blocked, [], 0.2)
        for link in readable:
            for frame in link.receive():
                sinks[link].take(frame)
        if sum(flow.good for flow in flows) != before:
            moved = time.monotonic()
        elif time.monotonic() - moved > STALL_S:
            break
        pump()
    _drain(sinks, linger)


def _drain(sinks, seconds):
    """Frames that come after the last one expected would be duplicates."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for link in select.select(list(sinks), [], [], left)[0]:
            for frame in link.receive():
                sinks[link].take(frame)
