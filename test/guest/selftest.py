#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Does the suite's judge of traffic see what it is there to see? No guest needed."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Report, traffic  # noqa: E402 (needs the path above)


class Wire:
    """A link whose other end gets what `spoil` makes of each frame."""

    def __init__(self, spoil):
        self.out = []
        self.spoil = spoil

    def send(self, frame):
        self.out += self.spoil(len(self.out), frame)

    def flush(self):
        return True


def flip(frame, at):
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:]


def judge(spoil, count=200, swap=False):
    wire = Wire(spoil)
    flow = traffic.Flow(1, wire, None, traffic.spread_sizes(count))
    flow.fill(count)
    frames = wire.out
    if swap:
        frames[5], frames[6] = frames[6], frames[5]
    for frame in frames:
        flow.take(frame)
    return flow


def main():
    report = Report()
    flow = judge(lambda n, frame: [frame])
    sizes = [len(frame) for frame in flow.source.out]
    report.check(flow.verdict()[0], "a clean wire is clean", flow.verdict()[1])
    report.check((min(sizes), max(sizes)) == (64, 1514) and len(set(sizes)) == 200,
                 "sizes go from 64 to 1514", f"{min(sizes)} to {max(sizes)}")
    flow = judge(lambda n, frame: [] if n == 7 else [frame], count=8)
    report.check(flow.lost == 1 and not flow.verdict()[0], "a lost frame is lost")
    flow = judge(lambda n, frame: [frame, frame] if n == 7 else [frame], count=8)
    report.check(flow.twice == 1 and not flow.verdict()[0], "a frame twice is seen")
    flow = judge(lambda n, frame: [frame], swap=True)
    report.check(flow.late == 1 and not flow.verdict()[0], "a wrong order is seen")
    flow = judge(lambda n, frame: [frame[:-1]] if n == 3 else [frame])
    report.check(flow.damaged == 1 and not flow.verdict()[0], "a short frame is damaged")
    flow = judge(lambda n, frame: [frame + b"\0"] if n == 3 else [frame])
    report.check(flow.damaged == 1 and not flow.verdict()[0], "a long frame is damaged")
    for at in (0, 30, traffic.CRC_AT, traffic.CRC_AT + 4, 63):
        flow = judge(lambda n, frame, at=at: [flip(frame, at)] if n == 3 else [frame])
        report.check(flow.lost == 1 and flow.damaged == 1 and not flow.verdict()[0],
                     f"a wrong bit in byte {at} is seen", flow.verdict()[1])
    print(f"selftest: {report.passed} ok, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
