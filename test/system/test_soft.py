#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Offloads by the processor as testpmd asks for them: tags stripped, checksums
verified, packet types told, tags inserted. The back end is testpmd with
net_vhost, which plays frames of a file and records what comes back."""

import re
import struct
import time

from harness.bench import run, wait_until
from harness.checker import Checker
from harness.secondary import mount, secondary_eal
from harness.testpmd import Testpmd

MACS = bytes.fromhex("02000000000a02000000000b")
CHECKSUMS = "--rx-offloads=0xe"
PATIENCE = 20


def fold(data, start=0):
    data += b"\0" * (len(data) % 2)
    total = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def tcp(addresses, payload, good):
    segment = struct.pack(">HHIIHHHH", 80, 1024, 1, 2, 0x5010, 512, 0, 0) + payload
    check = ~fold(addresses + struct.pack(">HH", 6, len(segment)) + segment) & 0xffff
    if not good:
        check ^= 1
    return segment[:16] + struct.pack(">H", check) + segment[18:]


def ipv4(payload, good=True):
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    segment = tcp(addresses, payload, good)
    head = struct.pack(">HHHHHH", 0x4500, 20 + len(segment), 1, 0x4000, 0x4006, 0) + addresses
    check = ~fold(head) & 0xffff
    return b"\x08\0" + head[:10] + struct.pack(">H", check) + head[12:] + segment


def ipv6(payload):
    addresses = bytes(range(32))
    segment = tcp(addresses, payload, True)
    return b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(segment), 6, 64) + addresses + segment


def tag(tci, tpid=0x8100):
    return struct.pack(">HH", tpid, tci)


FRAMES = {
    100: MACS + ipv4(b"a" * 46),
    105: MACS + tag(0x123) + ipv4(b"b" * 47),
    151: MACS + ipv4(b"c" * 97, good=False),
    203: MACS + ipv6(b"d" * 129),
    308: MACS + tag(0x64, 0x88a8) + tag(0x123) + ipv4(b"e" * 246),
}


def pcap_write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def pcap_read(path):
    with open(path, "rb") as file:
        data = file.read()
    at, frames = 24, []
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


class Player:
    """Plays FRAMES to the front end once, records what the front end sends."""

    def __init__(self, bench, name):
        self.path = bench.socket(name)
        self.out = f"{bench.folder}/{name}.out"
        pcap_write(f"{bench.folder}/{name}.in", FRAMES.values())
        self.pmd = Testpmd(bench, [
            f"net_vhost0,iface={self.path}",
            f"net_pcap0,rx_pcap={bench.folder}/{name}.in,tx_pcap={self.out}"],
            name=name, back_end=True)
        self.pmd.ready()

    def play(self):
        self.pmd.run("start")

    def recorded(self):
        """Ends it, which writes the file out."""
        self.pmd.quit()
        return pcap_read(self.out)


def received(pmd, nr):
    """What testpmd tells of each frame, by length."""
    def told():
        pmd.pump(0)
        return re.findall(r"length=(\d+)(.*?ol_flags:[^\n]*)", pmd.text, re.S)
    wait_until(lambda: len(told()) >= nr, PATIENCE)
    return {int(length): text for length, text in told()}


def flags_of(text):
    return set(re.findall(r"RTE_MBUF_F_RX_(\w+)", text.rsplit("ol_flags:", 1)[1]))


def tags_stripped(bench, told):
    one = {"VLAN", "VLAN_STRIPPED"}
    two = one | {"QINQ", "QINQ_STRIPPED"}
    bench.check(sorted(told) == [100, 101, 151, 203, 300], "frames come without their tags",
                str(sorted(told)))
    for length, flags, what in ((151, set(), "an untagged frame"), (101, one, "one tag"),
                                (300, two, "two tags")):
        bench.check(flags_of(told[length]) & two == flags, f"flags of {what}", told[length])
    bench.check("QinQ VLAN tci=0x123, VLAN tci outer=0x64" in told[300],
                "both tags are told", told[300])
    bench.check("L4_CKSUM_BAD" in flags_of(told[151]), "a bad checksum is BAD", told[151])
    for length in (100, 101, 203, 300):
        bench.check("L4_CKSUM_GOOD" in flags_of(told[length]), f"{length} bytes: good is GOOD",
                    told[length])
    bench.check("IP_CKSUM_GOOD" in flags_of(told[151]), "its IPv4 header is GOOD", told[151])
    bench.check("L3_IPV6" in told[203] and "L4_TCP" in told[203], "packet types", told[203])


def strip(bench, devargs):
    """Turned on while the port runs."""
    player = Player(bench, "a" + str(len(bench.cleanups)))
    pmd = Testpmd(bench, [f"0,path={player.path},{devargs}"], args=[CHECKSUMS],
                  name="f" + str(len(bench.cleanups)))
    pmd.ready()
    for line in ("set fwd rxonly", "set verbose 1", "start", "vlan set strip on 0",
                 "vlan set qinq_strip on 0", "set port 0 ptype_mask 0xfff"):
        text = pmd.run(line)
        bench.check("fail" not in text.lower() and "bad arg" not in text.lower(),
                    f"{devargs}: '{line}'", text)
    pmd.text = ""
    player.play()
    tags_stripped(bench, received(pmd, len(FRAMES)))
    bench.check(pmd.quit() == 0, f"{devargs}: testpmd ends")
    player.recorded()


def forward(bench, devargs, lines, want):
    """Forwarded by testpmd as `lines` say; what then is behind the addresses."""
    player = Player(bench, "b" + str(len(bench.cleanups)))
    pmd = Testpmd(bench, [f"0,path={player.path},{devargs}"], args=[CHECKSUMS],
                  name="g" + str(len(bench.cleanups)))
    pmd.ready()
    for line in (*lines, "start"):
        text = pmd.run(line)
        bench.check("fail" not in text.lower() and "error" not in text.lower(),
                    f"{devargs}: '{line}'", text)
    player.play()
    wait_until(lambda: pmd.stats()["TX-packets"] >= len(FRAMES), PATIENCE, 0.5)
    bench.check(pmd.stats()["TX-packets"] == len(FRAMES), f"{devargs}: all are sent on",
                str(pmd.stats()))
    bench.check(pmd.quit() == 0, f"{devargs}: testpmd ends")
    sent = [frame[12:] for frame in player.recorded()]
    bench.check(sent == want, f"{devargs}: as they should be",
                "\n".join(frame.hex() for frame in sent))


def insert(bench, devargs):
    """Each with a tag more."""
    forward(bench, devargs, ("port stop 0", "tx_vlan set 0 291", "port start 0", "set fwd mac"),
            [tag(291) + frame[12:] for frame in FRAMES.values()])


def checksums(bench, devargs):
    """Testpmd's csum engine makes the sum that was bad anew."""
    want = [frame[12:] for frame in FRAMES.values()]
    want[2] = ipv4(b"c" * 97)
    forward(bench, devargs, ("set fwd csum",), want)


