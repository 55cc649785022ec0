#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Sums up meson's test logs: what was skipped and why, what failed, one line."""

import json
import os
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def records(path):
    """The results of one log, which holds one JSON object a line."""
    with open(path, encoding="utf-8") as log:
        for line in log:
            if line.strip():
                yield json.loads(line)


def last_line(record):
    """A test that skips says why in the last line it writes."""
    text = (record.get("stdout") or "") + "\n" + (record.get("stderr") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def main(paths):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        if not os.path.exists(path):
            continue
        build = os.path.basename(path).split(".")[0]
        for record in records(path):
            if record["result"] in PASSED:
                counts["passed"] += 1
            elif record["result"] in SKIPPED:
                counts["skipped"] += 1
                print(f"skipped: {record['name']} ({build}): {last_line(record)}")
            else:
                counts["failed"] += 1
                print(f"failed: {record['name']} ({build}): {record['result']}")
    if not counts["passed"] and not counts["failed"]:
        counts["failed"] = 1
        print("failed: no test ran at all")
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
