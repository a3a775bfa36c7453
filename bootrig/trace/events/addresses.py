"""Finding addresses: DNS, ARP, IPv6 routers and neighbours."""

from msgspec import Struct

from bootrig.trace.events.base import Endpoints, Recorded, Routed, Varying, WireEvent


class DnsQuestion(Struct, frozen=True):
    """A question: the name, the number of the type."""

    name: str
    type: int


class DnsAnswer(Struct, frozen=True):
    """An answer: the name, the number of the type, the first bytes of its data."""

    name: str
    type: int
    hex: str


class Dns(Endpoints, frozen=True, kw_only=True, tag="dns"):
    """A DNS message (RFC 1035)."""

    id: Varying[int]
    reply: bool
    rcode: Recorded[int] = 0
    questions: tuple[DnsQuestion, ...] = ()
    answers: Recorded[tuple[DnsAnswer, ...]] = ()


class Arp(WireEvent, frozen=True, kw_only=True, tag="arp"):
    """An ARP message (RFC 826); `operation` is `request`, `reply` or `operation N`."""

    operation: str
    sender_mac: Recorded[str]
    sender: str
    target_mac: Recorded[str]
    target: str


class RouterSolicitation(Routed, frozen=True, kw_only=True, tag="router-solicitation"):
    """A guest asks for routers (RFC 4861, section 4.1)."""

    source_mac: Recorded[str] = ""


class RouterAdvertisement(Routed, frozen=True, kw_only=True, tag="router-advertisement"):
    """A router tells of itself (RFC 4861, section 4.2): the flags M and O, how long it serves, its prefixes."""

    source_mac: Recorded[str] = ""
    managed: Recorded[bool] = False
    other: Recorded[bool] = False
    lifetime_s: Recorded[int] = 0
    prefixes: Recorded[tuple[str, ...]] = ()


class NeighbourSolicitation(Routed, frozen=True, kw_only=True, tag="neighbour-solicitation"):
    """A guest asks for the hardware address of `target` (RFC 4861, section 4.3)."""

    source_mac: Recorded[str] = ""
    target: Recorded[str] = ""


class NeighbourAdvertisement(Routed, frozen=True, kw_only=True, tag="neighbour-advertisement"):
    """The answer to such a question (RFC 4861, section 4.4)."""

    source_mac: Recorded[str] = ""
    target: Recorded[str] = ""
