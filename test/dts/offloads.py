# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites checksum_offload and uni_pkt: what the port says of frames received, in
testpmd's own words, and what it completes in frames sent."""

import itertools
import re
import struct
import time

from . import frames
from .frames import ICMP, IPIP, SCTP, TCP, UDP

TELL_S = 10
#: Each frame has a length of its own, by which testpmd's words are found.
LENGTHS = itertools.count(120)
#: What testpmd needs to ask for checksum results.
CHECKSUM_ARGS = ["--rx-offloads=0xe"]
NAMES = {UDP: "UDP", TCP: "TCP", SCTP: "SCTP", ICMP: "ICMP"}


def tell(bed, port, frame):
    """Put a frame in; returns what testpmd says of it, and what came out."""
    bed.heard()
    came = bed.through(port, [frame])[0]
    pattern = rf"length={len(frame.bytes)} (?s:.*?)ol_flags: [^\n]*\n"
    text, deadline = "", time.monotonic() + TELL_S
    while time.monotonic() < deadline:
        text = bed.heard()
        found = re.search(pattern, text)
        if found:
            return found.group(0), came
        time.sleep(0.05)
    bed.check(False, f"port {port}: testpmd tells of a frame of {len(frame.bytes)} bytes",
              text[-500:])
    return "", came


def unique(bed, port, proto, **how):
    """A frame whose length no other has."""
    length = next(LENGTHS)
    bare = frames.ip_frame(bed.mac(port), proto, payload=32, **how)
    return frames.ip_frame(bed.mac(port), proto, payload=32 + length - len(bare.bytes), **how)


def flags(told):
    return set(re.findall(r"RTE_MBUF_F_RX_(\w+)", told.rsplit("ol_flags:", 1)[-1]))


#: Protocol, IP version, and which checksums are good.
RESULTS = [(proto, version, l4_good, ip_good)
           for version in (4, 6) for proto in (UDP, TCP)
           for l4_good, ip_good in ((True, True), (False, True), (True, False), (False, False))
           if ip_good or version == 4]


def rx_checksum(bed):
    """Good and bad checksums of either layer are told apart, under a tag too."""
    bed.run("stop", "set fwd io", "set verbose 1", "start")
    for port in bed.ports:
        for proto, version, l4_good, ip_good in RESULTS:
            for vlan in (None, 1):
                result(bed, port, unique(bed, port, proto, version=version, l4_good=l4_good,
                                         ip_good=ip_good, vlan=vlan),
                       f"{NAMES[proto]} over IPv{version}{' tagged' if vlan else ''}",
                       l4_good, ip_good if version == 4 else None)
    bed.run("set verbose 0")


def result(bed, port, frame, what, l4_good, ip_good):
    told, came = tell(bed, port, frame)
    got = flags(told)
    wanted = {"L4_CKSUM_GOOD" if l4_good else "L4_CKSUM_BAD"}
    if ip_good is not None:
        wanted.add("IP_CKSUM_GOOD" if ip_good else "IP_CKSUM_BAD")
    opposite = {name[:-4] + "BAD" if name.endswith("GOOD") else name[:-3] + "GOOD"
                for name in wanted}
    words = " and ".join(sorted(wanted))
    bed.check(wanted <= got and not opposite & got, f"port {port}: {what} is {words}", told)
    bed.check([data for _, data in came] == [frame.bytes],
              f"port {port}: {what} is passed on unchanged")


