#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What the telemetry socket says is what was sent, and every counter is an xstat."""

import threading

from harness.bench import Skip, run
from harness.checker import Checker
from harness.telemetry import ask
from harness.testpmd import Testpmd

FRAMES = 5000
QUEUES = 2
NOT_COUNTERS = {"enabled", "size", "outstanding", "fault"}


def frame_bytes(checker_frames):
    """Bytes of frames 64 to 1518 as frame_check cycles through them: whole
    cycles only, so that the order does not matter."""
    lengths = range(64, 1519)
    assert checker_frames % len(lengths) == 0
    return checker_frames // len(lengths) * sum(lengths)


def check_info(bench, prefix):
    info = ask(prefix, "/vnic/info,0")
    bench.check(isinstance(info, dict) and info["state"] == "started",
                "/vnic/info,0: the port is started", str(info))
    bench.check("VERSION_1" in info["accepted"],
                "/vnic/info,0: VERSION_1 is accepted", str(info["accepted"]))
    bench.check(set(info["accepted"]) <= set(info["offered"]),
                "/vnic/info,0: nothing accepted that is not offered",
                str(set(info["accepted"]) - set(info["offered"])))
    unexplained = set(info["offered"]) - set(info["accepted"]) - set(info["refused"])
    bench.check(not unexplained, "/vnic/info,0: each refusal has a reason", str(unexplained))
    bench.check(info["rx_path"] not in ("", "none") and info["tx_path"] not in ("", "none"),
                f"/vnic/info,0: paths {info['rx_path']} and {info['tx_path']}")


def check_queues(bench, prefix, frames):
    reply = ask(prefix, "/vnic/queues,0")
    size = frame_bytes(frames)
    queues = {f"{side}_q{i}": reply.get(f"{side}_q{i}", {})
              for side in ("rx", "tx") for i in range(QUEUES)}
    for name, queue in queues.items():
        bench.check(queue.get("packets") == frames and queue.get("bytes") == size,
                    f"/vnic/queues,0: {name} counts {frames} frames, {size} bytes",
                    str(reply))
    return queues


def check_xstats(bench, prefix, queues, errors):
    xstats = ask(prefix, "/ethdev/xstats,0")
    missing = [f"{queue}_{name}" for queue, counters in queues.items()
               for name in counters if name not in NOT_COUNTERS
               and f"{queue}_{name}" not in xstats]
    missing += [name for name in errors
                if name not in xstats and f"violation_{name}" not in xstats]
    bench.check(not missing, "xstats hold every counter of telemetry", str(missing))
    for name, queue in queues.items():
        value = xstats.get(f"{name}_packets")
        bench.check(value == queue.get("packets"), f"xstat {name}_packets is the same",
                    str(value))


def check_refusals(bench, prefix):
    for command in ("/vnic/info", "/vnic/info,99", "/vnic/info,x", "/vnic/queues,-1",
                    "/vnic/queues,0,x", "/vnic/errors,4294967296"):
        bench.check(ask(prefix, command) is None, f"{command} is answered by null")


def check_reset(bench, pmd):
    pmd.run("stop")
    pmd.run("clear port xstats all")
    pmd.run("clear port stats all")
    stats = ask(pmd.prefix, "/ethdev/stats,0")
    bench.check(stats["ipackets"] == 0 and stats["opackets"] == 0,
                "counters of the port are 0 after a reset", str(stats))


