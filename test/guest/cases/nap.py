# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Receive interrupts: a program that sleeps until a frame comes, as l3fwd-power does;
split and packed rings, through restarts and link changes."""

from harness import Nic, nap

NICS = [Nic(), Nic(packed="on")]
PROGRAMS = ["nap"]
SKIP_PMD = {"net_virtio": "takes its vectors otherwise"}


def run(guest):
    program = nap.start(guest, expect=["VIRTIO_NET_F_MRG_RXBUF"])
    nap.asleep(guest, program)
    nap.forward(guest, program, 3000)
    nap.asleep(guest, program, "after them: ")
    nap.one_at_a_time(guest, program, 20)
    for port in (0, 1):
        nap.link_change(guest, program, port)
    nap.forward(guest, program, 500, label="after the link changes: ")
    free = {program.restart() for _ in range(3)}
    guest.report.check(len(free) == 1, f"no mbuf leaked in restarts: {free} free")
    nap.asleep(guest, program, "restarted: ")
    nap.one_at_a_time(guest, program, 6, "restarted: ")
    nap.forward(guest, program, 500, label="restarted: ")
    nap.finish(guest, program)
