# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Questions to the telemetry socket of a DPDK process."""

import json
import socket

from .bench import RUNTIME, Trouble


def ask(prefix, command):
    """The answer to one command; Trouble if it is no JSON of the right shape."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(5)
        sock.connect(f"{RUNTIME}/{prefix}/dpdk_telemetry.v2")
        size = json.loads(sock.recv(1024))["max_output_len"]
        sock.send(command.encode())
        reply = sock.recv(size)
    try:
        return json.loads(reply)[command.split(",")[0]]
    except (ValueError, KeyError) as error:
        raise Trouble(f"the answer to {command} is no answer ({error}): {reply[:500]!r}") from error
