# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suite rss: hash, key and table decide which queue a frame takes."""

import re
import time

from . import frames, offloads

#: What testpmd needs to tell a frame's hash.
ARGS = ["--rx-offloads=0x80000", "--rss-udp"]
KEY = bytes((7 * i + 3) & 0xFF for i in range(40))
FLOWS = 10
TELL_S = 10


def toeplitz(key, data):
    """The hash of `data`, as RSS defines it."""
    bits = int.from_bytes(key, "big")
    size, result = len(key) * 8, 0
    for i in range(len(data) * 8):
        if data[i // 8] & 0x80 >> i % 8:
            result ^= bits >> (size - 32 - i) & 0xFFFFFFFF
    return result


def refused(bed):
    """No RSS in the device: said so, nothing changes, and frames flow."""
    for port in bed.ports:
        for what, line in (("hash is shown", f"show port {port} rss-hash"),
                           ("table is taken", f"port config {port} rss reta (0,0)"),
                           ("key is taken",
                            f"port config {port} rss-hash-key ipv4-udp {KEY.hex()}")):
            text = bed.run(line)
            bed.check(re.search("did not provide a valid hash key size|which is invalid for RSS|"
                                "not support", text), f"port {port}: no {what}", text)
        bed.check(bed.passes(port, frames.plain(bed.mac(port))),
                  f"port {port}: frames come through as before")


def set_table(bed, port, table):
    """Some entries a command: testpmd takes 128 characters of them."""
    text = ""
    for at in range(0, len(table), 12):
        pairs = ",".join(f"({i},{table[i]})" for i in range(at, min(at + 12, len(table))))
        text += bed.run(f"port config {port} rss reta {pairs}")
    return text


def rss(bed, queues=4):
    """Sizes as the device has them, bad keys, and every frame in the queue that
    its hash stands for, with three tables."""
    bed.run("stop", "set fwd rxonly", "set verbose 1", "start")
    for port in bed.ports:
        size = int(bed.info(port, r"Redirection table size: (\d+)"))
        key_size = int(bed.info(port, r"Hash key size in bytes: (\d+)"))
        bed.check((key_size, size) == bed.rss_sizes,
                  f"port {port}: a key of {key_size} bytes, a table of {size}")
        bad_keys(bed, port, key_size)
        text = bed.run(f"port config {port} rss-hash-key ipv4-udp {KEY.hex()}")
        shown = bed.run(f"show port {port} rss-hash key")
        bed.check(KEY.hex() in shown.lower(), f"port {port}: the key is set", text + shown)
        for name, table in (("in turn", [i % queues for i in range(size)]),
                            ("in reverse", [queues - 1 - i % queues for i in range(size)]),
                            ("all to queue 0", [0] * size)):
            text = set_table(bed, port, table)
            bed.check(not re.search("bad|fail|error", text, re.I),
                      f"port {port}: the table is set {name}", text)
            steered(bed, port, table, name)
    bed.run("set verbose 0", "stop", "set fwd io", "start")


def bad_keys(bed, port, size):
    for what, key in (("short", KEY[:size - 1]), ("long", KEY + b"\1")):
        text = bed.run(f"port config {port} rss-hash-key ipv4-udp {key.hex()}")
        bed.check("invalid" in text, f"port {port}: a key too {what} is refused", text)


def steered(bed, port, table, name):
    wrong, used = [], set()
    for i in range(FLOWS):
        told, ports = flow(bed, port, i)
        found = re.search(r"RSS hash=0x([0-9a-f]+) - RSS queue=0x([0-9a-f]+)", told)
        if not found:
            wrong.append(f"flow {i}: {told!r}")
            continue
        value, queue = (int(text, 16) for text in found.groups())
        data = bytes([198, 18, 0, 1, 198, 18, 0, 2]) + b"".join(
            p.to_bytes(2, "big") for p in ports)
        used.add(queue)
        if value != toeplitz(KEY, data) or queue != table[value % len(table)]:
            wrong.append(f"flow {i}: hash {value:#x} for {toeplitz(KEY, data):#x}, queue {queue}")
    bed.check(not wrong, f"port {port}, {name}: {FLOWS} flows have their hash and their queue "
              f"{sorted(used)}", "; ".join(wrong))


def flow(bed, port, i):
    """One frame in; what testpmd says of it."""
    ports = (1024 + i, 5000 + 3 * i)
    frame = offloads.unique(bed, port, frames.UDP, ports=ports)
    bed.heard()
    bed.put(port, frame.bytes)
    deadline, text = time.monotonic() + TELL_S, ""
    while time.monotonic() < deadline:
        text = bed.heard()
        found = re.search(rf"length={len(frame.bytes)} (?s:.*?)ol_flags: [^\n]*\n", text)
        if found:
            return found.group(0), ports
        time.sleep(0.05)
    return "", ports
