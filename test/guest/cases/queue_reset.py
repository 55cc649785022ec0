# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Queues stopped, resized and started again, by VIRTIO_F_RING_RESET, which this
QEMU offers and has no name for; the port and its other pair stay up."""

from harness import Nic, scenarios

QUEUES = 2
NICS = [Nic(queues=QUEUES), Nic(queues=QUEUES, packed="on")]


def change(guest, testpmd, port, queue, size):
    """Stop both halves of a pair, change the ring size, start them."""
    report = guest.report
    testpmd.run("stop")
    for way in ("rxq", "txq"):
        said = testpmd.run(f"port {port} {way} {queue} stop")
        said += testpmd.run(f"port config {port} {way} {queue} ring_size {size}")
        said += testpmd.run(f"port {port} {way} {queue} setup")
        said += testpmd.run(f"port {port} {way} {queue} start")
        info = testpmd.run(f"show {way} info {port} {queue}")
        good = f"{size}" in info and "fail" not in said.lower() and "not" not in said.lower()
        report.check(good, f"port {port}: {way} {queue} has {size} descriptors", said + info)
    testpmd.run("start")


def run(guest):
    testpmd = scenarios.start(
        guest, expect=["VIRTIO_NET_F_MQ"], queues=QUEUES)
    scenarios.forward(guest, testpmd, flows=32)
    for turn, size in enumerate((64, 256, 128)):
        for port in (0, 1):
            change(guest, testpmd, port, turn % QUEUES, size)
        scenarios.forward(guest, testpmd, count=1500, flows=32, window=32,
                          label=f"rings of {size}: ")
    scenarios.link_change(guest, testpmd)
    scenarios.finish(guest, testpmd)
