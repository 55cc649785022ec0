# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Two queue pairs on legacy-only functions: both carry frames."""

from harness import Nic, scenarios

QUEUES = 2
LEGACY = {"disable_legacy": "off", "disable_modern": "on"}
NICS = [Nic(queues=QUEUES, modern=False, **LEGACY),
        Nic(queues=QUEUES, modern=False, mrg_rxbuf="off", **LEGACY)]


def run(guest):
    testpmd = scenarios.start(
        guest, expect=["VIRTIO_NET_F_MQ", "VIRTIO_NET_F_CTRL_VQ"],
        refuse=["VIRTIO_F_VERSION_1"], queues=QUEUES, eal=["--iova-mode=pa"])
    scenarios.forward(guest, testpmd, flows=32)
    streams = testpmd.stream_packets()
    for port in (0, 1):
        counts = [streams.get((port, queue), 0) for queue in range(QUEUES)]
        guest.report.check(min(counts) > 0, f"port {port}: every queue received {counts}")
    scenarios.link_change(guest, testpmd)
    scenarios.only_config_vector(guest)
    scenarios.finish(guest, testpmd)
