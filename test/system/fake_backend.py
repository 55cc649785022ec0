# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A vhost-user back end that follows the protocol, or breaks it on demand.

Written from the vhost-user specification; moves no frame. A fault is a
function of the fake and the request that takes the place of the reply.
"""

import array
import mmap
import os
import socket
import struct
import threading
import time

NAMES = {
    1: 'GET_FEATURES', 2: 'SET_FEATURES', 3: 'SET_OWNER', 5: 'SET_MEM_TABLE',
    8: 'SET_VRING_NUM', 9: 'SET_VRING_ADDR', 10: 'SET_VRING_BASE',
    11: 'GET_VRING_BASE', 12: 'SET_VRING_KICK', 13: 'SET_VRING_CALL',
    15: 'GET_PROTOCOL_FEATURES', 16: 'SET_PROTOCOL_FEATURES',
    17: 'GET_QUEUE_NUM', 18: 'SET_VRING_ENABLE', 21: 'SET_BACKEND_REQ_FD',
    24: 'GET_CONFIG', 31: 'GET_INFLIGHT_FD', 32: 'SET_INFLIGHT_FD',
    34: 'RESET_DEVICE', 36: 'GET_MAX_MEM_SLOTS', 37: 'ADD_MEM_REG',
    38: 'REM_MEM_REG', 39: 'SET_STATUS', 40: 'GET_STATUS',
}
NUMBERS = {name: number for number, name in NAMES.items()}

VERSION, REPLY, NEED_REPLY = 0x1, 0x4, 0x8
F_MAC, F_MRG_RXBUF, F_STATUS, F_MQ = 5, 15, 16, 22
F_PROTOCOL, F_VERSION_1, F_PACKED, F_IN_ORDER = 30, 32, 34, 35
P_MQ, P_REPLY_ACK, P_BACKEND_REQ, P_CONFIG = 0, 3, 5, 9
P_INFLIGHT, P_RESET, P_SLOTS, P_STATUS = 12, 13, 15, 16


def bits(*numbers):
    return sum(1 << n for n in numbers)


FEATURES = bits(F_MAC, F_MRG_RXBUF, F_STATUS, F_MQ, F_PROTOCOL, F_VERSION_1,
                F_PACKED, F_IN_ORDER)
PROTO = bits(P_MQ, P_REPLY_ACK, P_BACKEND_REQ, P_CONFIG, P_INFLIGHT, P_RESET,
             P_SLOTS, P_STATUS)


class Request:
    def __init__(self, number, flags, payload, fds):
        self.number = number
        self.name = NAMES.get(number, str(number))
        self.flags = flags
        self.payload = payload
        self.fds = fds

    def u64(self):
        return struct.unpack('=Q', self.payload)[0]

    def state(self):
        return struct.unpack('=II', self.payload)


class Backend:
    """Serves one connection after the other until close()."""

    def __init__(self, path, features=FEATURES, proto=PROTO, faults=None,
                 pairs=4, slots=64, client=False):
        self.path = path
        self.features = features
        self.offered = proto
        self.faults = faults or {}
        self.pairs = pairs
        self.slots = slots
        self.client = client
        self.mac = bytes.fromhex('02a1b2c3d4e5')
        self.lock = threading.Lock()
        self.log = []
        self.wrong = []
        self.connections = 0
        self.conn = None
        self.closing = False
        self.listener = None
        if not client:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen(4)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def reset_state(self):
        self.proto = 0
        self.status = 0
        self.agreed = 0
        self.regions = {}
        self.rings = {}
        self.inflight = None
        self.event = None

    def close(self):
        self.closing = True
        if self.listener:
            try:
                self.listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.listener.close()
            os.unlink(self.path)
        self.hang_up()
        self.thread.join(10)

    def hang_up(self):
        conn = self.conn
        if conn:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        if not self.client:
            return self.listener.accept()[0]
        while not self.closing:
            conn = socket.socket(socket.AF_UNIX)
            try:
                conn.connect(self.path)
                return conn
            except OSError:
                conn.close()
                time.sleep(0.02)
        raise OSError('closing')

    def serve(self):
        while not self.closing:
            try:
                self.conn = self.accept()
            except OSError:
                return
            self.connections += 1
            self.reset_state()
            try:
                while self.serve_one():
                    pass
            except OSError:
                pass
            self.conn.close()
            if self.event:
                self.event.close()
                self.event = None

    def receive(self, size):
        data = b''
        fds = array.array('i')
        while len(data) < size:
            part, ancillary, _, _ = self.conn.recvmsg(
                size - len(data), socket.CMSG_SPACE(8 * 4))
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(value)
            if not part:
                raise OSError('hung up')
            data += part
        return data, list(fds)

    def serve_one(self):
        header, fds = self.receive(12)
        number, flags, size = struct.unpack('=III', header)
        payload, more = self.receive(size) if size else (b'', [])
        request = Request(number, flags, payload, fds + more)
        with self.lock:
            self.log.append(request)
        fault = self.faults.get(request.name)
        try:
            if fault:
                return fault(self, request)
            return self.handle(request)
        finally:
            for fd in request.fds:
                os.close(fd)

    def reply(self, request, payload, fds=(), number=None, flags=None,
              size=None):
        message = struct.pack(
            '=III', request.number if number is None else number,
            VERSION | REPLY if flags is None else flags,
            len(payload) if size is None else size) + payload
        ancillary = []
        if fds:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                          array.array('i', fds))]
        self.conn.sendmsg([message], ancillary)
        return True

    def handle(self, request):
        method = getattr(self, 'on_' + request.name.lower(), None)
        if method is None and request.name.startswith('GET_'):
            return False
        answered = method(request) if method else None
        if answered is None and request.flags & NEED_REPLY:
            return self.reply(request, struct.pack('=Q', 0))
        return True

    def answer(self, request, value):
        return self.reply(request, struct.pack('=Q', value))

    def on_get_features(self, request):
        return self.answer(request, self.features)

    def on_get_protocol_features(self, request):
        return self.answer(request, self.offered)

    def on_set_features(self, request):
        self.agreed = request.u64()

    def on_set_protocol_features(self, request):
        self.proto = request.u64()

    def on_get_queue_num(self, request):
        return self.answer(request, self.pairs)

    def on_get_max_mem_slots(self, request):
        return self.answer(request, self.slots)

    def on_set_status(self, request):
        self.status = request.u64()

    def on_get_status(self, request):
        return self.answer(request, self.status)

    def on_set_mem_table(self, request):
        count = struct.unpack_from('=I', request.payload)[0]
        assert count == len(request.fds), 'a descriptor for each region'
        self.regions = {}
        for i in range(count):
            self.add_region(request.payload, 8 + 32 * i, request.fds[i])

    def on_add_mem_reg(self, request):
        self.add_region(request.payload, 8, request.fds[0])

    def on_rem_mem_reg(self, request):
        _, size, addr, _ = struct.unpack_from('=QQQQ', request.payload, 8)
        assert self.regions.pop(addr)[0] == size

    def add_region(self, payload, where, fd):
        _, size, addr, offset = struct.unpack_from('=QQQQ', payload, where)
        assert addr not in self.regions
        mmap.mmap(fd, size, offset=offset).close()
        self.regions[addr] = (size, offset)

    def maps(self, addr):
        return any(a <= addr < a + size
                   for a, (size, _) in self.regions.items())

    def ring(self, index):
        return self.rings.setdefault(index, {'enabled': False})

    def on_set_vring_num(self, request):
        index, num = request.state()
        if 'kick' in self.ring(index):
            self.wrong.append('ring %d was set up while it ran' % index)
        self.ring(index)['num'] = num

    def on_set_vring_base(self, request):
        index, base = request.state()
        self.ring(index)['base'] = base

    def on_set_vring_addr(self, request):
        index, _, desc, used, avail, _ = struct.unpack('=IIQQQQ',
                                                       request.payload)
        self.ring(index)['mapped'] = all(
            self.maps(a) for a in (desc, used, avail))

    def on_set_vring_kick(self, request):
        self.ring(request.u64())['kick'] = len(request.fds)

    def on_set_vring_call(self, request):
        self.ring(request.u64())['call'] = len(request.fds)

    def on_set_vring_enable(self, request):
        index, enable = request.state()
        self.ring(index)['enabled'] = bool(enable)

    def on_get_vring_base(self, request):
        index, _ = request.state()
        self.rings.pop(index, None)
        return self.reply(request, struct.pack('=II', index, 0))

    def on_get_config(self, request):
        offset, size, flags = struct.unpack_from('=III', request.payload)
        config = self.mac + struct.pack('=HHHIB', 1, self.pairs, 1500,
                                        0xffffffff, 0xff)
        config = config.ljust(64, b'\0')
        return self.reply(request, struct.pack('=III', offset, size, flags) +
                          config[offset:offset + size])

    def on_get_inflight_fd(self, request):
        _, _, queues, size = struct.unpack_from('=QQHH', request.payload)
        length = queues * (64 + size * 16)
        fd = os.memfd_create('inflight')
        os.ftruncate(fd, length)
        self.reply(request, struct.pack('=QQHHI', length, 0, queues, size, 0),
                   [fd])
        os.close(fd)
        return True

    def on_set_inflight_fd(self, request):
        self.inflight = len(request.fds)

    def on_set_backend_req_fd(self, request):
        self.event = socket.socket(fileno=os.dup(request.fds[0]))

    def names(self):
        with self.lock:
            return [request.name for request in self.log]

    def count(self, name):
        return self.names().count(name)


# Faults, by what takes the place of the reply.

def silent(backend, request):
    return True


def hang_up(backend, request):
    return False


def half_header(backend, request):
    backend.conn.send(struct.pack('=II', request.number, VERSION | REPLY)[:7])
    return True


def drip(backend, request):
    """One byte at a time, each in time, all of them too late."""
    message = struct.pack('=III', request.number, VERSION | REPLY, 8)
    for i in range(len(message) - 1):
        time.sleep(0.05)
        backend.conn.send(message[i:i + 1])
    return True


def half_payload(backend, request):
    return backend.reply(request, b'\0\0\0', size=8)


def oversized(backend, request):
    return backend.reply(request, b'\0' * 4096, size=0xffffffff)


def no_payload(backend, request):
    return backend.reply(request, b'')


def wrong_request(backend, request):
    return backend.reply(request, bytes(8), number=request.number ^ 0x40)


def wrong_version(backend, request):
    return backend.reply(request, bytes(8), flags=REPLY | 0x2)


def no_reply_flag(backend, request):
    return backend.reply(request, bytes(8), flags=VERSION)


def garbage(backend, request):
    backend.conn.send(os.urandom(64))
    return True


def extra_fds(backend, request):
    fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(3)]
    try:
        return backend.reply(request, bytes(8), fds)
    finally:
        for fd in fds:
            os.close(fd)


def many_fds(backend, request):
    fd = os.open('/dev/null', os.O_RDONLY)
    try:
        return backend.reply(request, bytes(8), [fd] * 100)
    finally:
        os.close(fd)


def nack(backend, request):
    return backend.answer(request, 1)


def value(number):
    def fault(backend, request):
        return backend.answer(request, number)
    return fault
