#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Draw the JSON files of vnic-perf: ratios of two ports, shares of the limit.

One bar per layout and mode at the median of the windows' ratios; the thick line
spans the quartiles, the thin one minimum and maximum. Several files of the same
layout and mode (repetitions) are drawn side by side.
"""

import argparse
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

MODES = ["rx", "tx", "fwd", "rtt"]
LAYOUTS = [
    "split-mrg", "split-nomrg", "split-inorder-mrg", "split-inorder",
    "packed-mrg", "packed", "packed-inorder-mrg", "packed-inorder", "external",
]
COLOURS = {"rx": "#4477aa", "tx": "#ee6677", "fwd": "#228833", "rtt": "#ccbb44"}


def read_runs(paths):
    """The runs, in the order of the tables; exits with a reason if unusable."""
    runs = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                run = json.load(file)
            run["layout"], run["mode"], run["ratios"], run["a"]["name"]
        except (OSError, ValueError, KeyError, TypeError) as err:
            sys.exit(f"vnic-perf-plot: {path}: not a result of vnic-perf: {err!r}")
        runs.append(run)
    known = {name: i for i, name in enumerate(LAYOUTS)}
    return sorted(runs, key=lambda r: (known.get(r["layout"], 99), r["mode"]))


def panels_of(runs):
    """What can be drawn: title, and a function from run to spread or None."""
    panels = []
    names = {(r["a"]["name"], r["b"]["name"]) for r in runs if "b" in r}
    if names:
        a, b = sorted(names)[0]
        panels.append((f"ratio {a} / {b} (rtt: of p50, lower is better)",
                       lambda r: r["ratios"].get("a_b")))
    for port in ("a", "b"):
        name = next((r[port]["name"] for r in runs if port in r), None)
        if any("share_of_limit" in r.get(port, {}) for r in runs):
            panels.append((f"{name}: share of the limit",
                           lambda r, p=port: r.get(p, {}).get("share_of_limit")))
    panels.append((f"{runs[0]['a']['name']}: Mpps",
                   lambda r: r["a"]["mpps"] if r["mode"] != "rtt" else None))
    return panels


def place_bars(runs, spread_of):
    """(x, run, spread) per bar and (x, layout) per group."""
    bars, ticks, x = [], [], 0.0
    for layout in dict.fromkeys(r["layout"] for r in runs):
        start = x
        for mode in MODES:
            for run in runs:
                spread = spread_of(run)
                if (run["layout"], run["mode"]) == (layout, mode) and spread:
                    bars.append((x, run, spread))
                    x += 1.0
        if x > start:
            ticks.append(((start + x - 1) / 2, layout))
            x += 1.0
    return bars, ticks


def draw_panel(axes, runs, title, spread_of):
    bars, ticks = place_bars(runs, spread_of)
    seen = set()
    for x, run, s in bars:
        mode = run["mode"]
        axes.bar(x, s["median"], 0.9, color=COLOURS[mode],
                 label=None if mode in seen else mode)
        seen.add(mode)
        axes.plot([x, x], [s["min"], s["max"]], color="#555555", linewidth=0.7)
        axes.plot([x, x], [s["q1"], s["q3"]], color="black", linewidth=2.5)
        axes.annotate(f"{s['median']:.2f}", (x, s["median"]), (0, 2),
                      textcoords="offset points", ha="center", fontsize=6)
    if "Mpps" not in title:
        axes.axhline(1.0, color="black", linewidth=0.8, linestyle="--")
    highest = max((s["q3"] for _, _, s in bars), default=1.0)
    axes.set_ylim(0, highest * 1.4)
    axes.set_title(title, fontsize=9)
    axes.set_xticks([x for x, _ in ticks], [name for _, name in ticks],
                    rotation=20, ha="right", fontsize=7)
    axes.legend(fontsize=7, ncol=4, loc="upper right")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", required=True, action="append", metavar="FILE",
                        help="picture to write, .png or .svg; repeatable")
    parser.add_argument("json", nargs="+", help="files written by vnic-perf --json")
    args = parser.parse_args()
    runs = read_runs(args.json)
    panels = panels_of(runs)
    width = max(7.0, 0.3 * len(runs) + 3)
    figure, axes = plt.subplots(len(panels), 1, squeeze=False,
                                figsize=(width, 2.8 * len(panels)))
    for row, (title, spread_of) in zip(axes, panels):
        draw_panel(row[0], runs, title, spread_of)
    dates = sorted(r.get("date", "") for r in runs)
    figure.suptitle(f"{runs[0].get('dpdk', '')}, {runs[0]['size']}-byte frames, "
                    f"burst {runs[0]['burst']}, ring {runs[0]['ring']}, {dates[0][:10]}",
                    fontsize=9)
    figure.tight_layout()
    for out in args.out:
        try:
            figure.savefig(out, dpi=150)
        except (OSError, ValueError) as err:
            sys.exit(f"vnic-perf-plot: {out}: {err}")


if __name__ == "__main__":
    main()
