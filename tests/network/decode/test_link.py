"""Frames and datagrams at their edges: which protocol a frame, a port or a connection belongs to."""

import struct
from itertools import pairwise

import pytest

from bootrig.trace.events import Dhcp, Eapol, Event, HttpResponse, Lacp, Other, Tcp, TftpRequest
from tests.network.frames import (
    GUEST,
    HTTP_CLIENT,
    HTTP_REQUEST,
    HTTP_SERVER,
    SERVER,
    Dialogue,
    decode,
    dhcp_message,
    ends,
    ethernet,
    find_events,
    from_guest,
    http_answer,
    ip4,
    tcp,
    udp,
    udp_datagram,
)

PLACE = {"guest_s": 0.0, "from_guest": True, "frame": 1}
ACTOR_LAST = bytes([1, 1, 1, 20]) + bytes(14) + bytes([0x3D]) + bytes(19) + bytes([0x02])
HOSTS = {"source": GUEST[0], "destination": SERVER[0]}
WEB = (HTTP_CLIENT, HTTP_SERVER)


def _other(ethertype: int, length: int, reason: str = "unknown ethertype") -> Other:
    return Other(**PLACE, ethertype=f"{ethertype:04x}", reason=reason, length=14 + length)


@pytest.mark.parametrize(
    ("ethertype", "content", "event"),
    [
        (0x8809, ACTOR_LAST, Lacp(**PLACE, actor_state=0x3D, partner_state=2)),
        (0x8809, ACTOR_LAST + b"\7", Lacp(**PLACE, actor_state=0x3D, partner_state=2)),
        (0x8808, ACTOR_LAST, _other(0x8808, 39)),
        (0x880A, ACTOR_LAST, _other(0x880A, 39)),
        (0x8809, b"\0" + ACTOR_LAST, _other(0x8809, 40)),
        (0x888E, b"\2\1\0\0", Eapol(**PLACE, version=2, packet=1)),
        (0x888E, b"\2\1\0\0\0", Eapol(**PLACE, version=2, packet=1)),
        (0x888D, b"\2\1\0\0", _other(0x888D, 4)),
        (0x888F, b"\2\1\0\0", _other(0x888F, 4)),
        *((other, b"\1", _other(other, 1)) for other in (0x0801, 0x0805, 0x0807, 0x86DC, 0x86DE)),
    ],
)
def test_ethertypes(ethertype, content, event):
    assert decode(ethernet(ethertype, content)) == (event,)


@pytest.mark.parametrize(("ethertype", "name"), [(0x0800, "ip4"), (0x0806, "arp"), (0x86DD, "ip6")])
def test_a_frame_that_is_cut_off(ethertype, name):
    (event,) = decode(ethernet(ethertype, b"\1"))
    assert (type(event), event.reason) == (Other, f"{name}: shorter than its header")


@pytest.mark.parametrize(
    ("ethertype", "content", "reason"),
    [
        (0x8809, ACTOR_LAST[:-1], "lacp: shorter than its header"),
        (0x8809, ACTOR_LAST[:-2], "lacp: shorter than its header"),
        (0x8809, b"\1", "lacp: shorter than its header"),
        (0x888E, b"\2\1\0", "eapol: shorter than its header"),
        (0x888E, b"", "eapol: shorter than its header"),
    ],
)
def test_frames_for_the_switch_that_are_cut_off(ethertype, content, reason):
    frame = ethernet(ethertype, content)
    assert decode(frame) == (Other(**PLACE, reason=reason, length=len(frame), hex=frame[:64].hex()),)


def test_an_error_keeps_the_first_64_bytes():
    frame = udp(GUEST, (SERVER[0], 67), bytes(64))
    (event,) = decode(frame)
    assert (event.length, event.hex) == (14 + 20 + 8 + 64, frame[:64].hex())


def _name(event: Event) -> str:
    """Return the protocol that an empty datagram was taken for."""
    assert isinstance(event, Other)
    return event.protocol or event.reason.partition(":")[0]


PORTS = {53: "dns", 67: "dhcp", 68: "dhcp", 546: "dhcp6", 547: "dhcp6", 4011: "dhcp"}


@pytest.mark.parametrize("port", sorted({near for port in PORTS for near in (port - 1, port, port + 1)} - {69}))
def test_the_port_of_either_end_tells_the_protocol(port):
    events = decode(udp(GUEST, (SERVER[0], port), b""), udp((SERVER[0], port), GUEST, b""))
    assert [_name(event) for event in events] == [PORTS.get(port, "udp")] * 2


@pytest.mark.parametrize(("source", "destination", "name"), [(67, 53, "dns"), (53, 67, "dhcp"), (69, 68, "dhcp")])
def test_the_port_of_the_receiver_comes_first(source, destination, name):
    (event,) = decode(udp((GUEST[0], source), (SERVER[0], destination), b""))
    assert _name(event) == name


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (7, 0), (8, 0), (9, 1), (10, 2), (13, 5), (99, 5)])
def test_a_datagram_is_as_long_as_its_header_says(length, kept):
    datagram = struct.pack(">HHHH", 1000, 2000, length, 0) + b"12345"
    (event,) = decode(ethernet(0x0800, ip4(17, GUEST[0], SERVER[0], datagram)))
    assert event == Other(**PLACE, **ends((GUEST[0], 1000), (SERVER[0], 2000)), protocol="udp", length=kept)


