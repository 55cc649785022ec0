# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""DPDK processes of the system suite: started, commanded, and always ended."""
