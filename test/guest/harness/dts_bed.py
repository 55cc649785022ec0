# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The bed of the DTS suites in a guest: two functions of QEMU on vfio-pci."""

import os
import re
import select
import sys
import time

from .report import Trouble

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from dts.bed import Bed, BedTrouble  # noqa: E402 (needs the path above)

PUT_S = 10
RING_RESET = 1 << 40


class GuestBed(Bed):
    rss_sizes = (40, 128)

    def __init__(self, guest):
        self.guest = guest
        self.report = guest.report
        self.offered = {}
        guest.bind()

    def launch(self, args=(), queues=1):
        self.end()
        self.pmd = self.guest.testpmd(args=list(args), queues=queues)
        self.run("start")

    def features(self, port):
        """Of the device, as QEMU has them."""
        if port not in self.offered:
            status = self.guest.qmp.run(
                "x-query-virtio-status",
                path=f"/machine/peripheral/nic{port}/virtio-backend")
            host = status["host-features"]
            lines = host.get("transports", []) + host.get("dev-features", [])
            # QEMU 7.2 offers it and has no name for it.
            if host.get("unknown-dev-features", 0) & RING_RESET:
                lines.append("VIRTIO_F_RING_RESET")
            self.offered[port] = {re.sub(r"^VIRTIO_((NET|RING)_)?F_", "", line.split(":")[0])
                                  for line in lines}
        return self.offered[port]

    def heard(self):
        return self.pmd.output(wait=0)

    def put(self, port, data, queue=0):
        link = self.guest.links[port]
        link.send(data)
        deadline = time.monotonic() + PUT_S
        while not link.flush():
            select.select([], [link], [], 0.1)
            self.pmd.pump()
            if time.monotonic() > deadline:
                raise Trouble(f"QEMU takes no frame for port {port} within {PUT_S} s")

    def get(self, port, seconds):
        link = self.guest.links[port]
        if not select.select([link], [], [], seconds)[0]:
            return []
        return [(0, frame) for frame in link.receive()]

    def end(self):
        """End testpmd, which must be well."""
        if self.pmd:
            status, text = self.pmd.quit()
            self.check(status == 0, "testpmd ends", f"status {status}: {text[-500:]}")
            self.pmd = None


def run_suites(guest, moulds):
    """`moulds`: rows of testpmd's arguments, queues, and the suites that follow one
    another on it."""
    bed = GuestBed(guest)
    for args, queues, suites in moulds:
        bed.label = suites[0].__name__
        bed.launch(args, queues)
        for suite in suites:
            bed.label = suite.__name__
            try:
                suite(bed)
            except BedTrouble as trouble:
                raise Trouble(str(trouble)) from trouble
    bed.end()
