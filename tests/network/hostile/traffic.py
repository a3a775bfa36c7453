"""The corpus: what a hostile guest sends, case by case, built field by field.

Each case takes how many frames it is to have, and yields about as many.
"""

import random
import struct
from collections.abc import Callable, Iterator

from tests.network.frames import (
    BROADCAST,
    CLIENT,
    GUEST,
    HTTP_CLIENT,
    HTTP_REQUEST,
    HTTP_SERVER,
    SERVER,
    dhcp_message,
    ethernet,
    from_guest,
    from_server,
    ip4,
    ip6,
    tcp,
    udp,
    udp_datagram,
)

Case = Callable[[int], Iterator[bytes]]
CASES: dict[str, Case] = {}

DNS = (SERVER[0], 53)
MORE = 0x2000


def case(make: Case) -> Case:
    """Add a case to the corpus, by the name of its function."""
    CASES[make.__name__] = make
    return make


def fragment(number: int, offset: int, content: bytes, *, more: bool = True) -> bytes:
    flags = (MORE if more else 0) | offset // 8
    return ethernet(0x0800, ip4(17, GUEST[0], SERVER[0], content, number=number & 0xFFFF, fragment=flags))


def segment(sequence: int, content: bytes, flags: str = "A", port: int = HTTP_CLIENT[1]) -> bytes:
    return tcp((HTTP_CLIENT[0], port), HTTP_SERVER, flags, sequence, content)


