"""Other traffic of the guest: what it sends unasked, and what it asks name servers."""

from collections.abc import Iterator, Mapping

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import RULES, Needs, rule, set_rule
from bootrig.trace.events import (
    Dhcp,
    Dhcp6,
    Dns,
    Eapol,
    Lacp,
    Other,
    RouterAdvertisement,
    RouterSolicitation,
    Tcp,
    WireEvent,
)
from bootrig.trace.reading.wire import iter_guest
from bootrig.trace.trace import Trace

ETHERTYPES: Mapping[str, str] = {
    "8809": "slow protocols",
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
PROTOCOLS: Mapping[str, str] = {"2": "IGMP", "47": "GRE", "132": "SCTP"}
MULTICAST_LISTENER_TYPES = (131, 132, 143)  # RFC 2710, RFC 3810
DNS_TYPES: Mapping[int, str] = {1: "A", 5: "CNAME", 12: "PTR", 16: "TXT", 28: "AAAA", 33: "SRV"}


KINDS: Mapping[type[WireEvent], str] = {
    RouterSolicitation: "IPv6 router solicitations",
    Dhcp6: "DHCPv6",
    Dns: "DNS",
    Eapol: "EAPOL (802.1X)",
    Lacp: "LACP",
}


def _name(event: WireEvent) -> str | None:
    """Return what an event is, None for what only answers a server or has a rule of its own."""
    match event:
        case Other(ethertype="", protocol="icmp6"):
            return "IPv6 multicast listener reports" if event.type in MULTICAST_LISTENER_TYPES else None
        case Other(ethertype=""):
            return PROTOCOLS.get(event.protocol) or _name_port(event.destination_port, event.protocol.upper())
        case Other():
            return ETHERTYPES.get(event.ethertype, f"frames of the ethertype {event.ethertype}")
        case Tcp():
            return _name_port(event.destination_port, "TCP")
        case Dhcp(destination_port=4011):
            return _name_port(event.destination_port, "UDP")
    return KINDS.get(type(event))


def _name_port(port: int, protocol: str) -> str | None:
    """Return what is sent to a port; None for those with a rule of their own, and for those of a client."""
    if port in SERVICES:
        return f"{SERVICES[port]} (port {port})"
    owned = {port for entry in RULES.values() for port in entry.owns_ports}
    return f"{protocol} to port {port}" if port in WELL_KNOWN and port not in owned else None


def sent_kinds(trace: Trace) -> frozenset[str]:
    """Return what the guest sent apart from the DHCP, TFTP and HTTP that have rules of their own, by name."""
    kinds = {_name(event) for event in trace.wire if event.from_guest}
    if any(isinstance(event, RouterAdvertisement) for event in trace.wire):
        # with a router on the network it is chance whether the guest asks before the router speaks
        kinds.discard(KINDS[RouterSolicitation])
    return frozenset(kind for kind in kinds if kind)


def _has_link(trace: Trace) -> bool:
    """Whether a boot passed and sent anything: one that ends before its link is up shows no traffic."""
    return trace.passed and any(event.from_guest for event in trace.wire)


def _asks_names(trace: Trace) -> bool:
    return trace.passed and bool(_dns_types(trace))


@set_rule(
    "traffic",
    topics={"switch", "ipv6", "vlan"},
    needs=Needs.CLOCK,
    depends_on_scenario=False,
    witnesses=_has_link,
    owns_ports={546, 547},
    follows_from=("network-client", "outcome"),
)
def check_traffic(pairing: Pairing) -> Iterator[tuple[CellPair | None, Finding]]:
    """Does the guest send the same kinds of other traffic, in boots that passed? Info.

    Kinds are told apart by ethertype and well-known port; answers to a server's questions are left out. Whether a boot
    sends some packet may depend on what a server sent a moment before, so a kind counts as gone, or new, only where the
    other ROM set does not send it in any boot on the same machine and platform firmware.
    """
    places: dict[tuple[str, str, str], list[CellPair]] = {}
    for pair in pairing:
        if pair.both_passed:
            places.setdefault((pair.key.machine, pair.key.platform_firmware, pair.key.emulator), []).append(pair)
    for members in places.values():
        sent = [(pair, sent_kinds(pair.baseline), sent_kinds(pair.candidate)) for pair in members]
        first = frozenset[str]().union(*(old for _, old, _ in sent))
        second = frozenset[str]().union(*(new for _, _, new in sent))
        for pair, old, new in sent:
            for name in sorted(old - second):
                statement = "the guest does not send {baseline} any more"
                yield pair, Finding(Severity.INFO, f"traffic: {name}", name, None, statement)
            for name in sorted(new - first):
                statement, why = "the guest now also sends {candidate}", "port security and monitoring may notice it"
                yield pair, Finding(Severity.INFO, f"traffic: {name}", None, name, statement, why)


@rule(
    "dns-types",
    topics={"dns"},
    needs=Needs.CLOCK,
    witnesses=_asks_names,
    owns_ports={53},
    follows_from=("network-client", "outcome"),
)
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
    numbers = (question.type for event in iter_guest(trace, Dns) for question in event.questions)
    return frozenset(DNS_TYPES.get(number, f"type {number}") for number in numbers)
