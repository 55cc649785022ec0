#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Offloads with DPDK's vhost at the other end: UDP frames with checksums
left to the device, with segmentation and large receive agreed on."""

import time

from harness.bench import Skip, run
from harness.telemetry import ask
from harness.testpmd import Testpmd

#: UDP_CKSUM, TCP_CKSUM, TCP_TSO, MULTI_SEGS
TX_OFFLOADS = "--tx-offloads=0x802c"
WANTED = ("CSUM", "HOST_TSO4", "HOST_TSO6", "HOST_ECN", "GUEST_CSUM", "GUEST_TSO4",
          "GUEST_TSO6", "GUEST_ECN", "MRG_RXBUF")


def check_agreed(bench, prefix):
    info = ask(prefix, "/vnic/info,0")
    missing = [name for name in WANTED if name not in info["accepted"]]
    bench.check(not missing, "all offloads that DPDK's vhost has are agreed on",
                f"{missing} {info['refused']}")
    bench.check("offload" in info["rx_path"] and "offload" in info["tx_path"],
                f"paths {info['rx_path']} and {info['tx_path']}")


def check_lro(bench, prefix):
    """It is on, and this back end has no command to turn it off."""
    reply = ask(prefix, "/vnic/lro,0")
    bench.check(reply == {"lro": "on", "switchable": 0}, "/vnic/lro tells that it is on",
                str(reply))
    for params in ("0,off", "0,on", "0,maybe", "7,off", "0,off,off"):
        reply = ask(prefix, f"/vnic/lro,{params}")
        bench.check(reply is None, f"/vnic/lro,{params} is refused", str(reply))
    reply = ask(prefix, "/vnic/lro,0")
    bench.check(reply["lro"] == "on", "and nothing has changed", str(reply))


def forward(bench, layout):
    """The back end sends and receives, the front end's checksum engine works on each frame."""
    path = bench.socket()
    back = Testpmd(bench, [f"net_vhost0,iface={path},queues=1,tso=1"], name="vhost",
                   back_end=True)
    back.ready()
    front = Testpmd(bench, [f"0,path={path}{layout}"], name=f"front{layout.count('1')}",
                    args=["--enable-lro", "--enable-rx-cksum", "--enable-scatter",
                          TX_OFFLOADS, "--port-topology=loop"])
    front.ready()
    check_agreed(bench, front.prefix)
    check_lro(bench, front.prefix)
    front.run("set fwd csum")
    for line in ("port stop 0", "csum set udp hw 0", "csum set tcp hw 0",
                 "tso set 1000 0", "port start 0", "start"):
        front.run(line)
    back.run("set fwd flowgen")
    back.run("start")
    time.sleep(2)
    back.run("stop")
    front.run("stop")
    stats = front.stats()
    bench.check(stats["RX-packets"] > 1000 and stats["TX-packets"] > 1000,
                f"{layout[1:]} frames go through the checksum engine", str(stats))
    bench.check(stats["RX-errors"] == 0, f"{layout[1:]} no header is refused", str(stats))
    errors = ask(front.prefix, "/vnic/errors,0")
    bench.check(all(value == 0 for value in errors.values()),
                f"{layout[1:]} no violation", str(errors))
    bench.check(front.quit() == 0, f"{layout[1:]} front end ends")
    bench.check(back.quit() == 0, f"{layout[1:]} back end ends")
    front.close()
    back.close()


def test(bench):
    if not bench.is_vnic:
        raise Skip("features of vnic's telemetry, and VNIC_VDEV names another driver")
    for layout in (",packed_vq=0", ",packed_vq=1"):
        forward(bench, layout)


run(test)
