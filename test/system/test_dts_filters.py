#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DTS's promisc, dynamic_config and mac_filter over vhost-user, where no device
filters: every mode and address is taken, and every frame is heard."""

from harness.bench import run
from harness.dts_bed import run_suites
from dts import filters


def test(bench):
    run_suites(bench, [([], 1, [filters.promisc, filters.dynamic_config, filters.mac_filter])])


run(test)
