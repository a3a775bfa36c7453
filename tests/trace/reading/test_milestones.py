"""Milestones from packets and from reports of probes."""

import pytest

from bootrig.trace.events import (
    Arp,
    Dhcp,
    Dns,
    Event,
    HttpRequest,
    HttpResponse,
    TftpError,
    TftpRequest,
    TftpTransfer,
)
from bootrig.trace.reading.milestones import (
    WIRE_MILESTONES,
    find_missing,
    iter_wire_milestones,
    make_report_milestone,
    order_milestones,
)
from bootrig.trace.trace import Clock, ClockKind, Evidence, Milestone
from firmware.probe.probe import ProbeReport

NONCE = "fedcba9876543210"
VIRTUAL, REAL = Clock(ClockKind.VIRTUAL, 7), Clock(ClockKind.REAL)


def dhcp(message: str, guest_s: float, frame: int = 0, *, from_guest: bool = True) -> Dhcp:
    return Dhcp(
        guest_s=guest_s, from_guest=from_guest, frame=frame, message=message, reply=not from_guest, xid="00000012"
    )


def transfer(guest_s: float, **fields: object) -> TftpTransfer:
    return TftpTransfer(guest_s=guest_s, from_guest=False, file="nbp.0", **fields)  # type: ignore[arg-type]


GOOD_WIRE: tuple[Event, ...] = (
    Arp(guest_s=0.5, from_guest=True, operation="request", sender_mac="", sender="", target_mac="", target=""),
    dhcp("discover", 1.0, 2),
    dhcp("discover", 2.0, 3),
    dhcp("offer", 2.1, 4, from_guest=False),
    dhcp("request", 3.0, 5),
    dhcp("ack", 3.1, 6, from_guest=False),
    TftpRequest(guest_s=3.2, from_guest=True, operation="read", file="nbp.0", mode="octet"),
    TftpError(guest_s=3.25, from_guest=False, code=8, text="option negotiation"),
    transfer(3.3),
    transfer(3.4, completed=True, bytes=512, blocks=1, end_guest_s=3.6),
    HttpRequest(guest_s=4.0, from_guest=True, method="GET", target="/nbp.0", version="HTTP/1.1"),
    HttpResponse(guest_s=4.1, from_guest=False, status=200, body_length=3, completed=False),
    HttpResponse(guest_s=4.1, from_guest=False, status=200, body_length=9, end_guest_s=4.5),
)


def test_each_milestone_of_the_wire_once_with_its_moment_and_evidence() -> None:
    milestones = list(iter_wire_milestones(GOOD_WIRE))
    assert [(m.name, m.guest_s, m.evidence.text) for m in milestones] == [
        ("dhcp-discover", 1.0, "DHCP DISCOVER, xid 00000012"),
        ("dhcp-offer", 2.1, "DHCP OFFER, xid 00000012"),
        ("dhcp-request", 3.0, "DHCP REQUEST, xid 00000012"),
        ("dhcp-ack", 3.1, "DHCP ACK, xid 00000012"),
        ("tftp-request", 3.2, "TFTP request for nbp.0"),
        ("tftp-error", 3.25, "TFTP error 8: option negotiation"),
        ("tftp-complete", 3.6, "512 bytes of nbp.0 in 1 blocks"),
        ("http-request", 4.0, "GET /nbp.0 HTTP/1.1"),
        ("http-complete", 4.5, "status 200, 9 bytes"),
    ]
    assert [m.evidence.frame for m in milestones[:4]] == [2, 4, 5, 6]
    assert {milestone.name for milestone in milestones} == set(WIRE_MILESTONES)
    assert all(milestone.wall_s is None for milestone in milestones)


@pytest.mark.parametrize(
    "event",
    [dhcp("inform", 1.0), dhcp("nak", 1.0), Dns(guest_s=1.0, from_guest=True, id=1, reply=False), transfer(1.0)],
)
def test_what_is_not_a_milestone(event: Event) -> None:
    assert list(iter_wire_milestones([event])) == []


@pytest.mark.parametrize(
    ("kind", "clock", "name", "guest_s"),
    [
        ("nbp", VIRTUAL, "nbp-entered", 5.5),
        ("efi", VIRTUAL, "nbp-entered", 5.5),
        ("disk", REAL, "disk-booted", 0.25),
        ("other", REAL, "other", 0.25),
    ],
)
def test_the_report_of_a_probe_is_a_milestone(kind: str, clock: Clock, name: str, guest_s: float) -> None:
    report = ProbeReport(kind, NONCE, ({"sum": 0xABC, "ticks": 0, "tsc": 5_500_000_000},))
    milestone = make_report_milestone(report, clock, 0.25)
    assert (milestone.name, milestone.guest_s, milestone.wall_s) == (name, guest_s, 0.25)
    assert milestone.evidence == Evidence(text=f"{kind} printed nonce {NONCE}, sum 00000abc")


def test_milestones_are_ordered_by_the_guest_s_clock() -> None:
    moments = (("c", 3.0), ("x", None), ("a", 0.5), ("z", 0.0), ("y", None))
    milestones = [Milestone(name, moment, None) for name, moment in moments]
    assert [milestone.name for milestone in order_milestones(milestones)] == ["z", "a", "c", "x", "y"]


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
    milestones = [Milestone(name, None, None) for name in reached]
    assert find_missing(("dhcp-ack", "tftp-complete", "nbp-entered"), milestones) == (last, missing)
