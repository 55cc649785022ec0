# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A function is pulled out of its slot while frames flow, and another put in."""

from harness import Nic, scenarios, traffic

QEMU_ARGS = ["-device", "pcie-root-port,id=port0,chassis=1,addr=0x6",
             "-device", "pcie-root-port,id=port1,chassis=2,addr=0x7"]
NICS = [Nic(bus="port0"), Nic(bus="port1", packed="on")]
UNPLUG_S = 30


def pull(guest, testpmd, index):
    """Under traffic; QEMU's device_del is the button beside the slot."""
    report, address = guest.report, guest.addresses[index]
    flow = traffic.Flow(999, guest.links[index], guest.links[1 - index],
                        traffic.spread_sizes(200000), 1)
    flow.fill(64)
    guest.qmp.run("device_del", id=f"nic{index}")
    testpmd.wait_output(rf"Port {index}: device removal event", UNPLUG_S)
    report.check(True, f"port {index}: event that the device goes")
    flow.fill(64)
    guest.qmp.wait_event("DEVICE_DELETED", UNPLUG_S)
    report.check(True, f"{address} is out of its slot")
    # What it prints while it lets go comes before the second prompt.
    testpmd.run("show port summary all", timeout=40)
    left = testpmd.run("show port summary all")
    report.check(address not in left, f"testpmd has let go of {address}", left)


def plug(guest, testpmd, index):
    options = NICS[index].device(index, f"net{index}").split(",")
    pairs = [option.partition("=") for option in options[1:]]
    guest.qmp.run("device_add", driver=options[0],
                  literal={name: value for name, _, value in pairs})
    guest.shell.run(f"for i in 1 2 3 4 5 6 7 8 9 10; do "
                    f"[ -e /sys/bus/pci/devices/{guest.addresses[index]} ] && break; "
                    "sleep 1; done", timeout=30)
    guest.shell.run(f"/bind-pci vfio-pci {guest.addresses[index]}")
    testpmd.run("stop")
    text = testpmd.run(f"port attach {guest.addresses[index]}", timeout=40)
    guest.report.check(f"Port {index} is attached" in text, "the new one is attached", text)
    testpmd.run("port start all", timeout=40)
    testpmd.run("set portlist 0,1")
    testpmd.run("start")


def run(guest):
    testpmd = scenarios.start(guest)
    scenarios.forward(guest, testpmd, count=500)
    pull(guest, testpmd, 0)
    plug(guest, testpmd, 0)
    scenarios.forward(guest, testpmd, count=500, label="plugged again: ")
    scenarios.finish(guest, testpmd)
