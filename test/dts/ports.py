# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites port_control, port_stats, port_restart_config_persistency."""

import re

from . import frames

COUNT = 100
STATS_FRAME = 100


def hundred(bed, port, what):
    """In MAC forwarding mode, so the addresses change: all 100 come out."""
    sent = [frames.plain(bed.mac(port)) for _ in range(COUNT)]
    came = sum(len(items) for items in bed.through(port, sent))
    bed.check(came == COUNT, f"port {port}, {what}: {COUNT} frames are forwarded", f"{came} are")


def port_control(bed):
    """Ports started, stopped, started again, and closed for good."""
    bed.run("stop", "set fwd mac", "port start all", "start")
    for port in bed.ports:
        hundred(bed, port, "started")
    bed.run("stop")
    text = bed.run("port stop all")
    for port in bed.ports:
        state = bed.info(port, r"Link status: (\w+)")
        bed.check(state == "down", f"port {port} stopped: its link is down", text + state)
    text = bed.run("port start all", "start")
    for port in bed.ports:
        state = bed.info(port, r"Link status: (\w+)")
        bed.check(state == "up", f"port {port} started again: its link is up", text + state)
        hundred(bed, port, "started again")


def port_close(bed):
    """The last of a testpmd's suites: nothing is left."""
    bed.run("stop", "port stop all")
    text = bed.run("port close all")
    left = re.search(r"Number of available ports: (\d+)", bed.run("show port summary all"))
    bed.check(left and left.group(1) == "0", "ports closed: testpmd has none",
              text + (left.group(0) if left else ""))


def counters(bed, port):
    text = bed.run(f"show port stats {port}")
    return {name: int(value) for name, value in re.findall(r"([RT]X-\w+):\s*(\d+)", text)}


def port_stats(bed):
    """One frame of known size: counters rise by one frame and its bytes."""
    for port in bed.ports:
        bed.through(port, [])
        bed.run("clear port stats all")
        zero = counters(bed, port)
        bed.check(not any(zero.values()), f"port {port}: counters are 0 after clear", str(zero))
        frame = frames.plain(bed.mac(port), STATS_FRAME)
        bed.through(port, [frame])
        size = STATS_FRAME + frames.MIN_FRAME
        told = {**{f"in {k}": v for k, v in counters(bed, port).items()},
                **{f"out {k}": v for k, v in counters(bed, 1 - port).items()}}
        wanted = {"in RX-packets": 2, "in RX-bytes": size, "in TX-packets": 0,
                  "out TX-packets": 2, "out TX-bytes": size, "out RX-packets": 0}
        wanted.update({f"{side} {name}": 0 for side in ("in", "out")
                       for name in ("RX-missed", "RX-errors", "RX-nombuf", "TX-errors")})
        bed.check(all(told.get(name) == value for name, value in wanted.items()),
                  f"port {port}: one frame of {STATS_FRAME} bytes (and the broadcast of "
                  f"{frames.MIN_FRAME}) is counted, no byte more", str(told))


def settings_of(bed, port):
    """Port info without what may change by itself."""
    text = bed.run(f"show port info {port}")
    return [line for line in text.splitlines()
            if not line.startswith(("Memory", "testpmd>", "show port"))]


def restart_keeps(bed):
    """MTU, addresses and modes are as they were after a stop and a start."""
    bed.run("stop")
    for port in bed.ports:
        own = bed.mac(port)
        bed.run(f"port stop {port}", f"port config mtu {port} 1400", f"port start {port}")
        same_after_restart(bed, port, "MTU 1400")
        for on in (False, True):
            bed.run(f"set promisc {port} {'on' if on else 'off'}")
            same_after_restart(bed, port, f"promiscuous mode {'on' if on else 'off'}")
        text = bed.run(f"mac_addr set {port} 02:00:00:00:00:77")
        if bed.check(bed.mac(port) == "02:00:00:00:00:77", f"port {port}: its address is changed",
                     text):
            same_after_restart(bed, port, "another MAC address")
        bed.run(f"mac_addr set {port} {own}", f"port stop {port}",
                f"port config mtu {port} 1500", f"port start {port}")
    bed.run("start")


def same_after_restart(bed, port, what):
    before = settings_of(bed, port)
    bed.run(f"port stop {port}", f"port start {port}")
    after = settings_of(bed, port)
    bed.check(before == after, f"port {port}: {what} outlives a restart",
              str(sorted(set(before) ^ set(after))))
