"""The rules on ARP and on source ports: each value, both directions, and where they say nothing."""

from typing import Any

import pytest

from bootrig.compare import Finding, Severity
from bootrig.trace.events import Arp, Dns, Event, Tcp, TftpRequest
from tests.compare.conftest import Find

SENT: dict[str, Any] = {"guest_s": 5.0, "from_guest": True}
OWN, SERVER, ZEROS = "10.0.2.15", "10.0.2.1", "00:00:00:00:00:00"
WHY = "port security and monitoring may notice it"


def ask(**changes: Any) -> Arp:
    fields = {"sender_mac": "52:54:00:12:34:56", "sender": OWN, "target_mac": ZEROS, "target": SERVER, "length": 60}
    return Arp(**{**SENT, "operation": "request", **fields, **changes})


ANNOUNCED = ask(target=OWN, length=42)
FORMS: list[tuple[dict[str, Any], str, Any, Any]] = [
    ({"length": 1500}, "length of ARP requests", 60, 1500),
    ({"sender": "0.0.0.0"}, "sender's address in ARP requests", "its own", "empty"),
    (
        {"target_mac": "ff:ff:ff:ff:ff:ff"},
        "target's hardware address in ARP requests",
        "zeros",
        "the broadcast address",
    ),
    ({"target_mac": "02:00:00:00:00:01"}, "target's hardware address in ARP requests", "zeros", "something else"),
]


@pytest.mark.parametrize(("changes", "subject", "old", "new"), FORMS)
def test_the_form_of_the_first_request(
    find: Find, changes: dict[str, Any], subject: str, old: object, new: object
) -> None:
    plain, other = [ANNOUNCED, ask()], [ANNOUNCED, ask(**changes)]
    for first, second, values in ((plain, other, (old, new)), (other, plain, (new, old))):
        (finding,) = find("arp-form", {"other": second}, other=first)
        assert (finding.severity, finding.subject, finding.why) == (Severity.INFO, subject, WHY)
        assert (finding.baseline, finding.candidate) == values
        assert finding.unit == ("bytes" if "length" in changes else "")
    assert find("arp-form", {"other": other}, other=other) == []


@pytest.mark.parametrize(
    "second",
    [
        [],
        [ANNOUNCED],
        [ask(length=0)],
        [ask(), ask(length=1500)],
        [ask(length=1500, from_guest=False)],
        [ask(operation="reply", length=1500)],
    ],
)
def test_what_says_nothing_of_the_form(find: Find, second: list[Event]) -> None:
    assert find("arp-form", {"other": second}, other=[ask()]) == []


def test_an_announcement_that_came_and_went(find: Find) -> None:
    with_it, without = [ANNOUNCED, ask()], [ask()]
    came = Finding(
        Severity.INFO,
        "gratuitous ARP",
        None,
        "sent",
        "the guest announces its address by ARP, it did not before",
        WHY,
    )
    statement = "the guest does not announce its address by ARP any more"
    went = Finding(Severity.INFO, "gratuitous ARP", "sent", None, statement)
    assert find("gratuitous-arp", {"other": with_it}, other=without) == [came]
    assert find("gratuitous-arp", {"other": without}, other=with_it) == [went]
    assert find("gratuitous-arp", {"other": with_it}, other=with_it) == []


@pytest.mark.parametrize("changes", [{"passed": False}, {"other": [ANNOUNCED]}, {"other": [ask(from_guest=False)]}])
def test_announcements_need_boots_that_passed_and_asked(find: Find, changes: dict[str, Any]) -> None:
    assert find("gratuitous-arp", {"other": [ANNOUNCED, ask()]}, **{"other": [ask()], **changes}) == []


def tftp(port: int) -> Event:
    return TftpRequest(**SENT, operation="read", file="a", mode="octet", client_port=port)


def tcp(port: int) -> Event:
    return Tcp(**SENT, connection=1, source_port=port)


def dns(port: int) -> Event:
    return Dns(**SENT, id=1, reply=False, source_port=port)


@pytest.mark.parametrize(("protocol", "make"), [("TFTP", tftp), ("TCP", tcp), ("DNS", dns)])
@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        (1024, 29441, ("the lowest that is free, 1024", "others")),
        (29441, 1024, ("others", "the lowest that is free, 1024")),
        (1023, 1025, ("well-known", "others")),
        (17439, 29441, None),
        (69, 1023, None),
        (1024, 0, None),
    ],
)
def test_the_kind_of_the_first_source_port(
    find: Find, protocol: str, make: Any, first: int, second: int, kinds: tuple[str, str] | None
) -> None:
    boots = [{"tftp": (), "other": [make(port), make(1024)]} for port in (first, second)]
    found = find("source-ports", boots[1], **boots[0])
    assert [(one.severity, one.subject, one.baseline, one.candidate) for one in found] == (
        [] if kinds is None else [(Severity.INFO, f"{protocol} source port", *kinds)]
    )


def test_ports_of_one_side_only_say_nothing(find: Find) -> None:
    assert find("source-ports", {"tftp": (), "other": [tftp(1024)]}, tftp=(), other=[]) == []
