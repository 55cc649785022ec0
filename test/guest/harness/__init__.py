# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What the cases of the guest suite are written with."""

from .report import Report, Skip, Trouble
from . import nap, scenarios, traffic
from .qemu import Nic

__all__ = ["Nic", "Report", "Skip", "Trouble", "nap", "scenarios", "traffic"]
