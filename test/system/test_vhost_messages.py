#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""net_vnic_user against back ends that lie and stall, and wrong arguments.

usage: test_vhost_messages.py VHOST_DRIVER [CASE...]
"""

import os
import struct

import fake_backend as fake
from vhost_case import SLOW_MS, Case, driver, main, wait_for

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
                ('mac', 'zz', 'unicast'), ('speed', '0', 'Mbit/s'),
                ('speed', '4294967295', 'Mbit/s'), ('packed_vq', '2', '0 or 1'),
                ('in_order', 'yes', '0 or 1'), ('mrg_rxbuf', '', '0 or 1'),
                ('connect_timeout_ms', '0', 'milliseconds')):
            self.wrong('path=/x,%s=%s' % (key, value), key, right)

    def test_twice(self):
        self.wrong('path=/x,path=/y', 'path', 'twice')


if __name__ == '__main__':
    main(__doc__)