def _fragments(content: bytes, *cuts: int, number: int = 1, source: str = GUEST[0], protocol: int = 17) -> list[bytes]:
    """Return a datagram in fragments, cut at so many bytes."""
    edges = (0, *cuts, len(content))
    return [
        ethernet(
            0x0800,
            ip4(
                protocol,
                source,
                SERVER[0],
                content[begin:end],
                number=number,
                fragment=begin // 8 | (0 if end == len(content) else 0x2000),
            ),
        )
        for begin, end in pairwise(edges)
    ]


def _request(file: str) -> bytes:
    return udp_datagram(GUEST[1], 69, b"\0\1" + file.encode() + b"\0octet\0")


@pytest.mark.parametrize(
    "differing", [{"number": 2}, {"source": "10.0.2.16"}], ids=["another number", "another sender"]
)
def test_fragments_of_two_datagrams_do_not_mix(differing):
    one, two = _fragments(_request("one"), 8, 16), _fragments(_request("two"), 8, 16, **differing)
    events = decode(*(frame for pair in zip(one, two, strict=True) for frame in pair))
    assert [(type(event), event.file, event.frame) for event in events] == [
        (TftpRequest, "one", 5),
        (TftpRequest, "two", 6),
    ]


def test_fragments_of_another_protocol_are_one_packet():
    assert decode(*_fragments(bytes(40), 8, 32, protocol=200))[0] == Other(
        guest_s=2.0, from_guest=True, frame=3, **HOSTS, protocol="200"
    )


def test_an_empty_fragment_completes_nothing():
    assert decode(ethernet(0x0800, ip4(17, GUEST[0], SERVER[0], b"", fragment=0x2000))) == ()


def test_a_datagram_that_was_put_together_is_forgotten():
    assert [event.frame for event in decode(*_fragments(_request("one"), 8) * 2)] == [2, 4]


def test_boot_server_discovery_over_ipv4():
    (event,) = decode(udp((SERVER[0], 4011), GUEST, dhcp_message((53, b"\5"), op=2), from_guest=False))
    assert (type(event), event.message, event.reply, event.from_guest) == (Dhcp, "ack", True, False)


@pytest.mark.parametrize(
    ("flags", "guest", "client"),
    [("S", True, True), ("S", False, True), ("A", True, True), ("A", False, False), ("SA", False, False)],
)
def test_the_client_of_a_connection_seen_from_its_middle(flags, guest, client):
    first, second = WEB if guest else WEB[::-1]
    asking, answering = (first, second) if client else (second, first)
    frames = [tcp(first, second, flags, 100, from_guest=guest)]
    frames.append(tcp(asking, answering, "PA", 101, HTTP_REQUEST, from_guest=asking == HTTP_CLIENT))
    frames.append(tcp(answering, asking, "PA", 101, http_answer(b"x"), from_guest=answering == HTTP_CLIENT))
    opened, *rest = decode(*frames)
    assert opened == Tcp(guest_s=0.0, from_guest=guest, frame=1, **ends(first, second), connection=1, window=8192)
    assert [type(event).__name__ for event in rest] == ["HttpRequest", "HttpResponse"]


@pytest.mark.parametrize(
    ("sequence", "connections"), [(1000, [1]), (1001, [1, 2]), (999, [1, 2]), (0, [1, 2]), (2000, [1, 2])]
)
def test_a_syn_with_another_number_is_another_connection(sequence, connections):
    frames = [tcp(*WEB, "S", 1000), tcp(*WEB, "S", sequence)]
    assert [event.connection for event in find_events(Tcp, *frames)] == connections


def test_an_answer_is_not_another_connection():
    frames = Dialogue(begin=1001).frames
    assert [event.connection for event in find_events(Tcp, *frames, frames[1], frames[0])] == [1]


@pytest.mark.parametrize(
    ("flags", "guest", "ended", "completed"),
    [
        ("A", False, False, False),
        ("FA", False, True, True),
        ("FA", True, False, False),
        ("PA", False, False, False),
        ("R", False, True, False),
        ("R", True, True, False),
    ],
)
def test_what_ends_a_body_without_a_length(flags, guest, ended, completed):
    dialogue = Dialogue().ask().answer(b"HTTP/1.0 200 OK\r\n\r\nabc").say(b"", from_guest=guest, flags=flags)
    frames = [*dialogue.frames, from_guest(b"\0\1a\0octet\0")]
    (event,) = find_events(HttpResponse, *frames)
    assert (event.completed, event.body_length, event.end_guest_s) == (completed, 3, 4.0 if ended else 5.0)
