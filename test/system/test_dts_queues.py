#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's queue_start_stop and dynamic_queue_conf over vhost-user, and what is said
of RSS, which no vhost-user back end is asked for."""

from harness.bench import run
from harness.dts_bed import run_suites
from dts import queues, rss


def test(bench):
    run_suites(bench, [
        ([], 1, [queues.queue_start_stop]),
        ([], 4, [queues.dynamic_queue_conf, rss.refused]),
    ])


run(test)
