# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""The guest: QEMU's command line, boot, and what can be asked of it."""

import ctypes
import itertools
import os
import re
import signal
import subprocess

from .console import Shell
from .links import StreamLink, TapLink
from .qmp import Qmp
from .report import Skip, Trouble
from .testpmd import Testpmd

BOOT_S = 90
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

MODERN = {"disable-legacy": "on", "disable-modern": "off",
          "iommu_platform": "on", "ats": "on"}


class Nic:
    """One virtio-net-pci function. Properties are QEMU's, written with `_` for `-`
    (disable_legacy). `queues` > 1 makes it multi-queue, on a tap; `bus` is a QEMU
    bus, which the case adds by QEMU_ARGS; `modern=False` leaves out what a
    modern function behind the IOMMU has; `buffer` is how much may wait on its link
    (bytes) before QEMU has to wait."""

    DASHED = {"disable_legacy", "disable_modern", "page_per_vq", "modern_pio_notify"}

    def __init__(self, queues=1, bus="pcie.0", modern=True, buffer=4 << 20,
                 **properties):
        self.queues = queues
        self.buffer = buffer
        self.bus = bus
        self.properties = dict(MODERN) if modern else {}
        if queues > 1:
            self.properties["mq"] = "on"
            self.properties["vectors"] = str(2 * queues + 2)
        for name, value in properties.items():
            if name in self.DASHED:
                name = name.replace("_", "-")
            self.properties[name] = str(value)

    def device(self, index, netdev):
        options = [f"virtio-net-pci,id=nic{index},netdev={netdev},bus={self.bus},romfile=",
                   f"mac=52:54:00:76:6e:{index:02x}"]
        if self.bus == "pcie.0":
            options.append(f"addr={0x10 + index:#x}")
        options += [f"{name}={value}" for name, value in self.properties.items()]
        return ",".join(options)


