"""Other traffic: what is told of which packet, and findings as wholes, both directions."""

from typing import Any

import pytest

from bootrig.compare import Finding, Severity
from bootrig.compare.pairing import pair_traces
from bootrig.compare.rules import RULES
from bootrig.trace.events import (
    Dhcp6,
    Dns,
    DnsQuestion,
    Eapol,
    Event,
    Lacp,
    Other,
    RouterAdvertisement,
    RouterSolicitation,
    Tcp,
)
from tests.compare.conftest import Find
from tests.compare.factory import Boot, dhcp, trace

SENT: dict[str, Any] = {"guest_s": 5.0, "from_guest": True}
EAPOL, LACP = Eapol(**SENT), Lacp(**SENT)


def udp(port: int) -> Event:
    return Other(**SENT, protocol="udp", destination_port=port)


def tcp(port: int) -> Event:
    return Tcp(**SENT, connection=1, destination_port=port)


def frame(ethertype: str) -> Event:
    return Other(**SENT, ethertype=ethertype)


def icmp6(number: int) -> Event:
    return Other(**SENT, protocol="icmp6", type=number)


LISTENER = "IPv6 multicast listener reports"
NAMED: list[tuple[Event, str | None]] = [
    *((udp(port), f"UDP to port {port}") for port in (1, 52, 54, 66, 70, 122, 124, 513, 515, 545, 548, 859, 861, 1023)),
    *(
        (udp(port), None)
        for port in (0, 53, 67, 68, 69, 80, 546, 547, 1024, 2048, 2050, 3259, 3261, 4010, 4012, 5352, 5354)
    ),
    (udp(123), "NTP (port 123)"),
    (udp(514), "syslog (port 514)"),
    (udp(5353), "multicast DNS (port 5353)"),
    (udp(4011), "PXE boot servers (port 4011)"),
    (tcp(22), "TCP to port 22"),
    (tcp(80), None),
    (tcp(860), "iSCSI (port 860)"),
    (tcp(2049), "NFS (port 2049)"),
    (tcp(3260), "iSCSI (port 3260)"),
    *((frame(ethertype), name) for ethertype, name in (("8809", "slow protocols"), ("88a2", "AoE"), ("8906", "FCoE"))),
    *((frame(ethertype), name) for ethertype, name in (("8914", "FIP"), ("8100", "VLAN tags"), ("88cc", "LLDP"))),
    (frame("1234"), "frames of the ethertype 1234"),
    *((icmp6(number), LISTENER) for number in (131, 132, 143)),
    *((icmp6(number), None) for number in (130, 133, 142, 144)),
    *((Other(**SENT, protocol=number), name) for number, name in (("2", "IGMP"), ("47", "GRE"), ("132", "SCTP"))),
    (Other(**SENT, protocol="132", destination_port=123), "SCTP"),
    (Other(**SENT, protocol="99"), None),
    (dhcp(5.0, "request", destination_port=4011), "PXE boot servers (port 4011)"),
    (dhcp(5.0, "request", destination_port=4010), None),
    (dhcp(5.0, "request", destination_port=4012), None),
    (Dhcp6(**SENT, message="solicit", xid="1"), "DHCPv6"),
    (Dns(**SENT, id=1, reply=False), "DNS"),
    (EAPOL, "EAPOL (802.1X)"),
    (LACP, "LACP"),
    (RouterSolicitation(**SENT), "IPv6 router solicitations"),
    (RouterAdvertisement(**SENT), None),
]


def came(name: str) -> Finding:
    why = "port security and monitoring may notice it"
    return Finding(Severity.INFO, f"traffic: {name}", None, name, "the guest now also sends {candidate}", why)


def went(name: str) -> Finding:
    return Finding(Severity.INFO, f"traffic: {name}", name, None, "the guest does not send {baseline} any more")


@pytest.mark.parametrize(("event", "name"), NAMED)
def test_traffic_is_named_and_told_in_both_directions(find: Find, event: Event, name: str | None) -> None:
    assert find("traffic", {"other": [event]}) == ([] if name is None else [came(name)])
    assert find("traffic", {"other": []}, other=[event]) == ([] if name is None else [went(name)])
    assert find("traffic", {"other": [event]}, other=[event]) == []


