"""ARP, DNS, IPv6 routers and neighbours, DHCPv6: whole messages, and messages that are a byte too short."""

import struct

import pytest

from bootrig.network.addresses import TAP_MAC
from bootrig.trace.events import (
    Arp,
    Dhcp6,
    Dhcp6Option,
    Dns,
    DnsAnswer,
    DnsQuestion,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    Other,
    RouterAdvertisement,
    RouterSolicitation,
)
from tests.network.frames import GUEST, SERVER, arp, decode, ends, ethernet, ip6, udp

PLACE = {"guest_s": 0.0, "from_guest": True, "frame": 1}
ROUTE = {"source": "fe80::1", "destination": "ff02::1"}
MAC = bytes.fromhex("525400123456")
TARGET = bytes.fromhex("fe80000000000000505400fffe123456")
PREFIXES = [bytes.fromhex("fd00b007") + bytes(11) + bytes([last]) for last in (0, 9)]
CLIENT6, SERVERS6 = ("fe80::15", 546), ("ff02::1:2", 547)

SOURCE_MAC = b"\1\1" + MAC
MTU = b"\5\1\0\0\0\0\5\xdc"
PREFIX_OPTIONS = [b"\3\4" + bytes([64 + at, 0xC0]) + bytes(12) + prefix for at, prefix in enumerate(PREFIXES)]


def _icmp6(message: bytes) -> bytes:
    return ethernet(0x86DD, ip6(58, *ROUTE.values(), message))


def _reason(frame: bytes) -> str:
    (event,) = decode(frame)
    assert isinstance(event, Other)
    return event.reason


@pytest.mark.parametrize(("number", "operation"), [(1, "request"), (2, "reply"), (3, "operation 3")])
def test_arp_operations(number, operation):
    assert decode(arp(number, SERVER[0], GUEST[0], from_guest=False)) == (
        Arp(
            guest_s=0.0,
            from_guest=False,
            frame=1,
            operation=operation,
            sender_mac=TAP_MAC,
            sender=SERVER[0],
            target_mac="00:00:00:00:00:00",
            target=GUEST[0],
            length=60,
        ),
    )


def test_an_arp_message_has_the_length_of_its_frame():
    (event,) = decode(arp(1, SERVER[0], GUEST[0]) + bytes(1440))
    assert isinstance(event, Arp)
    assert event.length == 1500


def test_a_dns_answer_has_the_first_64_bytes_of_its_data():
    name, data = b"\1a\4test\0", bytes(range(65))
    message = struct.pack(">HHHHHH", 7, 0x8183, 1, 1, 0, 0) + name + b"\0\x10\0\1"
    message += name + struct.pack(">HHIH", 16, 1, 60, len(data)) + data
    where = (SERVER[0], 53), GUEST
    assert decode(udp(*where, message)) == (
        Dns(
            **PLACE,
            **ends(*where),
            id=7,
            reply=True,
            rcode=3,
            questions=(DnsQuestion("a.test", 16),),
            answers=(DnsAnswer("a.test", 16, data[:64].hex()),),
        ),
    )


@pytest.mark.parametrize(
    ("flags", "managed", "other"), [(0x80, True, False), (0x40, False, True), (0x3F, False, False), (0, False, False)]
)
def test_flags_of_a_router(flags, managed, other):
    message = b"\x86\0\0\0\x40" + bytes([flags]) + b"\x07\x08" + bytes(8)
    event = RouterAdvertisement(**PLACE, **ROUTE, managed=managed, other=other, lifetime_s=1800)
    assert decode(_icmp6(message)) == (event,)


