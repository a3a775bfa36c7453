import json
import struct

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.decode.dhcp import decode_dhcp, iter_options
from tests.network.frames import GUEST, SERVER, decode, ethernet, from_guest, ip4, ip6, tcp, udp, udp_datagram

ICMP6 = 58


def _dhcp(*options: tuple[int, bytes], magic: int = 0x63825363, op: int = 1, file: bytes = b"") -> bytes:
    header = struct.pack(">BBBBIHHIIII", op, 1, 6, 0, 0xC91D4E65, 4, 0x8000, 0, 0x0A00020F, 0x0A000201, 0)
    header += bytes.fromhex("525400123456") + bytes(10) + bytes(64) + file.ljust(128, b"\0")
    tail = b"".join(bytes([code, len(content)]) + content for code, content in options)
    return header + magic.to_bytes(4, "big") + tail + b"\xff"


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


def test_a_discover():
    facts = decode_dhcp(_dhcp(*DISCOVER))
    assert facts["message"] == "discover"
    assert not facts["reply"]
    assert (facts["xid"], facts["secs"], facts["flags"]) == ("c91d4e65", 4, 0x8000)
    assert facts["client_mac"] == "52:54:00:12:34:56"
    assert (facts["ciaddr"], facts["yiaddr"], facts["next_server"]) == ("0.0.0.0", "10.0.2.15", "10.0.2.1")
    assert [option["code"] for option in facts["options"]] == [code for code, _ in DISCOVER]
    assert facts["options"][0] == {"code": 53, "hex": "01", "value": 1}
    assert facts["vendor_class"] == "PXEClient:Arch:00000:UNDI:002001"
    assert facts["user_class"] == "iPXE"
    assert facts["parameter_request_list"] == [1, 3, 6, 67, 175]
    assert (facts["client_architecture"], facts["client_ndi"], facts["max_message_size"]) == (0, "1.2.1", 1472)
    assert facts["uuid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert facts["client_identifier"] == "01525400123456"
    assert facts["encapsulated"] == {
        "175": [
            {"code": 0xB1, "hex": "0180861 00e".replace(" ", "")},
            {"code": 0xEB, "hex": "010000"},
            {"code": 23, "hex": "01"},
        ]
    }


def test_an_offer():
    facts = decode_dhcp(_dhcp((53, b"\2"), (3, b"\x0a\0\2\1"), (67, b"a.0\0"), op=2, file=b"pxelinux.0"))
    assert (facts["message"], facts["reply"], facts["boot_file_name"]) == ("offer", True, "pxelinux.0")
    assert [option["value"] for option in facts["options"]] == [2, ["10.0.2.1"], "a.0\\x00"]
    assert facts["vendor_class"] is None
    assert facts["encapsulated"] == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [((), "bootp"), (((53, b"\x63"),), "type 99"), (((53, b"\6"),), "nak"), (((53, b""),), "type 0")],
)
def test_messages(options, message):
    assert decode_dhcp(_dhcp(*options))["message"] == message


def test_options_of_a_wrong_length_harm_nothing():
    facts = decode_dhcp(_dhcp((93, b""), (97, b"\0short"), (57, b""), (55, b""), (3, b"\1\2\3")))
    assert (facts["uuid"], facts["parameter_request_list"]) == (None, [])


def test_the_first_of_two_equal_options_is_named_and_both_are_listed():
    facts = decode_dhcp(_dhcp((77, b"one"), (77, b"two")))
    assert facts["user_class"] == "one"
    assert [option["value"] for option in facts["options"]] == ["one", "two"]


def test_encapsulated_options_that_are_cut_off_end_the_list():
    assert list(iter_options(b"\x01\x01A\x00\x02\x05B")) == [(1, b"A")]
    assert list(iter_options(b"\x01\x01A\xff\x02\x01B")) == [(1, b"A")]
    assert list(iter_options(b"\x01")) == []


