"""Finding addresses: ARP, DNS, IPv6 routers and neighbours, DHCPv6.

Sources: RFC 826 (ARP), RFC 1035 (DNS), RFC 4861 (neighbour discovery), RFC 8415 (DHCPv6).
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from dpkt import arp, dns

from bootrig.network.decode.place import Ends, Place, Route
from bootrig.trace import events

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 133, 134, 135, 136
# type of the ICMPv6 message -> length of what is before its options
NEIGHBOUR_LENGTHS: Mapping[int, int] = {
    ROUTER_SOLICITATION: 8,
    ROUTER_ADVERTISEMENT: 16,
    NEIGHBOUR_SOLICITATION: 24,
    NEIGHBOUR_ADVERTISEMENT: 24,
}
DHCP6_MESSAGES: Mapping[int, str] = {
    1: "solicit",
    2: "advertise",
    3: "request",
    4: "confirm",
    5: "renew",
    6: "rebind",
    7: "reply",
    8: "release",
    9: "decline",
    11: "information-request",
}
_SOURCE_MAC, _PREFIX = 1, 3
_RDATA_LIMIT = 64


def parse_arp(message: arp.ARP, place: Place, length: int) -> events.Arp:
    """Return an ARP message, in a frame of `length` bytes."""
    operation = {arp.ARP_OP_REQUEST: "request", arp.ARP_OP_REPLY: "reply"}.get(message.op, f"operation {message.op}")
    return events.Arp(
        **place,
        operation=operation,
        sender_mac=message.sha.hex(":"),
        sender=str(IPv4Address(message.spa)),
        target_mac=message.tha.hex(":"),
        target=str(IPv4Address(message.tpa)),
        length=length,
    )


def parse_dns(payload: bytes, ends: Ends) -> events.Dns:
    """Return a DNS message.

    Raises:
        Exception: it is malformed (dpkt raises what it likes).
    """
    message = dns.DNS(payload)
    return events.Dns(
        **ends,
        id=message.id,
        reply=bool(message.qr),
        rcode=message.rcode,
        questions=tuple(events.DnsQuestion(question.name, question.type) for question in message.qd),
        answers=tuple(
            events.DnsAnswer(answer.name, answer.type, bytes(answer.rdata)[:_RDATA_LIMIT].hex())
            for answer in message.an
        ),
    )


def _iter_neighbour_options(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the options of a neighbour discovery message (RFC 4861, section 4.6)."""
    offset = 0
    while offset + 8 <= len(content):
        length = content[offset + 1] * 8
        if not length:
            return
        yield content[offset], content[offset + 2 : offset + length]
        offset += length


def parse_neighbour(message: bytes, route: Route) -> events.Event:
    """Return a neighbour discovery message, ICMPv6 header included (RFC 4861, section 4).

    Raises:
        ValueError: it is malformed.
    """
    kind, length = message[0], NEIGHBOUR_LENGTHS[message[0]]
    if len(message) < length:
        raise ValueError("shorter than its header")
    source_mac, prefixes = "", []
    for code, content in _iter_neighbour_options(message[length:]):
        if code == _SOURCE_MAC:
            source_mac = content[:6].hex(":")
        elif code == _PREFIX and len(content) >= 30:
            prefixes.append(f"{IPv6Address(content[14:30])}/{content[0]}")
    if kind == ROUTER_SOLICITATION:
        return events.RouterSolicitation(**route, source_mac=source_mac)
    if kind == ROUTER_ADVERTISEMENT:
        return events.RouterAdvertisement(
            **route,
            source_mac=source_mac,
            managed=bool(message[5] & 0x80),
            other=bool(message[5] & 0x40),
            lifetime_s=int.from_bytes(message[6:8], "big"),
            prefixes=tuple(prefixes),
        )
    neighbour = events.NeighbourSolicitation if kind == NEIGHBOUR_SOLICITATION else events.NeighbourAdvertisement
    return neighbour(**route, source_mac=source_mac, target=str(IPv6Address(message[8:24])))


def parse_dhcp6(payload: bytes, ends: Ends) -> events.Dhcp6:
    """Return a DHCPv6 message; options are in wire order.

    Raises:
        ValueError: it is malformed.
    """
    if len(payload) < 4:
        raise ValueError("shorter than its header")
    options, offset = [], 4
    while offset < len(payload):
        code, length = (int.from_bytes(payload[at : at + 2], "big") for at in (offset, offset + 2))
        content = payload[offset + 4 : offset + 4 + length]
        if offset + 4 > len(payload) or len(content) < length:
            raise ValueError(f"option {code} is cut off")
        options.append(events.Dhcp6Option(code, content.hex()))
        offset += 4 + length
    return events.Dhcp6(
        **ends,
        message=DHCP6_MESSAGES.get(payload[0], f"type {payload[0]}"),
        xid=payload[1:4].hex(),
        options=tuple(options),
    )
