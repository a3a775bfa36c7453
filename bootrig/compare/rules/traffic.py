"""Other traffic of the guest: what it sends unasked, and what it asks name servers."""

from collections.abc import Iterator, Mapping
from typing import Any

from bootrig.compare.difference import Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Finding, rule
from bootrig.compare.wire import guest_events
from bootrig.scenario.trace import Trace

ETHERTYPES: Mapping[int, str] = {
    0x888E: "EAPOL (802.1X)",
    0x8809: "slow protocols (LACP)",
    0x88CC: "LLDP",
    0x88A2: "AoE",
    0x8906: "FCoE",
    0x8914: "FIP",
    0x8100: "VLAN tags",
}
IP_ETHERTYPES = frozenset({0x0800, 0x86DD})
SERVICES: Mapping[int, str] = {
    53: "DNS",
    123: "NTP",
    514: "syslog",
    547: "DHCPv6",
    860: "iSCSI",
    3260: "iSCSI",
    4011: "PXE boot servers",
    5353: "multicast DNS",
}
WELL_KNOWN = range(1, 1024)


def _number(value: Any) -> int | None:
    if isinstance(value, int):
        return value
    try:
        return int(str(value), 0)
    except ValueError:
        return None


def _name_other(facts: Mapping[str, Any]) -> str | None:
    """Return what a frame of the kind `other` is, None for what only answers a server or is told by other events."""
    ethertype = _number(facts.get("ethertype"))
    if ethertype is not None and ethertype not in IP_ETHERTYPES:
        return ETHERTYPES.get(ethertype, f"frames of the ethertype {ethertype:#06x}")
    port = _number(facts.get("destination_port", facts.get("port")))
    if port is None:
        return None
    if port in SERVICES:
        return SERVICES[port]
    if port in WELL_KNOWN and port not in (67, 68, 69, 80):
        return f"{str(facts.get('protocol', 'traffic')).upper()} to port {port}"
    return None


def sent_kinds(trace: Trace) -> frozenset[str]:
    """Return what the guest sent apart from the DHCP, TFTP and HTTP that have rules of their own, by name."""
    kinds = set()
    for event in trace.wire:
        if not event.from_guest:
            continue
        if event.kind == "router-solicitation":
            kinds.add("IPv6 router solicitations")
        elif event.kind == "other" and (name := _name_other(event.facts)):
            kinds.add(name)
        elif event.kind == "dns":
            kinds.add("DNS")
    return frozenset(kinds)


@rule("traffic", in_real_time=True)
def check_traffic(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send the same kinds of other traffic, where both boots passed? Info.

    Kinds are told apart by ethertype and well-known port; answers to a server's questions are left out.
    """
    if not pair.both_passed:
        return
    first, second = (sent_kinds(trace) for trace in pair.sides)
    for name in sorted(first - second):
        yield Finding(Severity.INFO, f"traffic: {name}", name, None, "the guest does not send {baseline} any more")
    for name in sorted(second - first):
        why = "port security and monitoring may notice it"
        yield Finding(Severity.INFO, f"traffic: {name}", None, name, "the guest now also sends {candidate}", why)


@rule("dns-types", in_real_time=True)
def check_dns_types(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask name servers for the same types of records, where both boots passed? Less is a change."""
    if not pair.both_passed:
        return
    first, second = (_dns_types(trace) for trace in pair.sides)
    if first and second and first != second:
        statement = "the guest asks name servers for {candidate} records, it was {baseline}"
        severity = Severity.CHANGE if first - second else Severity.INFO
        why = "names that have only the other type of address are not found" if first - second else ""
        words = " ".join(sorted(first)), " ".join(sorted(second))
        yield Finding(severity, "DNS record types", *words, statement, why)


def _dns_types(trace: Trace) -> frozenset[str]:
    types = set()
    for event in guest_events(trace, "dns"):
        for question in event.facts.get("questions") or ([event.facts] if "type" in event.facts else []):
            types.add(str(question.get("type") if isinstance(question, Mapping) else question))
    return frozenset(types)