def test(bench):
    if not bench.is_vnic:
        raise Skip("telemetry of vnic, and VNIC_VDEV names another driver")
    frames = FRAMES - FRAMES % 1455
    path = bench.socket()
    checker = Checker(bench, path, queues=QUEUES, args=["--frames", frames])
    pmd = Testpmd(bench, [f"0,path={path},queues={QUEUES}"], queues=QUEUES)
    pmd.ready()
    bench.check(ask(pmd.prefix, "/vnic/list") == [0], "/vnic/list names port 0")
    pmd.run("start")
    status, counts = checker.finish()
    bench.check(status == 0, f"{counts.get('received')} frames are back", checker.last_words())
    queues = check_queues(bench, pmd.prefix, frames)
    errors = ask(pmd.prefix, "/vnic/errors,0")
    check_xstats(bench, pmd.prefix, queues, errors)
    stats = ask(pmd.prefix, "/ethdev/stats,0")
    total = frames * QUEUES
    bench.check(stats["ipackets"] == total and stats["opackets"] == total and
                stats["ibytes"] == QUEUES * frame_bytes(frames),
                f"/ethdev/stats,0 counts {total} frames both ways", str(stats))
    check_refusals(bench, pmd.prefix)
    check_reset(bench, pmd)
    bench.check(pmd.quit() == 0, "testpmd ends")


def info_while_running(bench):
    """The port is started and its back end there."""
    path = bench.socket("t")
    checker = Checker(bench, path, args=["--frames", 0, "--lossy"])
    pmd = Testpmd(bench, [f"0,path={path}"], name="info")
    pmd.ready()
    pmd.run("start")
    bench.check(checker.wait_flow() is not None, "frames flow", checker.last_words())
    check_info(bench, pmd.prefix)
    errors = ask(pmd.prefix, "/vnic/errors,0")
    bench.check(all(value == 0 for value in errors.values()),
                "/vnic/errors,0: all are 0", str(errors))
    checker.stop()
    pmd.quit()


class Asker(threading.Thread):
    """Asks for the queues of port 0 until it is stopped."""

    def __init__(self, prefix):
        super().__init__(daemon=True)
        self.prefix, self.ends = prefix, threading.Event()
        self.whole, self.busy, self.bad = 0, 0, []
        self.start()

    def run(self):
        while not self.ends.is_set():
            reply = ask(self.prefix, "/vnic/queues,0")
            if not isinstance(reply, dict):
                self.bad.append(reply)
            elif "error" in reply:
                self.busy += 1
            elif reply["pairs"] == QUEUES and reply["tx_q1"]["fault"] == 0:
                self.whole += 1
            else:
                self.bad.append(reply)

    def stop(self):
        self.ends.set()
        self.join()


def queues_that_change(bench):
    """One receive and two transmit queues; a ring gets other sizes meanwhile."""
    path = bench.socket("c")
    checker = Checker(bench, path, queues=QUEUES, args=["--frames", 0, "--lossy"])
    pmd = Testpmd(bench, [f"0,path={path},queues={QUEUES}"], queues=QUEUES, name="change",
                  args=["--rxq=1", f"--txq={QUEUES}"])
    pmd.ready()
    reply = ask(pmd.prefix, "/vnic/queues,0")
    bench.check(reply["pairs"] == QUEUES and {"rx_q0", "tx_q0", "tx_q1"} <= set(reply)
                and "rx_q1" not in reply, "/vnic/queues,0: one receive and two transmit "
                "queues are all there", str(reply))
    asker = Asker(pmd.prefix)
    for size in (64, 128, 512, 256) * 3:
        said = "".join(pmd.run(line) for line in (
            "port 0 rxq 0 stop", f"port config 0 rxq 0 ring_size {size}",
            "port 0 rxq 0 setup", "port 0 rxq 0 start"))
        reply = ask(pmd.prefix, "/vnic/queues,0")
        if "error" not in reply and reply["rx_q0"]["size"] != size:
            bench.check(False, f"/vnic/queues,0: the ring has {size} entries", said + str(reply))
    asker.stop()
    bench.check(asker.whole > 0 and not asker.bad, f"/vnic/queues,0 while a ring changes: "
                f"{asker.whole} answers, {asker.busy} times busy", str(asker.bad[:3]))
    reply = ask(pmd.prefix, "/vnic/coalescing,0")
    bench.check(reply.get("error", "").startswith("VQ_NOTF_COAL: "),
                "/vnic/coalescing,0 says that the device has none", str(reply))
    checker.stop()
    bench.check(pmd.quit() == 0, "change: testpmd ends")


def all_of_it(bench):
    test(bench)
    info_while_running(bench)
    queues_that_change(bench)


run(all_of_it)
