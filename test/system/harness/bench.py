# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""One test: its settings, its scratch folder, its children, its verdicts."""

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

SKIP_STATUS = 77
RUNTIME = "/var/run/dpdk"
PROMPT_S = 60
PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"


class Skip(Exception):
    """This machine cannot run the test; the text says why."""


class Trouble(Exception):
    """The test cannot go on; the text says what happened."""


def die_with_parent():
    """In the child: nothing outlives the test, however that ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def page_megabytes(which):
    """Of 2 MB pages: those "nr" there are, or those "free"."""
    try:
        with open(f"{PAGES}/{which}_hugepages", encoding="ascii") as count:
            return 2 * int(count.read())
    except OSError:
        return 0


class Bench:
    """What all parts of a test share. VNIC_VDEV=net_virtio_user runs it with
    DPDK's own driver, VNIC_LONG=1 makes it thorough."""

    def __init__(self):
        self.vdev = os.environ.get("VNIC_VDEV", "net_vnic_user")
        self.is_vnic = self.vdev == "net_vnic_user"
        self.thorough = os.environ.get("VNIC_LONG", "") not in ("", "0")
        self.children = []
        self.cleanups = []
        self.passed = 0
        self.failed = 0
        self.start = time.monotonic()
        self.need_machine()
        self.checker = self.given("VNIC_FRAME_CHECK", "frame_check")
        plugin = self.given("VNIC_PLUGIN", "plug-in") if self.is_vnic else None
        # EAL loads no plug-in from below a world-writable folder such as /tmp.
        self.folder = tempfile.mkdtemp(prefix="vnic-sys-", dir="/var/lib")
        self.prefix = os.path.basename(self.folder)
        self.plugin = plugin and shutil.copy(plugin, f"{self.folder}/librte_net_vnic.so")

    def need_machine(self):
        if os.geteuid() != 0:
            raise Skip("it must run as root")
        if shutil.which("dpdk-testpmd") is None:
            raise Skip("dpdk-testpmd is not installed: run devtools/setup.sh")
        self.cpus = sorted(os.sched_getaffinity(0))
        if len(self.cpus) < 2:
            raise Skip("two polling processes need two CPUs, this machine has one")
        self.need_pages(256)

    def need_pages(self, megabytes):
        """Others on the machine may hold pages for a moment."""
        patience = 30 if page_megabytes("nr") >= megabytes else 0
        if not wait_until(lambda: page_megabytes("free") >= megabytes, patience, 0.5):
            raise Skip(f"{megabytes} MB of free 2 MB huge pages are needed, "
                       f"{page_megabytes('free')} MB are there: run devtools/setup.sh")

    @staticmethod
    def given(variable, what):
        path = os.environ.get(variable, "")
        if not os.path.exists(path):
            raise Skip(f"no {what}: run it by `meson test`, or set {variable}")
        return os.path.realpath(path)

    def socket(self, name="s"):
        return f"{self.folder}/{name}"

    def check(self, good, what, detail=""):
        """A verdict; `detail` is printed with a failure. Returns `good`."""
        verdict = "ok" if good else "FAIL"
        text = what if good or not detail else f"{what}: {detail}"
        self.passed += bool(good)
        self.failed += not good
        print(f"{verdict} {text} [{time.monotonic() - self.start:.1f} s]", flush=True)
        return bool(good)

    def note(self, text):
        print(f"# {text} [{time.monotonic() - self.start:.1f} s]", flush=True)

    def spawn(self, command, log, **options):
        child = subprocess.Popen(command, stdout=log, stderr=log,
                                 preexec_fn=die_with_parent, **options)
        self.children.append(child)
        return child

    def kill(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()
        if child in self.children:
            self.children.remove(child)

    def clean_up(self):
        for child in list(self.children):
            self.kill(child)
        for action in reversed(self.cleanups):
            action()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in os.listdir(RUNTIME) if os.path.isdir(RUNTIME) else []:
            if name.startswith(self.prefix):
                shutil.rmtree(f"{RUNTIME}/{name}", ignore_errors=True)


def wait_until(condition, seconds, step=0.05):
    """The first true value of condition(), or its last false one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def on_signal(number, _frame):
    """Once: a second signal must not cut the cleaning up short."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def run(test):
    """Run test(bench) as a program of its own; ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    bench = None
    try:
        bench = Bench()
        test(bench)
    except Skip as reason:
        print(f"skipped: {reason}", flush=True)
        sys.exit(SKIP_STATUS)
    except Trouble as trouble:
        if bench:
            bench.failed += 1
        print(f"FAIL {trouble}", flush=True)
    finally:
        if bench:
            bench.clean_up()
    if bench:
        print(f"{bench.passed} ok, {bench.failed} failed", flush=True)
    sys.exit(1 if bench is None or bench.failed or not bench.passed else 0)
