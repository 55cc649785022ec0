# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The bed that a suite is run on: two ports of testpmd, and the other end of each."""

import re
import time

from . import frames

PASS_S = 10.0


class BedTrouble(Exception):
    """The suite cannot go on; the text says what happened."""


class Bed:
    """What runs it gives it: `pmd`, testpmd's prompt with run(line); `report` with
    check(good, what, detail); `features(port)`, the names of what the device
    offers; put(port, bytes, queue) and get(port, seconds), a list of
    (queue, bytes) that came out; heard(), what testpmd has printed since the last
    command; launch(args, queues)."""

    ports = (0, 1)
    pmd = None
    report = None
    label = ""
    #: A queue can be taken from the device, though it offers no RING_RESET.
    gives_rings_back = False
    #: Bytes of key and entries of table of a device with RSS.
    rss_sizes = None

    def put(self, port, data, queue=0):
        raise NotImplementedError

    def get(self, port, seconds):
        raise NotImplementedError

    def features(self, port):
        raise NotImplementedError

    def heard(self):
        raise NotImplementedError

    def launch(self, args=(), queues=1):
        """Start testpmd on both ports, or start it again in another way."""
        raise NotImplementedError

    # Words of the suites

    def check(self, good, what, detail=""):
        return self.report.check(good, f"{self.label}: {what}", detail)

    def run(self, *lines):
        """Commands of testpmd; returns all that they print."""
        return "".join(self.pmd.run(line) for line in lines)

    def has(self, port, *names):
        return set(names) <= self.features(port)

    def info(self, port, pattern):
        """A field of `show port info`."""
        text = self.run(f"show port info {port}")
        found = re.search(pattern, text)
        if not found:
            raise BedTrouble(f"no {pattern!r} in testpmd's port info:\n{text}")
        return found.group(1)

    def mac(self, port):
        return self.info(port, r"MAC address: (\S+)").lower()

    def through(self, port, sent, queue=0, last=True):
        """Put frames in at `port` and take what comes out of the other port until
        a broadcast frame sent after them is through (order is kept, so what is
        not there by then was dropped). Returns for each frame the list of
        (queue, bytes) that carry its token."""
        out = 1 - port
        end = frames.plain(frames.BROADCAST)
        for frame in [*sent, end]:
            self.put(port, frame.bytes, queue)
        got, deadline = [], time.monotonic() + PASS_S
        while not any(end.token in data for _, data in got):
            if time.monotonic() > deadline:
                raise BedTrouble(f"{self.label}: a broadcast frame into port {port} does not "
                                 f"come out of port {out} within {PASS_S:.0f} s "
                                 f"({len(got)} others did)")
            got += self.get(out, 0.2)
        return [[item for item in got if frame.token in item[1]] for frame in sent]

    def next_burst(self, port):
        """A change under traffic holds from the next burst on: let one end."""
        self.through(port, [])

    def passes(self, port, frame, unchanged=True):
        """Does it come out once, and as it was?"""
        came = self.through(port, [frame])[0]
        return len(came) == 1 and (not unchanged or came[0][1] == frame.bytes)

    def silent(self, port, sent, seconds=0.6, queue=0):
        """Put frames in and look for so long: does none come out?"""
        for frame in sent:
            self.put(port, frame.bytes, queue)
        deadline = time.monotonic() + seconds
        tokens = [frame.token for frame in sent]
        while time.monotonic() < deadline:
            for _, data in self.get(1 - port, 0.1):
                if any(token in data for token in tokens):
                    return False
        return True

    def burst(self, port, sent, queue_of=lambda i: 0, seconds=PASS_S):
        """Put many frames in, take what comes out until all are there or nothing
        more comes; returns the list of (queue, bytes)."""
        tokens = {frame.token for frame in sent}
        got, quiet = [], time.monotonic() + seconds
        for i, frame in enumerate(sent):
            self.put(port, frame.bytes, queue_of(i))
        while len(got) < len(sent) and time.monotonic() < quiet:
            more = [item for item in self.get(1 - port, 0.2)
                    if any(token in item[1] for token in tokens)]
            got += more
            if more:
                quiet = time.monotonic() + 1.0
        return got
