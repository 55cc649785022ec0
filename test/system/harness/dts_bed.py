# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The bed of the DTS suites over vhost-user: port 0 with split rings, port 1 with
packed ones, net_vhost behind both."""

import os
import sys

from .bench import Skip, Trouble
from .telemetry import ask
from .testpmd import Testpmd
from .wire import Wire

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from dts.bed import Bed, BedTrouble  # noqa: E402 (needs the path above)

RINGS = ("", ",packed_vq=1")


class UserBed(Bed):
    gives_rings_back = True

    def __init__(self, bench):
        self.report = bench
        self.bench = bench
        self.program = bench.given("VNIC_FRAME_WIRE", "frame_wire")
        self.wire = None
        self.offered = {}
        self.turn = 0

    def launch(self, args=(), queues=1):
        self.end()
        self.turn += 1
        paths = [self.bench.socket(f"d{self.turn}p{port}") for port in self.ports]
        self.wire = Wire(self.bench, self.program, paths, queues)
        self.pmd = Testpmd(
            self.bench, [f"{port},path={path}{rings},queues={queues}"
                         for port, (path, rings) in enumerate(zip(paths, RINGS))],
            args=args, queues=queues, name=f"dts{self.turn}", mbufs=8192, megabytes=128)
        self.pmd.ready()
        self.offered = {}
        self.run("start")

    def features(self, port):
        if port not in self.offered:
            info = ask(self.pmd.prefix, f"/vnic/info,{port}")
            self.offered[port] = set(info["offered"])
        return self.offered[port]

    def heard(self):
        self.pmd.pump(0)
        return self.pmd.text

    def put(self, port, data, queue=0):
        self.wire.put(port, data, queue)

    def get(self, port, seconds):
        return self.wire.get(port, seconds)

    def end(self):
        """End testpmd, which must be well, and its back end."""
        if self.pmd:
            status = self.pmd.quit()
            self.bench.check(status == 0, f"{self.label}: testpmd ends", f"status {status}")
            self.pmd = None
        if self.wire:
            self.wire.close()
            self.wire = None


def run_suites(bench, moulds):
    """`moulds`: rows of testpmd's arguments, queues, and the suites that follow one
    another on it."""
    if not bench.is_vnic:
        raise Skip("features by telemetry of vnic, and VNIC_VDEV names another driver")
    bed = UserBed(bench)
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