def secondary(bench, devargs):
    """The primary process turns strip on; a secondary one, which polls, does it."""
    folder = mount(bench)
    player = Player(bench, "c" + str(len(bench.cleanups)))
    pmd = Testpmd(bench, [f"0,path={player.path},{devargs}"], name="h" + str(len(bench.cleanups)),
                  pages=("--huge-dir", folder, "--single-file-segments"))
    pmd.ready()
    other = Checker(bench, "", args=["--echo", "--segments", 0],
                    eal=secondary_eal(bench, pmd, folder), cpu=bench.cpus[0])
    for line in ("vlan set strip on 0", "vlan set qinq_strip on 0"):
        text = pmd.run(line)
        bench.check("fail" not in text.lower(), f"{devargs}: '{line}' in the primary", text)
    # The message is on its way; the frames are not played before it is heard.
    time.sleep(2)
    player.play()
    wait_until(lambda: pmd.stats()["TX-packets"] >= len(FRAMES), PATIENCE, 0.5)
    status, _ = other.stop()
    bench.check(status == 0, f"{devargs}: the secondary process ends", other.last_words())
    bench.check(pmd.quit() == 0, f"{devargs}: the primary ends")
    want = [frame[12:] for frame in FRAMES.values()]
    want[1] = want[1][4:]
    want[4] = want[4][8:]
    sent = [frame[12:] for frame in player.recorded()]
    bench.check(sent == want, f"{devargs}: a secondary process strips",
                "\n".join(frame.hex() for frame in sent))


def device_only(bench):
    """soft_csum=0: OVS and others that take whatever is on offer find none."""
    player = Player(bench, "d")
    for value, there in ((0, False), (1, True)):
        pmd = Testpmd(bench, [f"0,path={player.path},soft_csum={value}"], name=f"i{value}")
        pmd.ready()
        text = pmd.run("show port 0 rx_offload capabilities")
        bench.check(("IPV4_CKSUM" in text) == there and "VLAN_STRIP" in text,
                    f"soft_csum={value} is heeded", text)
        pmd.quit()


def test(bench):
    for devargs in ("packed_vq=0", "packed_vq=1,mrg_rxbuf=0"):
        strip(bench, devargs)
        insert(bench, devargs)
        checksums(bench, devargs)
    if bench.is_vnic:
        secondary(bench, "packed_vq=0")
        device_only(bench)


run(test)