def tie_to_parent():
    """In the child: be killed when the driver dies, keep its Ctrl-C to itself."""
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Guest:
    """A booted guest. Use as a context manager: leaving it ends QEMU."""

    def __init__(self, settings, case, report):
        self.settings = settings
        self.report = report
        self.nics = case.NICS
        self.case = case
        self.links = []
        self.addresses = []
        self.process = None
        self.qmp = self.shell = self.pmd_line = None

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        for part in [self.qmp, self.shell, self.pmd_line, *self.links]:
            if part:
                part.close()

    def alive(self):
        return self.process.poll() is None

    # Boot

    def _check_properties(self):
        out = subprocess.run([self.settings.qemu, "-device", "virtio-net-pci,help"],
                             capture_output=True, text=True, check=False, timeout=30)
        known = set(re.findall(r"^\s+([\w-]+)=", out.stdout, re.M))
        for nic in self.nics:
            for name in nic.properties:
                if name not in known:
                    raise Skip(f"{self.settings.qemu_version}: virtio-net-pci has no "
                               f"property {name}")

    def _make_links(self):
        for index, nic in enumerate(self.nics):
            if nic.queues > 1 and not self.settings.private_network:
                raise Skip("no network namespace of our own for a tap (not root?)")
            if nic.queues > 1:
                link = TapLink(f"net{index}", nic.queues)
            else:
                link = StreamLink(f"net{index}", nic.buffer)
            self.links.append(link)

    def _chardev(self, name):
        path = os.path.join(self.settings.work, name)
        return ["-chardev", f"socket,id={name},path={path},server=on,wait=off"]

    def _command(self):
        case, settings = self.case, self.settings
        # The timer check fails on a busy machine.
        kernel = ["console=ttyS0", "loglevel=4", "panic=-1", "intel_iommu=on",
                  "no_timer_check",
                  f"vnic.hugepages={getattr(case, 'HUGEPAGES', 128)}",
                  *getattr(case, "KERNEL_ARGS", [])]
        command = [
            settings.qemu, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-S",
            "-accel", "tcg,thread=multi", "-machine", "q35,kernel-irqchip=split",
            "-cpu", "max", "-smp", "2", "-m", str(getattr(case, "MEMORY_MB", 1024)),
            "-kernel", os.path.join(settings.image, "vmlinuz"),
            "-initrd", settings.initrd, "-append", " ".join(kernel),
            "-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on",
            "-chardev", f"file,id=console,path={settings.log('console')}",
            "-serial", "chardev:console",
            *self._chardev("qmp"), "-mon", "chardev=qmp,mode=control",
            *self._chardev("agent0"), *self._chardev("agent1"),
            "-device", "pci-serial-2x,chardev1=agent0,chardev2=agent1,addr=0x8",
            *getattr(case, "QEMU_ARGS", []),
        ]
        for index, (nic, link) in enumerate(zip(self.nics, self.links)):
            command += ["-netdev", link.netdev,
                        "-device", nic.device(index, link.name)]
        return command

    def _start_qemu(self):
        command = self._command()
        with open(self.settings.log("qemu"), "w", encoding="utf-8") as log:
            log.write(" ".join(command) + "\n")
            log.flush()
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[fd for link in self.links for fd in link.fds],
                preexec_fn=tie_to_parent)

    def _connect(self, name, make):
        """QEMU needs a moment to make its sockets."""
        path = os.path.join(self.settings.work, name)
        for _ in range(200):
            try:
                return make(path)
            except (FileNotFoundError, ConnectionRefusedError):
                if not self.alive():
                    break
                self._nap(0.05)
        with open(self.settings.log("qemu"), encoding="utf-8") as log:
            raise Trouble("QEMU did not start:\n" + log.read()[-1500:])

    def _nap(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def _boot(self):
        self._check_properties()
        self._make_links()
        self._start_qemu()
        self.qmp = self._connect("qmp", Qmp)
        self.shell = self._connect(
            "agent0", lambda path: Shell("shell", path, self.settings.log("shell"),
                                         self.alive))
        self.pmd_line = self._connect(
            "agent1", lambda path: Shell("testpmd", path, self.settings.log("testpmd"),
                                         self.alive))
        for link in self.links:
            link.open()
        self.qmp.run("cont")
        self.shell.ready(BOOT_S)
        self.pmd_line.ready(BOOT_S)
        self.addresses = self._find_functions()
        self.report.note(f"guest is up, functions {' '.join(self.addresses)}")

    def _find_functions(self):
        """PCI addresses of the NICs in their order: QEMU gave slots in that order."""
        text = self.shell.run(
            "for d in /sys/bus/pci/devices/*; do "
            "echo ${d##*/} $(cat $d/vendor $d/class); done")
        found = sorted(line.split()[0] for line in text.splitlines()
                       if line.split()[1:] == ["0x1af4", "0x020000"])
        if len(found) != len(self.nics):
            raise Trouble(f"{len(self.nics)} network functions given to the guest, "
                          f"it sees {found}")
        return found

    # What a case asks for

    def load(self, *modules):
        """Load kernel modules that are not loaded at boot, in this order."""
        for module in modules:
            self.shell.run(f"if [ ! -e /sys/module/{module} ]; then "
                           f"insmod /modules/{module}.ko; fi")

    def bind(self, driver="vfio-pci"):
        """Give all functions to a kernel driver."""
        self.shell.run(" ".join(["/bind-pci", driver, *self.addresses]))

    def testpmd(self, **options):
        """Start testpmd on all functions (see Testpmd)."""
        return Testpmd(self, **options)

    def set_link(self, index, up):
        self.qmp.run("set_link", name=f"nic{index}", up=up)

    def interrupts(self, index):
        """Interrupts taken so far, by vector, of a function bound to vfio."""
        counts = {}
        for line in self.shell.run("cat /proc/interrupts").splitlines():
            match = re.search(r"vfio-(msix|msi|intx)(?:\[(\d+)\])?\((\S+?)\)", line)
            if match and match.group(3) == self.addresses[index]:
                vector = f"{match.group(1)}{match.group(2) or ''}"
                per_cpu = itertools.takewhile(str.isdigit, line.split()[1:])
                counts[vector] = sum(int(count) for count in per_cpu)
        return counts

    def features(self, index):
        """Names of the features that the driver accepted, as QEMU has them."""
        status = self.qmp.run(
            "x-query-virtio-status",
            path=f"/machine/peripheral/nic{index}/virtio-backend")
        accepted = status["guest-features"]
        lines = accepted.get("transports", []) + accepted.get("dev-features", [])
        return {line.split(":")[0].strip() for line in lines}
