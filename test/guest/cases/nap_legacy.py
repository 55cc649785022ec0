# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Receive interrupts of legacy-only functions, whose vectors are I/O port registers."""

from harness import Nic, nap

QUEUES = 2
LEGACY = {"disable_legacy": "off", "disable_modern": "on"}
NICS = [Nic(queues=QUEUES, modern=False, **LEGACY),
        Nic(queues=QUEUES, modern=False, mrg_rxbuf="off", **LEGACY)]
PROGRAMS = ["nap"]
SKIP_PMD = {"net_virtio": "takes its vectors otherwise"}


def run(guest):
    program = nap.start(guest, QUEUES, expect=["VIRTIO_NET_F_MQ"], eal=["--iova-mode=pa"])
    nap.asleep(guest, program)
    nap.forward(guest, program, 500, QUEUES, window=16, flows=64)
    for port in (0, 1):
        nap.link_change(guest, program, port)
    free = {program.restart() for _ in range(2)}
    guest.report.check(len(free) == 1, f"no mbuf leaked in restarts: {free} free")
    nap.forward(guest, program, 500, QUEUES, window=16, flows=64, label="restarted: ")
    nap.finish(guest, program)