@pytest.mark.parametrize("port", [67, 4011])
def test_a_dhcp_frame_says_which_ports(port):
    (fact,) = decode(udp(("0.0.0.0", 68), ("255.255.255.255", port), _dhcp(*DISCOVER)))
    assert (fact.kind, fact.from_guest) == ("dhcp", True)
    assert (fact.facts["source_port"], fact.facts["destination_port"]) == (68, port)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (_dhcp(magic=7), "dhcp: magic cookie 00000007"),
        (b"", "dhcp: "),
        (_dhcp()[:239], "dhcp: "),
        (_dhcp()[:-1] + b"\x35", "dhcp: "),
    ],
)
def test_a_malformed_dhcp_message_is_other_with_a_reason(payload, reason):
    (fact,) = decode(udp(("0.0.0.0", 68), ("255.255.255.255", 67), payload))
    assert fact.kind == "other"
    assert fact.facts["reason"].startswith(reason)
    assert fact.facts["hex"]


def test_arp():
    message = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes.fromhex("525400123456") + bytes([10, 0, 2, 15])
    (fact,) = decode(ethernet(0x0806, message + bytes(6) + bytes([10, 0, 2, 1]) + bytes(18)))
    assert fact.kind == "arp"
    assert fact.facts == {
        "operation": "request",
        "sender_mac": "52:54:00:12:34:56",
        "sender": "10.0.2.15",
        "target_mac": "00:00:00:00:00:00",
        "target": "10.0.2.1",
    }


def test_dns():
    question = dpkt.dns.DNS(id=7, qd=[dpkt.dns.DNS.Q(name="server.bootrig.test", type=28, cls=1)])
    (fact,) = decode(udp(GUEST, (SERVER[0], 53), bytes(question)))
    assert fact.kind == "dns"
    assert fact.facts["questions"] == [{"name": "server.bootrig.test", "type": 28}]
    assert not fact.facts["reply"]


def _icmp6(content: bytes, source: str = "fe80::1", destination: str = "ff02::1") -> bytes:
    return ethernet(0x86DD, ip6(ICMP6, source, destination, content))


def test_a_router_solicitation():
    (fact,) = decode(
        _icmp6(bytes([133, 0, 0, 0, 0, 0, 0, 0, 1, 1]) + bytes.fromhex("525400123456"), destination="ff02::2")
    )
    assert fact.kind == "router-solicitation"
    assert fact.facts == {"source": "fe80::1", "destination": "ff02::2", "source_mac": "52:54:00:12:34:56"}


def test_a_router_advertisement():
    prefix = bytes([3, 4, 64, 0xC0]) + bytes(12) + bytes.fromhex("fd00b007000000000000000000000000")
    (fact,) = decode(_icmp6(bytes([134, 0, 0, 0, 64, 0xC0, 7, 8]) + bytes(8) + prefix))
    assert fact.kind == "router-advertisement"
    assert (fact.facts["managed"], fact.facts["other"], fact.facts["lifetime_s"]) == (True, True, 1800)
    assert fact.facts["prefixes"] == ["fd00:b007::/64"]


def test_neighbours():
    target = bytes.fromhex("fe80000000000000505400fffe123456")
    kinds = [decode(_icmp6(bytes([kind]) + bytes(7) + target))[0] for kind in (135, 136)]
    assert [fact.kind for fact in kinds] == ["neighbour-solicitation", "neighbour-advertisement"]
    assert kinds[0].facts["target"] == "fe80::5054:ff:fe12:3456"


def test_a_neighbour_message_that_is_cut_off():
    (fact,) = decode(_icmp6(bytes([135]) + bytes(10)))
    assert (fact.kind, fact.facts["reason"]) == ("other", "shorter than its header")


def test_dhcp6():
    payload = b"\x01\x12\x34\x56" + struct.pack(">HH", 1, 4) + b"duid" + struct.pack(">HH", 15, 6) + b"\0\4iPXE"
    (fact,) = decode(udp(("fe80::15", 546), ("ff02::1:2", 547), payload))
    assert (fact.kind, fact.facts["message"], fact.facts["xid"]) == ("dhcp6", "solicit", "123456")
    assert [option["code"] for option in fact.facts["options"]] == [1, 15]
    (cut,) = decode(udp(("fe80::15", 546), ("ff02::1:2", 547), payload[:-1]))
    assert (cut.kind, cut.facts["reason"]) == ("other", "dhcp6: option 15 is cut off")


