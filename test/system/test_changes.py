#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""A port is configured in other ways between stop and start, its back end comes
and goes at bad moments, and frames flow each time."""

from harness.bench import Skip, run, wait_until
from harness.checker import Checker
from harness.testpmd import JUMBO, Testpmd

ENDLESS = ["--frames", 0, "--lossy", "--stall-ms", 300, "--segments", 4]


def lines(pmd, *commands):
    return "".join(pmd.run(command) for command in commands)


def flows(bench, checker, pmd, what, said=""):
    return bench.check(checker.wait_flow(500) is not None, f"{what}: frames flow",
                       checker.last_words() + said + pmd.text[-1000:])


def changed_queues(bench):
    """The number of queues, down and up; the checker uses the first only."""
    path = bench.socket("q")
    checker = Checker(bench, path, queues=4, args=[*ENDLESS])
    pmd = Testpmd(bench, [f"0,path={path},queues=4"], queues=4, name="queues")
    pmd.ready()
    pmd.run("start")
    flows(bench, checker, pmd, "4 queues")
    checker.stop()
    for count in (1, 4, 2, 3):
        said = lines(pmd, "stop", "port stop 0", f"port config all rxq {count}",
                     f"port config all txq {count}")
        checker = Checker(bench, path, queues=4, args=["--frames", 0, "--lossy"])
        checker.kill()
        checker = Checker(bench, path, queues=count, args=ENDLESS)
        said += lines(pmd, "port start 0", "start")
        flows(bench, checker, pmd, f"{count} queues", said)
        checker.stop()
    said = lines(pmd, "stop", "port stop 0", "port config all rxq 5")
    bench.check("fail" in said.lower() or "invalid" in said.lower() or
                "can't" in said.lower(), "5 queues are refused", said)
    bench.check(pmd.quit() == 0, "queues: testpmd ends")


def changed_rings(bench):
    """Depths of rings, the least and the most."""
    path = bench.socket("r")
    checker = Checker(bench, path, args=[*ENDLESS, "--window", 4])
    for devargs in ("", ",packed_vq=1"):
        pmd = Testpmd(bench, [f"0,path={path}{devargs}"], name=f"rings{devargs[1:]}")
        pmd.ready()
        free = pmd.free_mbufs()
        for rxd, txd in ((8, 8), (1024, 1024), (8, 1024), (1024, 16), (256, 256)):
            said = lines(pmd, "port stop 0", f"port config all rxd {rxd}",
                         f"port config all txd {txd}", "port start 0", "start")
            flows(bench, checker, pmd, f"rings of {rxd} and {txd}{devargs}", said)
            pmd.run("stop")
        lines(pmd, "port stop 0", "port start 0")
        bench.check(pmd.free_mbufs() == free, f"rings{devargs}: {free} mbufs are free as before",
                    str(pmd.free_mbufs()))
        bench.check(pmd.quit() == 0, f"rings{devargs}: testpmd ends")
    checker.kill()


def bad_moments(bench):
    """The back end is absent at stop, at start, at both, and while idle."""
    path = bench.socket("b")
    for devargs in (",packed_vq=0", ",packed_vq=1"):
        checker = Checker(bench, path, args=ENDLESS)
        pmd = Testpmd(bench, [f"0,path={path}{devargs}"], name=f"bad{devargs[1:]}")
        pmd.ready()
        free = pmd.free_mbufs()
        pmd.run("start")
        flows(bench, checker, pmd, devargs[1:])
        checker.kill()
        lines(pmd, "stop", "port stop 0")
        checker = Checker(bench, path, args=ENDLESS)
        said = lines(pmd, "port start 0", "start")
        flows(bench, checker, pmd, f"{devargs[1:]} killed, stopped, back, started", said)
        lines(pmd, "stop", "port stop 0")
        checker.kill()
        said = lines(pmd, "port start 0")
        checker = Checker(bench, path, args=ENDLESS)
        wait_until(lambda: pmd.link() == "up", 5, 0.3)
        said += lines(pmd, "port stop 0", "port start 0", "start")
        flows(bench, checker, pmd, f"{devargs[1:]} started without, back", said)
        # Twice in a row, before the front end has looked.
        checker.kill()
        checker = Checker(bench, path, args=ENDLESS)
        checker.kill()
        checker = Checker(bench, path, args=ENDLESS)
        flows(bench, checker, pmd, f"{devargs[1:]} killed twice")
        lines(pmd, "stop", "port stop 0", "port start 0")
        bench.check(pmd.free_mbufs() == free, f"{devargs[1:]}: {free} mbufs are free as before",
                    str(pmd.free_mbufs()))
        checker.kill()
        bench.check(pmd.quit() == 0, f"{devargs[1:]}: testpmd ends without back end")


def jumbo_queues_server(bench):
    """Everything at once: two queues, jumbo frames, the front end listens."""
    path = bench.socket("j")
    args = [*ENDLESS, "--max", 9000]
    pmd = Testpmd(bench, [f"0,path={path},packed_vq=1,server=1,queues=2"], queues=2, args=JUMBO)
    checker = Checker(bench, path, queues=2, args=args, vhost=",client=1")
    pmd.ready()
    free = pmd.free_mbufs()
    pmd.run("start")
    for turn in range(5):
        flows(bench, checker, pmd, f"server, jumbo, 2 queues, turn {turn + 1}")
        checker.kill()
        checker = Checker(bench, path, queues=2, args=args, vhost=",client=1")
    flows(bench, checker, pmd, "server, jumbo, 2 queues")
    status, counts = checker.stop()
    bench.check(status == 0, f"{counts.get('received')} frames, none damaged",
                checker.last_words())
    lines(pmd, "stop", "port stop 0", "port start 0")
    bench.check(pmd.free_mbufs() == free, f"{free} mbufs are free as before",
                str(pmd.free_mbufs()))
    bench.check(pmd.quit() == 0, "testpmd ends")


def test(bench):
    if not bench.is_vnic:
        raise Skip("changes of a port of vnic, and VNIC_VDEV names another driver")
    changed_queues(bench)
    changed_rings(bench)
    bad_moments(bench)
    jumbo_queues_server(bench)


run(test)
