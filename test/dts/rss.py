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
#: And for one that may never come.
LOST_S = 3


def toeplitz(key, data):
    """The hash of `data`, as RSS defines it."""
    bits = int.from_bytes(key, "big")
    size, result = len(key) * 8, 0
    for i in range(len(data) * 8):
        if data[i // 8] & 0x80 >> i % 8:
            result ^= bits >> (size - 32 - i) & 0xFFFFFFFF
    return result


def refused(bed):
    """No RSS in the device: the port announces no sizes, by which testpmd itself
    refuses, and frames flow."""
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
    """Sizes as the device has them, and every frame in the queue that its hash
    stands for, with three tables and around a queue that is stopped."""
    bed.run("stop", "set fwd rxonly", "set verbose 1", "start")
    for port in bed.ports:
        size = int(bed.info(port, r"Redirection table size: (\d+)"))
        key_size = int(bed.info(port, r"Hash key size in bytes: (\d+)"))
        bed.check((key_size, size) == bed.rss_sizes,
                  f"port {port}: a key of {key_size} bytes, a table of {size}")
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
            if name == "in turn" and (bed.gives_rings_back or bed.has(port, "RING_RESET")):
                around_stopped(bed, port, table)
    bed.run("set verbose 0", "stop", "set fwd io", "start")


def around_stopped(bed, port, table):
    """The next queue gets the frames of one that is stopped, to which no entry can
    be set; started again, it has its entries back."""
    said = bed.run("stop", f"port {port} rxq 1 stop", "start")
    text = bed.run(f"port config {port} rss reta (0,1)")
    bed.check("RSS cannot steer to queue 1, which is stopped" in text,
              f"port {port}: an entry for a stopped queue is refused by the driver", said + text)
    goes_around(bed, port, [2 if queue == 1 else queue for queue in table], table)
    said = bed.run("stop", f"port {port} rxq 1 start", "start")
    steered(bed, port, table, "when it is started again")


def goes_around(bed, port, table, before):
    """Flows of queue 1, which is stopped. QEMU takes no frame from the tap's queue of
    the same number meanwhile, whatever RSS says, so one in four never comes."""
    moved, wrong = 0, []
    flows = [i for i in range(40 * FLOWS)
             if before[toeplitz(KEY, hashed(ports_of(i))) % len(before)] == 1]
    for i in flows[:2 * FLOWS]:
        value, queue = seen(flow(bed, port, i, LOST_S)[0])
        if queue is None:
            continue
        moved += 1
        if queue != table[value % len(table)]:
            wrong.append(f"flow {i}: hash {value:#x}, queue {queue}")
        if moved == 3:
            break
    bed.check(moved > 0 and not wrong, f"port {port}: {moved} flows of the stopped queue 1 "
              "go to the next one", "; ".join(wrong))


def ports_of(i):
    return (1024 + i, 5000 + 3 * i)


def seen(told):
    """Hash and queue of a frame in testpmd's words, or (None, None)."""
    found = re.search(r"RSS hash=0x([0-9a-f]+) - RSS queue=0x([0-9a-f]+)", told)
    return tuple(int(text, 16) for text in found.groups()) if found else (None, None)


def hashed(ports):
    """The bytes of a flow that its hash is of."""
    return bytes([198, 18, 0, 1, 198, 18, 0, 2]) + b"".join(p.to_bytes(2, "big") for p in ports)


def steered(bed, port, table, name):
    wrong, used = [], set()
    for i in range(FLOWS):
        told, ports = flow(bed, port, i)
        value, queue = seen(told)
        if queue is None:
            wrong.append(f"flow {i}: {told!r}")
            continue
        want = toeplitz(KEY, hashed(ports))
        used.add(queue)
        if value != want or queue != table[value % len(table)]:
            wrong.append(f"flow {i}: hash {value:#x} for {want:#x}, queue {queue}")
    bed.check(not wrong, f"port {port}, {name}: {FLOWS} flows have their hash and their queue "
              f"{sorted(used)}", "; ".join(wrong))


def flow(bed, port, i, seconds=TELL_S):
    """One frame in; what testpmd says of it."""
    ports = ports_of(i)
    frame = offloads.unique(bed, port, frames.UDP, ports=ports)
    bed.heard()
    bed.put(port, frame.bytes)
    deadline, text = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        text = bed.heard()
        found = re.search(rf"length={len(frame.bytes)} (?s:.*?)ol_flags: [^\n]*\n", text)
        if found:
            return found.group(0), ports
        time.sleep(0.05)
    return "", ports