@pytest.mark.parametrize(
    ("frame", "facts"),
    [
        (ethernet(0x888E, b"\1\1\0\0"), {"ethertype": "888e", "reason": "unknown ethertype"}),
        (ethernet(0x0800, b"\x45"), {"ethertype": "0800", "reason": "cut off"}),
        (ethernet(0x0800, ip4(1, *("10.0.2.15", "10.0.2.1"), b"\x08\0\0\0\0\1\0\1")), {"protocol": "icmp", "type": 8}),
        (ethernet(0x0800, ip4(200, *("10.0.2.15", "10.0.2.1"), b"x")), {"protocol": 200}),
        (udp(GUEST, (SERVER[0], 5000), b"abc"), {"protocol": "udp", "destination_port": 5000, "length": 3}),
        (tcp(GUEST, (SERVER[0], 3260), "S", 1), {"protocol": "tcp", "destination_port": 3260}),
        (b"", {"frame_length": 0}),
        (b"short", {"frame_length": 5}),
    ],
)
def test_what_has_no_kind_of_its_own(frame, facts):
    (fact,) = decode(frame)
    assert fact.kind == "other"
    assert facts.items() <= fact.facts.items()


def test_fragments_are_put_together_in_any_order():
    payload = b"\0\1" + b"a" * 3000 + b"\0octet\0"
    datagram = udp_datagram(41474, 69, payload)
    ends = (GUEST[0], SERVER[0])
    pieces = [
        ethernet(0x0800, ip4(17, *ends, datagram[:1480], fragment=0x2000)),
        ethernet(0x0800, ip4(17, *ends, datagram[1480:2960], fragment=0x2000 | 185)),
        ethernet(0x0800, ip4(17, *ends, datagram[2960:], fragment=370)),
    ]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        (fact,) = decode(*(pieces[at] for at in order))
        assert fact.kind == "tftp-request"
        assert fact.facts["file"] == "a" * 3000
    assert decode(*pieces[:2]) == []


def test_padding_of_short_frames_is_not_payload():
    frame = from_guest(b"\0\1a\0octet\0")
    assert decode(frame + bytes(60))[0].facts["options"] == []


def test_facts_are_json_in_the_order_of_the_guests_clock():
    facts = decode(from_guest(b"\0\1\xff\0octet\0"), udp(("0.0.0.0", 68), ("255.255.255.255", 67), _dhcp(*DISCOVER)))
    assert json.loads(json.dumps([dict(fact.facts) for fact in facts]))
    assert [fact.guest_s for fact in facts] == sorted(fact.guest_s for fact in facts)


_ETHERTYPES = st.sampled_from([0x0800, 0x0806, 0x86DD, 0x8100, 0x888E, 0x0005])
_PORTS = st.sampled_from([53, 67, 68, 69, 546, 547, 4011, 1069, 41474])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=4))
def test_any_bytes_decode_or_become_other(frames):
    json.dumps([dict(fact.facts) for fact in decode(*frames)])


@settings(deadline=None)
@given(_ETHERTYPES, st.binary(max_size=120))
def test_any_content_of_a_frame(ethertype, content):
    json.dumps([dict(fact.facts) for fact in decode(ethernet(ethertype, content))])


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(_PORTS, _PORTS, st.booleans(), st.binary(max_size=60)), max_size=6), st.integers(0, 6))
def test_any_datagrams(datagrams, opcode):
    frames = [from_guest(b"\0\1a\0octet\0")]
    for source, destination, guest, payload in datagrams:
        ends = (GUEST[0], source), (SERVER[0], destination)
        frames.append(udp(*(ends if guest else ends[::-1]), bytes([0, opcode]) + payload, from_guest=guest))
    json.dumps([dict(fact.facts) for fact in decode(*frames)])


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120), st.sampled_from([6, 1, 2, 17, 58]), st.booleans())
def test_any_content_of_a_packet(content, protocol, six):
    packet = ip6(protocol, "fe80::1", "fe80::2", content) if six else ip4(protocol, GUEST[0], SERVER[0], content)
    json.dumps([dict(fact.facts) for fact in decode(ethernet(0x86DD if six else 0x0800, packet))])


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
        ends = (client, server) if number % 3 else (server, client)
        body = payload if number % 2 else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + payload
        frames.append(tcp(*ends, flags, sequence, body, from_guest=bool(number % 3)))
    json.dumps([dict(fact.facts) for fact in decode(*frames)])


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_dhcp_options(content):
    (fact,) = decode(udp(("0.0.0.0", 68), ("255.255.255.255", 67), _dhcp()[:-1] + content))
    json.dumps(dict(fact.facts))
