# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's queue_start_stop, dynamic_queue_conf and rss: QEMU resets queues and steers."""

from harness import Nic
from harness.dts_bed import run_suites
from dts import queues, rss

QUEUES = 4
NICS = [Nic(queues=QUEUES, rss="on", hash="on"),
        Nic(queues=QUEUES, rss="on", hash="on", packed="on")]


def run(guest):
    run_suites(guest, [
        ([], 1, [queues.queue_start_stop]),
        (rss.ARGS, QUEUES, [queues.dynamic_queue_conf, rss.rss]),
    ])
