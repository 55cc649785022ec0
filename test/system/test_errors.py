#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What cannot be is refused with one message that names it and the cure, and
the program goes on."""

import errno
import os
import re
import shutil
import socket
import subprocess

from harness.bench import Skip, Trouble, run
from harness.checker import Checker
from harness.testpmd import Testpmd

#: Arguments, errno, what the one message has to name.
BAD_ARGS = [
    ("", errno.EINVAL, ["path"]),
    ("path=", errno.EINVAL, ["path"]),
    ("path=/" + 120 * "x", errno.EINVAL, ["path", "107"]),
    ("path={s},queues=0", errno.EINVAL, ["queues=0", "1 to"]),
    ("path={s},queues=x", errno.EINVAL, ["queues=x", "1 to"]),
    ("path={s},queues=99999", errno.EINVAL, ["queues=99999", "1 to"]),
    ("path={s},queue_size=100", errno.EINVAL, ["queue_size=100", "power of two"]),
    ("path={s},queue_size=1048576", errno.EINVAL, ["queue_size=1048576", "32768"]),
    ("path={s},packed_vq=2", errno.EINVAL, ["packed_vq=2", "0 or 1"]),
    ("path={s},in_order=yes", errno.EINVAL, ["in_order=yes", "0 or 1"]),
    ("path={s},soft_csum=2", errno.EINVAL, ["soft_csum=2", "0 or 1"]),
    ("path={s},mrg_rxbuf=-1", errno.EINVAL, ["mrg_rxbuf=-1", "0 or 1"]),
    ("path={s},server=3", errno.EINVAL, ["server=3", "0 or 1"]),
    ("path={s},mac=01:00:00:00:00:01", errno.EINVAL, ["mac=01:00", "unicast"]),
    ("path={s},mac=zz", errno.EINVAL, ["mac=zz", "unicast"]),
    ("path={s},ctrl_timeout_ms=0", errno.EINVAL, ["ctrl_timeout_ms=0", "1 to"]),
    ("path={s},quues=2", errno.EINVAL, ["quues", "queues"]),
    ("path={s},queues=1,queues=2", errno.EINVAL, ["queues", "twice"]),
    ("path={absent}", errno.ENOENT, ["path=", "no such socket", "start the back end"]),
    ("path={file}", errno.ENOTSOCK, ["path=", "socket"]),
    ("path={folder}", errno.ENOTSOCK, ["path=", "socket"]),
    ("path={stale}", errno.ECONNREFUSED, ["path=", "nobody listens", "start the back end"]),
    # More than DPDK's vhost library takes.
    ("path={s},queues=200", errno.EINVAL, ["queues=200", "128"]),
    # Last: after all of that a port can still be had.
    ("path={s},queues=2", 0, []),
]


def places(bench):
    """Things that a path can name."""
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(f"{bench.folder}/stale")
    stale.close()
    with open(f"{bench.folder}/file", "wb"):
        pass
    return {"s": bench.socket(), "absent": f"{bench.folder}/absent",
            "file": f"{bench.folder}/file", "folder": bench.folder,
            "stale": f"{bench.folder}/stale"}


def try_devices(bench, devices, wrapper=()):
    """One process tries each; returns [(result, fds, ports, text)]."""
    command = [*wrapper, bench.checker, "--lcores", f"0@{bench.cpus[0]}", "--no-pci",
               "--in-memory", "--single-file-segments", "-m", "64",
               "--file-prefix", f"{bench.prefix}-try", "-d", bench.plugin, "--"]
    for device in devices:
        command += ["--attach", device]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    text = done.stdout.decode(errors="replace")
    tries = re.findall(r"^trying .*?\n(.*?)^result (-?\d+) \(.*?\) fds (-?\d+) ports (-?\d+)$",
                       text, re.M | re.S)
    if done.returncode != 0 or len(tries) != len(devices):
        raise Trouble(f"status {done.returncode}, {len(tries)} of {len(devices)} tried:\n"
                      + text[-2000:])
    return [(int(ret), int(fds), int(ports), said) for said, ret, fds, ports in tries]


def own_lines(text):
    """Messages of the driver above NOTICE, as told from EAL's own."""
    return [line for line in text.splitlines()
            if re.match(r"(VNIC|vnic|NET_VNIC|PMD)\b", line)]


def judge(bench, args, tried, expected, words):
    result, fds, ports, said = tried
    lines = own_lines(said)
    shown = re.sub(r"/[\w/-]{60,}", "/xxx...", args)
    bench.check(result == -expected, f"'{shown}' is answered by "
                f"{errno.errorcode.get(expected, 0)}", f"{result}:\n{said}")
    bench.check(ports == 0 and fds <= 0, f"'{shown}' leaves nothing behind",
                f"{fds} file descriptors, {ports} ports")
    if expected:
        bench.check(len(lines) == 1 and all(word in lines[0] for word in words),
                    f"'{shown}': one message, with {words}", said)


