#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""net_vnic_user against back ends that lie, stall, and hang up.

usage: test_vhost_messages.py VHOST_DRIVER [CASE...]

One application process (vhost_driver.c) lives through all of it: after each
case no descriptor and no mbuf may be missing.
"""

import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import fake_backend as fake

PREFIX = 'vnic-messages-%d' % os.getpid()
TIMEOUT_MS = 200
# A fault costs one deadline; the rest is a busy machine's.
SLOW_MS = TIMEOUT_MS + 2500

driver = None
where = None


class Driver:
    def __init__(self, program):
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


# A reply's fault, and what the caller may get for it.
FAULTS = {
    'silent': (fake.silent, ['ETIMEDOUT']),
    'half_header': (fake.half_header, ['ETIMEDOUT']),
    'half_payload': (fake.half_payload, ['ETIMEDOUT', 'EPROTO']),
    'drip': (fake.drip, ['ETIMEDOUT', 'EPROTO']),
    'hang_up': (fake.hang_up, ['ENODEV', 'ECONNRESET']),
    'oversized': (fake.oversized, ['EPROTO']),
    'no_payload': (fake.no_payload, ['EPROTO']),
    'wrong_request': (fake.wrong_request, ['EPROTO']),
    'wrong_version': (fake.wrong_version, ['EPROTO']),
    'no_reply_flag': (fake.no_reply_flag, ['EPROTO']),
    'garbage': (fake.garbage, ['EPROTO']),
    'extra_fds': (fake.extra_fds, ['EPROTO']),
    'many_fds': (fake.many_fds, ['EPROTO']),
}

PROBE_REQUESTS = ['GET_FEATURES', 'GET_PROTOCOL_FEATURES', 'SET_OWNER',
                  'GET_QUEUE_NUM', 'GET_MAX_MEM_SLOTS', 'SET_BACKEND_REQ_FD',
                  'GET_CONFIG']
START_REQUESTS = ['SET_FEATURES', 'GET_STATUS', 'ADD_MEM_REG',
                  'GET_INFLIGHT_FD', 'SET_INFLIGHT_FD', 'SET_VRING_NUM',
                  'SET_VRING_BASE', 'SET_VRING_ADDR', 'SET_VRING_CALL',
                  'SET_VRING_KICK', 'SET_VRING_ENABLE']


class ProbeFaults(Case):
    def fault(self, request, name):
        # An empty payload is how GET_CONFIG says no: not an error.
        if (request, name) == ('GET_CONFIG', 'no_payload'):
            return
        fault, errors = FAULTS[name]
        backend = self.backend(faults={request: fault})
        self.refused(self.probe(), errors)
        backend.faults.clear()
        self.assertEqual(self.probe(), 0, self.said())


class StartFaults(Case):
    def fault(self, request, name):
        fault, errors = FAULTS[name]
        backend = self.up(start='')
        backend.faults[request] = fault
        self.refused(driver('start'), errors + ['EIO'])
        backend.faults.clear()
        # The front end connects again by itself, then the port starts.
        self.assertTrue(wait_for(lambda: backend.connections >= 2))
        self.assertTrue(wait_for(lambda: driver('start') == 0), self.said())
        self.assertTrue(wait_for(lambda: driver('link') == 1), self.said())


def add_faults(case, requests):
    for request in requests:
        for name in FAULTS:
            def test(self, request=request, name=name):
                self.fault(request, name)
            setattr(case, 'test_%s_%s' % (request.lower(), name), test)


add_faults(ProbeFaults, PROBE_REQUESTS)
add_faults(StartFaults, START_REQUESTS)


class Values(Case):
    """Well-formed replies whose numbers cannot be."""

    def probe_value(self, request, number, errors):
        self.backend(faults={request: fake.value(number)})
        self.refused(self.probe(), errors)

    def test_queue_num_0(self):
        self.probe_value('GET_QUEUE_NUM', 0, ['EINVAL', 'EPROTO'])

    def test_queue_num_huge(self):
        self.probe_value('GET_QUEUE_NUM', 1 << 63, ['EPROTO'])

    def test_features_none(self):
        self.probe_value('GET_FEATURES', 0, ['ENOTSUP'])

    def test_features_all(self):
        self.backend(faults={'GET_FEATURES': fake.value((1 << 64) - 1)})
        self.assertEqual(self.probe(), 0, self.said())

    def test_proto_all(self):
        backend = self.up(proto=(1 << 64) - 1)
        self.assertEqual(backend.proto & ~fake.PROTO, 0)

    def test_slots_huge(self):
        self.up(slots=(1 << 64) - 1)

    def test_slots_few(self):
        self.backend(slots=1)
        self.assertEqual(self.probe(), 0)
        self.refused(driver('start'), ['E2BIG'])
        self.assertIn('--single-file-segments', self.said())
        # Once, and not as strerror's "Argument list too long".
        self.assertEqual(self.said().count('vnic: '), 1, self.said())

    def test_status_huge(self):
        backend = self.up(start='')
        backend.faults['GET_STATUS'] = fake.value(0x1ff)
        self.refused(driver('start'), ['EPROTO'])

    def test_features_refused(self):
        backend = self.up(start='')
        backend.faults['GET_STATUS'] = fake.value(3)
        self.refused(driver('start'), ['ENOTSUP'])

    def test_nack(self):
        for request in ('SET_VRING_ADDR', 'ADD_MEM_REG', 'SET_FEATURES'):
            backend = self.up(start='')
            backend.faults[request] = fake.nack
            self.refused(driver('start'), ['EIO'])
            self.assertIn('refused ' + request, self.said())
            driver('remove')
            backend.close()
            self.backends.remove(backend)

    def test_vring_base_of_another_ring(self):
        def wrong(backend, request):
            return backend.reply(request, struct.pack('=II', 77, 0))
        backend = self.up()
        backend.faults['GET_VRING_BASE'] = wrong
        driver('stop')
        self.assertLess(driver.ms, SLOW_MS)
        self.assertIn('GET_VRING_BASE with ring 0x4d', self.said())
        backend.faults.clear()
        self.assertTrue(wait_for(lambda: backend.connections >= 2))

    def inflight(self, size, offset, nr_fds, errors):
        def lie(backend, request):
            fds = [os.open('/dev/null', os.O_RDWR) for _ in range(nr_fds)]
            backend.reply(request, struct.pack('=QQHHI', size, offset, 2, 256,
                                               0), fds)
            for fd in fds:
                os.close(fd)
            return True
        backend = self.up(start='')
        backend.faults['GET_INFLIGHT_FD'] = lie
        self.refused(driver('start'), errors)
        backend.faults.clear()

    def test_inflight_huge(self):
        self.inflight(1 << 62, 0, 1, ['EPROTO'])

    def test_inflight_empty(self):
        self.inflight(0, 0, 1, ['EPROTO'])

    def test_inflight_no_fd(self):
        self.inflight(4096, 0, 0, ['EPROTO'])

    def test_inflight_two_fds(self):
        self.inflight(4096, 0, 2, ['EPROTO'])

    def test_config_other_range(self):
        def lie(backend, request):
            return backend.reply(request, struct.pack(
                '=III', 0, 256, 0).ljust(len(request.payload), b'\xff'))
        self.backend(faults={'GET_CONFIG': lie})
        self.refused(self.probe(), ['EPROTO'])


class Sockets(Case):
    def test_absent(self):
        self.refused(self.probe(), ['ENOENT'])

    def test_nobody_listens(self):
        backend = self.backend()
        backend.close()
        self.backends.clear()
        left = fake.socket.socket(fake.socket.AF_UNIX)
        left.bind(self.path)
        left.close()
        self.refused(self.probe(), ['ECONNREFUSED'])
        os.unlink(self.path)

    def test_no_socket(self):
        with open(self.path, 'w'):
            self.refused(self.probe(), ['ENOTSOCK'])
        os.unlink(self.path)

    def test_never_accepts(self):
        deaf = fake.socket.socket(fake.socket.AF_UNIX)
        deaf.bind(self.path)
        deaf.listen(1)
        self.refused(self.probe(), ['ETIMEDOUT'])
        deaf.close()
        os.unlink(self.path)

    def test_server_nobody_comes(self):
        self.refused(self.probe(',server=1'), ['ETIMEDOUT'])
        self.assertFalse(os.path.exists(self.path))

    def test_server_stale_socket(self):
        left = fake.socket.socket(fake.socket.AF_UNIX)
        left.bind(self.path)
        left.close()
        self.refused(self.probe(',server=1'), ['ETIMEDOUT'])
        self.assertFalse(os.path.exists(self.path))

    def test_server_path_taken(self):
        self.backend()
        self.refused(self.probe(',server=1'), ['EADDRINUSE'])

    def test_server_no_socket_of_ours(self):
        with open(self.path, 'w'):
            self.refused(self.probe(',server=1'), ['ENOTSOCK'])
        self.assertTrue(os.path.exists(self.path))
        os.unlink(self.path)

    def test_too_many_queues(self):
        self.backend(pairs=2)
        self.refused(self.probe(',queues=3'), ['EINVAL'])
        self.assertIn('queues=3', self.said())


class Arguments(Case):
    def wrong(self, args, *words):
        self.refused(driver('probe', args), ['EINVAL'])
        for word in words:
            self.assertIn(word, self.said())

    def test_path(self):
        self.wrong('queues=1', 'path')
        self.wrong('path=' + 'x' * 120, '107')
        self.wrong('path=', 'path')

    def test_unknown(self):
        self.wrong('path=/x,mode=tap0', 'mode', 'queue_size')

    def test_values(self):
        for key, value, right in (
                ('queues', '0', '1 to 1024'), ('queues', '-1', '1 to 1024'),
                ('queues', '2x', '1 to 1024'),
                ('queue_size', '100', 'power of two'),
                ('queue_size', '65536', 'power of two'),
                ('mac', '01:00:00:00:00:01', 'unicast'),
                ('mac', 'zz', 'unicast'), ('packed_vq', '2', '0 or 1'),
                ('in_order', 'yes', '0 or 1'), ('mrg_rxbuf', '', '0 or 1'),
                ('connect_timeout_ms', '0', 'milliseconds')):
            self.wrong('path=/x,%s=%s' % (key, value), key, right)

    def test_twice(self):
        self.wrong('path=/x,path=/y', 'path', 'twice')


class Handover(Case):
    """What a back end that follows the protocol sees."""

    def check_rings(self, backend, indexes, base):
        self.assertEqual(sorted(backend.rings), indexes)
        for index in indexes:
            self.assertEqual(backend.rings[index], {
                'enabled': True, 'num': 256, 'base': base, 'mapped': True,
                'kick': 1, 'call': 1})

    def test_split(self):
        backend = self.up()
        self.check_rings(backend, [0, 1], 0)
        self.assertEqual(backend.proto, fake.PROTO)
        self.assertEqual(backend.status, 0xf)
        self.assertEqual(backend.inflight, 1)
        self.assertEqual(driver('link'), 1)
        self.assertEqual(driver('stop'), 0)
        self.assertEqual(backend.rings, {})
        self.assertEqual(backend.status, 0)

    def test_packed(self):
        backend = self.up(',packed_vq=1,in_order=0')
        self.check_rings(backend, [0, 1], 0x80008000)
        self.assertTrue(backend.agreed >> fake.F_PACKED & 1)
        self.assertFalse(backend.agreed >> fake.F_IN_ORDER & 1)

    def test_queues(self):
        backend = self.up(',queues=3', start='3')
        self.check_rings(backend, list(range(6)), 0)

    def test_masks(self):
        backend = self.up(',mrg_rxbuf=0')
        self.assertFalse(backend.agreed >> fake.F_MRG_RXBUF & 1)
        self.assertFalse(backend.agreed >> fake.F_PACKED & 1)
        self.assertTrue(backend.agreed >> fake.F_IN_ORDER & 1)

    def test_plain_back_end(self):
        """No protocol features at all: rings run from their kick on."""
        features = fake.FEATURES & ~fake.bits(fake.F_PROTOCOL, fake.F_MQ,
                                              fake.F_STATUS, fake.F_MAC)
        backend = self.backend(features=features)
        self.assertEqual(self.probe(), 0, self.said())
        self.assertEqual(backend.count('GET_PROTOCOL_FEATURES'), 0)
        ret = driver('start')
        # Eight regions may be too few for this machine's pages.
        self.assertIn(ret, (0, -errno.E2BIG))
        self.assertEqual(backend.count('SET_VRING_ENABLE'), 0)

    def test_restart(self):
        backend = self.up()
        for _ in range(5):
            self.assertEqual(driver('stop'), 0)
            self.assertEqual(driver('start'), 0)
        self.check_rings(backend, [0, 1], 0)
        self.assertEqual(backend.count('GET_INFLIGHT_FD'), 1)

    def test_memory_grows(self):
        backend = self.up(slots=4096)
        before = dict(backend.regions)
        if driver('alloc', '64') != 0:
            self.skipTest('64 MB of free huge pages are needed')
        grown = set(backend.regions) - set(before)
        self.assertTrue(grown, 'the back end does not know of new memory')
        self.assertTrue(set(before) <= set(backend.regions))
        self.assertEqual(driver('alloc', '0'), 0)
        self.assertEqual(backend.regions, before)
        self.check_rings(backend, [0, 1], 0)

    def test_config_change(self):
        backend = self.up()
        seen = backend.count('GET_CONFIG')
        backend.event.send(struct.pack('=III', 2, fake.VERSION |
                                       fake.NEED_REPLY, 0))
        reply = backend.event.recv(20, fake.socket.MSG_WAITALL)
        self.assertEqual(struct.unpack('=IIIQ', reply),
                         (2, fake.VERSION | fake.REPLY, 8, 0))
        self.assertGreater(backend.count('GET_CONFIG'), seen)

    def test_config_change_garbage(self):
        backend = self.up()
        backend.event.send(os.urandom(300))
        self.assertTrue(wait_for(lambda: 'no sense' in self.said()))
        self.assertEqual(driver('link'), 1)


class Reconnect(Case):
    def back(self, backend, times):
        self.assertTrue(wait_for(lambda: backend.connections > times and
                                 len(backend.rings) == 2 and
                                 backend.status == 0xf and
                                 driver('link') == 1), self.said())

    def test_client(self):
        backend = self.up()
        for i in range(1, 6):
            backend.hang_up()
            self.back(backend, i)
        self.assertTrue(backend.rings[0]['mapped'])

    def test_back_end_restarts(self):
        backend = self.up()
        backend.close()
        self.backends.remove(backend)
        self.assertTrue(wait_for(lambda: driver('link') == 0))
        driver('poll')
        self.back(self.backend(), 0)

    def test_stop_and_start_while_away(self):
        backend = self.up()
        backend.close()
        self.backends.remove(backend)
        self.assertTrue(wait_for(lambda: driver('link') == 0))
        self.assertEqual(driver('stop'), 0)
        self.assertEqual(driver('start'), 0, self.said())
        self.assertEqual(driver('link'), 0)
        self.back(self.backend(), 0)

    def test_remove_while_away(self):
        backend = self.up()
        backend.close()
        self.backends.remove(backend)
        self.assertTrue(wait_for(lambda: driver('link') == 0))
        self.assertEqual(driver('remove'), 0)
        self.assertLess(driver.ms, SLOW_MS)

    def test_refusal_asks_nothing(self):
        """A paused back end does not lose its connection by it."""
        backend = self.up()
        backend.faults['GET_STATUS'] = fake.silent
        asked = backend.count('GET_STATUS')
        self.assertEqual(driver('refuse'), -errno.ENOSPC, self.said())
        self.assertEqual(driver('removed'), 0)
        self.assertEqual(backend.count('GET_STATUS'), asked)
        self.assertFalse(wait_for(lambda: driver('link') == 0, 1))
        self.assertEqual(backend.connections, 1)

    def test_refusal_while_away(self):
        """A back end that hung up is not a port that was removed."""
        backend = self.up()
        backend.faults['GET_FEATURES'] = fake.hang_up
        backend.hang_up()
        for _ in range(100):
            self.assertEqual(driver('refuse'), -errno.ENOSPC, self.said())
        self.assertTrue(wait_for(lambda: driver('link') == 0))
        self.assertEqual(driver('refuse'), -errno.ENOSPC, self.said())
        del backend.faults['GET_FEATURES']
        self.assertTrue(wait_for(lambda: driver('link') == 1), self.said())
        self.assertEqual(driver('removed'), 0)
        self.assertEqual(driver('refuse'), -errno.ENOSPC, self.said())

    def test_lesser_back_end(self):
        """One that lacks an agreed feature is not taken, its heir is."""
        backend = self.up()
        backend.features &= ~fake.bits(fake.F_MRG_RXBUF)
        backend.hang_up()
        self.assertTrue(wait_for(
            lambda: 'came back without' in self.said()))
        self.assertEqual(driver('link'), 0)
        backend.features |= fake.bits(fake.F_MRG_RXBUF)
        self.back(backend, 2)
        self.assertEqual(self.said().count('came back without'), 1)

    def test_silent_on_return(self):
        backend = self.up()
        backend.faults['GET_FEATURES'] = fake.silent
        backend.hang_up()
        self.assertTrue(wait_for(lambda: backend.connections >= 3))
        backend.faults.clear()
        self.back(backend, 3)

    def test_server(self):
        backend = self.backend(client=True)
        self.assertEqual(self.probe(',server=1'), 0, self.said())
        self.assertEqual(driver('start'), 0, self.said())
        self.assertEqual(driver('link'), 1)
        backend.hang_up()
        self.back(backend, 1)
        backend.close()
        self.backends.remove(backend)
        self.assertTrue(wait_for(lambda: driver('link') == 0))
        self.back(self.backend(client=True), 0)
        self.assertEqual(driver('remove'), 0)
        self.assertFalse(os.path.exists(self.path))


def main():
    global driver, where
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    # The one exception that unittest lets pass.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as where:
        driver = Driver(sys.argv[1])
        try:
            tests = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False)
        finally:
            status = driver.quit()
            shutil.rmtree('/var/run/dpdk/' + PREFIX, ignore_errors=True)
    if status != 0:
        sys.exit('the application ended with status %d' % status)
    sys.exit(not tests.result.wasSuccessful())


if __name__ == '__main__':
    main()
