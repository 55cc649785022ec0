# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Legacy-only functions, through their I/O ports: both headers, rings of the device's size."""

from harness import Nic, scenarios

LEGACY = {"disable_legacy": "off", "disable_modern": "on"}
# One with mergeable buffers (header of 12 bytes), one without (10 bytes); the ring
# of the second is larger than what testpmd asks for.
NICS = [Nic(modern=False, **LEGACY),
        Nic(modern=False, mrg_rxbuf="off", rx_queue_size=1024, ctrl_mac_addr="off",
            **LEGACY)]
# They bypass the IOMMU: what the driver tells them are physical addresses.
EAL = ["--iova-mode=pa"]


def change_mac(guest, testpmd):
    """By command where there is one, else by writing the configuration."""
    for port in (0, 1):
        mac = f"02:00:00:00:00:7{port}"
        testpmd.run(f"mac_addr set {port} {mac}")
        seen = guest.qmp.run("query-rx-filter", name=f"nic{port}")[0]["main-mac"]
        guest.report.check(seen == mac, f"port {port}: the device has the new address", seen)


def run(guest):
    testpmd = scenarios.start(guest, refuse=["VIRTIO_F_VERSION_1"], eal=EAL)
    scenarios.check_features(guest, 0, ["VIRTIO_NET_F_MRG_RXBUF", "VIRTIO_F_ANY_LAYOUT",
                                        "VIRTIO_NET_F_CTRL_VQ"], [])
    scenarios.check_features(guest, 1, ["VIRTIO_F_ANY_LAYOUT"], ["VIRTIO_NET_F_MRG_RXBUF"])
    scenarios.forward(guest, testpmd)
    scenarios.link_change(guest, testpmd)
    scenarios.forward(guest, testpmd, count=500, label="after the link change: ")
    scenarios.only_config_vector(guest)
    free = {scenarios.restart_ports(testpmd) for _ in range(3)}
    guest.report.check(len(free) == 1, f"no mbuf leaked in restarts: {free} free")
    scenarios.forward(guest, testpmd, count=500, label="after restarts: ")
    change_mac(guest, testpmd)
    testpmd.kill(guest)

    testpmd = scenarios.start(guest, eal=EAL)
    scenarios.forward(guest, testpmd, count=500, label="after a crash: ")
    scenarios.link_change(guest, testpmd, port=1)
    scenarios.finish(guest, testpmd)
