# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
"""Courses of action that cases share. Each one reports its own verdicts."""

from . import traffic

EVENT_S = 15
MULTI_SEGS = 0x8000  # RTE_ETH_TX_OFFLOAD_MULTI_SEGS
RUN_IDS = iter(range(1, 65536))


def start(guest, expect=(), refuse=(), driver="vfio-pci", **options):
    """Bind, start testpmd, look at what was negotiated, start forwarding."""
    report, pmd = guest.report, guest.settings.pmd
    guest.bind(driver)
    report.check(True, f"all functions are bound to {driver}")
    testpmd = guest.testpmd(**options)
    for port in range(len(guest.nics)):
        driver = testpmd.driver(port)
        report.check(driver == pmd, f"port {port} is driven by {pmd}", f"by {driver}")
        check_features(guest, port, expect, refuse)
        link = testpmd.link(port)
        report.check(link == "up", f"port {port}: link is up", link)
    testpmd.run("start")
    return testpmd


def check_features(guest, port, expect, refuse):
    """The driver accepted all of `expect` and none of `refuse`, says the device."""
    features = guest.features(port)
    missing = sorted(set(expect) - features)
    extra = sorted(set(refuse) & features)
    wanted = " ".join([*(f"+{name}" for name in expect), *(f"-{name}" for name in refuse)])
    if wanted:
        guest.report.check(not missing and not extra, f"port {port}: features {wanted}",
                           f"not accepted {missing}, accepted {extra}")


def forward(guest, testpmd, count=4000, largest=traffic.MAX_FRAME, flows=1, window=128, label=""):
    """Frames both ways at once between port 0 and port 1, all accounted for at
    both ends; no interrupt may come with them."""
    report = guest.report
    sizes = traffic.spread_sizes(count, largest)
    before = [testpmd.stats(port) for port in (0, 1)]
    taken = [guest.interrupts(port) for port in (0, 1)]
    ways = [traffic.Flow(next(RUN_IDS), guest.links[a], guest.links[b], sizes, flows)
            for a, b in ((0, 1), (1, 0))]
    traffic.run(ways, window, pump=testpmd.pump)
    for (a, b), way in zip(((0, 1), (1, 0)), ways):
        good, text = way.verdict()
        report.check(good, f"{label}frames port {a} to {b}, {min(sizes)} to {max(sizes)} "
                           f"bytes: {text}")
    _check_stats(report, testpmd, before, ways, label)
    for port in (0, 1):
        now = guest.interrupts(port)
        report.check(now == taken[port],
                     f"{label}port {port}: no interrupt during forwarding",
                     f"{taken[port]} became {now}")
    return ways


def _check_stats(report, testpmd, before, ways, label):
    for port in (0, 1):
        now = testpmd.stats(port)
        delta = {key: now[key] - before[port][key] for key in now}
        want = {"rx": ways[port].sent, "tx": ways[1 - port].good}
        good = (all(delta[key] == want[key] for key in want) and
                not delta["rx-errors"] and not delta["tx-errors"])
        report.check(good, f"{label}port {port}: testpmd counts rx {delta['rx']}, "
                           f"tx {delta['tx']}", f"wanted {want}, got {delta}")


def link_change(guest, testpmd, port=0):
    """The link goes down and up again by QEMU's monitor: each time testpmd gets
    the event, by one vector that is not a data queue's, and knows the state."""
    report = guest.report
    other = 1 - port
    for up in (False, True):
        word = "up" if up else "down"
        before, others = guest.interrupts(port), guest.interrupts(other)
        testpmd.pump()
        guest.set_link(port, up)
        testpmd.wait_output(rf"Port {port}: link state change event", EVENT_S)
        report.check(True, f"port {port}: event when the link goes {word}")
        state = testpmd.link(port)
        report.check(state == word, f"port {port}: link is {word}", state)
        state = testpmd.link(other)
        report.check(state == "up", f"port {other}: link is still up", state)
        now = guest.interrupts(port)
        rose = {v: now[v] - before.get(v, 0) for v in now if now[v] != before.get(v, 0)}
        report.check(len(rose) == 1 and all(v.startswith("msix") for v in rose),
                     f"port {port}: link {word} came by MSI-X", f"vectors that rose: {rose}")
        now = guest.interrupts(other)
        report.check(now == others, f"port {other}: no interrupt", f"{others} became {now}")


def only_config_vector(guest, taken=(2, 0)):
    """Each function has one vector, the configuration's, taken as often as `taken`
    says; a data queue that is polled has none."""
    for port, times in enumerate(taken):
        vectors = guest.interrupts(port)
        guest.report.check(list(vectors.values()) == [times],
                           f"port {port}: one vector, taken {times} times, no data "
                           "queue's", f"{vectors}")


def finish(guest, testpmd):
    """Stop forwarding and leave."""
    testpmd.run("stop")
    status, text = testpmd.quit()
    guest.report.check(status == 0, "testpmd ends with status 0",
                       f"{status}: {text[-800:]}")


def restart_ports(testpmd):
    """Stop and start the ports under a testpmd that goes on. Returns the mbufs that
    were free while the ports stood."""
    testpmd.run("stop")
    testpmd.run("port stop all", timeout=40)
    free = testpmd.free_mbufs()
    testpmd.run("port start all", timeout=40)
    testpmd.run("start")
    return free


def forward_and_link(guest, expect=(), refuse=(), window=128, **options):
    """The whole course for one pair of functions."""
    testpmd = start(guest, expect, refuse, **options)
    forward(guest, testpmd, window=window)
    link_change(guest, testpmd)
    forward(guest, testpmd, count=500, window=window, label="after the link change: ")
    only_config_vector(guest)
    finish(guest, testpmd)


def forward_jumbo(guest, expect):
    """Frames of up to 9014 bytes, several buffers each."""
    testpmd = start(guest, expect, args=["--max-pkt-len=9018", "--enable-scatter",
                                         f"--tx-offloads={MULTI_SEGS:#x}"])
    forward(guest, testpmd, count=2000, largest=9014, window=32)
    finish(guest, testpmd)
