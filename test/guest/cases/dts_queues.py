# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's queue_start_stop and dynamic_queue_conf: QEMU resets single queues."""

from harness import Nic
from harness.dts_bed import run_suites
from dts import queues

QUEUES = 4
NICS = [Nic(queues=QUEUES),
        Nic(queues=QUEUES, packed="on")]


def run(guest):
    run_suites(guest, [
        ([], 1, [queues.queue_start_stop]),
        ([], QUEUES, [queues.dynamic_queue_conf]),
    ])
