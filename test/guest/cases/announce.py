# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""QEMU asks the guest to announce itself (announce-self): RARP, ARP and neighbour
advertisement come out while frames are forwarded, each request gets its ACK."""

import ipaddress
import time

from harness import Nic, scenarios

NICS = [Nic(), Nic()]
IP4 = ipaddress.IPv4Address("192.0.2.7").packed
IP6 = ipaddress.IPv6Address("2001:db8::7").packed
ROUNDS = 3
WAIT_S = 20
SKIP_PMD = {"net_virtio": "announces itself otherwise"}


def kind_of(frame, mac):
    """Which of the expected frames this is, or None."""
    if frame[6:12] != mac:
        return None
    if frame[12:14] == b"\x80\x35" and frame[20:22] == b"\0\3":
        return "RARP"
    if frame[12:14] == b"\x08\x06" and frame[28:32] == IP4 == frame[38:42]:
        return "ARP"
    if (frame[12:14] == b"\x86\xdd" and frame[54] == 136 and frame[62:78] == IP6
            and frame[80:86] == mac):
        return "neighbour advertisement"
    return None


def collect(guest, testpmd, port, seen, mac):
    testpmd.pump()
    for frame in guest.links[port].receive():
        kind = kind_of(frame, mac)
        if kind:
            seen[kind] = seen.get(kind, 0) + 1


def announce(guest, testpmd, port):
    """A request is seen as another only after the ACK of the one before. QEMU sends an
    RARP of its own for each."""
    mac = bytes.fromhex(f"525400766e{port:02x}")
    seen = {}
    guest.qmp.run("announce-self", initial=1000, max=3000, rounds=ROUNDS, step=1000)
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and (len(seen) < 3 or min(seen.values()) < ROUNDS
                                      or seen["RARP"] < 2 * ROUNDS):
        collect(guest, testpmd, port, seen, mac)
        time.sleep(0.02)
    for kind, times in (("RARP", 2 * ROUNDS), ("ARP", ROUNDS),
                        ("neighbour advertisement", ROUNDS)):
        guest.report.check(seen.get(kind, 0) == times,
                           f"port {port}: {times} times {kind}", f"{seen}")


def run(guest):
    testpmd = scenarios.start(
        guest, expect=["VIRTIO_NET_F_GUEST_ANNOUNCE", "VIRTIO_NET_F_CTRL_VQ"],
        devargs=",announce=[192.0.2.7,2001:db8::7]")
    scenarios.forward(guest, testpmd, count=500)
    announce(guest, testpmd, 0)
    text = testpmd.run("show port xstats 0")
    for name in ("announce_requests", "announce_acks"):
        guest.report.check(any(line.startswith(name + ":") and int(line.split()[1]) == ROUNDS
                               for line in text.splitlines()),
                           f"port 0: {name} is {ROUNDS}", text[-600:])
    for up in (False, True, False, True):
        guest.set_link(0, up)
    end = time.monotonic() + WAIT_S
    while testpmd.link(0) != "up" and time.monotonic() < end:
        time.sleep(0.1)
    guest.report.check(testpmd.link(0) == "up", "port 0: link is up after set_link off and on")
    scenarios.forward(guest, testpmd, count=500, label="after it all: ")
    scenarios.finish(guest, testpmd)
