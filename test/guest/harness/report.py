# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Verdicts of one case: a line `ok what` or `FAIL what` for each thing checked."""

import time


class Skip(Exception):
    """This machine cannot run the case; the text says why."""


class Trouble(Exception):
    """The case cannot go on; the text says what happened."""


class Report:
    def __init__(self):
        self.failed = 0
        self.passed = 0
        self.start = time.monotonic()

    def _line(self, verdict, what):
        print(f"{verdict} {what} [{time.monotonic() - self.start:.1f} s]", flush=True)

    def check(self, good, what, detail=""):
        """Record a verdict; `detail` is printed with a failure. Returns `good`."""
        if good:
            self.passed += 1
            self._line("ok", what)
        else:
            self.failed += 1
            self._line("FAIL", f"{what}: {detail}" if detail else what)
        return bool(good)

    def note(self, text):
        self._line("#", text)
