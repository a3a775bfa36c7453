"""Milestones from packets, console and reports; the outcome that they make."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.cell.boot import judge
from bootrig.cell.observer import KEYS, Observation
from bootrig.scenario.scenario import Scenario, load_scenario_family
from bootrig.trace.reading.milestones import (
    WIRE_MILESTONES,
    find_missing,
    iter_wire_milestones,
    order_milestones,
    report_milestone,
)
from bootrig.trace.trace import Milestone, OutcomeStatus, TimeMode, WireEvent
from firmware.probe.probe import ProbeReport

NONCE = "fedcba9876543210"


def scenario(name: str = "pxe-tftp") -> Scenario:
    (found,) = load_scenario_family(name)
    return found


def dhcp(message: str, guest_s: float, *, from_guest: bool = True) -> WireEvent:
    return WireEvent("dhcp", guest_s, from_guest, {"message": message, "xid": 0x12})


GOOD_WIRE = (
    WireEvent("arp", 0.5, True, {}),
    dhcp("DISCOVER", 1.0),
    dhcp("DISCOVER", 2.0),
    dhcp("OFFER", 2.1, from_guest=False),
    dhcp("REQUEST", 3.0),
    dhcp("ACK", 3.1, from_guest=False),
    WireEvent("tftp-request", 3.2, True, {"file": "nbp.0"}),
    WireEvent("tftp-error", 3.25, False, {"code": 8, "text": "option negotiation"}),
    WireEvent("tftp-transfer", 3.3, True, {"file": "nbp.0", "completed": False, "bytes": 0, "blocks": 0}),
    WireEvent(
        "tftp-transfer",
        3.4,
        True,
        {"file": "nbp.0", "completed": True, "bytes": 512, "blocks": 1, "end_guest_s": 3.6},
    ),
    WireEvent("http-request", 4.0, True, {"method": "GET", "target": "/nbp.0", "version": "HTTP/1.1"}),
    WireEvent("http-response", 4.1, False, {"status": 200, "body_length": 3, "completed": False}),
    WireEvent("http-response", 4.1, False, {"status": 200, "body_length": 9, "completed": True, "end_guest_s": 4.5}),
)


def test_each_milestone_of_the_wire_once_with_its_moment_and_evidence() -> None:
    seen = [(m.name, m.guest_s, m.evidence) for m in iter_wire_milestones(GOOD_WIRE)]
    assert seen == [
        ("dhcp-discover", 1.0, "DHCP DISCOVER, xid 18"),
        ("dhcp-offer", 2.1, "DHCP OFFER, xid 18"),
        ("dhcp-request", 3.0, "DHCP REQUEST, xid 18"),
        ("dhcp-ack", 3.1, "DHCP ACK, xid 18"),
        ("tftp-request", 3.2, "TFTP request for nbp.0"),
        ("tftp-error", 3.25, "TFTP error 8: option negotiation"),
        ("tftp-complete", 3.6, "512 bytes of nbp.0 in 1 blocks"),
        ("http-request", 4.0, "GET /nbp.0 HTTP/1.1"),
        ("http-complete", 4.5, "status 200, 9 bytes"),
    ]
    assert {name for name, _, _ in seen} == set(WIRE_MILESTONES)
    assert all(milestone.wall_s is None for milestone in iter_wire_milestones(GOOD_WIRE))


@pytest.mark.parametrize(
    "event",
    [
        dhcp("INFORM", 1.0),
        dhcp("NAK", 1.0),
        WireEvent("dhcp", 1.0, True, {}),
        WireEvent("dns", 1.0, True, {"message": "ack"}),
        WireEvent("tftp-transfer", 1.0, True, {"completed": False}),
        WireEvent("tftp-transfer", 1.0, True, {}),
        WireEvent("other", 1.0, True, {}),
    ],
)
def test_what_is_no_milestone(event: WireEvent) -> None:
    assert list(iter_wire_milestones([event])) == []


def boot_report(kind: str, total: int, tsc: int) -> ProbeReport:
    return ProbeReport(kind, NONCE, ({"sum": total, "ticks": 0, "tsc": tsc},))


def test_the_report_of_a_probe_is_a_milestone() -> None:
    report = boot_report("nbp", 0xABC, 5_500_000_000)
    virtual = report_milestone(report, TimeMode.VIRTUAL, 0.25)
    assert (virtual.name, virtual.guest_s, virtual.wall_s) == ("nbp-entered", 5.5, 0.25)
    assert virtual.evidence == f"nbp printed nonce {NONCE}, sum 00000abc"
    real = report_milestone(boot_report("disk", 0, 1), TimeMode.REAL, 7.5)
    assert (real.name, real.guest_s, real.wall_s) == ("disk-booted", 7.5, 7.5)


def test_milestones_are_ordered_by_the_guest_s_clock() -> None:
    milestones = [Milestone(name, moment, None, "") for name, moment in (("c", 3.0), ("x", None), ("a", 1.0))]
    assert [milestone.name for milestone in order_milestones([*milestones, Milestone("y", None, 1.0, "")])] == [
        "a",
        "c",
        "x",
        "y",
    ]


@pytest.mark.parametrize(
    ("reached", "last", "missing"),
    [
        ((), "", "dhcp-ack"),
        (("dhcp-ack",), "dhcp-ack", "tftp-complete"),
        (("tftp-complete",), "", "dhcp-ack"),
        (("dhcp-ack", "tftp-complete"), "tftp-complete", "nbp-entered"),
        (("dhcp-ack", "nbp-entered"), "dhcp-ack", "tftp-complete"),
        (("dhcp-ack", "tftp-complete", "nbp-entered"), "nbp-entered", ""),
        (("dhcp-ack", "tftp-complete", "disk-booted"), "tftp-complete", "nbp-entered"),
    ],
)
def test_the_first_missing_milestone(reached: tuple[str, ...], last: str, missing: str) -> None:
    milestones = [Milestone(name, None, None, "") for name in reached]
    assert find_missing(("dhcp-ack", "tftp-complete", "nbp-entered"), milestones) == (last, missing)


def observation(report: ProbeReport | None, ended_by: str = "") -> Observation:
    return Observation("", report, (), ended_by, 30.0, 1.0)


WHOLE = boot_report("nbp", 0x1234, 1)
REACHED = tuple(Milestone(name, 1.0, None, "") for name in ("dhcp-ack", "tftp-complete", "nbp-entered"))


@pytest.mark.parametrize(
    ("seen", "milestones", "time_mode", "status", "last", "reason"),
    [
        (observation(WHOLE), REACHED, "virtual", "passed", "nbp-entered", "nbp-entered was reached"),
        (observation(WHOLE), REACHED, "real", "passed", "nbp-entered", "nbp-entered was reached in real time"),
        (
            observation(boot_report("nbp", 0x1235, 1)),
            REACHED,
            "virtual",
            "failed",
            "nbp-entered",
            "the nbp probe arrived damaged: the sum of its bytes is 00001235",
        ),
        (
            observation(None, "the console says 'No bootable device.'"),
            REACHED[:1],
            "virtual",
            "failed",
            "dhcp-ack",
            "tftp-complete was not reached: the console says 'No bootable device.'",
        ),
        (observation(None), (), "real", "failed", "", "dhcp-ack was not reached"),
        (
            observation(boot_report("disk", 0x1234, 1), "the disk probe ran instead"),
            (*REACHED[:2], Milestone("disk-booted", 1.0, None, "")),
            "virtual",
            "failed",
            "tftp-complete",
            "nbp-entered was not reached: the disk probe ran instead",
        ),
        (
            observation(WHOLE),
            REACHED[2:],
            "virtual",
            "failed",
            "",
            "dhcp-ack was not reached",
        ),
    ],
)
def test_the_outcome(
    seen: Observation, milestones: tuple[Milestone, ...], time_mode: str, status: str, last: str, reason: str
) -> None:
    outcome = judge(scenario(), TimeMode(time_mode), frozenset({0x1234}), seen, milestones, 3)
    assert (outcome.status, outcome.milestone, outcome.reason) == (OutcomeStatus(status), last, reason)
    assert outcome.retransmissions == 3


def test_a_console_scenario_passes_without_a_report() -> None:
    names = ("prompt-offered", "prompt", "ifstat")
    milestones = tuple(Milestone(name, None, 1.0, "") for name in names)
    outcome = judge(scenario("prompt"), TimeMode.REAL, frozenset(), observation(None), milestones, 0)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.PASSED, "ifstat was reached in real time")


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (b"ifstat\r", [b"i", b"f", b"s", b"t", b"a", b"t", b"\r"]),
        (b"\x1b[A\x1bOP\x1b", [b"\x1b[A", b"\x1bOP", b"\x1b"]),
        (b"\x02\n\xff", [b"\x02", b"\n", b"\xff"]),
        (b"", []),
    ],
)
def test_a_key_that_sends_an_escape_sequence_is_one_key(content: bytes, keys: list[bytes]) -> None:
    assert KEYS.findall(content) == keys


@settings(deadline=None)
@given(st.binary())
def test_every_byte_is_typed(content: bytes) -> None:
    assert b"".join(KEYS.findall(content)) == content
    assert re.fullmatch(rb".*", content, re.DOTALL)
