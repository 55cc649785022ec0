#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Run one case of the guest suite: boot a guest under QEMU's software emulation
with an emulated IOMMU, drive virtio-net functions in it by vfio-pci and testpmd.

By hand, from the top of the source tree with a build in `build`:

    test/guest/run_guest.py --build build split
    VNIC_GUEST_PMD=net_virtio test/guest/run_guest.py --build build split
    test/guest/run_guest.py --list

The first run downloads a kernel package (70 MB) and makes an image; both are kept
in BUILD/test/guest/image. What guest, testpmd and QEMU said is in
BUILD/test/guest/logs/CASE/. `--keep` leaves the guest running after the case,
until Ctrl-C, and prints how to reach its shell.

Environment:
    VNIC_GUEST_PMD     net_vnic (default), or net_virtio: DPDK's driver as baseline
    VNIC_GUEST_PLUGIN  plug-in (default: BUILD/drivers/net/vnic/librte_net_vnic.so)
    VNIC_GUEST_QEMU    QEMU to run (default: qemu-system-x86_64, or what a case needs)
    VNIC_GUEST_KERNEL_DEB  kernel package to use instead of Debian's current one

Output: a line `ok what` or `FAIL what` for each thing checked. Exit status: 0 all
good, 1 something failed, 77 this machine cannot run it (reason = last line).

A case is a file in cases/: its docstring says what it shows, NICS lists the
functions, run(guest) does the work, mostly by harness/scenarios.py. Optional:
QEMU_ARGS, KERNEL_ARGS, MEMORY_MB, HUGEPAGES, SKIP_PMD ({driver: why not}),
PROGRAMS (of BUILD/test/NAME/NAME, to /opt/vnic/NAME in the guest),
BACKPORTS_QEMU (True: unpack and run the QEMU of bookworm-backports),
BACKPORTS_KERNEL (True: its kernel, with the vDPA simulator built for it; 270 MB).
"""

import argparse
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from harness import Report, Skip, Trouble  # noqa: E402 (needs the path above)
from harness.qemu import Guest  # noqa: E402

CLONE_NEWNET = 0x40000000


class Settings:
    """Where things are for this run."""

    def __init__(self, build, case):
        self.build = os.path.abspath(build)
        base = os.path.join(self.build, "test", "guest")
        self.pmd = os.environ.get("VNIC_GUEST_PMD", "net_vnic")
        self.plugin = os.environ.get("VNIC_GUEST_PLUGIN", os.path.join(
            self.build, "drivers", "net", "vnic", "librte_net_vnic.so"))
        self.image = os.path.join(base, "image")
        self.logs = os.path.join(base, "logs", case)
        shutil.rmtree(self.logs, ignore_errors=True)
        os.makedirs(self.image, exist_ok=True)
        os.makedirs(self.logs)
        # Socket paths are short: a build folder's may not be.
        self.work = tempfile.mkdtemp(prefix="vnic-guest-")
        self.initrd = os.path.join(self.work, "initrd")
        self.qemu, self.qemu_version = None, "no QEMU"
        self.private_network = False

    def log(self, name):
        return os.path.join(self.logs, name + ".log")

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)


def qemu_path(image, case):
    """The QEMU asked for, the one that the case needs, or the system's."""
    name = os.environ.get("VNIC_GUEST_QEMU")
    if not name and getattr(case, "BACKPORTS_QEMU", False):
        with locked(image):
            helper("get_qemu.sh", os.path.join(image, "qemu-backports"))
        name = os.path.join(image, "qemu-backports", "qemu")
    name = name or "qemu-system-x86_64"
    path = shutil.which(name)
    if not path:
        raise Skip(f"{name} is not installed (package qemu-system-x86)")
    return path


def qemu_version(path):
    out = subprocess.run([path, "--version"], capture_output=True, text=True,
                         check=False, timeout=30)
    return out.stdout.split("(")[0].strip()


def case_names():
    return sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "cases"))
                  if name.endswith(".py"))


def load_case(name):
    path = os.path.join(HERE, "cases", name + ".py")
    if not os.path.exists(path):
        sys.exit(f"no case {name}; there are: {' '.join(case_names())}")
    spec = importlib.util.spec_from_file_location("case_" + name, path)
    case = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    return case


