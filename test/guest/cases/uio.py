# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""No IOMMU in use: uio_pci_generic and physical addresses; a modern and a legacy function.

With INTX_DISABLE as uio_pci_generic uses it, QEMU's level of the shared interrupt line
goes wrong (seen with modern functions alike), so that an interrupt may not come: the
driver looks at the link now and then as well.
"""

import time

from harness import Nic, scenarios

# The first is transitional, so driven by its modern interface; packed rings.
NICS = [Nic(modern=False, disable_legacy="off", packed="on"),
        Nic(modern=False, disable_legacy="off", disable_modern="on")]
KERNEL_ARGS = ["intel_iommu=off", "intremap=off"]


def link_change(guest, testpmd, port):
    for up in (False, True):
        word = "up" if up else "down"
        guest.set_link(port, up)
        end = time.monotonic() + scenarios.EVENT_S
        while testpmd.link(port) != word and time.monotonic() < end:
            time.sleep(0.1)
        state = testpmd.link(port)
        guest.report.check(state == word, f"port {port}: link is {word}", state)


def run(guest):
    guest.load("uio", "uio_pci_generic")
    testpmd = scenarios.start(guest, driver="uio_pci_generic", eal=["--iova-mode=pa"])
    scenarios.check_features(guest, 0, ["VIRTIO_F_VERSION_1", "VIRTIO_F_RING_PACKED"], [])
    scenarios.check_features(guest, 1, ["VIRTIO_F_ANY_LAYOUT"], ["VIRTIO_F_VERSION_1"])
    scenarios.forward(guest, testpmd)
    for port in (0, 1):
        link_change(guest, testpmd, port)
    scenarios.restart_ports(testpmd)
    scenarios.forward(guest, testpmd, count=500, label="after a restart: ")
    scenarios.finish(guest, testpmd)
