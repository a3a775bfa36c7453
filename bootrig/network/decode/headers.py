"""Headers of frames, packets, datagrams and segments.

Sources: IEEE 802.3, IEEE 802.1Q (tags), RFC 791, RFC 8200 (section 4, extension headers), RFC 768, RFC 9293.
"""

from functools import lru_cache
from ipaddress import ip_address
from socket import inet_ntoa
from struct import Struct as Layout

from msgspec import Struct

IP4, ARP, IP6 = 0x0800, 0x0806, 0x86DD
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, ACK = 1, 2, 4, 16
IP4_LENGTH = 4
_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
_TAGS_LIMIT = 2
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_EXTENSIONS = (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION)
# Each comes once, that of destination options twice (RFC 8200, section 4.1).
EXTENSIONS_LIMIT = 8

_IP4_HEADER = Layout(">BxHHHxB2x4s4s")
_IP6_HEADER = Layout(">4xHBx16s16s")
_FRAGMENT_HEADER = Layout(">2xHI")
_UDP_HEADER = Layout(">HHH2x")
_TCP_HEADER = Layout(">HHI4xBBH4x")


class Frame(Struct, frozen=True):
    """An Ethernet frame: the ethertype of its content, and `outer`, which is that of its first tag if it has any."""

    ethertype: int
    content: bytes
    outer: int


class Fragment(Struct, frozen=True):
    """Which piece of which datagram a packet has: `offset` in bytes; `more` is whether others follow."""

    number: int
    offset: int
    more: bool


class Packet(Struct, frozen=True):
    """An IP packet: its addresses, and what it carries; `fragment` is None where it carries a whole datagram."""

    source: bytes
    destination: bytes
    protocol: int
    content: bytes
    fragment: Fragment | None = None


class Datagram(Struct, frozen=True):
    """A UDP datagram."""

    source_port: int
    destination_port: int
    content: bytes


class Segment(Struct, frozen=True):
    """A TCP segment; `window` is in bytes, `options` as sent, `flags` are `FIN`, `SYN`, `RST`, `ACK` and others."""

    source_port: int
    destination_port: int
    sequence: int
    flags: int
    window: int
    options: bytes
    content: bytes


@lru_cache(maxsize=1024)
def name_address(address: bytes) -> str:
    """Return an IP address as people write it."""
    return inet_ntoa(address) if len(address) == IP4_LENGTH else str(ip_address(address))


def require_length(content: bytes, length: int, protocol: str = "") -> None:
    """Refuse what is shorter than its header.

    Raises:
        ValueError: it is; it says of which `protocol`, where that is given.
    """
    if len(content) < length:
        raise ValueError(f"{protocol}{': ' if protocol else ''}shorter than its header")


def parse_frame(frame: bytes) -> Frame:
    """Return what an Ethernet frame carries.

    Raises:
        ValueError: it is cut off.
    """
    require_length(frame, 14, "ethernet")
    outer = ethertype = int.from_bytes(frame[12:14], "big")
    offset = 14
    while ethertype in _TAGS and offset < 14 + 4 * _TAGS_LIMIT:
        offset += 4
        require_length(frame, offset, "ethernet")
        ethertype = int.from_bytes(frame[offset - 2 : offset], "big")
    return Frame(ethertype, frame[offset:], outer)


def parse_ip4(content: bytes) -> Packet:
    """Return an IPv4 packet.

    Raises:
        ValueError: it is malformed.
    """
    require_length(content, 20, "ip4")
    first, length, number, place, protocol, source, destination = _IP4_HEADER.unpack_from(content)
    header_length = (first & 15) * 4
    if first >> 4 != 4 or header_length < 20:
        raise ValueError(f"ip4: a header that begins with {first:02x}")
    require_length(content, header_length, "ip4")
    # A length of 0 is that of a packet which the NIC was to divide.
    whole = content[header_length : length or None]
    more, offset = bool(place & 0x2000), (place & 0x1FFF) * 8
    fragment = Fragment(number, offset, more) if more or offset else None
    return Packet(source, destination, protocol, whole, fragment)


def parse_ip6(content: bytes) -> Packet:
    """Return an IPv6 packet: what is behind its extension headers.

    Raises:
        ValueError: it is malformed, or has more extension headers than a packet has.
    """
    require_length(content, 40, "ip6")
    length, protocol, source, destination = _IP6_HEADER.unpack_from(content)
    if content[0] >> 4 != 6:
        raise ValueError(f"ip6: a header that begins with {content[0]:02x}")
    end = min(40 + length, len(content)) if length else len(content)
    offset, fragment, count = 40, None, 0
    while protocol in _EXTENSIONS and fragment is None:
        count += 1
        if count > EXTENSIONS_LIMIT:
            raise ValueError(f"ip6: more than {EXTENSIONS_LIMIT} extension headers")
        if end - offset < 8:
            raise ValueError("ip6: shorter than its extension headers")
        kind, protocol, units = protocol, content[offset], content[offset + 1]
        if kind == _FRAGMENT:
            place, number = _FRAGMENT_HEADER.unpack_from(content, offset)
            fragment = Fragment(number, place & 0xFFF8, bool(place & 1)) if place & 0xFFF9 else None
            units = 0
        offset += (units + 2) * 4 if kind == _AUTHENTICATION else (units + 1) * 8
    return Packet(source, destination, protocol, content[offset:end], fragment)


def parse_udp(content: bytes) -> Datagram:
    """Return a UDP datagram.

    Raises:
        ValueError: it is shorter than its header.
    """
    require_length(content, 8, "udp")
    source_port, destination_port, length = _UDP_HEADER.unpack_from(content)
    return Datagram(source_port, destination_port, content[8 : max(8, length)])


def parse_tcp(content: bytes) -> Segment:
    """Return a TCP segment.

    Raises:
        ValueError: it is malformed.
    """
    require_length(content, 20, "tcp")
    source_port, destination_port, sequence, first, flags, window = _TCP_HEADER.unpack_from(content)
    length = (first >> 4) * 4
    if length < 20:
        raise ValueError(f"tcp: a header of {length} bytes")
    require_length(content, length, "tcp")
    return Segment(source_port, destination_port, sequence, flags, window, content[20:length], content[length:])
