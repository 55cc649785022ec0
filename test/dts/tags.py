# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Suites vlan and qinq: the device filters by tag, the port strips and inserts them."""

from . import frames

LISTED, OTHER, INSERTED = 1, 2, 51
OUTER, TPID_OUTER = 100, 0x88A8


def vlan(bed):
    """Filter, strip, insert, in this order, and the port as before at the end."""
    for port in bed.ports:
        if bed.has(port, "CTRL_VLAN"):
            filters(bed, port)
        else:
            refused(bed, port)
        strips(bed, port)
        inserts(bed, port)


def tagged(bed, port, vlan_id):
    return frames.ip_frame(bed.mac(port), frames.UDP, vlan=vlan_id)


def refused(bed, port):
    """No filter in the device: no such capability, and every frame still comes."""
    text = bed.run(f"vlan set filter on {port}")
    bed.check("must be within Rx offloads capabilities" in text,
              f"port {port}: no VLAN filter among its capabilities, and it is refused", text)
    text = bed.run(f"rx_vlan add {LISTED} {port}")
    bed.check("fail" in text.lower() or "disabled" in text.lower() or "not sup" in text.lower(),
              f"port {port}: a VLAN for it is refused", text)
    for vlan_id in (LISTED, OTHER):
        bed.check(bed.passes(port, tagged(bed, port, vlan_id)),
                  f"port {port}: VLAN {vlan_id} comes in (the device offers no CTRL_VLAN)")


def filters(bed, port):
    """The device's filter is agreed on when the port is configured."""
    text = bed.run("stop", f"port stop {port}", f"port config {port} rx_offload vlan_filter on",
                   f"port start {port}", "start", f"set promisc {port} off",
                   f"rx_vlan add {LISTED} {port}")
    bed.check("fail" not in text.lower() and "error" not in text.lower(),
              f"port {port}: the VLAN filter is on", text)
    bed.check(bed.passes(port, tagged(bed, port, LISTED)), f"port {port}: a listed VLAN comes in")
    bed.check(not bed.passes(port, tagged(bed, port, OTHER)),
              f"port {port}: another VLAN is dropped")
    text = bed.run(f"rx_vlan rm {LISTED} {port}")
    bed.check(not bed.passes(port, tagged(bed, port, LISTED)),
              f"port {port}: a VLAN taken off the list is dropped", text)
    bed.run(f"rx_vlan add {OTHER} {port}", f"port stop {port}", f"port start {port}")
    bed.check(bed.passes(port, tagged(bed, port, OTHER)) and
              not bed.passes(port, tagged(bed, port, LISTED)),
              f"port {port}: the list outlives a restart")
    bed.run("stop", f"port stop {port}", f"rx_vlan rm {OTHER} {port}",
            f"port config {port} rx_offload vlan_filter off", f"port start {port}", "start",
            f"set promisc {port} on")
    bed.check(bed.passes(port, tagged(bed, port, OTHER)),
              f"port {port}: without the filter every VLAN comes in")


def without_tag(data):
    return data[:12] + data[16:]


def strips(bed, port):
    """A tag is taken off while that is on; frames without one stay as they are."""
    frame = tagged(bed, port, LISTED)
    bed.run(f"vlan set strip on {port}")
    bed.next_burst(port)
    came = bed.through(port, [frame])[0]
    bed.check([data for _, data in came] == [without_tag(frame.bytes)],
              f"port {port}: strip is on, the tag is off")
    bed.check(bed.passes(port, frames.plain(bed.mac(port))),
              f"port {port}: strip is on, a frame without a tag is as it was")
    bed.run(f"vlan set strip off {port}")
    bed.next_burst(port)
    bed.check(bed.passes(port, tagged(bed, port, LISTED)), f"port {port}: strip is off")


def inserts(bed, port):
    """What leaves the other port has a tag; the end of the exchange too. testpmd
    asks for tags where it writes addresses."""
    out = 1 - port
    text = bed.run("stop", "set fwd mac", f"port stop {out}", f"tx_vlan set {out} {INSERTED}",
                   f"port start {out}", "start")
    frame = frames.plain(bed.mac(port))
    came = bed.through(port, [frame])[0]
    wanted = frames.vlan_tag(INSERTED, frame.bytes[12:])
    bed.check([data[12:] for _, data in came] == [wanted],
              f"port {out}: frames leave with VLAN {INSERTED}",
              f"{[data.hex() for _, data in came]}\n{text[-300:]}")
    bed.run("stop", f"port stop {out}", f"tx_vlan reset {out}", f"port start {out}",
            "set fwd io", "start")
    bed.check(bed.passes(port, frames.plain(bed.mac(port))),
              f"port {out}: frames leave without a tag again")


def two_tags(bed, port):
    frame = tagged(bed, port, LISTED)
    frame.bytes = frame.bytes[:12] + frames.vlan_tag(OUTER, frame.bytes[12:], TPID_OUTER)
    return frame


def qinq(bed):
    """Two tags are passed on; both are taken off, or one, as is asked for."""
    for port in bed.ports:
        bed.check(bed.passes(port, two_tags(bed, port)), f"port {port}: two tags come through")
        bed.run(f"vlan set qinq_strip on {port}", f"vlan set strip on {port}")
        bed.next_burst(port)
        frame, single = two_tags(bed, port), tagged(bed, port, LISTED)
        came = bed.through(port, [frame, single])
        bed.check([data for _, data in came[0]] == [frame.bytes[:12] + frame.bytes[20:]],
                  f"port {port}: qinq_strip is on, both tags are off")
        bed.check([data for _, data in came[1]] == [without_tag(single.bytes)],
                  f"port {port}: and a single one is off")
        bed.run(f"vlan set qinq_strip off {port}", f"vlan set strip off {port}")
        bed.next_burst(port)
        bed.check(bed.passes(port, two_tags(bed, port)), f"port {port}: two tags come again")
