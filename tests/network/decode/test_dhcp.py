"""DHCP: every message, every field of the header, options inside options up to their last byte."""

import struct

import pytest

from bootrig.network.decode.dhcp import iter_suboptions
from bootrig.trace.events import Dhcp, DhcpOption
from tests.network.frames import BROADCAST, CLIENT, decode, dhcp_message, ends, udp

A, EMPTY = DhcpOption(1, "41"), DhcpOption(2, "")
COOKIE = bytes.fromhex("63825363")


def _parse(payload: bytes) -> Dhcp:
    (event,) = decode(udp(CLIENT, BROADCAST, payload))
    assert isinstance(event, Dhcp)
    return event


@pytest.mark.parametrize(
    ("number", "message"),
    [
        *((1, "discover"), (2, "offer"), (3, "request"), (4, "decline"), (5, "ack"), (6, "nak"), (7, "release")),
        *((8, "inform"), (9, "type 9"), (0, "type 0")),
    ],
)
def test_messages(number, message):
    assert _parse(dhcp_message((53, bytes([number])))).message == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (((53, b"\1\2"),), "type 258"),
        (((53, b"\2"), (53, b"\5")), "offer"),
        (((52, b"\2"), (54, b"\3")), "bootp"),
    ],
)
def test_the_first_option_53_tells_the_message(options, message):
    assert _parse(dhcp_message(*options)).message == message


@pytest.mark.parametrize(("op", "reply"), [(0, False), (1, False), (2, True), (3, False)])
def test_only_op_2_is_a_reply(op, reply):
    assert _parse(dhcp_message(op=op)).reply is reply


def test_every_field_of_the_header():
    header = (
        struct.pack(">BBBBIHH", 2, 1, 6, 0, 7, 258, 1) + bytes(range(1, 17)) + b"\x52\x54\0\xab\xcd\xef" + bytes(10)
    )
    event = _parse(header + b"name\0x".ljust(64, b"\0") + b"\xe9file\0y".ljust(128, b"\0") + COOKIE + b"\xff")
    assert event == Dhcp(
        guest_s=0.0,
        from_guest=True,
        frame=1,
        **ends(CLIENT, BROADCAST),
        message="bootp",
        reply=True,
        xid="00000007",
        secs=258,
        flags=1,
        client_mac="52:54:00:ab:cd:ef",
        client_address="1.2.3.4",
        your_address="5.6.7.8",
        next_server="9.10.11.12",
        relay="13.14.15.16",
        server_name="name",
        boot_file_name="\\xe9file",
    )


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"", []),
        (b"\1", []),
        (b"\1\1", []),
        (b"\1\1A", [A]),
        (b"\1\1A\2", [A]),
        (b"\1\1A\2\0", [A, EMPTY]),
        (b"\1\1A\2\1", [A]),
        (b"\0\1\1A", [A]),
        (b"\0\0\2\0\0\1\1A\0", [EMPTY, A]),
        (b"\2\0\1\1A\xff\1\1A", [EMPTY, A]),
        (b"\xfe\1A\1\1A", [DhcpOption(254, "41"), A]),
        (b"\3\2ab\1\1A", [DhcpOption(3, "6162"), A]),
        (b"\3\3abc\1\1A", [DhcpOption(3, "616263"), A]),
        (b"\1\1A" + b"\3\4" + bytes(4) + b"\2\0", [A, DhcpOption(3, "00000000"), EMPTY]),
        (b"\1\1A" + b"\3\4" + bytes(3), [A]),
    ],
)
def test_options_inside_an_option(content, options):
    assert list(iter_suboptions(content)) == options


def test_only_options_43_and_175_have_options_inside():
    codes = (42, 43, 44, 174, 175, 176)
    event = _parse(dhcp_message(*((code, b"\1\1A") for code in codes)))
    assert event.options == tuple(DhcpOption(code, "010141", (A,) if code in {43, 175} else ()) for code in codes)
