# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""test/nap in the guest: it forwards by receive interrupts, and sleeps."""

import re
import time

from . import traffic
from .scenarios import EVENT_S, RUN_IDS, check_features
from .testpmd import Program, eal_options

QUIET_S = 20


class Nap(Program):
    """A running nap, all functions of the guest."""

    prompt = r"nap> "
    name = "nap"

    def __init__(self, guest, queues=1, eal=()):
        super().__init__(guest, ["/opt/vnic/nap", *eal_options(guest, eal), "--",
                                 f"--queues={queues}"])

    def stats(self):
        return {name: int(value)
                for name, value in re.findall(r"(\w+)=(\d+)", self.run("stats"))}

    def link(self, port):
        return re.search(rf"port {port}: link (\w+)", self.run("link")).group(1)

    def restart(self):
        """Stop and start the ports; the mbufs that were free while they stood."""
        return int(re.search(r"free mbufs=(\d+)", self.run("restart", 40)).group(1))


def start(guest, queues=1, expect=(), **options):
    guest.bind()
    nap = Nap(guest, queues, **options)
    for port in range(len(guest.nics)):
        check_features(guest, port, expect, [])
    return nap


def asleep(guest, nap, label=""):
    """An idle lcore makes next to no rounds: one nap and those before it a second."""
    report = guest.report
    end = time.monotonic() + QUIET_S
    before = nap.stats()
    while True:
        nap.output(2)
        now = nap.stats()
        rounds = now["rounds"] - before["rounds"]
        naps = now["naps"] - before["naps"]
        # Each nap is after 64 empty rounds.
        quiet = naps <= 10 and rounds <= 64 * (naps + 1)
        if quiet or time.monotonic() > end:
            break
        before = now
    report.check(quiet, f"{label}without frames it sleeps: {rounds} rounds, {naps} naps",
                 f"{now}")
    return now


def receive_vectors(guest, port):
    """Interrupts of all vectors but the first, the configuration's."""
    return {name: count for name, count in guest.interrupts(port).items() if name != "msix0"}


def forward(guest, nap, count, queues=1, window=128, flows=1, largest=traffic.MAX_FRAME,
            label=""):
    """Frames both ways, none lost, and the lcore was woken by receive vectors."""
    report = guest.report
    before = nap.stats()
    taken = [guest.interrupts(port) for port in (0, 1)]
    ways = [traffic.Flow(next(RUN_IDS), guest.links[a], guest.links[b],
                         traffic.spread_sizes(count, largest), flows)
            for a, b in ((0, 1), (1, 0))]
    traffic.run(ways, window, pump=nap.pump)
    for a, way in enumerate(ways):
        good, text = way.verdict()
        report.check(good, f"{label}frames port {a} to {1 - a}: {text}")
    now = nap.stats()
    forwarded = now["forwarded"] - before["forwarded"]
    report.check(forwarded == 2 * count and now["dropped"] == before["dropped"],
                 f"{label}it forwarded {forwarded} frames", f"{before} became {now}")
    for port in (0, 1):
        rose = {name: times - taken[port].get(name, 0)
                for name, times in guest.interrupts(port).items()}
        config = rose.pop("msix0", 0)
        report.check(len(rose) == queues and sum(rose.values()) > 0 and config == 0,
                     f"{label}port {port}: woken by receive vectors {rose}, the "
                     "configuration's is quiet", f"configuration {config}")
    return {key: now[key] - before[key] for key in now}


def one_at_a_time(guest, nap, count, label=""):
    """Each frame alone, into a lcore that sleeps: each is a wake-up."""
    woken = 0
    for index in range(count):
        before = nap.stats()
        way = traffic.Flow(next(RUN_IDS), guest.links[index % 2], guest.links[1 - index % 2],
                           [100])
        traffic.run([way], 1, linger=0, pump=nap.pump)
        if not way.verdict()[0]:
            break
        woken += nap.stats()["wakes"] > before["wakes"]
    guest.report.check(woken == count, f"{label}each of {count} single frames woke it",
                       f"{woken} did; {way.verdict()[1]}")


def link_change(guest, nap, port):
    for up in (False, True):
        word = "up" if up else "down"
        nap.pump()
        guest.set_link(port, up)
        nap.wait_output(rf"port {port}: link state change event", EVENT_S)
        state = nap.link(port)
        guest.report.check(state == word, f"port {port}: event, link is {word}", state)


def finish(guest, nap):
    status, text = nap.quit()
    guest.report.check(status == 0, "nap ends with status 0", f"{status}: {text[-800:]}")