def bad_args(bench):
    where = places(bench)
    back_end = Checker(bench, where["s"], queues=2, args=["--frames", 0, "--lossy",
                                                         "--wait-ms", 100000])
    devices = [f"net_vnic_user0,{args}".format(**where) for args, _, _ in BAD_ARGS]
    devices[0] = "net_vnic_user0"
    # The first attach of a process opens descriptors that it keeps.
    tries = try_devices(bench, [devices[-1], *devices])[1:]
    for (args, expected, words), tried in zip(BAD_ARGS, tries):
        judge(bench, args, tried, expected, words)
    back_end.stop()


def no_permission(bench):
    """Root passes every check of a mode, unless it gives that up."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        bench.note("no permission: not tried, setpriv is not installed")
        return
    path = bench.socket("closed")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    os.chmod(path, 0)
    tried = try_devices(bench, [f"net_vnic_user0,path={path}"],
                        [setpriv, "--bounding-set=-dac_override,-dac_read_search",
                         "--inh-caps=-dac_override,-dac_read_search"])
    listener.close()
    judge(bench, "path of a socket of mode 0", tried[0], errno.EACCES, ["path=", "ermission"])


def refused_port(bench, what, vdev_args, args, words, **options):
    """testpmd refuses the port by one message, and ends by itself, not by a
    signal. Its own lines repeat what it was refused."""
    path = bench.socket("r")
    back_end = Checker(bench, path, queues=2, args=["--frames", 0, "--lossy",
                                                   "--wait-ms", 100000])
    pmd = Testpmd(bench, [f"0,path={path}{vdev_args}"], args=args, name="refused", **options)
    status = None
    try:
        pmd.ready(30)
    except Trouble:
        pass
    text = pmd.text
    status = pmd.quit() if pmd.child.poll() is None else pmd.wait()
    # ethdev or testpmd may have refused it before the driver was asked.
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    bench.check(len(lines) == 1 and len(own_lines(text)) <= 1,
                f"{what}: one message, with {words}", text[-1500:])
    bench.check(status is not None and status >= 0, f"{what}: testpmd ends by itself",
                f"status {status}")
    pmd.close()
    back_end.kill()


def forwards(bench, what, pages, cure):
    """Frames flow, or the one message says what would make them."""
    path = bench.socket("m")
    back_end = Checker(bench, path, args=["--frames", 3000, "--wait-ms", 30000])
    pmd = Testpmd(bench, [f"0,path={path}"], pages=pages, name="memory")
    pmd.ready()
    lines = [line for line in own_lines(pmd.text) if re.search(cure, line)]
    if re.search("No probed ethernet devices|Fail to start port", pmd.text):
        bench.check(len(lines) == 1, f"{what}: refused, and the cure is named", pmd.text[-1500:])
        back_end.kill()
    else:
        pmd.run("start")
        status, counts = back_end.finish()
        bench.check(status == 0, f"{what}: {counts.get('received')} of 3000 frames",
                    back_end.last_words() + pmd.text[-1500:])
    bench.check(pmd.quit() == 0, f"{what}: testpmd ends")
    pmd.close()


def back_end_dies(bench):
    """Its socket is gone while the port is stopped, closed, changed: no SIGPIPE."""
    path = bench.socket("d")
    back_end = Checker(bench, path, args=["--frames", 0, "--lossy"])
    pmd = Testpmd(bench, [f"0,path={path}"], name="dies")
    pmd.ready()
    pmd.run("start")
    back_end.wait_flow(100)
    back_end.kill()
    for line in ("stop", "set promisc 0 on", "port stop 0", "port start 0", "show port info 0",
                 "port stop 0", "port close 0"):
        pmd.run(line)
        if not bench.check(pmd.child.poll() is None, f"'{line}' with a dead back end",
                           f"status {pmd.child.poll()}"):
            return
    bench.check(pmd.quit() == 0, "testpmd ends after its back end died")
    pmd.close()


def test(bench):
    if not bench.is_vnic:
        raise Skip("messages of vnic, and VNIC_VDEV names another driver")
    bad_args(bench)
    no_permission(bench)
    refused_port(bench, "rings of 100", "", (), ["100", "power of two"], desc=100)
    refused_port(bench, "rings of 65528", "", (), ["65528", "<= "], desc=65528)
    refused_port(bench, "3 queues of 2", ",queues=2", (), ["(3)", "(2)"], queues=3)
    refused_port(bench, "mbufs of 512 bytes", ",mrg_rxbuf=0", ("--mbuf-size=512",),
                 ["mb_pool_0", "512", "needed", "mergeable"])
    forwards(bench, "2 MB pages in files of their own", ("--in-memory", "-m", "64"),
             "single-file-segments")
    forwards(bench, "no huge pages", ("--no-huge", "-m", "128"), "in-memory|huge")
    back_end_dies(bench)


run(test)
