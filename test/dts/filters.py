# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites promisc, mac_filter, dynamic_config: which frames a port hears. A device
that does not offer CTRL_RX passes every frame, whatever it is asked for."""

from . import frames

FOREIGN = "02:00:00:00:00:01"
GROUP = "01:00:5e:00:00:05"
ALL_HOSTS = "01:00:5e:00:00:01"


def hears(bed, port, dst, expected, what):
    """A frame to `dst` is heard, or not; always where the device has no filter."""
    filters = bed.has(port, "CTRL_RX")
    came = bed.passes(port, frames.plain(dst))
    wanted = expected or not filters
    note = "" if filters or expected else " (the device offers no CTRL_RX)"
    bed.check(came == wanted,
              f"port {port}: {what} {'comes in' if wanted else 'is filtered out'}{note}",
              "it is dropped" if wanted else "it is received")


def mode(bed, port, what, on):
    text = bed.run(f"set {what} {port} {'on' if on else 'off'}")
    name = {"promisc": "Promiscuous", "allmulti": "Allmulticast"}[what]
    state = bed.info(port, rf"{name} mode: (\w+)")
    bed.check(state == ("enabled" if on else "disabled"),
              f"port {port}: {name.lower()} mode is {'on' if on else 'off'}", text)


def promisc(bed):
    """A frame to somebody else is heard in promiscuous mode only."""
    for port in bed.ports:
        mode(bed, port, "promisc", True)
        hears(bed, port, FOREIGN, True, "promiscuous, a foreign frame")
        mode(bed, port, "promisc", False)
        hears(bed, port, FOREIGN, False, "not promiscuous, a foreign frame")
        mode(bed, port, "promisc", True)
        hears(bed, port, FOREIGN, True, "promiscuous again, a foreign frame")


def dynamic_config(bed):
    """Modes changed while frames flow: own, foreign, broadcast, multicast."""
    for port in bed.ports:
        own = bed.mac(port)
        mode(bed, port, "promisc", True)
        hears(bed, port, own, True, "promiscuous, its own address")
        mode(bed, port, "promisc", False)
        hears(bed, port, own, True, "not promiscuous, its own address")
        hears(bed, port, FOREIGN, False, "not promiscuous, a foreign address")
        hears(bed, port, frames.BROADCAST, True, "not promiscuous, broadcast")
        mode(bed, port, "allmulti", False)
        hears(bed, port, ALL_HOSTS, False, "no multicast mode, multicast")
        mode(bed, port, "allmulti", True)
        hears(bed, port, ALL_HOSTS, True, "all-multicast, multicast")
        mode(bed, port, "allmulti", False)
        mode(bed, port, "promisc", True)


def mac_filter(bed):
    """Addresses added and removed; bad ones, the port's own, and too many."""
    for port in bed.ports:
        mode(bed, port, "promisc", False)
        add_and_remove(bed, port)
        multicast_group(bed, port)
        bad_addresses(bed, port)
        full_table(bed, port)
        mode(bed, port, "promisc", True)


def add_and_remove(bed, port):
    hears(bed, port, bed.mac(port), True, "its own address")
    hears(bed, port, FOREIGN, False, "another address")
    text = bed.run(f"mac_addr add {port} {FOREIGN}")
    bed.check("error" not in text, f"port {port}: an address is added", text)
    hears(bed, port, FOREIGN, True, "the address added")
    text = bed.run(f"mac_addr remove {port} {FOREIGN}")
    bed.check("error" not in text, f"port {port}: it is removed", text)
    hears(bed, port, FOREIGN, False, "the address removed")


def multicast_group(bed, port):
    hears(bed, port, GROUP, False, "a group not joined")
    bed.run(f"mcast_addr add {port} {GROUP}")
    hears(bed, port, GROUP, True, "a group joined")
    bed.run(f"mcast_addr remove {port} {GROUP}")
    hears(bed, port, GROUP, False, "a group left")


def bad_addresses(bed, port):
    own = bed.mac(port)
    text = bed.run(f"mac_addr add {port} 00:00:00:00:00:00")
    bed.check("error" in text, f"port {port}: address 0 is refused", text)
    text = bed.run(f"mac_addr remove {port} {own}")
    bed.check("error" in text, f"port {port}: its own address stays", text)
    text = bed.run(*[f"mac_addr add {port} {FOREIGN}"] * 2)
    bed.check("error" not in text, f"port {port}: an address may be added twice", text)
    text = bed.run(f"mac_addr remove {port} {own}")
    bed.check("error" in text, f"port {port}: its own address stays among others", text)
    bed.run(f"mac_addr remove {port} {FOREIGN}")
    hears(bed, port, own, True, "after refusals, its own address")
    hears(bed, port, FOREIGN, False, "after refusals, another address")


def full_table(bed, port):
    """As many addresses as the port says, then one more."""
    room = int(bed.info(port, r"Maximum number of MAC addresses: (\d+)"))
    many = [f"02:00:00:00:01:{n:02x}" for n in range(room - 1)]
    text = bed.run(*(f"mac_addr add {port} {mac}" for mac in many))
    bed.check("error" not in text, f"port {port}: {room - 1} more addresses fit", text[-300:])
    text = bed.run(f"mac_addr add {port} {FOREIGN}")
    bed.check("error" in text, f"port {port}: one more than {room} is refused", text)
    hears(bed, port, many[0], True, "the first of them")
    hears(bed, port, many[-1], True, "the last of them")
    hears(bed, port, FOREIGN, False, "the one refused")
    bed.run(*(f"mac_addr remove {port} {mac}" for mac in many))
    hears(bed, port, many[-1], False, "the last, removed")
