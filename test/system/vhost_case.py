# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What cases of net_vnic_user against a scripted back end have in common.

One application process (vhost_driver.c) lives through all of a run: after each
case no descriptor and no mbuf may be missing.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fake_backend as fake

PREFIX = 'vnic-vhost-%d' % os.getpid()
TIMEOUT_MS = 200
# A fault costs one deadline; the rest is a busy machine's.
SLOW_MS = TIMEOUT_MS + 2500

where = None


class Driver:
    """The application; driver(COMMAND) is what its command gave."""

    def start(self, program):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, '--no-pci', '--in-memory', '-m', '16', '-l', '0',
             '--file-prefix', PREFIX],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, universal_newlines=True)
        self.ms = 0
        self.answer()

    def answer(self):
        for line in self.process.stdout:
            if line.startswith('= '):
                _, result, ms = line.split()
                self.ms = int(ms)
                return result
        raise AssertionError('the application died, status %s:\n%s' % (
            self.process.wait(), self.messages()))

    def __call__(self, command, *args):
        self.process.stdin.write(' '.join((command,) + args) + '\n')
        self.process.stdin.flush()
        return int(self.answer())

    def messages(self):
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode(errors='replace')

    def quit(self):
        self.process.stdin.close()
        return self.process.wait(20)


driver = Driver()


def wait_for(what, seconds=5):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Case(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(where, 'sock')
        self.backends = []
        self.mark = len(driver.messages())
        self.fds = driver('fds')
        self.mbufs = driver('mbufs')

    def tearDown(self):
        driver('remove')
        for backend in self.backends:
            backend.close()
            self.assertEqual(backend.wrong, [])
        self.assertEqual(driver('fds'), self.fds, 'descriptors leaked')
        self.assertEqual(driver('mbufs'), self.mbufs, 'mbufs leaked')

    def backend(self, **settings):
        backend = fake.Backend(self.path, **settings)
        self.backends.append(backend)
        return backend

    def probe(self, more=''):
        return driver('probe', 'path=%s,connect_timeout_ms=%d%s' % (
            self.path, TIMEOUT_MS, more))

    def up(self, more='', start='1', **settings):
        backend = self.backend(**settings)
        self.assertEqual(self.probe(more), 0, self.said())
        if start:
            self.assertEqual(driver('start', start), 0, self.said())
        return backend

    def said(self):
        return driver.messages()[self.mark:]

    def refused(self, result, errors):
        allowed = {-getattr(errno, name) for name in errors}
        self.assertIn(result, allowed, self.said())
        self.assertLess(driver.ms, SLOW_MS, self.said())
        said = [line for line in self.said().splitlines()
                if line.startswith('vnic: ')]
        self.assertTrue(said, 'no message says why')


def main(usage):
    global where
    if len(sys.argv) < 2:
        sys.exit(usage)
    # The one exception that unittest lets pass.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as where:
        driver.start(sys.argv[1])
        try:
            tests = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False)
        finally:
            status = driver.quit()
            shutil.rmtree('/var/run/dpdk/' + PREFIX, ignore_errors=True)
    if status != 0:
        sys.exit('the application ended with status %d' % status)
    sys.exit(not tests.result.wasSuccessful())
