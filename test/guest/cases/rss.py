# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""RSS and hash reports: every frame's hash and queue are what the key and the
table say, before and after both are changed, with split and packed rings.

The hash is calculated here a third time, beside QEMU's and the model's.
"""

import collections
import re
import struct
import time

from harness import Nic, scenarios, traffic

QUEUES = 4
FLOWS = 48
TABLE = 128
PRINTED = 16  # frames that testpmd tells of; a serial line is slow
PRINT_S = 20
NICS = [Nic(queues=QUEUES, rss="on", hash="on"),
        Nic(queues=QUEUES, rss="on", hash="on", packed="on")]
RSS_HASH = 0x80000  # RTE_ETH_RX_OFFLOAD_RSS_HASH
DEFAULT_KEY = bytes.fromhex(
    "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
OTHER_KEY = bytes(range(3, 203, 5))


def toeplitz(key, data):
    window = int.from_bytes(key, "big")
    width = len(key) * 8
    bits = int.from_bytes(data, "big")
    value = 0
    for i in range(len(data) * 8):
        if bits >> (len(data) * 8 - 1 - i) & 1:
            value ^= window >> (width - 32 - i) & 0xFFFFFFFF
    return value


def flow_hash(key, flow):
    """Of a frame that traffic.Flow makes."""
    return toeplitz(key, bytes((198, 18, 0, 1, 198, 18, 0, 2)) +
                    struct.pack("!HH", 1024 + flow, 9))


def check_queues(guest, testpmd, key, queue_of, label):
    """Frames through the guest; each stream's count is the one foretold."""
    testpmd.run("stop")
    testpmd.run("start")
    count = 20 * FLOWS
    scenarios.forward(guest, testpmd, count=count, flows=FLOWS, label=label)
    want = collections.Counter(
        queue_of(flow_hash(key, seq % FLOWS) % TABLE) for seq in range(count))
    streams = testpmd.stream_packets()
    for port in (0, 1):
        got = {queue: streams.get((port, queue), 0) for queue in range(QUEUES)}
        guest.report.check(all(got[queue] == want[queue] for queue in range(QUEUES)),
                           f"{label}port {port}: queues received {list(got.values())}",
                           f"wanted {dict(want)}")


def check_hashes(guest, testpmd, key, label):
    """What testpmd prints of each mbuf is the hash calculated here, and the
    packet type that its report stands for."""
    testpmd.run("set verbose 1")
    flow = traffic.Flow(next(scenarios.RUN_IDS), guest.links[0], guest.links[1],
                        [100] * PRINTED, PRINTED)
    traffic.run([flow], 4, pump=testpmd.pump)
    want = {flow_hash(key, number) for number in range(PRINTED)}
    seen, end = {}, time.monotonic() + PRINT_S
    while not want <= set(seen) and time.monotonic() < end:
        seen = {int(value, 16): ptype.strip() for value, ptype in re.findall(
            r"RSS hash=0x([0-9a-f]+).*?hw ptype: (.*?)-", testpmd.output())}
    testpmd.run("set verbose 0")
    guest.report.check(want <= set(seen), f"{label}{len(want)} hashes are those of the key",
                       f"{len(want - set(seen))} not among the {len(seen)} printed")
    ptypes = {seen.get(value) for value in want}
    guest.report.check(ptypes == {"L3_IPV4_EXT_UNKNOWN L4_UDP"},
                       f"{label}packet types are those of the reports", str(ptypes))


def set_table(testpmd, port, queue_of):
    """testpmd takes a token of 127 characters at most."""
    for start in range(0, TABLE, 12):
        pairs = ",".join(f"({i},{queue_of(i)})" for i in range(start, min(start + 12, TABLE)))
        testpmd.run(f"port config {port} rss reta {pairs}")


def check_table(guest, testpmd, port, queue_of, label):
    text = testpmd.run(f"show port {port} rss reta {TABLE} "
                       "(0xffffffffffffffff,0xffffffffffffffff)")
    got = {int(i): int(queue) for i, queue in
           re.findall(r"hash index=(\d+), queue=(\d+)", text)}
    guest.report.check(got == {i: queue_of(i) for i in range(TABLE)},
                       f"{label}port {port}: the table reads back", str(got))


def check_key(guest, testpmd, port, key):
    text = testpmd.run(f"show port {port} rss-hash key")
    match = re.search(r"RSS key:\s*([0-9A-Fa-f]+)", text)
    got = match.group(1).lower() if match else text
    guest.report.check(got == key.hex(), f"port {port}: the key reads back", got)
    guest.report.check("ipv4-udp" in text, f"port {port}: hash functions name ipv4-udp", text)


def run(guest):
    testpmd = scenarios.start(
        guest, queues=QUEUES, args=["--rss-udp", f"--rx-offloads={RSS_HASH:#x}"],
        expect=["VIRTIO_NET_F_RSS", "VIRTIO_NET_F_HASH_REPORT", "VIRTIO_NET_F_CTRL_VQ"])

    def spread(index):
        return index % QUEUES

    def uneven(index):
        return (index * index * 7 >> 3) % 3 + 1

    for port in (0, 1):
        check_key(guest, testpmd, port, DEFAULT_KEY)
        check_table(guest, testpmd, port, spread, "")
    check_queues(guest, testpmd, DEFAULT_KEY, spread, "")
    check_hashes(guest, testpmd, DEFAULT_KEY, "")
    for port in (0, 1):
        set_table(testpmd, port, uneven)
        check_table(guest, testpmd, port, uneven, "other table: ")
    check_queues(guest, testpmd, DEFAULT_KEY, uneven, "other table: ")
    for port in (0, 1):
        testpmd.run(f"port config {port} rss-hash-key ipv4-udp {OTHER_KEY.hex()}")
        check_key(guest, testpmd, port, OTHER_KEY)
    check_queues(guest, testpmd, OTHER_KEY, uneven, "other key: ")
    check_hashes(guest, testpmd, OTHER_KEY, "other key: ")
    scenarios.finish(guest, testpmd)
