# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Secondary processes: huge pages that two processes share, and EAL's words."""

import os
import subprocess

from .bench import Trouble


def mount(bench):
    """Huge pages of the test's own, which two processes can open."""
    folder = f"{bench.folder}/huge"
    os.mkdir(folder)
    done = subprocess.run(["mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "none", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Trouble(f"hugetlbfs cannot be mounted: {done.stdout.decode().strip()}")
    bench.cleanups.append(lambda: subprocess.run(["umount", "-l", folder], check=False))
    return folder


def secondary_eal(bench, pmd, folder):
    return ["--proc-type=secondary", "--huge-dir", folder, "--file-prefix", pmd.prefix,
            *(["-d", bench.plugin] if bench.plugin else [])]