def tx_checksum(bed):
    """testpmd's checksum engine leaves L4 checksums to the port; they leave the
    other end complete. IPv4's header checksum is none of the device's: the port
    writes it."""
    hardware = all(bed.has(port, "CSUM") for port in bed.ports)
    bed.run("stop", "port stop all")
    for port in bed.ports:
        text = bed.run(f"csum set ip hw {port}")
        bed.check("IP checksum offload is hw" in text,
                  f"port {port}: IPv4 header checksums are left to the port", text)
        for layer in ("udp", "tcp"):
            text = bed.run(f"csum set {layer} hw {port}")
            word = "hw" if hardware else "sw"
            bed.check(f"{layer.upper()} checksum offload is {word}" in text,
                      f"port {port}: {layer.upper()} checksums are done by {word}", text)
    bed.run("port start all", "set fwd csum", "start")
    for port in bed.ports:
        for proto, version in ((UDP, 4), (TCP, 4), (UDP, 6), (TCP, 6)):
            completed(bed, port, proto, version)
    bed.run("stop", "port stop all")
    for port in bed.ports:
        bed.run(f"csum set udp sw {port}", f"csum set tcp sw {port}")
        bed.run(f"csum set ip sw {port}")
    bed.run("port start all", "start")
    for port in bed.ports:
        for proto, version in ((UDP, 4), (TCP, 6)):
            completed(bed, port, proto, version, " in software")
    bed.run("stop", "set fwd io", "start")


def completed(bed, port, proto, version, how=""):
    frame = unique(bed, port, proto, version=version)
    came = bed.through(port, [frame])[0]
    good = [frames.checksums_good(data) for _, data in came]
    wanted = [(True if version == 4 else None, True)]
    bed.check(good == wanted, f"port {1 - port}: {NAMES[proto]} over IPv{version} leaves with "
              f"good checksums{how}", f"{good} {[data.hex() for _, data in came]}")


def inner(proto):
    """An IPv4 header and behind it, to be carried by another."""
    l4 = frames.l4_header(proto, 0)
    return frames.ipv4_header(proto, len(l4)) + l4


def raw(bed, port, after):
    return frames.Frame(bed.mac(port), after, next(LENGTHS))


def ethertype(value):
    return struct.pack("!H", value)


def packet_kinds(bed, port):
    """Frames, and the packet types of their outermost headers."""
    arp = ethertype(frames.TYPE_ARP) + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + bytes(20)
    yield raw(bed, port, ethertype(frames.TYPE_TIMESYNC)), "a PTP frame", {"L2_ETHER"}
    yield raw(bed, port, arp), "ARP", {"L2_ETHER"}
    for version in (4, 6):
        for proto in (UDP, TCP, SCTP):
            yield (unique(bed, port, proto, version=version), f"{NAMES[proto]} over IPv{version}",
                   {"L2_ETHER", f"L3_IPV{version}", f"L4_{NAMES[proto]}"})
        yield (unique(bed, port, TCP, version=version, vlan=1), f"tagged TCP over IPv{version}",
               {"L2_ETHER_VLAN", f"L3_IPV{version}", "L4_TCP"})
    yield unique(bed, port, ICMP), "ICMP", {"L2_ETHER", "L3_IPV4"}
    yield (unique(bed, port, TCP, frag=5), "a fragment of IPv4",
           {"L2_ETHER", "L3_IPV4", "L4_FRAG"})
    for proto in (UDP, TCP):
        body = inner(proto)
        yield (raw(bed, port, ethertype(frames.TYPE_IPV4) +
                   frames.ipv4_header(IPIP, len(body) + 40) + body),
               f"{NAMES[proto]} over IPv4 in IPv4", {"L2_ETHER", "L3_IPV4"})


def packet_types(bed):
    """Layer 2 to 4 of the outermost headers, once the application asks for them."""
    bed.run("stop", "set fwd io", "set verbose 1", "start")
    for port in bed.ports:
        bed.run(f"set port {port} ptype_mask 0xfff")
        bed.next_burst(port)
        for frame, what, wanted in packet_kinds(bed, port):
            told, _ = tell(bed, port, frame)
            found = re.search(r"hw ptype: ([A-Z0-9_ ]*)", told)
            got = set(found.group(1).split()) if found else set()
            bed.check(got == wanted, f"port {port}: {what} is {' '.join(sorted(wanted))}",
                      f"{got}\n{told}")
        bed.run(f"set port {port} ptype_mask 0")
        bed.next_burst(port)
        told, _ = tell(bed, port, unique(bed, port, UDP))
        bed.check("hw ptype: L" not in told, f"port {port}: no types once they are turned off",
                  told)
    bed.run("set verbose 0")
