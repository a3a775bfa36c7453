import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.jsonfile import encode_json, parse_json
from bootrig.trace.events import (
    Dhcp,
    DhcpOption,
    Dns,
    DnsQuestion,
    Event,
    Other,
    Tcp,
    TftpRequest,
)
from tests.network.frames import (
    BROADCAST,
    CLIENT,
    GUEST,
    SERVER,
    arp,
    decode,
    dhcp_message,
    ends,
    ethernet,
    from_guest,
    ip4,
    ip6,
    tcp,
    udp,
    udp_datagram,
)

DISCOVER = (
    (53, b"\1"),
    (57, b"\x05\xc0"),
    (93, b"\0\0"),
    (94, b"\1\2\1"),
    (60, b"PXEClient:Arch:00000:UNDI:002001"),
    (77, b"iPXE"),
    (55, bytes([1, 3, 6, 67, 175])),
    (175, b"\xb1\x05\x01\x80\x86\x10\x0e\xeb\x03\x01\x00\x00\x17\x01\x01"),
    (61, b"\1\x52\x54\0\x12\x34\x56"),
    (97, b"\0" + bytes(range(16))),
)


FIRST = {"guest_s": 0.0, "from_guest": True, "frame": 1}


def _parse(*options: tuple[int, bytes], **header) -> Dhcp:
    (event,) = decode(udp(CLIENT, BROADCAST, dhcp_message(*options, **header)))
    assert isinstance(event, Dhcp)
    return event


def test_a_discover():
    assert _parse(*DISCOVER) == Dhcp(
        **FIRST,
        **ends(CLIENT, BROADCAST),
        message="discover",
        reply=False,
        xid="c91d4e65",
        secs=4,
        flags=0x8000,
        client_mac="52:54:00:12:34:56",
        your_address="10.0.2.15",
        next_server="10.0.2.1",
        options=tuple(
            DhcpOption(
                code,
                content.hex(),
                (DhcpOption(0xB1, "018086100e"), DhcpOption(0xEB, "010000"), DhcpOption(23, "01"))
                if code == 175
                else (),
            )
            for code, content in DISCOVER
        ),
    )


def test_an_offer():
    event = _parse((53, b"\2"), (67, b"a.0\0"), op=2, file=b"pxelinux.0")
    assert (event.message, event.reply, event.boot_file_name) == ("offer", True, "pxelinux.0")
    assert (event.find_hex(67), event.find_text(67)) == ("612e3000", "a.0\\x00")
    assert (event.find_option(60), event.find_hex(60), event.find_text(60)) == (None, None, None)


def test_an_option_in_pieces_is_listed_by_piece_and_read_whole():
    event = _parse((43, b"\6\1"), (77, b"one"), (43, b"\x08\x47\1A"), (77, b"two"))
    inside = (DhcpOption(6, "08"), DhcpOption(71, "41"))
    assert event.options[0] == event.find_option(43) == DhcpOption(43, "0601", inside)
    assert event.options[2] == DhcpOption(43, "08470141")
    assert event.find_text(77) == "onetwo"


def test_boot_server_discovery_is_dhcp_too():
    (event,) = decode(udp(CLIENT, (SERVER[0], 4011), dhcp_message(*DISCOVER)))
    assert (event.message, event.destination_port) == ("discover", 4011)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (dhcp_message(magic=7), "dhcp: magic cookie 00000007"),
        (b"", "dhcp: "),
        (dhcp_message()[:239], "dhcp: "),
        (dhcp_message()[:-1] + b"\x35", "dhcp: "),
    ],
)
def test_a_malformed_dhcp_message_is_other_with_a_reason(payload, reason):
    frame = udp(CLIENT, BROADCAST, payload)
    (event,) = decode(frame)
    assert event.reason.startswith(reason)
    assert event == Other(**FIRST, reason=event.reason, length=len(frame), hex=frame[:64].hex())


