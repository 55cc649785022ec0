# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Receive interrupts of four queues of each function, a vector each."""

from harness import Nic, nap

QUEUES = 4
NICS = [Nic(queues=QUEUES), Nic(queues=QUEUES, packed="on")]
PROGRAMS = ["nap"]
SKIP_PMD = {"net_virtio": "takes its vectors otherwise"}


def run(guest):
    program = nap.start(guest, QUEUES, expect=["VIRTIO_NET_F_MQ"])
    nap.asleep(guest, program)
    nap.forward(guest, program, 1500, QUEUES, window=16, flows=64)
    used = [name for port in (0, 1)
            for name, times in nap.receive_vectors(guest, port).items() if times]
    guest.report.check(len(used) == 2 * QUEUES, f"all receive vectors were taken: {used}")
    nap.finish(guest, program)
