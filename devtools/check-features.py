#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Checks doc/features.md: each feature that vnic has names a test that exists.

usage: check-features.py SOURCE_DIR BUILD_DIR

A test is one of the build's tests, or a case that a test program registers.
Prints one line for each thing wrong; the exit status is 0 if there is none.
"""
import json
import os
import re
import subprocess
import sys

CELLS = {'Y', 'N', 'P', 'leg', '-', '?'}


def build_tests(build):
    out = subprocess.run(['meson', 'introspect', '--tests', build], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return {t['name'] for t in json.loads(out)}


def cases(source):
    """Functions that a program of test/ hands to cmocka."""
    found = set()
    for folder, _, files in os.walk(os.path.join(source, 'test')):
        for name in files:
            if name.endswith('.c'):
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    found.update(re.findall(r'cmocka_unit_test\w*\(\s*(\w+)', f.read()))
    return found


def rows(path):
    """Line number and cells by column name, of every table row."""
    head = None
    with open(path, encoding='utf-8') as f:
        for nr, line in enumerate(f, 1):
            cells = [c.strip() for c in line.strip().strip('|').split('|')]
            if not line.startswith('|'):
                head = None
            elif head is None:
                head = cells
            elif not set(line.strip()) <= set('|-'):
                yield nr, dict(zip(head, cells)), len(cells) == len(head)


def faults(path, known):
    count = 0
    for nr, row, whole in rows(path):
        names = re.findall(r'`([^`]+)`', row.get('shown by', ''))
        count += 1
        if not whole or 'vnic' not in row:
            yield nr, 'not as many cells as its head has columns'
            continue
        for column, cell in row.items():
            if column not in ('bit', 'feature', 'what', 'shown by') and cell not in CELLS:
                yield nr, 'column %s says "%s", not one of %s' % (
                    column, cell, ' '.join(sorted(CELLS)))
        if row['vnic'] in ('Y', 'P') and not names:
            yield nr, 'vnic has it, but no test is named'
        for name in names:
            if name not in known:
                yield nr, 'there is no test %s' % name
    if count < 50:
        yield 0, 'only %d rows were found' % count


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    source, build = sys.argv[1:]
    path = os.path.join(source, 'doc', 'features.md')
    bad = list(faults(path, build_tests(build) | cases(source)))
    for nr, what in bad:
        print('doc/features.md:%d: %s' % (nr, what))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