def test_dns():
    question = dpkt.dns.DNS(id=7, qd=[dpkt.dns.DNS.Q(name="server.bootrig.test", type=28, cls=1)])
    where = GUEST, (SERVER[0], 53)
    event = Dns(**FIRST, **ends(*where), id=7, reply=False, questions=(DnsQuestion("server.bootrig.test", 28),))
    assert decode(udp(*where, bytes(question))) == (event,)


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (ethernet(0x88CC, b"\2"), Other(**FIRST, ethertype="88cc", reason="unknown ethertype", length=15)),
        (
            ethernet(0x0800, ip4(1, GUEST[0], SERVER[0], b"\x08\0\0\0\0\1\0\1")),
            Other(**FIRST, source=GUEST[0], destination=SERVER[0], protocol="icmp", type=8, code=0),
        ),
        (
            ethernet(0x0800, ip4(200, GUEST[0], SERVER[0], b"x")),
            Other(**FIRST, source=GUEST[0], destination=SERVER[0], protocol="200"),
        ),
        (
            udp(GUEST, (SERVER[0], 5000), b"abc"),
            Other(**FIRST, **ends(GUEST, (SERVER[0], 5000)), protocol="udp", length=3),
        ),
        (
            tcp(GUEST, (SERVER[0], 3260), "S", 1),
            Tcp(**FIRST, **ends(GUEST, (SERVER[0], 3260)), connection=1, window=8192),
        ),
    ],
)
def test_frames_of_other_kinds(frame, event):
    assert decode(frame) == (event,)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", ""),
        (b"short", ""),
    ],
)
def test_a_frame_that_is_cut_off_is_other_with_its_bytes(frame, reason):
    (event,) = decode(frame)
    assert event.reason.startswith(reason)
    assert (type(event), event.length, event.hex) == (Other, len(frame), frame.hex())


def test_fragments_are_put_together_in_any_order():
    payload = b"\0\1" + b"a" * 3000 + b"\0octet\0"
    datagram = udp_datagram(41474, 69, payload)
    where = (GUEST[0], SERVER[0])
    pieces = [
        ethernet(0x0800, ip4(17, *where, datagram[:1480], fragment=0x2000)),
        ethernet(0x0800, ip4(17, *where, datagram[1480:2960], fragment=0x2000 | 185)),
        ethernet(0x0800, ip4(17, *where, datagram[2960:], fragment=370)),
    ]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        (event,) = decode(*(pieces[at] for at in order))
        assert isinstance(event, TftpRequest)
        assert (event.file, event.frame) == ("a" * 3000, 3)
    assert decode(*pieces[:2]) == ()


def test_padding_of_short_frames_is_not_payload():
    frame = from_guest(b"\0\1a\0octet\0")
    assert decode(frame + bytes(60))[0].options == ()


def _require_events(*frames: bytes) -> None:
    """Decode frames, and find that every field has the type that it should have."""
    events = decode(*frames)
    assert parse_json(encode_json(events), tuple[Event, ...], "events") == events


_ETHERTYPES = st.sampled_from([0x0800, 0x0806, 0x86DD, 0x8100, 0x8809, 0x888E, 0x0005])
_PORTS = st.sampled_from([53, 67, 68, 69, 546, 547, 4011, 1069, 41474])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=4))
def test_any_bytes_decode_or_become_other(frames):
    _require_events(*frames)


@settings(deadline=None)
@given(_ETHERTYPES, st.binary(max_size=120))
def test_any_content_of_a_frame(ethertype, content):
    _require_events(ethernet(ethertype, content))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(_PORTS, _PORTS, st.booleans(), st.binary(max_size=60)), max_size=6), st.integers(0, 6))
def test_any_datagrams(datagrams, opcode):
    frames = [from_guest(b"\0\1a\0octet\0")]
    for source, destination, guest, payload in datagrams:
        where = (GUEST[0], source), (SERVER[0], destination)
        frames.append(udp(*(where if guest else where[::-1]), bytes([0, opcode]) + payload, from_guest=guest))
    _require_events(*frames)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120), st.sampled_from([6, 1, 2, 17, 58]), st.booleans())
def test_any_content_of_a_packet(content, protocol, six):
    packet = ip6(protocol, "fe80::1", "fe80::2", content) if six else ip4(protocol, GUEST[0], SERVER[0], content)
    _require_events(ethernet(0x86DD if six else 0x0800, packet))


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(["SA", "A", "PA", "FA", "R"]), st.integers(0, 300), st.binary(max_size=80)),
        max_size=8,
    )
)
def test_any_segments(segments):
    client, server = ("10.0.2.15", 30000), ("10.0.2.1", 80)
    frames = [tcp(client, server, "S", 0), tcp(client, server, "PA", 1, b"GET / HTTP/1.1\r\n\r\n")]
    for number, (flags, sequence, payload) in enumerate(segments):
        where = (client, server) if number % 3 else (server, client)
        body = payload if number % 2 else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + payload
        frames.append(tcp(*where, flags, sequence, body, from_guest=bool(number % 3)))
    _require_events(*frames)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_dhcp_options(content):
    _require_events(udp(CLIENT, BROADCAST, dhcp_message()[:-1] + content))


def test_a_bug_of_a_parser_is_not_taken_for_a_malformed_frame(monkeypatch):
    def fail(*_arguments: object) -> None:
        raise IndexError("index out of range")

    monkeypatch.setattr("bootrig.network.decode.frame.parse_arp", fail)
    with pytest.raises(IndexError):
        decode(arp(1, GUEST[0], SERVER[0]))
