#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What a back end sees of net_vnic_user, at first and when it comes back.

usage: test_vhost_reconnect.py VHOST_DRIVER [CASE...]
"""

import errno
import os
import struct
import threading
import time

import fake_backend as fake
from vhost_case import SLOW_MS, Case, driver, main, wait_for


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

    def test_speed(self):
        """What the operator says, as net_virtio_user takes it."""
        self.up()
        self.assertEqual(driver('speed'), 0xffffffff)
        driver('remove')
        self.backends.pop().close()
        self.up(',speed=25000')
        self.assertEqual(driver('speed'), 25000)

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
        # A new area after each reset, as the protocol wants it.
        self.assertEqual(backend.count('GET_INFLIGHT_FD'), 6)
        self.assertEqual(backend.count('SET_INFLIGHT_FD'), 6)

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

    def memory_refused(self, request, **settings):
        """It may map freed memory for ever: a new connection clears that."""
        backend = self.up(**settings)
        if driver('alloc', '64') != 0:
            self.skipTest('64 MB of free huge pages are needed')
        backend.faults[request] = fake.nack
        self.assertEqual(driver('alloc', '0'), 0)
        backend.faults.clear()
        self.assertIn('refused ' + request, self.said())
        self.assertTrue(wait_for(lambda: backend.connections == 2 and
                                 backend.status == 0xf), self.said())
        self.assertTrue(wait_for(lambda: driver('link') == 1), self.said())
        self.check_rings(backend, [0, 1], 0)

    def test_memory_removal_refused(self):
        self.memory_refused('REM_MEM_REG', slots=4096)

    def test_memory_no_room(self):
        """Rings go on with what the back end has when more does not fit."""
        backend = self.up(slots=4096)
        if driver('alloc', '64') != 0:
            self.skipTest('64 MB of free huge pages are needed')
        backend.faults['ADD_MEM_REG'] = fake.nack
        self.assertEqual(driver('alloc', '0'), 0)
        self.assertEqual(driver('alloc', '64'), 0)
        self.assertIn('refused ADD_MEM_REG', self.said())
        self.assertEqual(driver('link'), 1)
        self.check_rings(backend, [0, 1], 0)
        self.assertEqual(driver('alloc', '0'), 0)

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

    def gone(self, backend):
        """It is closed, and nobody serves the socket any more."""
        backend.close()
        self.backends.remove(backend)
        self.assertTrue(wait_for(lambda: driver('link') == 0))

    def test_back_end_restarts(self):
        backend = self.up()
        self.gone(backend)
        driver('poll')
        self.back(self.backend(), 0)

    def test_stop_and_start_while_away(self):
        backend = self.up()
        self.gone(backend)
        self.assertEqual(driver('stop'), 0)
        self.assertEqual(driver('start'), 0, self.said())
        self.assertEqual(driver('link'), 0)
        self.back(self.backend(), 0)

    def test_remove_while_away(self):
        backend = self.up()
        self.gone(backend)
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

    def test_comes_to_go(self):
        """A back end that does not last is waited for, longer each time."""
        backend = self.up()
        backend.faults['SET_VRING_ADDR'] = fake.hang_up
        backend.hang_up()
        time.sleep(1.5)
        self.assertLess(backend.connections, 15)
        self.assertGreater(backend.connections, 5)
        self.assertLess(len(self.said()), 8000)
        backend.faults.clear()
        self.back(backend, backend.connections)

    def test_server_comes_to_go(self):
        backend = self.backend(client=True)
        self.assertEqual(self.probe(',server=1'), 0, self.said())
        self.assertEqual(driver('start'), 0, self.said())
        backend.faults['SET_VRING_ADDR'] = fake.hang_up
        backend.hang_up()
        time.sleep(1.5)
        self.assertLess(self.said().count('is back'), 15)
        backend.faults.clear()
        self.back(backend, 1)

    def test_no_permission_on_return(self):
        """What keeps it from connecting again is said, once."""
        backend = self.up()
        backend.close()
        self.backends.remove(backend)
        with open(self.path, 'w'):
            self.assertTrue(wait_for(
                lambda: 'cannot connect again' in self.said()), self.said())
            time.sleep(0.5)
        self.assertEqual(self.said().count('cannot connect again'), 1)
        self.assertIn('no socket', self.said())
        os.unlink(self.path)
        self.back(self.backend(), 0)

    def test_start_while_it_connects(self):
        """Rings are given to a back end once, whoever comes first."""
        backend = self.up()
        asked = threading.Event()

        def late(backend, request):
            asked.set()
            time.sleep(self.delay)
            return backend.handle(request)
        backend.faults['SET_BACKEND_REQ_FD'] = late
        for i in range(12):
            self.assertEqual(driver('stop'), 0)
            self.delay = i * 0.0004
            asked.clear()
            backend.hang_up()
            self.assertTrue(asked.wait(5))
            driver('start')
            self.assertTrue(wait_for(lambda: driver('link') == 1),
                            self.said())
        self.assertEqual(backend.wrong, [])

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
        self.gone(backend)
        self.back(self.backend(client=True), 0)
        self.assertEqual(driver('remove'), 0)
        self.assertFalse(os.path.exists(self.path))


if __name__ == '__main__':
    main(__doc__)