@contextlib.contextmanager
def locked(image):
    """One process at a time works on the image."""
    with open(os.path.join(image, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def helper(script, *arguments, **environment):
    """Run a script of this folder that may find that the machine lacks something."""
    done = subprocess.run([os.path.join(HERE, script), *arguments],
                          env={**os.environ, **environment},
                          stdout=subprocess.PIPE, text=True, check=False)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode == 77:
        raise Skip(last)
    if done.returncode != 0:
        raise Trouble(f"{script} gave {done.returncode}: {last}")
    if last:
        print("#", last, flush=True)


def with_libraries(settings, path, name):
    """A file, and those libraries it needs that are not in the image."""
    if not os.path.exists(path):
        raise Trouble(f"there is no {path}: build it")
    with open(os.path.join(settings.image, "base.list"), encoding="utf-8") as names:
        have = {os.path.basename(line.strip()) for line in names}
    out = subprocess.run(["ldd", path], capture_output=True, text=True,
                         check=True, timeout=30)
    for line in out.stdout.splitlines():
        words = line.split()
        if len(words) > 2 and words[1] == "=>" and words[0] not in have:
            if not os.path.isabs(words[2]):
                raise Trouble(f"{path} needs {words[0]}, which is not found")
            yield words[2], "opt/vnic/" + words[0]
    yield os.path.realpath(path), "opt/vnic/" + name


def extra_files(settings, case):
    """The plug-in, unless DPDK's driver is asked for, and the case's programs."""
    if settings.pmd != "net_virtio":
        yield from with_libraries(settings, settings.plugin, "librte_net_vnic.so")
    for name in getattr(case, "PROGRAMS", ()):
        yield from with_libraries(settings, os.path.join(settings.build, "test", name, name),
                                  name)


def get_kernel(settings, case):
    """Environment of build_image.sh for the kernel that the case needs."""
    if not getattr(case, "BACKPORTS_KERNEL", False):
        return {}
    settings.image += "-backports"
    os.makedirs(settings.image, exist_ok=True)
    folder = os.path.join(settings.image, "kernel")
    with locked(settings.image):
        helper("get_kernel.sh", folder)
    return {"VNIC_GUEST_KERNEL_DEB": os.path.join(folder, "kernel.deb"),
            "VNIC_GUEST_MODULES": os.path.join(folder, "modules")}


def make_initrd(settings, case):
    """The image, with what we built as a second archive behind it."""
    shutil.copyfile(os.path.join(settings.image, "base.cpio"), settings.initrd)
    root = os.path.join(settings.work, "extra")
    os.makedirs(os.path.join(root, "opt/vnic"), mode=0o755)
    names = ["opt", "opt/vnic"]
    for source, name in extra_files(settings, case):
        shutil.copy(source, os.path.join(root, name))
        names.append(name)
    archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root,
                             input="\n".join(names).encode() + b"\n",
                             stdout=subprocess.PIPE, check=True)
    with open(settings.initrd, "ab") as initrd:
        initrd.write(archive.stdout)


def own_network():
    """Enter a network namespace of our own, for taps. Is there one?"""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return False
    try:
        # The host's own router solicitations would be counted as frames.
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                  encoding="ascii") as knob:
            knob.write("1")
    except OSError:
        pass
    return True


def on_signal(number, _frame):
    raise KeyboardInterrupt(f"signal {signal.Signals(number).name}")


def keep_running(settings):
    print(f"# the guest stays; its shell: socat - UNIX-CONNECT:{settings.work}/agent0 "
          "(one at a time; not while the case holds it); Ctrl-C ends it")
    while True:
        time.sleep(3600)


def logged_errors(settings):
    """What EAL calls errors in the log of the guest's second line."""
    with open(settings.log("testpmd"), errors="replace", encoding="utf-8") as log:
        return [line.strip() for line in log if "EAL: Error" in line]


def run_case(settings, case, report, keep):
    excuses = getattr(case, "SKIP_PMD", {})
    if settings.pmd in excuses:
        raise Skip(f"{settings.pmd}: {excuses[settings.pmd]}")
    kernel = get_kernel(settings, case)
    settings.qemu = qemu_path(settings.image, case)
    settings.qemu_version = qemu_version(settings.qemu)
    with locked(settings.image):
        helper("build_image.sh", settings.image, **kernel)
    make_initrd(settings, case)
    # Only now: the downloads need the machine's network.
    settings.private_network = own_network()
    with Guest(settings, case, report) as guest:
        try:
            case.run(guest)
        except Trouble as trouble:
            report.check(False, str(trouble))
        errors = logged_errors(settings)
        report.check(not errors, "EAL has reported no error", "; ".join(errors[:5]))
        if keep:
            guest.shell.close()
            keep_running(settings)


def show_logs(settings):
    print(f"# logs: {settings.logs}")
    for name in ("testpmd", "console"):
        try:
            with open(settings.log(name), errors="replace", encoding="utf-8") as log:
                lines = log.read().splitlines()[-25:]
        except OSError:
            continue
        print(f"# --- end of {name}.log")
        print("\n".join("# " + line for line in lines))


def guarded(name, options):
    """Run a case and turn what happened into an exit status."""
    report, settings = Report(), None
    try:
        settings = Settings(options.build, name)
        run_case(settings, load_case(name), report, options.keep)
    except Skip as skip:
        print(f"skipped: {skip}")
        return 77
    except Trouble as trouble:
        report.check(False, str(trouble))
    except KeyboardInterrupt as reason:
        report.check(False, f"interrupted {reason}".strip())
    finally:
        if settings and report.failed:
            show_logs(settings)
        if settings:
            settings.close()
    print(f"{name} ({settings.pmd}, {settings.qemu_version}): "
          f"{report.passed} ok, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", help="a file in cases/ without .py")
    parser.add_argument("--build", default="build", help="meson build folder")
    parser.add_argument("--keep", action="store_true", help="leave the guest running")
    parser.add_argument("--list", action="store_true", help="list the cases")
    options = parser.parse_args()
    if options.list or not options.case:
        for name in case_names():
            print(f"{name:16} {load_case(name).__doc__.splitlines()[0]}")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    return guarded(options.case, options)


if __name__ == "__main__":
    sys.exit(main())