@pytest.mark.parametrize(
    ("options", "source_mac", "prefixes"),
    [
        (b"", "", ()),
        (MTU + SOURCE_MAC, "52:54:00:12:34:56", ()),
        (SOURCE_MAC[:1] + b"\2" + MAC + bytes(8), "52:54:00:12:34:56", ()),
        (SOURCE_MAC + b"".join(PREFIX_OPTIONS), "52:54:00:12:34:56", ("fd00:b007::/64", "fd00:b007::9/65")),
        (PREFIX_OPTIONS[1] + SOURCE_MAC + MTU, "52:54:00:12:34:56", ("fd00:b007::9/65",)),
        # longer than it has to be, too short, cut off, without a length
        (b"\3\5" + PREFIX_OPTIONS[1][2:] + bytes(8) + SOURCE_MAC, "52:54:00:12:34:56", ("fd00:b007::9/65",)),
        (b"\3\3" + PREFIX_OPTIONS[1][2:24] + SOURCE_MAC, "52:54:00:12:34:56", ()),
        (PREFIX_OPTIONS[1][:-1], "", ()),
        (MTU + SOURCE_MAC[:-1], "", ()),
        (MTU + b"\1\0" + MAC + SOURCE_MAC, "", ()),
    ],
)
def test_options_of_a_router(options, source_mac, prefixes):
    message = b"\x86\0\0\0\x40\0\0\1" + bytes(8) + options
    event = RouterAdvertisement(**PLACE, **ROUTE, source_mac=source_mac, lifetime_s=1, prefixes=prefixes)
    assert decode(_icmp6(message)) == (event,)


@pytest.mark.parametrize(
    ("kind", "content", "event"),
    [
        (133, bytes(4), RouterSolicitation(**PLACE, **ROUTE)),
        (134, bytes(12), RouterAdvertisement(**PLACE, **ROUTE)),
        (135, bytes(4) + TARGET, NeighbourSolicitation(**PLACE, **ROUTE, target="fe80::5054:ff:fe12:3456")),
        (136, bytes(4) + TARGET, NeighbourAdvertisement(**PLACE, **ROUTE, target="fe80::5054:ff:fe12:3456")),
    ],
)
def test_the_shortest_neighbour_messages(kind, content, event):
    message = bytes([kind, 0, 0, 0]) + content
    assert decode(_icmp6(message)) == (event,)
    assert _reason(_icmp6(message[:-1])) == "shorter than its header"


@pytest.mark.parametrize("kind", [132, 137])
def test_icmp6_of_other_types(kind):
    assert decode(_icmp6(bytes([kind, 0]) + bytes(30))) == (
        Other(**PLACE, **ROUTE, protocol="icmp6", type=kind, code=0),
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        *((1, "solicit"), (2, "advertise"), (3, "request"), (4, "confirm"), (5, "renew"), (6, "rebind"), (7, "reply")),
        *((8, "release"), (9, "decline"), (10, "type 10"), (11, "information-request"), (12, "type 12"), (0, "type 0")),
    ],
)
def test_dhcp6_messages(number, message):
    event = Dhcp6(**PLACE, **ends(CLIENT6, SERVERS6), message=message, xid="123456")
    assert decode(udp(CLIENT6, SERVERS6, bytes([number]) + b"\x12\x34\x56")) == (event,)


def test_dhcp6_options():
    content = bytes(range(256)) + b"\1"
    pieces = b"\0\1\0\0", b"\1\2\1\1" + content, b"\0\x0e\0\0"
    options = Dhcp6Option(1, ""), Dhcp6Option(258, content.hex()), Dhcp6Option(14, "")
    event = Dhcp6(**PLACE, **ends(CLIENT6, SERVERS6), message="solicit", xid="000102", options=options)
    assert decode(udp(CLIENT6, SERVERS6, b"\1\0\1\2" + b"".join(pieces))) == (event,)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\1\0\0", "shorter than its header"),
        (b"\1\0\0\0\0\7\0", "option 7 is cut off"),
        (b"\1\0\0\0\0\7", "option 7 is cut off"),
        (b"\1\0\0\0\0\7\0\1", "option 7 is cut off"),
        (b"\1\0\0\0\0\7\0\0\0\x0b\0\3ab", "option 11 is cut off"),
    ],
)
def test_dhcp6_that_is_cut_off(payload, reason):
    assert _reason(udp(CLIENT6, SERVERS6, payload)) == f"dhcp6: {reason}"