@case
def fragments_of_one_datagram(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield fragment(at // 8190, at % 8190 * 8, bytes(8))


@case
def fragments_that_make_datagrams(count: int) -> Iterator[bytes]:
    datagram = udp_datagram(GUEST[1], 5000, bytes(4088))
    for at in range(count):
        offset = at % 512 * 8
        yield fragment(at // 512, offset, datagram[offset : offset + 8], more=offset + 8 < len(datagram))


@case
def fragments_last_first(count: int) -> Iterator[bytes]:
    for at in range(count):
        place = 8189 - at % 8190
        yield fragment(at // 8190, place * 8, bytes(8), more=place < 8189)


@case
def fragments_of_a_datagram_each(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield fragment(number, 0, bytes(1400))


@case
def fragments_that_overlap(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield fragment(at // 100, at % 100 * 8, bytes(1000), more=at % 100 < 99)


@case
def fragments_again_and_again(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield fragment(1, 8, bytes(1000))


@case
def fragments_of_ip6(count: int) -> Iterator[bytes]:
    for at in range(count):
        header = struct.pack(">BBHI", 17, 0, at % 8000 * 8 | 1, at // 8000)
        yield ethernet(0x86DD, ip6(44, "fe80::1", "fe80::2", header + bytes(8)))


@case
def extension_headers(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield ethernet(0x86DD, ip6(0, "fe80::1", "fe80::2", bytes(1440)))


@case
def extension_headers_without_length(count: int) -> Iterator[bytes]:
    for at in range(count):
        packet = ip6(51, "fe80::1", "fe80::2", b"\x33\0" * (at % 700))
        yield ethernet(0x86DD, packet)


@case
def segments_of_a_byte_in_a_head(count: int) -> Iterator[bytes]:
    yield segment(0, b"", "S")
    for at in range(count):
        yield segment(1 + at, (b"GET /" + b"x" * count)[at : at + 1])


@case
def segments_of_a_byte_in_an_answer(count: int) -> Iterator[bytes]:
    yield segment(0, HTTP_REQUEST, "A")
    answer = b"HTTP/1.1 200 OK\r\nX: " + b"y" * count
    for at in range(count):
        yield tcp(HTTP_SERVER, HTTP_CLIENT, "A", 1 + at, answer[at : at + 1], from_guest=False)


@case
def segments_of_a_byte_in_chunks(count: int) -> Iterator[bytes]:
    yield segment(0, HTTP_REQUEST, "A")
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + b"ffffffff\r\n" + bytes(count)
    for at in range(count):
        yield tcp(HTTP_SERVER, HTTP_CLIENT, "A", 1 + at, answer[at : at + 1], from_guest=False)


@case
def segments_with_gaps(count: int) -> Iterator[bytes]:
    yield segment(0, b"", "S")
    for at in range(count):
        yield segment(3 + 2 * at, b"x")


@case
def segments_last_first(count: int) -> Iterator[bytes]:
    yield segment(0, b"", "S")
    for at in range(count, 0, -1):
        yield segment(at, b"A")


@case
def segments_that_overlap(count: int) -> Iterator[bytes]:
    yield segment(0, b"", "S")
    for at in range(count):
        yield segment(2 + at, bytes(1400))


@case
def segments_again(count: int) -> Iterator[bytes]:
    yield segment(0, HTTP_REQUEST)
    for _ in range(count):
        yield segment(0, HTTP_REQUEST)


@case
def gaps_in_many_connections(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield segment(at * 3000, bytes(1400), port=1024 + at % 600)


@case
def requests_behind_a_gap(count: int) -> Iterator[bytes]:
    yield segment(0, b"", "S")
    for at in range(1, count):
        yield segment(1 + 1408 * at, b"G / HTTP/1.1\r\n\r\n" * 88)
    yield segment(1, b"G / HTTP/1.1\r\n\r\n" * 88)


@case
def requests_and_answers(count: int) -> Iterator[bytes]:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for at in range(count // 3):
        yield segment(at * len(HTTP_REQUEST), HTTP_REQUEST)
        yield segment(at * len(HTTP_REQUEST), HTTP_REQUEST)
        yield tcp(HTTP_SERVER, HTTP_CLIENT, "A", at * len(answer), answer, from_guest=False)


@case
def heads_of_many_headers(count: int) -> Iterator[bytes]:
    head = b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 276 + b"\r\n"
    for at in range(count):
        yield segment(at * len(head), head)


@case
def connections(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield tcp((f"10.0.{at >> 14}.15", 1024 + at % 16384), HTTP_SERVER, "S", at)


@case
def acknowledgements(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield tcp(HTTP_CLIENT, HTTP_SERVER, "A", at)


@case
def tftp_requests(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield udp((GUEST[0], 1024 + at % 50000), SERVER, b"\0\1%d\0octet\0" % at)


@case
def tftp_transfers(count: int) -> Iterator[bytes]:
    for at in range(count // 2):
        client = GUEST[0], 1024 + at % 50000
        yield udp(client, SERVER, b"\0\1%d\0octet\0" % at)
        yield udp((SERVER[0], 1069), client, b"\0\3\0\1" + bytes(512), from_guest=False)


@case
def tftp_blocks_again(count: int) -> Iterator[bytes]:
    yield from_guest(b"\0\1a\0octet\0")
    for _ in range(count):
        yield from_server(b"\0\3\0\1" + bytes(512))


@case
def tftp_options(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield from_guest(b"\0\1a\0octet\0" + b"\0" * 1400)


@case
def dhcp_options(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield udp(CLIENT, BROADCAST, dhcp_message((53, b"\1"), *[(43, b"")] * 550, xid=at))


@case
def dhcp_options_in_pieces(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield udp(CLIENT, BROADCAST, dhcp_message(*[(43, b"\1\0" * 127)] * 4, xid=at))


@case
def dns_names_that_point_to_themselves(count: int) -> Iterator[bytes]:
    question = struct.pack(">HHHHHH", 7, 0, 300, 300, 0, 0)
    for _ in range(count):
        yield udp(GUEST, DNS, question + b"\xc0\x0c\0\1\0\1" * 200)


@case
def dns_names_of_pointers(count: int) -> Iterator[bytes]:
    chain = b"\0" + b"".join(struct.pack(">H", 0xC000 | 12 + (2 * at - 1 if at else 0)) for at in range(400))
    for _ in range(count):
        header = struct.pack(">HHHHHH", 7, 0, 100, 0, 0, 0)
        yield udp(GUEST, DNS, header + chain + struct.pack(">HHH", 0xC000 | 12 + len(chain) - 2, 1, 1) * 100)


@case
def dns_questions(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield udp(GUEST, DNS, struct.pack(">HHHHHH", at & 0xFFFF, 0, 200, 0, 0, 0) + b"\1a\0\0\1\0\1" * 200)


@case
def addresses_asked_for(count: int) -> Iterator[bytes]:
    for at in range(count):
        message = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes(10) + bytes(6) + struct.pack(">I", at)
        yield ethernet(0x0806, message)


@case
def random_frames(count: int) -> Iterator[bytes]:
    generator = random.Random(18)
    for _ in range(count):
        content = generator.randbytes(generator.randrange(80))
        yield ethernet(generator.choice((0x0800, 0x0806, 0x86DD, 0x8100, 0x8809, 7)), content)


@case
def empty_frames(count: int) -> Iterator[bytes]:
    for at in range(count):
        yield bytes(at % 20)
