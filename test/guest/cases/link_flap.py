# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The link goes down and up while frames are under way, again and again: QEMU drops
frames then, the driver loses, repeats and damages none, and says each change.

QEMU 7.2 counts the frames that it drops from a packed ring twice, so that the device
breaks down and asks for its reset; then the port is to come back by itself.
"""

import re
import time

from harness import Nic, scenarios, traffic

NICS = [Nic(), Nic(packed="on")]
HALF = 150
SETTLE_S = 10
EVENT = r"Port {}: link state change event"


def half(ways):
    """Frames of both directions, as many as QEMU takes at once."""
    for way in ways:
        sent = way.sent
        # Frames that were dropped are not waited for.
        while way.sent < sent + HALF:
            way.source.send(way.frame(way.sent))
            way.sent += 1
        way.source.flush()


def settle(ways, testpmd, seconds=0.3):
    """Take what comes out until nothing has come for so long."""
    quiet = time.monotonic() + seconds
    while time.monotonic() < quiet:
        good = sum(way.good for way in ways)
        for way in ways:
            way.source.flush()
            for frame in way.sink.receive():
                way.take(frame)
        testpmd.pump()
        if sum(way.good for way in ways) != good:
            quiet = time.monotonic() + seconds
        time.sleep(0.01)


def flap(guest, testpmd, port):
    """One round: frames, down, frames, up, frames; what came out in each part."""
    ways = [traffic.Flow(next(scenarios.RUN_IDS), guest.links[a], guest.links[1 - a],
                         traffic.spread_sizes(3 * HALF)) for a in (0, 1)]
    parts = []
    for up in (None, False, True):
        if up is not None:
            testpmd.output(0)
            guest.set_link(port, up)
        half(ways)
        if up is not None:
            testpmd.wait_output(EVENT.format(port), scenarios.EVENT_S)
        # Frames that wait for room flow on when the link is up.
        settle(ways, testpmd)
        parts.append(sum(way.good for way in ways))
    return ways, [parts[0], parts[1] - parts[0], parts[2] - parts[1]]


def wait_up(testpmd, port):
    end = time.monotonic() + SETTLE_S
    while testpmd.link(port) != "up" and time.monotonic() < end:
        time.sleep(0.1)
    return testpmd.link(port)


def flaps(guest, testpmd, port, rounds, strict):
    """`strict`: the device survives it, so that frames flow as soon as it is up."""
    report = guest.report
    totals = {"sent": 0, "good": 0, "damaged": 0, "twice": 0, "late": 0}
    sums = [0, 0, 0]
    for number in range(rounds):
        ways, parts = flap(guest, testpmd, port)
        for name in totals:
            totals[name] += sum(getattr(way, name) for way in ways)
        sums = [a + b for a, b in zip(sums, parts)]
        state = testpmd.link(port) if strict else wait_up(testpmd, port)
        if state != "up":
            report.check(False, f"port {port}, round {number}: link is up again", state)
    bad = totals["damaged"] + totals["twice"] + totals["late"]
    report.check(not bad, f"port {port}, {rounds} times down and up: {totals}")
    every = 2 * HALF * rounds
    report.check(sums[0] == every, f"{sums[0]} of {every} frames before the link went")
    report.check(sums[1] < every, f"{sums[1]} of {every} while it was down")
    if strict:
        report.check(sums[2] >= every * 9 // 10, f"{sums[2]} of {every} after it came")


def run(guest):
    report = guest.report
    testpmd = scenarios.start(guest)
    free = scenarios.restart_ports(testpmd)
    before = [testpmd.stats(port) for port in (0, 1)]
    flaps(guest, testpmd, 0, 8, strict=True)
    # Fewer than the resets in a row that a port tries.
    flaps(guest, testpmd, 1, 4, strict=False)
    resets = re.search(r"resets_needed: (\d+)", testpmd.run("show port xstats 1"))
    report.note(f"port 1 was reset {resets.group(1) if resets else 'no'} times")
    for port in (0, 1):
        now = testpmd.stats(port)
        errors = {key: now[key] - before[port][key]
                  for key in ("rx-errors", "tx-errors", "nombuf")}
        report.check(not any(errors.values()), f"port {port}: no errors", str(errors))
    scenarios.forward(guest, testpmd, count=1000, label="after it all: ")
    after = scenarios.restart_ports(testpmd)
    report.check(after == free, f"no mbuf leaked: {after} free", f"{free} before")
    scenarios.finish(guest, testpmd)
