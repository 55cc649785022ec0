# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""No IOMMU: vfio-pci in its no-IOMMU mode, with physical addresses and MSI-X; a modern
function with packed rings, and a transitional one."""

from harness import Nic, scenarios

NICS = [Nic(modern=False, disable_legacy="on", packed="on"),
        Nic(modern=False, disable_legacy="off")]
KERNEL_ARGS = ["intel_iommu=off", "intremap=off"]
# Debian's kernels are built without the mode.
BACKPORTS_KERNEL = True
MODULES = ("vfio-pci", "vfio-pci-core", "vfio_iommu_type1", "vfio")


def swap_vfio(guest):
    """The one with the mode, in place of the kernel's own."""
    for module in MODULES:
        guest.shell.run(f"rmmod {module}")
    guest.shell.run("insmod /modules/vfio_noiommu.ko enable_unsafe_noiommu_mode=1")
    for module in MODULES[-2::-1]:
        guest.shell.run(f"insmod /modules/{module}.ko")


def run(guest):
    swap_vfio(guest)
    testpmd = scenarios.start(guest, eal=["--iova-mode=pa"])
    groups = guest.shell.run("ls /dev/vfio")
    guest.report.check("noiommu-0" in groups, "the groups are those of no-IOMMU mode", groups)
    scenarios.check_features(guest, 0, ["VIRTIO_F_RING_PACKED"], ["VIRTIO_F_IOMMU_PLATFORM"])
    scenarios.forward(guest, testpmd)
    scenarios.link_change(guest, testpmd, 0)
    scenarios.link_change(guest, testpmd, 1)
    scenarios.only_config_vector(guest, (2, 2))
    free = {scenarios.restart_ports(testpmd) for _ in range(3)}
    guest.report.check(len(free) == 1, f"no mbuf leaked in restarts: {free} free")
    scenarios.forward(guest, testpmd, count=500, label="after restarts: ")
    scenarios.finish(guest, testpmd)
