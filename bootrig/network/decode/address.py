"""Finding addresses: ARP, DNS, IPv6 routers and neighbours, DHCPv6.

Sources: RFC 826 (ARP), RFC 1035 (DNS), RFC 4861 (neighbour discovery), RFC 8415 (DHCPv6).
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from dpkt import arp, dns

from bootrig.network.decode.fact import Kind, mac_of, text_of

ICMP6_KINDS: Mapping[int, Kind] = {
    133: Kind.ROUTER_SOLICITATION,
    134: Kind.ROUTER_ADVERTISEMENT,
    135: Kind.NEIGHBOUR_SOLICITATION,
    136: Kind.NEIGHBOUR_ADVERTISEMENT,
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
_RDATA_LIMIT = 64


def decode_arp(message: arp.ARP) -> dict[str, Any]:
    """Return the facts of an ARP message."""
    operation = {arp.ARP_OP_REQUEST: "request", arp.ARP_OP_REPLY: "reply"}.get(message.op, f"operation {message.op}")
    return {
        "operation": operation,
        "sender_mac": mac_of(message.sha),
        "sender": str(IPv4Address(message.spa)),
        "target_mac": mac_of(message.tha),
        "target": str(IPv4Address(message.tpa)),
    }


def decode_dns(payload: bytes) -> dict[str, Any]:
    """Return the facts of a DNS message.

    Raises:
        Exception: it is malformed (dpkt raises what it likes).
    """
    message = dns.DNS(payload)
    return {
        "id": message.id,
        "reply": bool(message.qr),
        "rcode": message.rcode,
        "questions": [{"name": question.name, "type": question.type} for question in message.qd],
        "answers": [
            {"name": answer.name, "type": answer.type, "hex": bytes(answer.rdata)[:_RDATA_LIMIT].hex()}
            for answer in message.an
        ],
    }


def _iter_neighbour_options(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the options of a neighbour discovery message (RFC 4861, section 4.6)."""
    offset = 0
    while offset + 8 <= len(content):
        length = content[offset + 1] * 8
        if not length:
            return
        yield content[offset], content[offset + 2 : offset + length]
        offset += length


def decode_neighbour(kind: Kind, message: bytes) -> dict[str, Any]:
    """Return the facts of a neighbour discovery message, ICMPv6 header included (RFC 4861, section 4).

    Raises:
        ValueError: it is malformed.
    """
    offset = {Kind.ROUTER_SOLICITATION: 8, Kind.ROUTER_ADVERTISEMENT: 16}.get(kind, 24)
    if len(message) < offset:
        raise ValueError("shorter than its header")
    facts: dict[str, Any] = {}
    if kind == Kind.ROUTER_ADVERTISEMENT:
        facts["managed"], facts["other"] = bool(message[5] & 0x80), bool(message[5] & 0x40)
        facts["lifetime_s"] = int.from_bytes(message[6:8], "big")
        facts["prefixes"] = []
    elif offset == 24:
        facts["target"] = str(IPv6Address(message[8:24]))
    for code, content in _iter_neighbour_options(message[offset:]):
        if code == 1:
            facts["source_mac"] = mac_of(content[:6])
        elif code == 3 and len(content) >= 30 and "prefixes" in facts:
            facts["prefixes"].append(f"{IPv6Address(content[14:30])}/{content[0]}")
    return facts


def decode_dhcp6(payload: bytes) -> dict[str, Any]:
    """Return the facts of a DHCPv6 message; options are in wire order.

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
        options.append(
            {"code": code, "hex": content.hex(), "value": text_of(content) if code in {15, 16, 59} else None}
        )
        offset += 4 + length
    return {
        "message": DHCP6_MESSAGES.get(payload[0], f"type {payload[0]}"),
        "xid": payload[1:4].hex(),
        "options": options,
    }
