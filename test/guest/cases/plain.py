# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""No indirect descriptors, no event index, no control queue."""

from harness import Nic, scenarios

PLAIN = {"indirect_desc": "off", "event_idx": "off", "ctrl_vq": "off",
         "guest_announce": "off", "ctrl_guest_offloads": "off", "ctrl_rx": "off",
         "ctrl_rx_extra": "off", "ctrl_vlan": "off", "ctrl_mac_addr": "off"}
NICS = [Nic(**PLAIN), Nic(packed="on", **PLAIN)]


def run(guest):
    scenarios.forward_and_link(
        guest, refuse=["VIRTIO_RING_F_INDIRECT_DESC", "VIRTIO_RING_F_EVENT_IDX",
                       "VIRTIO_NET_F_CTRL_VQ"])
