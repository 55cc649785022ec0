#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Checks that the guide tells of all that an operator can set and ask for.

usage: check-guide.py SOURCE_DIR

Device arguments and telemetry commands are in README.md and the guide, statistics
are in the guide. Prints one line for each that is not; the exit status is 0 if
there is none.
"""
import os
import re
import sys

DRIVER = os.path.join('drivers', 'net', 'vnic')
GUIDE = os.path.join('doc', 'guides', 'nics', 'vnic.rst')


def text_of(*parts):
    with open(os.path.join(*parts), encoding='utf-8') as f:
        return f.read()


def table(text, head):
    """What stands between the braces of an initializer that begins with head."""
    start = text.index(head)
    return text[start:text.index('\n};', start)]


def faults(source):
    args = text_of(source, DRIVER, 'vnic_args.c')
    stats = text_of(source, DRIVER, 'vnic_stats.c')
    readme, guide = text_of(source, 'README.md'), text_of(source, GUIDE)
    keys = re.findall(r'\{ "(\w+)", ON_', args)
    commands = set()
    for name in sorted(os.listdir(os.path.join(source, DRIVER))):
        if name.endswith('.c'):
            commands |= set(re.findall(r'"(/vnic/\w+)"', text_of(source, DRIVER, name)))
    fields = set(re.findall(r'\b(?:PORT|RX|TX)\((\w+)\)', table(stats, 'rxq_fields[]') +
                            table(stats, 'txq_fields[]') + table(stats, 'port_fields[]')))
    kinds = re.findall(r'= "(\w+)"', table(stats, 'violation_names['))
    if min(len(keys), len(commands), len(fields), len(kinds)) < 5:
        yield 'the driver: its keys, commands or statistics are not found'
    for key in keys:
        if not re.search(rf'`{key}=', readme):
            yield f'README.md: no device argument {key}'
        if not re.search(rf'``{key}``', guide):
            yield f'{GUIDE}: no device argument {key}'
    for command in sorted(commands):
        if command not in readme:
            yield f'README.md: no command {command}'
        if not re.search(rf'``{command}\b', guide):
            yield f'{GUIDE}: no command {command}'
    for name in sorted(fields | set(kinds)):
        if not re.search(rf'``{name}``', guide):
            yield f'{GUIDE}: no statistic {name}'


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    bad = list(faults(sys.argv[1]))
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
