# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Frames, layer by layer, as bytes. Each carries a token in its payload by which
it is known again, whatever was done to its headers."""

import itertools
import struct

BROADCAST = "ff:ff:ff:ff:ff:ff"
SOURCE = "02:00:00:00:00:aa"
TYPE_IPV4, TYPE_IPV6, TYPE_ARP, TYPE_VLAN = 0x0800, 0x86DD, 0x0806, 0x8100
TYPE_TIMESYNC, TYPE_EXPERIMENT = 0x88F7, 0x88B5
ICMP, IPIP, TCP, UDP, SCTP = 1, 4, 6, 17, 132
MIN_FRAME = 60
TOKENS = itertools.count(1)


def mac_bytes(text):
    return bytes(int(part, 16) for part in text.split(":"))


def new_token():
    return b"<vnic-dts-%010d>" % next(TOKENS)


class Frame:
    """`after` is all behind the two addresses but the payload; with `size` the
    payload fills the frame up to so many bytes (without FCS). `length_at` are
    places of 16-bit lengths to set once the size is known."""

    def __init__(self, dst, after, size=0, src=SOURCE):
        self.token = new_token()
        head = mac_bytes(dst) + mac_bytes(src) + after
        filler = bytes(i & 0xFF for i in range(max(size - len(head) - len(self.token), 0)))
        self.bytes = head + self.token + filler
        if size and len(self.bytes) != size:
            raise ValueError(f"{size} bytes do not hold the headers")


def plain(dst, size=MIN_FRAME, src=SOURCE):
    """A frame of no known protocol."""
    return Frame(dst, struct.pack("!H", TYPE_EXPERIMENT), size, src)


def vlan_tag(vlan, behind, tpid=TYPE_VLAN):
    """What goes behind the addresses: a tag, then `behind` with its type."""
    return struct.pack("!HH", tpid, vlan) + behind


def ones_sum(data):
    """The Internet checksum's sum, folded, not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ipv4_header(proto, length, src="198.18.0.1", dst="198.18.0.2", checksum=None, frag=0):
    """20 bytes before `length` bytes. A right checksum unless one is given."""
    def pack(value):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 1, frag, 64, proto, value,
                           *(bytes(map(int, a.split("."))) for a in (src, dst)))
    return pack(~ones_sum(pack(0)) & 0xFFFF if checksum is None else checksum)


def ipv6_header(proto, length, last=(1, 2)):
    src, dst = (bytes.fromhex("20010db8") + bytes(11) + bytes([n]) for n in last)
    return struct.pack("!IHBB", 6 << 28, length, proto, 64) + src + dst


def l4_header(proto, length, sport=1024, dport=50000, checksum=0):
    """The header before `length` bytes of payload, its checksum as given."""
    if proto == UDP:
        return struct.pack("!HHHH", sport, dport, 8 + length, checksum)
    if proto == TCP:
        return struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, 0x10, 8192, checksum, 0)
    if proto == SCTP:
        return struct.pack("!HHII", sport, dport, 1, checksum)
    if proto == ICMP:
        return struct.pack("!BBHHH", 8, 0, checksum, 1, 1)
    return b""


CHECKSUM_AT = {UDP: 6, TCP: 16, ICMP: 2}


def pseudo(ip, proto, length):
    """The pseudo header of an IPv4 or IPv6 header."""
    if ip[0] >> 4 == 4:
        return ip[12:20] + struct.pack("!BBH", 0, proto, length)
    return ip[8:40] + struct.pack("!IHBB", length, 0, 0, proto)


def ip_frame(dst, proto, version=4, vlan=None, l4_good=True, ip_good=True, ports=(1024, 50000),
             addresses=("198.18.0.1", "198.18.0.2"), frag=0, payload=32):
    """An IPv4 or IPv6 frame of `proto`; a checksum that is not to be good is wrong
    by one bit."""
    frame = Frame(dst, b"")
    body = frame.token + bytes(payload - len(frame.token) if payload > len(frame.token) else 0)
    l4 = l4_header(proto, len(body), *ports)
    if version == 4:
        ip = ipv4_header(proto, len(l4) + len(body), *addresses, frag=frag)
    else:
        ip = ipv6_header(proto, len(l4) + len(body))
    if proto in CHECKSUM_AT:
        whole = l4 + body
        over = b"" if proto == ICMP else pseudo(ip, proto, len(whole))
        value = (~ones_sum(over + whole) & 0xFFFF) or 0xFFFF
        value ^= 0 if l4_good else 0x0100
        at = CHECKSUM_AT[proto]
        l4 = l4[:at] + struct.pack("!H", value) + l4[at + 2:]
    if not ip_good:
        ip = ip[:10] + bytes([ip[10] ^ 1]) + ip[11:]
    behind = struct.pack("!H", TYPE_IPV4 if version == 4 else TYPE_IPV6) + ip + l4 + body
    if vlan is not None:
        behind = vlan_tag(vlan, behind)
    frame.bytes = mac_bytes(dst) + mac_bytes(SOURCE) + behind
    return frame


def checksums_good(frame):
    """(IPv4 header's, TCP's or UDP's) of received bytes; None where there is none."""
    at = 12
    while frame[at:at + 2] == b"\x81\x00":
        at += 4
    ip = frame[at + 2:]
    if ip[0] >> 4 == 4:
        size, proto = (ip[0] & 15) * 4, ip[9]
        l4 = ip[size:struct.unpack_from("!H", ip, 2)[0]]
        ip_good = ones_sum(ip[:size]) == 0xFFFF
    else:
        proto, l4 = ip[6], ip[40:40 + struct.unpack_from("!H", ip, 4)[0]]
        ip_good = None
    if proto not in (UDP, TCP):
        return ip_good, None
    return ip_good, ones_sum(pseudo(ip, proto, len(l4)) + l4) == 0xFFFF
