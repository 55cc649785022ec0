# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Four queue pairs on each function, and every one carries frames."""

from harness import Nic, scenarios

QUEUES = 4
NICS = [Nic(queues=QUEUES), Nic(queues=QUEUES, packed="on")]


def run(guest):
    testpmd = scenarios.start(
        guest, expect=["VIRTIO_NET_F_MQ", "VIRTIO_NET_F_CTRL_VQ"], queues=QUEUES)
    scenarios.forward(guest, testpmd, flows=64)
    streams = testpmd.stream_packets()
    for port in (0, 1):
        counts = [streams.get((port, queue), 0) for queue in range(QUEUES)]
        guest.report.check(min(counts) > 0, f"port {port}: every queue received {counts}")
    scenarios.finish(guest, testpmd)
