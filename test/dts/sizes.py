# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites mtu and pmd_buffer_scatter: frames of all sizes, in one buffer or more."""

import re

from . import frames

#: What testpmd needs to send frames of more than one mbuf.
MULTI_SEGS = "--tx-offloads=0x8000"
JUMBO_ARGS = ["--max-pkt-len=9018", "--enable-scatter", MULTI_SEGS]
STANDARD, JUMBO = 1500, 9000
#: Between an MTU and a frame that is surely too long: tags, and what devices allow.
SLACK = 9
MBUF = 2048
CRC = 4


def fits(bed, port, size):
    """A frame with `size` bytes behind its Ethernet header comes out whole."""
    bed.check(bed.passes(port, frames.plain(bed.mac(port), 14 + size)),
              f"port {port}: {size} bytes of payload come through whole")


def too_long(bed, port, mtu):
    """A frame longer than the MTU: virtio has no command that makes a device drop
    it, so it may come, but never a piece of it; the frames behind it do."""
    frame = frames.plain(bed.mac(port), 14 + mtu + SLACK)
    came = bed.through(port, [frame])[0]
    bed.check(all(data == frame.bytes for _, data in came) and len(came) <= 1,
              f"port {port}, MTU {mtu}: {mtu + SLACK} bytes come whole or not at all",
              f"{[len(data) for _, data in came]} bytes came")


def boundary(bed, port, mtu):
    for size in (mtu - SLACK, mtu):
        fits(bed, port, size)
    too_long(bed, port, mtu)


def set_mtu(bed, port, mtu):
    """While stopped, and seen in the port's own words."""
    text = bed.run(f"port stop {port}", f"port config mtu {port} {mtu}", f"port start {port}")
    now = bed.info(port, r"MTU: (\d+)")
    return bed.check(now == str(mtu), f"port {port}: MTU is {mtu}", text + now)


def mtu(bed):
    """The MTU changed at run time; each size up to it is carried whole."""
    for size in (STANDARD, 2400, 4800, JUMBO):
        bed.run("stop")
        for port in bed.ports:
            set_mtu(bed, port, size)
        bed.run("start")
        for port in bed.ports:
            boundary(bed, port, STANDARD)
            if size != STANDARD:
                boundary(bed, port, size)
    for port in bed.ports:
        mtu_refused(bed, port)


def mtu_refused(bed, port):
    """Beyond what the port says it can; it works on as before."""
    most = int(bed.info(port, r"Maximum configurable length of RX packet: (\d+)"))
    for size in (9999999, 60, *range(most, min(most + 1, 65535))):
        text = bed.run(f"port config mtu {port} {size}")
        bed.check(re.search("fail|error|bad|invalid|device m(in|ax) MTU", text, re.I),
                  f"port {port}: MTU {size} is refused", text)
    bed.check(bed.info(port, r"MTU: (\d+)") == str(JUMBO), f"port {port}: MTU is still {JUMBO}")
    fits(bed, port, JUMBO)


def mtu_at_start(bed):
    """testpmd was told 9018 bytes a frame before it set the ports up."""
    for port in bed.ports:
        now = bed.info(port, r"MTU: (\d+)")
        bed.check(now == str(JUMBO), f"port {port}: MTU {JUMBO} from the command line", now)
        boundary(bed, port, JUMBO)
        fits(bed, port, STANDARD + SLACK)


def buffer_scatter(bed):
    """Frames about as long as a buffer: the last byte that fits, the first that
    does not."""
    for port in bed.ports:
        for offset in (-1, 0, 1, 4, 5):
            size = MBUF + offset - CRC
            bed.check(bed.passes(port, frames.plain(bed.mac(port), size)),
                      f"port {port}: a frame of {size} bytes in buffers of {MBUF}")
        for size in range(MBUF - 128 - 16, MBUF - 128 + 3):
            if not bed.passes(port, frames.plain(bed.mac(port), size)):
                bed.check(False, f"port {port}: a frame of {size} bytes")
        bed.check(True, f"port {port}: every size about a buffer's data room of {MBUF - 128}")


def no_scatter(bed):
    """Without the offload a frame comes in one buffer or not at all, and an MTU
    that needs more is refused; the port works on as before."""
    room = MBUF - 128
    for port in bed.ports:
        sent = [frames.plain(bed.mac(port), size) for size in (room - 40, room + 1, MBUF, 60)]
        came = [len(got) for got in bed.through(port, sent)]
        bed.check(came == [1, 0, 0, 1],
                  f"port {port}: of {[len(f.bytes) for f in sent]} bytes those come that fit into "
                  f"{room}", came)
    bed.run("stop")
    for port in bed.ports:
        text = bed.run(f"port stop {port}", f"port config mtu {port} {JUMBO}",
                       f"port start {port}")
        bed.check(re.search("fail", text, re.I), f"port {port}: MTU {JUMBO} is refused", text)
        now = bed.info(port, r"MTU: (\d+)")
        bed.check(now == str(STANDARD), f"port {port}: MTU is still {STANDARD}", now)
    bed.run("start")
    for port in bed.ports:
        fits(bed, port, STANDARD)
