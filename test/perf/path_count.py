#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Instructions a frame of every row of the path table, by callgrind.

usage: path_count.py PATH_COUNT_PROGRAM [ROW ...]

Runs each row twice with different numbers of bursts and takes the difference,
so that start-up does not count; counts only inside the burst functions. The
figures repeat to the last digit for one binary. Rows for vectors of 512 bits
are left out: valgrind does not know them. Prints a table in Markdown.
"""
import os
import re
import subprocess
import sys
import tempfile

BURSTS = (64, 192)
FRAMES = 32 * (BURSTS[1] - BURSTS[0])


def count(program, row, function, bursts):
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, 'out')
        run = subprocess.run(
            ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out,
             '--collect-atstart=no', '--toggle-collect=' + function,
             program, row, str(bursts)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=300)
        if run.returncode != 0:
            sys.exit('%s: %s failed:\n%s' % (sys.argv[0], row, run.stderr[-2000:]))
        with open(out) as f:
            total = re.search(r'^(?:totals|summary): (\d+)', f.read(), re.M)
        return int(total.group(1))


def a_frame(program, row, function):
    few, many = (count(program, row, function, n) for n in BURSTS)
    return (many - few) / FRAMES


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 2
    program = sys.argv[1]
    env = dict(os.environ)
    rows = [line.split()[1:] for line in subprocess.run(
        [program], stdout=subprocess.PIPE, text=True, check=True,
        env=env).stdout.splitlines() if line.startswith('row ')]
    print('| receive path | instructions a frame | transmit path | instructions a frame |')
    print('|---|---|---|---|')
    for rx, tx, simd in rows:
        if int(simd) > 256 or (sys.argv[2:] and rx not in sys.argv[2:]):
            continue
        suffix = '_avx2' if simd == '256' else ''
        # Functions are named without the width; each object has its own.
        figures = [a_frame(program, rx, name[:len(name) - len(suffix)])
                   for name in (rx, tx)]
        print('| %s | %.1f | %s | %.1f |' % (rx, figures[0], tx, figures[1]),
              flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
