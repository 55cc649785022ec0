# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What DPDK's own suites for real network devices (DTS) check, as steps on a pair
of ports of testpmd: over vhost-user (test/system) and in a guest (test/guest)."""
