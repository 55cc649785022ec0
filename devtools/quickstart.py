#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Two dpdk-testpmd send frames to each other, through vnic and net_vhost."""

import argparse
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

PREFIX = "vnic-quickstart"
RUNTIME = "/var/run/dpdk"
MEMORY_MB = 256
BURSTS_IN_FLIGHT = 4
START_SECONDS = 30


class Trouble(Exception):
    """Something that the user has to know, in one sentence."""


def telemetry(prefix, command):
    """One question to the telemetry socket of a DPDK process."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(3)
        sock.connect(f"{RUNTIME}/{prefix}/dpdk_telemetry.v2")
        size = json.loads(sock.recv(1024))["max_output_len"]
        sock.send(command.encode())
        return json.loads(sock.recv(size))[command.split(",")[0]]


def die_with_parent():
    """In the child: no testpmd outlives this script, however that ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Testpmd:
    """One dpdk-testpmd, commanded through its standard input."""

    def __init__(self, role, cpu, eal, folder):
        self.role = role
        self.prefix = f"{PREFIX}-{role}"
        self.log = f"{folder}/{role}.log"
        command = ["dpdk-testpmd", "--lcores", f"0@{cpu},1@{cpu}", "--no-pci",
                   "--file-prefix", self.prefix, "-m", str(MEMORY_MB)] + memory_flags() + eal
        # Frames of the other side that are early must not be thrown away.
        command += ["--", "-i", "--nb-cores=1", "--total-num-mbufs=16384", "--no-flush-rx"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                preexec_fn=die_with_parent)

    def command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def check_alive(self):
        if self.process.poll() is not None:
            sys.stderr.write(self.text())
            raise Trouble(f"the {self.role} testpmd ended with status "
                          f"{self.process.returncode}: its output is above")

    def wait_for(self, what, condition):
        """Until condition() holds; a refused telemetry connection is a no."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            self.check_alive()
            try:
                if condition():
                    return
            except (OSError, ValueError, KeyError, TypeError):
                pass
            time.sleep(0.1)
        sys.stderr.write(self.text())
        raise Trouble(f"the {self.role} testpmd shows no {what} after {START_SECONDS} s")

    def stats(self):
        self.check_alive()
        return telemetry(self.prefix, "/ethdev/stats,0")

    def link_is_up(self):
        return telemetry(self.prefix, "/ethdev/link_status,0")["status"] == "UP"

    def stop(self):
        """Asks, then insists."""
        if self.process.poll() is None:
            try:
                self.command("stop")
                self.command("quit")
                self.process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        shutil.rmtree(f"{RUNTIME}/{self.prefix}", ignore_errors=True)


def memory_flags():
    """Ordinary memory (a memfd of EAL's) where too few huge pages are free."""
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
                  encoding="ascii") as pool:
            if int(pool.read()) >= 2 * (MEMORY_MB // 2):
                return ["--in-memory", "--single-file-segments"]
    except OSError:
        pass
    return ["--no-huge"]


def safe_plugin(plugin, folder):
    """EAL loads nothing from below a world-writable folder: copy it away."""
    path = os.path.realpath(plugin)
    parent = path
    while parent != "/":
        parent = os.path.dirname(parent)
        if os.stat(parent).st_mode & stat.S_IWOTH:
            copy = f"{folder}/librte_net_vnic.so"
            shutil.copyfile(path, copy)
            print(f"EAL refuses plug-ins below {parent}, which anyone may write: using a copy")
            return copy
    return plugin


def start_pair(args, folder):
    """The back end first: it listens, vnic connects."""
    cpus = sorted(os.sched_getaffinity(0))
    sock = f"{folder}/vhost.sock"
    vnic_eal = ["--vdev", f"{args.driver}0,path={sock}" +
                (f",{args.devargs}" if args.devargs else "")]
    if args.driver != "net_virtio_user":
        vnic_eal += ["-d", safe_plugin(args.plugin, folder)]
    pair = []
    try:
        vhost = Testpmd("vhost", cpus[0], ["--vdev", f"net_vhost0,iface={sock}"], folder)
        pair.append(vhost)
        vhost.wait_for("socket", lambda: os.path.exists(sock))
        vnic = Testpmd("vnic", cpus[-1], vnic_eal, folder)
        pair.append(vnic)
        vnic.wait_for("link", vnic.link_is_up)
        vhost.wait_for("link", vhost.link_is_up)
    except BaseException:
        stop_all(pair)
        raise
    return vhost, vnic


def stop_all(processes):
    for process in reversed(processes):
        process.stop()


def sample(vhost, vnic):
    return time.monotonic(), vhost.stats(), vnic.stats()


def rates(old, new):
    """Mpps from vnic to vhost and back, counted where frames arrive."""
    seconds = new[0] - old[0]
    return [(new[side]["ipackets"] - old[side]["ipackets"]) / seconds / 1e6
            for side in (1, 2)]


def measure(vhost, vnic, seconds):
    for side in (vhost, vnic):
        side.command("set fwd io retry")
        # On a busy machine the other side may not run for a while.
        side.command("set burst tx delay 1 retry 1000000")
    vhost.command("start")
    vnic.command(f"start tx_first {BURSTS_IN_FLIGHT}")
    vhost.wait_for("frames", lambda: vhost.stats()["ipackets"] > 0)
    first = last = sample(vhost, vnic)
    for second in range(1, seconds + 1):
        time.sleep(1)
        now = sample(vhost, vnic)
        to_vhost, to_vnic = rates(last, now)
        print(f"  {second:3} s   vnic -> vhost {to_vhost:7.3f} Mpps   "
              f"vhost -> vnic {to_vnic:7.3f} Mpps", flush=True)
        last = now
    return rates(first, last)


def drain(vhost, vnic):
    """vnic only receives from here on, so that what circulates comes to rest."""
    for line in ("stop", "set fwd rxonly", "start"):
        vnic.command(line)
    before = None
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        time.sleep(0.3)
        after = [(s["ipackets"], s["opackets"]) for s in (vhost.stats(), vnic.stats())]
        if after == before:
            return
        before = after
    raise Trouble(f"frames still move {START_SECONDS} s after the last was sent")


def show_features(vnic):
    try:
        info = telemetry(vnic.prefix, "/vnic/info,0")
    except (OSError, ValueError, KeyError):
        info = None
    if not isinstance(info, dict):
        print("features        (this driver has no /vnic/info)")
        return
    for key in ("accepted", "rx_path", "tx_path"):
        value = info.get(key)
        if value:
            text = " ".join(map(str, value)) if isinstance(value, (list, dict)) else value
            print(f"{key:15} {text}")


def show_table(speed, vhost, vnic):
    """Prints the result; returns the number of lost frames."""
    host, guest = vhost.stats(), vnic.stats()
    rows = [("vnic -> vhost", guest["opackets"], host["ipackets"], speed[0]),
            ("vhost -> vnic", host["opackets"], guest["ipackets"], speed[1])]
    forwarding = host["ipackets"] - host["opackets"]
    print()
    print(f"{'':15} {'sent':>12} {'received':>12} {'Mpps':>8} {'lost':>8}")
    for name, sent, received, mpps in rows:
        print(f"{name:15} {sent:12} {received:12} {mpps:8.3f} {sent - received:8}")
    if forwarding:
        print(f"the vhost side could not send back {forwarding} of the frames it received")
    show_features(vnic)
    return sum(abs(sent - received) for _, sent, received, _ in rows) + abs(forwarding)


def keep(vhost, vnic):
    """Traffic goes on until Ctrl-C."""
    vnic.command("stop")
    vnic.command("set fwd io retry")
    vnic.command(f"start tx_first {BURSTS_IN_FLIGHT}")
    print("both go on; Ctrl-C ends them", flush=True)
    while True:
        time.sleep(1)
        vhost.check_alive()
        vnic.check_alive()


def run(args, folder):
    print("starting two dpdk-testpmd", flush=True)
    vhost, vnic = start_pair(args, folder)
    try:
        print(f"measuring for {args.seconds} s", flush=True)
        speed = measure(vhost, vnic, args.seconds)
        drain(vhost, vnic)
        lost = show_table(speed, vhost, vnic)
        print(f"try next        {'' if args.keep else 'sudo devtools/quickstart.sh --keep, and in another terminal: '}"
              f"echo /vnic/queues,0 | sudo dpdk-telemetry.py -f {vnic.prefix}", flush=True)
        if args.keep:
            keep(vhost, vnic)
    finally:
        stop_all([vhost, vnic])
    if lost:
        raise Trouble(f"{lost} frames were lost")


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--driver", default="net_vnic_user")
    parser.add_argument("--devargs", default="")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    if not 1 <= args.seconds <= 3600:
        parser.error(f"--seconds {args.seconds}: must be 1 to 3600")
    return args


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_signal(number, _frame):
    """Once: a second signal must not cut the cleaning up short."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main():
    args = parse_args()
    for number in SIGNALS:
        signal.signal(number, on_signal)
    with open(f"/run/{PREFIX}.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Trouble("another quickstart is running") from error
        with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-", dir="/var/lib") as folder:
            run(args, folder)


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"quickstart: error: {trouble}")
