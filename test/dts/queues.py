# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites queue_start_stop and dynamic_queue_conf: single queues stopped, started,
deferred and set up anew while the port runs."""

import re

from . import frames

COUNT = 64
#: DTS takes 512 and 256; QEMU's rings have 256 entries unless it is told.
RINGS = (128, 256)
STATE = {True: "Started", False: "Stopped"}


def possible(bed, port):
    """Can one queue be taken from the device? A vhost-user back end gives a ring
    back by the protocol, a PCI function by RING_RESET."""
    return bed.gives_rings_back or bed.has(port, "RING_RESET")


def state(bed, port, way, queue):
    text = bed.run(f"show {way} info {port} {queue}")
    found = re.search(r"[RT]x queue state: (\w+)", text)
    return found.group(1) if found else text


def is_now(bed, port, way, queue, running, said=""):
    now = state(bed, port, way, queue)
    bed.check(now.lower() == STATE[running].lower(),
              f"port {port}: {way} {queue} is {STATE[running].lower()}", f"{now} {said}")


def silent(bed, port, what):
    sent = [frames.plain(bed.mac(port)) for _ in range(4)]
    bed.check(bed.silent(port, sent), f"port {port}: no frame comes through, {what}")


def flows(bed, port, what):
    bed.check(bed.passes(port, frames.plain(bed.mac(port))),
              f"port {port}: frames come through, {what}")


def queue_start_stop(bed):
    """The only queue of a way is stopped and started, at once and by deferral.
    Frames go into `port`: its receive queue and the other's transmit queue."""
    for port in bed.ports:
        for where, way in ((port, "rxq"), (1 - port, "txq")):
            if not possible(bed, where):
                refused(bed, where, way)
                continue
            stop_and_start(bed, port, where, way)
            deferred(bed, port, where, way)


def refused(bed, port, way):
    bed.run("stop")
    text = bed.run(f"port {port} {way} 0 stop")
    bed.run("start")
    bed.check("RING_RESET" in text, f"port {port}: {way} is not stopped alone, RING_RESET named",
              text)
    flows(bed, port, "as before")


def stop_and_start(bed, port, where, way):
    said = bed.run("stop", f"port {where} {way} 0 stop", "start")
    is_now(bed, where, way, 0, False, said)
    silent(bed, port, f"{way} of port {where} is stopped")
    said = bed.run("stop", f"port {where} {way} 0 start", "start")
    is_now(bed, where, way, 0, True, said)
    flows(bed, port, f"{way} of port {where} is started")


def deferred(bed, port, where, way):
    said = bed.run("stop", f"port stop {where}", f"port {where} {way} 0 deferred_start on",
                   f"port start {where}", "start")
    is_now(bed, where, way, 0, False, said)
    silent(bed, port, f"{way} of port {where} is deferred")
    said = bed.run("stop", f"port {where} {way} 0 start", "start")
    is_now(bed, where, way, 0, True, said)
    flows(bed, port, f"deferred {way} of port {where} is started")
    bed.run("stop", f"port stop {where}", f"port {where} {way} 0 deferred_start off")
    is_now(bed, where, way, 0, False)
    bed.run(f"port start {where}", "start")
    is_now(bed, where, way, 0, True)
    flows(bed, port, "nothing is deferred")


def streams(bed, port, queues):
    """Many flows into a port: frames received by each of its queues."""
    bed.run("stop", "start")
    mac = bed.mac(port)
    sent = [frames.ip_frame(mac, frames.UDP, ports=(1024 + i, 9)) for i in range(COUNT)]
    bed.burst(port, sent, queue_of=lambda i: i % queues)
    text = bed.run("stop")
    bed.run("start")
    pattern = rf"(RX|TX) Port=\s*(\d+)/Queue=\s*(\d+)"
    counts = {}
    for block in re.split(r"-{3,} *Forward Stats for ", text)[1:]:
        way, where, queue = re.match(pattern, block).groups()
        received = re.search(r"RX-packets:\s*(\d+)", block)
        if way == "RX" and int(where) == port and received:
            counts[int(queue)] = int(received.group(1))
    return counts


def dynamic_queue_conf(bed, queues=4):
    """Some of several queues are stopped: the others go on. A stopped queue takes
    another size, and works again."""
    changed = list(range(1, queues, 2))
    for port in bed.ports:
        before = streams(bed, port, queues)
        bed.check(all(before.get(queue, 0) > 0 for queue in range(queues)),
                  f"port {port}: all {queues} queues receive", str(before))
        if not possible(bed, port):
            continue
        said = bed.run("stop", *(f"port {port} rxq {queue} stop" for queue in changed), "start")
        counts = streams(bed, port, queues)
        bed.check(all((counts.get(queue, 0) > 0) == (queue not in changed)
                      for queue in range(queues)),
                  f"port {port}: queues {changed} are stopped, the others receive",
                  f"{counts} {said[-300:]}")
        resized(bed, port, "rxq", changed)
        after = streams(bed, port, queues)
        bed.check(all(after.get(queue, 0) > 0 for queue in range(queues)),
                  f"port {port}: all queues receive again", str(after))
        bed.run("stop", *(f"port {port} txq {queue} stop" for queue in changed))
        resized(bed, port, "txq", changed)
        bed.run("start")
        out = streams(bed, 1 - port, queues)
        bed.check(all(out.get(queue, 0) > 0 for queue in range(queues)),
                  f"port {port}: all queues are in use after their rings changed", str(out))


def resized(bed, port, way, changed):
    """Rings of stopped queues get another size, then the queues start."""
    word = "RXDs" if way == "rxq" else "TXDs"
    for queue in changed:
        text = bed.run(f"show {way} info {port} {queue}")
        old = int(re.search(rf"Number of {word}: (\d+)", text).group(1))
        new = RINGS[0] if old != RINGS[0] else RINGS[1]
        said = bed.run("stop", f"port config {port} {way} {queue} ring_size {new}",
                       f"port {port} {way} {queue} setup")
        now = bed.run(f"show {way} info {port} {queue}")
        bed.check(f"Number of {word}: {new}" in now,
                  f"port {port}: {way} {queue} has a ring of {new}", said + now)
        said = bed.run(f"port {port} {way} {queue} start", "start")
        is_now(bed, port, way, queue, True, said)
