"""Other traffic of the guest: what it sends unasked, and what it asks name servers."""

from collections.abc import Iterator, Mapping

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import RULES, rule, set_rule
from bootrig.trace.events import (
    Dhcp,
    Dhcp6,
    Dns,
    Eapol,
    Event,
    Lacp,
    Other,
    RouterAdvertisement,
    RouterSolicitation,
    Tcp,
)
from bootrig.trace.reading.wire import iter_guest
from bootrig.trace.trace import Trace

ETHERTYPES: Mapping[str, str] = {
    "888e": "EAPOL (802.1X)",
    "8809": "slow protocols (LACP)",
    "88cc": "LLDP",
    "88a2": "AoE",
    "8906": "FCoE",
    "8914": "FIP",
    "8100": "VLAN tags",
}
SERVICES: Mapping[int, str] = {
    123: "NTP",
    514: "syslog",
    860: "iSCSI",
    2049: "NFS",
    3260: "iSCSI",
    4011: "PXE boot servers",
    5353: "multicast DNS",
}
WELL_KNOWN = range(1, 1024)
OWN_PORTS = frozenset({53, 67, 68, 69, 80, 546, 547})
KINDS: Mapping[str, str] = {
    "dhcp6": "DHCPv6",
    "dns": "DNS",
}
PROTOCOLS: Mapping[object, str] = {2: "IGMP", 47: "GRE", 132: "SCTP"}
MULTICAST_LISTENER_TYPES = (131, 132, 143)  # RFC 2710, RFC 3810
DNS_TYPES: Mapping[int, str] = {1: "A", 5: "CNAME", 12: "PTR", 16: "TXT", 28: "AAAA", 33: "SRV"}


def _name_other(facts: Mapping[str, Any]) -> str | None:
    """Return what a frame of the kind `other` is, None for what only answers a server or is told by other events."""
    ethertype = facts.get("ethertype")
    if ethertype:
        return ETHERTYPES.get(str(ethertype), f"frames of the ethertype {ethertype}")
    port, protocol = facts.get("destination_port", 0), facts.get("protocol")
    if port in SERVICES:
        return f"{SERVICES[port]} (port {port})"
    if port in WELL_KNOWN and port not in OWN_PORTS:
        return f"{str(protocol).upper()} to port {port}"
    if protocol == "icmp6" and facts.get("type") in MULTICAST_LISTENER_TYPES:
        return "IPv6 multicast listener reports"
    return PROTOCOLS.get(protocol)


def sent_kinds(trace: Trace) -> frozenset[str]:
    """Return what the guest sent apart from the DHCP, TFTP and HTTP that have rules of their own, by name."""
    kinds: set[str | None] = set()
    if not any(event.kind == "router-advertisement" for event in trace.wire):
        # with a router on the network it is chance whether the guest asks before the router speaks
        kinds |= {"IPv6 router solicitations" for event in trace.wire if event.kind == "router-solicitation"}
    for event in trace.wire:
        if event.from_guest and event.kind in KINDS:
            kinds.add(KINDS[event.kind])
        elif event.from_guest and (event.kind == "other" or event.facts.get("destination_port") in SERVICES):
            kinds.add(_name_other(event.facts))
    return frozenset(kind for kind in kinds if kind)


@set_rule("traffic", in_real_time=True, per_boot=False)
def check_traffic(pairs: Sequence[CellPair]) -> Iterator[tuple[CellPair, Finding]]:
    """Does the guest send the same kinds of other traffic, in boots that passed? Info.

    Kinds are told apart by ethertype and well-known port; answers to a server's questions are left out. Whether a boot
    sends some packet may hang on what a server sent a moment before, so a kind counts as gone, or new, only where the
    other ROM set does not send it in any boot on the same machine and platform firmware.
    """
    places: dict[tuple[str, str, str], list[CellPair]] = {}
    for pair in pairs:
        if pair.both_passed:
            places.setdefault((pair.key.machine, pair.key.platform_firmware, pair.key.emulator), []).append(pair)
    for members in places.values():
        kinds = [(sent_kinds(pair.baseline), sent_kinds(pair.candidate)) for pair in members]
        first, second = (frozenset().union(*(both[side] for both in kinds)) for side in (0, 1))
        for pair, (old, new) in zip(members, kinds, strict=True):
            for name in sorted(old - second):
                statement = "the guest does not send {baseline} any more"
                yield pair, Finding(Severity.INFO, f"traffic: {name}", name, None, statement)
            for name in sorted(new - first):
                statement, why = "the guest now also sends {candidate}", "port security and monitoring may notice it"
                yield pair, Finding(Severity.INFO, f"traffic: {name}", None, name, statement, why)


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
        for question in event.facts.get("questions") or ():
            number = question.get("type")
            types.add(DNS_TYPES.get(number, f"type {number}"))
    return frozenset(types)
