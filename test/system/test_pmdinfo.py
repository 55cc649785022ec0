#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""What the file of the plug-in says about itself, and what a wrong DPDK makes of it."""

import os
import shutil
import subprocess

from harness.bench import Skip, run
from harness.testpmd import try_testpmd


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False).stdout.decode(errors="replace")


def pmdinfo(bench):
    tool = shutil.which("dpdk-pmdinfo.py") or shutil.which("dpdk-pmdinfo")
    if not tool:
        bench.note("dpdk-pmdinfo.py is not installed")
        return
    text = output(["/usr/bin/python3", tool, bench.plugin])
    for word in ("net_vnic", "net_vnic_user", "1041", "1000", "path=", "packed_vq="):
        bench.check(word.lower() in text.lower(), f"dpdk-pmdinfo.py shows {word}", text)


def foreign_abi(bench):
    """The plug-in of another ABI: its needed libraries have another number."""
    wrong = f"{bench.folder}/librte_net_vnic_wrong.so"
    with open(bench.plugin, "rb") as file:
        image = file.read()
    soname = [line for line in output(["readelf", "-d", bench.plugin]).splitlines()
              if "librte_ethdev.so." in line][0].split("[")[1].rstrip("]")
    other = soname[:-2] + "19"
    if soname.encode() not in image or soname == other:
        raise Skip(f"the plug-in does not need {soname}")
    with open(wrong, "wb") as file:
        file.write(image.replace(soname.encode(), other.encode()))
    status, text = try_testpmd(bench, ["--no-pci", "--in-memory", "-m", "64", "--file-prefix",
                                       bench.prefix, "-d", wrong])
    bench.check(status > 0 and other in text,
                f"EAL refuses a plug-in of another ABI and names {other}", text[-800:])


def world_writable(bench):
    """What EAL says of a plug-in in a folder such as /tmp: known trap."""
    bench.check(os.stat(bench.folder).st_mode & 0o022 == 0, "the copy is in a private folder")


def test(bench):
    if not bench.is_vnic:
        raise Skip("the plug-in of vnic, and VNIC_VDEV names another driver")
    pmdinfo(bench)
    foreign_abi(bench)
    world_writable(bench)


run(test)
