# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""vhost-vdpa: the kernel's vDPA simulator sends back what testpmd sends."""

from harness import scenarios
from harness.report import Skip

NICS = []
BACKPORTS_KERNEL = True
MODULES = ("vdpa", "vhost_iotlb", "vhost", "vringh", "vhost_vdpa", "vdpa_sim", "vdpa_sim_net")
VDEV = "--vdev=net_vnic_user0,path=/dev/vhost-vdpa-0,queues=1"
MAC = "02:00:00:00:00:0a"
BURST = 32


def make_device(guest):
    guest.load(*MODULES)
    if "yes" not in guest.shell.run("[ -x /usr/sbin/vdpa ] && echo yes || echo no"):
        raise Skip("the vdpa tool (iproute2) is not installed")
    text = guest.shell.run(f"vdpa dev add name vdpa0 mgmtdev vdpasim_net mac {MAC}; "
                           "ls /dev/vhost-vdpa-0")
    guest.report.check("/dev/vhost-vdpa-0" in text, "the simulator is /dev/vhost-vdpa-0", text)


def start(guest, mode):
    return guest.testpmd(eal=["--no-pci", VDEV], args=[
        f"--forward-mode={mode}", "--port-topology=loop"])


def mover(guest, testpmd, label):
    """A burst goes round and round; the simulator takes one direction per frame."""
    before = testpmd.stats(0)
    testpmd.run("start tx_first")
    for _ in range(50):
        now = testpmd.stats(0)
        rx, tx = now["rx"] - before["rx"], now["tx"] - before["tx"]
        if rx > 50 * BURST:
            break
    testpmd.run("stop")
    guest.report.check(rx > 50 * BURST and tx >= rx, f"{label}frames go round",
                       f"rx {rx}, tx {tx}")


def run(guest):
    make_device(guest)
    testpmd = start(guest, "io")
    driver = testpmd.driver(0)
    guest.report.check(driver == "net_vnic_user", "port 0 is driven by net_vnic_user", driver)
    text = testpmd.run("show port info 0")
    guest.report.check(MAC in text.lower(), f"its address is the device's, {MAC}", text[:300])
    link = testpmd.link(0)
    guest.report.check(link == "up", "port 0: link is up", link)
    mover(guest, testpmd, "first: ")
    for turn in range(2):
        scenarios.restart_ports(testpmd)
        testpmd.run("stop")
        mover(guest, testpmd, f"restart {turn + 1}: ")
    testpmd.kill(guest)
    testpmd = start(guest, "io")
    mover(guest, testpmd, "after a crash: ")
    scenarios.finish(guest, testpmd)
