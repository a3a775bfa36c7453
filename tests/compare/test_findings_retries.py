"""Questions that nobody answers, asked again: findings as wholes."""

from collections.abc import Sequence

import pytest

from bootrig.compare import Finding, Severity
from bootrig.compare.rules import RULES
from bootrig.trace.events import (
    Arp,
    Dhcp6,
    Dns,
    DnsQuestion,
    Event,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)
from bootrig.trace.trace import Clock
from tests.compare.conftest import Find
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, trace


def routers(*times: float) -> list[Event]:
    return [RouterSolicitation(guest_s=guest_s, from_guest=True) for guest_s in times]


def arps(*times: float) -> list[Event]:
    return [
        Arp(
            guest_s=at, from_guest=True, operation="request", sender_mac="", sender="", target_mac="", target="10.0.2.9"
        )
        for at in times
    ]


def names(*times: float) -> list[Event]:
    questions = (DnsQuestion("nobody.bootrig.test", 1),)
    return [Dns(guest_s=at, from_guest=True, id=1, reply=False, questions=questions) for at in times]


def neighbours(*times: float) -> list[Event]:
    return [NeighbourSolicitation(guest_s=at, from_guest=True, target="fe80::9") for at in times]


def solicits(*times: float) -> list[Event]:
    return [Dhcp6(guest_s=at, from_guest=True, message="solicit", xid="1") for at in times]


def again(what: str, words: str, number: int, baseline: float, candidate: float) -> Finding:
    statement = f"the guest sends its {words} number {number} after {{candidate}}, it was {{baseline}}"
    return Finding(Severity.INFO, f"retries of {what}", baseline, candidate, statement, unit="s")


SLOW, FAST = (1.0, 2.0, 4.0, 8.0), (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("make", "what", "words"),
    [
        (arps, "arp", "ARP request"),
        (names, "dns", "DNS question"),
        (neighbours, "neighbour-solicitation", "neighbour solicitation"),
        (routers, "router-solicitation", "router solicitation"),
        (solicits, "dhcp6-solicit", "DHCPv6 SOLICIT"),
    ],
)
def test_the_first_gap_that_differs_is_told(find: Find, make: type, what: str, words: str) -> None:
    assert find("retries", {"other": make(*FAST)}, other=make(*SLOW)) == [again(what, words, 3, 2.0, 1.0)]
    assert find("retries", {"other": make(*SLOW)}, other=make(*FAST)) == [again(what, words, 3, 1.0, 2.0)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (routers(*SLOW), routers(*SLOW)),
        (routers(1.0, 2.0), routers(1.0, 2.5)),
        # how often it asks is a matter of what ends it
        (routers(*SLOW), routers(*SLOW[:2])),
        (routers(*SLOW), routers(*SLOW[:1])),
        (routers(*SLOW), arps(*FAST)),
        # the second question is another one
        (routers(1.0, 2.0), [*routers(1.0, 2.0), RouterAdvertisement(guest_s=3.0, from_guest=False), *routers(9, 13)]),
    ],
)
def test_gaps_that_are_the_same_are_not_told(find: Find, first: Sequence[Event], second: Sequence[Event]) -> None:
    assert find("retries", {"other": second}, other=first) == []
    assert find("retries", {"other": first}, other=second) == []


@pytest.mark.parametrize(("first", "second"), [(REAL, REAL), (KVM, KVM), (VIRTUAL, REAL), (REAL, VIRTUAL)])
def test_real_time_is_not_asked(find: Find, first: Clock, second: Clock) -> None:
    assert find("retries", {"other": routers(*FAST), "clock": second}, other=routers(*SLOW), clock=first) == []


@pytest.mark.parametrize("disturbed", [(1, 0), (0, 1)])
def test_disturbed_boots_are_not_asked(find: Find, disturbed: tuple[int, int]) -> None:
    candidate = {"other": routers(*FAST), "disturbed": disturbed[1]}
    assert find("retries", candidate, other=routers(*SLOW), disturbed=disturbed[0]) == []


def test_a_boot_that_asked_again_is_a_witness() -> None:
    witnesses = RULES["retries"].witnesses
    assert witnesses(trace(Boot(other=routers(1.0, 2.0))))
    assert not witnesses(trace(Boot(other=routers(1.0))))
