#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The whole speed table: net_vnic_user against net_virtio_user.

usage: bench.py [options] VNIC_PERF PLUGIN OUT_DIR

Runs vnic-perf for every ring layout and mode, --reps times each, keeps its
JSON files in OUT_DIR and prints a table in Markdown: for each cell the median
over the repetitions of the ratio (vnic / net_virtio, median of window pairs),
its lowest and highest, both rates and vnic's share of the limit.

  --reps N       repetitions (3)
  --seconds N    length of one run (3)
  --modes M,...  of rx, tx, fwd, rtt (rx,tx,fwd)
  --layouts L,...  (all)
  --simd BITS    vector width allowed to both drivers (512)
  --extra ARGS   more arguments for vnic-perf
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

LAYOUTS = ['split-mrg', 'split-nomrg', 'split-inorder-mrg', 'split-inorder',
           'packed-mrg', 'packed', 'packed-inorder-mrg', 'packed-inorder']


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('program')
    p.add_argument('plugin')
    p.add_argument('out')
    p.add_argument('--reps', type=int, default=3)
    p.add_argument('--seconds', type=int, default=3)
    p.add_argument('--modes', default='rx,tx,fwd')
    p.add_argument('--layouts', default=','.join(LAYOUTS))
    p.add_argument('--simd', default='512')
    p.add_argument('--extra', default='')
    return p.parse_args()


def run(a, layout, mode, rep):
    out = os.path.join(a.out, '%s-%s-%d.json' % (layout, mode, rep))
    cmd = [a.program, '--plugin', a.plugin, '--a', 'net_vnic_user',
           '--b', 'net_virtio_user', '--layout', layout, '--mode', mode,
           '--seconds', str(a.seconds), '--simd', a.simd, '--realtime',
           '--quiet', '--json', out] + a.extra.split()
    try:
        r = subprocess.run(cmd, stdout=subprocess.DEVNULL, timeout=120,
                           stderr=subprocess.PIPE, text=True)
    except subprocess.TimeoutExpired:
        return None
    if r.returncode != 0:
        print('%s %s: %s' % (layout, mode, r.stderr[-300:]), file=sys.stderr)
        return None
    with open(out) as f:
        return json.load(f)


def rate(d, who):
    return d[who]['mpps']['median']


def row(layout, mode, runs):
    ratios = [d['ratios']['a_b']['median'] for d in runs]
    share = [d['a']['share_of_limit']['median'] for d in runs]
    cells = [layout, mode, '%.2f' % statistics.median(ratios),
             '%.2f..%.2f' % (min(ratios), max(ratios))]
    for who in ('a', 'b', 'limit'):
        cells.append(' '.join('%.0f' % rate(d, who) for d in runs))
    cells.append(' '.join('%.2f' % s for s in share))
    cells.append(' '.join('%.0f' % (100 * d['a']['device_idle'])
                          for d in runs))
    return '| ' + ' | '.join(cells) + ' |'


def rtt_row(layout, runs):
    def us(d, who, p):
        return d[who]['rtt_us'][p]
    cells = [layout, 'rtt']
    for p in ('p50', 'p99'):
        cells.append(' '.join('%.2f/%.2f' % (us(d, 'a', p), us(d, 'b', p))
                              for d in runs))
        cells.append('%.2f' % statistics.median(
            us(d, 'a', p) / us(d, 'b', p) for d in runs))
    return '| ' + ' | '.join(cells) + ' |'


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    for mode in a.modes.split(','):
        if mode == 'rtt':
            print('\n| layout | mode | p50 µs vnic/net_virtio | ratio | p99 µs | ratio |\n|' + '---|' * 6)
        else:
            print('\n| layout | mode | ratio | lowest..highest | vnic Mpps | net_virtio Mpps | limit Mpps | share of limit | device waited % |\n|' + '---|' * 9)
        for layout in a.layouts.split(','):
            runs = [run(a, layout, mode, rep) for rep in range(a.reps)]
            runs = [d for d in runs if d is not None]
            if runs:
                print(rtt_row(layout, runs) if mode == 'rtt' else
                      row(layout, mode, runs), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