def test_what_came_and_went_is_told_in_the_order_of_names(find: Find) -> None:
    first, second = [LACP, EAPOL, udp(123), udp(514)], [udp(123), frame("88cc"), frame("1234")]
    assert find("traffic", {"other": second}, other=first) == [
        *map(went, ("EAPOL (802.1X)", "LACP", "syslog (port 514)")),
        *map(came, ("LLDP", "frames of the ethertype 1234")),
    ]


@pytest.mark.parametrize("passed", [(True, False), (False, True), (False, False)])
def test_traffic_and_records_of_failed_boots_are_not_compared(find: Find, passed: tuple[bool, bool]) -> None:
    for rule, first, second in (("traffic", [], [EAPOL]), ("dns-types", dns(1), dns(28))):
        assert find(rule, {"other": second, "passed": passed[1]}, other=first, passed=passed[0]) == []


def test_a_router_of_one_side_hides_what_that_side_asked_for(find: Find) -> None:
    asked, router = RouterSolicitation(**SENT), RouterAdvertisement(guest_s=69.0, from_guest=False)
    name = "IPv6 router solicitations"
    assert find("traffic", {"other": [asked, LACP, router]}, other=[LACP]) == []
    assert find("traffic", {"other": [asked, router]}, other=[asked]) == [went(name)]
    assert find("traffic", {"other": [asked]}, other=[asked, router]) == [came(name)]


@pytest.mark.parametrize(
    ("elsewhere", "told"),
    [
        ({"nic": "pcnet"}, False),
        ({"scenario": "grub"}, False),
        ({"machine": "q35"}, True),
        ({"firmware": "ovmf"}, True),
        ({"nic": "pcnet", "passed": False}, True),
    ],
)
def test_a_kind_counts_where_the_other_set_never_sends_it_on_the_like(elsewhere: dict[str, Any], told: bool) -> None:
    here, there = Boot(), Boot(**elsewhere)
    quiet = [trace(here), trace(there)]
    with_here = [trace(Boot(other=[EAPOL])), trace(there)]
    with_there = [trace(here), trace(Boot(**elsewhere, other=[EAPOL]))]

    def found(first: Any, second: Any) -> list[tuple[str, Finding]]:
        differences = RULES["traffic"].find_differences(pair_traces(first, second))
        return [(str(entry.key), entry.finding) for entry in differences]

    name = "EAPOL (802.1X)"
    assert found(quiet, with_here) == [(str(here.key), came(name))]
    assert found(with_here, quiet) == [(str(here.key), went(name))]
    both = [(str(here.key), went(name)), (str(there.key), came(name))]
    expected = [entry for entry in both if there.passed or entry[0] == str(here.key)] if told else []
    assert sorted(found(with_here, with_there), key=str) == sorted(expected, key=str)


def dns(*types: int) -> list[Event]:
    return [Dns(**SENT, id=1, reply=False, questions=(DnsQuestion("server", one),)) for one in types]


def records(severity: Severity, baseline: str, candidate: str) -> Finding:
    statement = "the guest asks name servers for {candidate} records, it was {baseline}"
    why = "names that have only the other type of address are not found" if severity is Severity.CHANGE else ""
    return Finding(severity, "DNS record types", baseline, candidate, statement, why)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((1,), (1, 1), []),
        ((), (1,), []),
        ((1,), (), []),
        ((28, 1), (1,), [records(Severity.CHANGE, "A AAAA", "A")]),
        ((1,), (28, 1), [records(Severity.INFO, "A", "A AAAA")]),
        ((1,), (28,), [records(Severity.CHANGE, "A", "AAAA")]),
        ((1, 5, 12), (1, 5, 12, 16, 28, 33), [records(Severity.INFO, "A CNAME PTR", "A AAAA CNAME PTR SRV TXT")]),
        (
            (2, 4, 6, 11),
            (2, 4, 6, 11, 13),
            [records(Severity.INFO, "type 11 type 2 type 4 type 6", "type 11 type 13 type 2 type 4 type 6")],
        ),
        ((15, 17, 27), (29, 32, 34), [records(Severity.CHANGE, "type 15 type 17 type 27", "type 29 type 32 type 34")]),
    ],
)
def test_types_of_dns_records(
    find: Find, first: tuple[int, ...], second: tuple[int, ...], found: list[Finding]
) -> None:
    assert find("dns-types", {"other": dns(*second)}, other=dns(*first)) == found
