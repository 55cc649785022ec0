# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""vhost-net: the guest's own kernel pings testpmd through two tap interfaces."""

import re

from harness import scenarios

NICS = []
TAPS = ("vnic0", "vnic1")
# The second has two queue pairs, of which testpmd uses one or both.
PAIRS = (1, 2)
PINGS = 20
EVENT_S = 15


def vdevs(port):
    return f"--vdev=net_vnic_user{port},path=/dev/vhost-net,iface={TAPS[port]},queues={PAIRS[port]}"


def start(guest, queues=1, ports=(0, 1)):
    eal = ["--no-pci", *(vdevs(port) for port in ports)]
    testpmd = guest.testpmd(eal=eal, queues=queues, args=[
        "--forward-mode=icmpecho", "--port-topology=loop"])
    guest.shell.run("; ".join(f"ifconfig {TAPS[port]} 10.0.{port}.1 netmask 255.255.255.0 up"
                              for port in ports))
    testpmd.run("start")
    return testpmd


def counter(guest, port, name):
    return int(guest.shell.run(f"cat /sys/class/net/{TAPS[port]}/statistics/{name}"))


def ping(guest, testpmd, port, index=0, size=56, label=""):
    """Every ping is answered, and both sides count the same frames."""
    before = testpmd.stats(index)
    sent, got = counter(guest, port, "tx_packets"), counter(guest, port, "rx_packets")
    text = guest.shell.run(f"ping -c {PINGS} -i 0.05 -W 2 -s {size} 10.0.{port}.2 || true",
                           timeout=60)
    match = re.search(r"(\d+) packets transmitted, (\d+) packets received", text)
    answers = int(match.group(2)) if match else 0
    guest.report.check(answers == PINGS, f"{label}{TAPS[port]}: {answers} answers to {PINGS} "
                       f"pings of {size} bytes", text[-300:])
    now = testpmd.stats(index)
    rx, tx = now["rx"] - before["rx"], now["tx"] - before["tx"]
    sent = counter(guest, port, "tx_packets") - sent
    got = counter(guest, port, "rx_packets") - got
    guest.report.check(rx == sent >= PINGS and tx == got >= PINGS,
                       f"{label}{TAPS[port]}: testpmd counts rx {rx}, tx {tx}",
                       f"kernel sent {sent}, received {got}")


def link_change(guest, testpmd, port):
    for state in ("down", "up"):
        testpmd.pump()
        guest.shell.run(f"ifconfig {TAPS[port]} {state}")
        testpmd.wait_output(rf"Port {port}: link state change event", EVENT_S)
        seen = testpmd.link(port)
        guest.report.check(seen == state, f"port {port}: event, link is {state}", seen)


def run(guest):
    guest.load("tun", "tap", "vhost_iotlb", "vhost", "vhost_net")
    guest.shell.run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
    testpmd = start(guest)
    for port in (0, 1):
        driver = testpmd.driver(port)
        guest.report.check(driver == "net_vnic_user", f"port {port} is driven by net_vnic_user",
                           driver)
        for size in (56, 1400):
            ping(guest, testpmd, port, port, size)
        link_change(guest, testpmd, port)
        ping(guest, testpmd, port, port, label="link back: ")
    free = {scenarios.restart_ports(testpmd) for _ in range(3)}
    guest.report.check(len(free) == 1, f"no mbuf leaked in restarts: {free} free")
    for port in (0, 1):
        ping(guest, testpmd, port, port, label="after restarts: ")
    testpmd.kill(guest)

    testpmd = start(guest, queues=2, ports=(1,))
    ping(guest, testpmd, 1, 0, label="after a crash, two queue pairs: ")
    scenarios.finish(guest, testpmd)
