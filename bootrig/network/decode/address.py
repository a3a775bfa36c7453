"""Finding addresses: ARP, DNS, IPv6 routers and neighbours, DHCPv6.

Sources: RFC 826 (ARP), RFC 1035 (DNS: section 4.1.4, names), RFC 4861 (neighbour discovery), RFC 8415 (DHCPv6).
"""

from collections.abc import Iterator, Mapping
from struct import Struct as Layout

from bootrig.network.decode.headers import name_address, require_length
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
_OPERATIONS: Mapping[int, str] = {1: "request", 2: "reply"}
_ARP = Layout(">6xH6s4s6s4s")
_DNS_HEADER, _DNS_RECORD = Layout(">HHHH4x"), Layout(">HxxIH")
_DNS_QUESTION_LENGTH = 4
_NAME_LIMIT = 255
# what begins a label: its length, or the first of two bytes that say where the name goes on
_LABEL_LIMIT, _POINTER = 0x3F, 0xC0


def parse_arp(message: bytes, place: Place, length: int) -> events.Arp:
    """Return an ARP message, in a frame of `length` bytes.

    Raises:
        ValueError: it is cut off.
    """
    require_length(message, _ARP.size, "arp")
    operation, sender_mac, sender, target_mac, target = _ARP.unpack_from(message)
    return events.Arp(
        **place,
        operation=_OPERATIONS.get(operation, f"operation {operation}"),
        sender_mac=sender_mac.hex(":"),
        sender=name_address(sender),
        target_mac=target_mac.hex(":"),
        target=name_address(target),
        length=length,
    )


class _Message:
    """A DNS message, read from its header to its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = _DNS_HEADER.size
        self._labels_left = len(content)

    def read_name(self) -> str:
        """Return the next name.

        Raises:
            ValueError: it is malformed, or the names of the message have had more labels than it has bytes.
        """
        content, labels, length, offset, end = self._content, list[bytes](), 0, self._offset, 0
        for left in range(self._labels_left - 1, -1, -1):
            if offset >= len(content):
                raise ValueError("a name that is cut off")
            size = content[offset]
            if size >= _POINTER:
                end = end or offset + 2
                offset = int.from_bytes(content[offset : offset + 2], "big") & 0x3FFF
                continue
            if size > _LABEL_LIMIT:
                raise ValueError(f"a label of the length {size:02x}")
            offset += 1 + size
            if not size:
                self._labels_left = left
                break
            labels.append(content[offset - size : offset])
            length += 1 + size
            if length > _NAME_LIMIT:
                raise ValueError(f"a name longer than {_NAME_LIMIT} bytes")
        else:
            raise ValueError("names that point to names without end")
        self._offset = end or offset
        return events.escape(b".".join(labels))

    def read(self, length: int) -> bytes:
        """Return the next bytes.

        Raises:
            ValueError: there are not so many.
        """
        content = self._content[self._offset : self._offset + length]
        if len(content) < length:
            raise ValueError("cut off")
        self._offset += length
        return content


def parse_dns(payload: bytes, ends: Ends) -> events.Dns:
    """Return a DNS message: its questions and its answers.

    Raises:
        ValueError: it is malformed, or its names point to other names without end.
    """
    require_length(payload, _DNS_HEADER.size)
    number, flags, question_count, answer_count = _DNS_HEADER.unpack_from(payload)
    message = _Message(payload)
    questions, answers = list[events.DnsQuestion](), list[events.DnsAnswer]()
    for _ in range(question_count):
        name = message.read_name()
        questions.append(events.DnsQuestion(name, int.from_bytes(message.read(_DNS_QUESTION_LENGTH)[:2], "big")))
    for _ in range(answer_count):
        name = message.read_name()
        record_type, _, length = _DNS_RECORD.unpack(message.read(_DNS_RECORD.size))
        answers.append(events.DnsAnswer(name, record_type, message.read(length)[:_RDATA_LIMIT].hex()))
    return events.Dns(
        **ends,
        id=number,
        reply=bool(flags & 0x8000),
        rcode=flags & 15,
        questions=tuple(questions),
        answers=tuple(answers),
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
    require_length(message, length)
    source_mac, prefixes = "", []
    for code, content in _iter_neighbour_options(message[length:]):
        if code == _SOURCE_MAC:
            source_mac = content[:6].hex(":")
        elif code == _PREFIX and len(content) >= 30:
            prefixes.append(f"{name_address(content[14:30])}/{content[0]}")
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
    return neighbour(**route, source_mac=source_mac, target=name_address(message[8:24]))


def parse_dhcp6(payload: bytes, ends: Ends) -> events.Dhcp6:
    """Return a DHCPv6 message; options are in wire order.

    Raises:
        ValueError: it is malformed.
    """
    require_length(payload, 4)
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
