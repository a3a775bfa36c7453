"""Frames and captures, built field by field."""

import socket
import struct
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, TypeVar

from msgspec.structs import replace

from bootrig.network.addresses import GUEST_MAC, TAP_MAC
from bootrig.network.capture import CapturedPacket, DecodedCapture, decode_packets
from bootrig.trace.events import Event, HttpRequest, HttpResponse

T = TypeVar("T")
GUEST = ("10.0.2.15", 41474)
SERVER = ("10.0.2.1", 69)
HTTP_CLIENT, HTTP_SERVER = ("10.0.2.15", 30000), ("10.0.2.1", 80)
HTTP_REQUEST = b"GET /probe.0 HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.0.0+\r\nHost: 10.0.2.1\r\n\r\n"
CLIENT, BROADCAST = ("0.0.0.0", 68), ("255.255.255.255", 67)
EPOCH_S = 1300188507


def ethernet(ethertype: int, content: bytes, *, from_guest: bool = True) -> bytes:
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (TAP_MAC, GUEST_MAC)]
    destination, source = macs if from_guest else reversed(macs)
    return destination + source + ethertype.to_bytes(2, "big") + content


def ip4(protocol: int, source: str, destination: str, content: bytes, *, number: int = 1, fragment: int = 0) -> bytes:
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), number, fragment, 64, protocol, 0)
    return header + socket.inet_aton(source) + socket.inet_aton(destination) + content


def ip6(next_header: int, source: str, destination: str, content: bytes) -> bytes:
    header = struct.pack(">IHBB", 0x60000000, len(content), next_header, 255)
    return header + ip_address(source).packed + ip_address(destination).packed + content


def udp_datagram(source_port: int, destination_port: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def udp(source: tuple[str, int], destination: tuple[str, int], payload: bytes, *, from_guest: bool = True) -> bytes:
    datagram = udp_datagram(source[1], destination[1], payload)
    if ":" in source[0]:
        return ethernet(0x86DD, ip6(17, source[0], destination[0], datagram), from_guest=from_guest)
    return ethernet(0x0800, ip4(17, source[0], destination[0], datagram), from_guest=from_guest)


def tcp(
    source: tuple[str, int],
    destination: tuple[str, int],
    flags: str,
    sequence: int,
    payload: bytes = b"",
    *,
    from_guest: bool = True,
) -> bytes:
    bits = sum({"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}[flag] for flag in flags)
    segment = (
        struct.pack(">HHIIBBHHH", source[1], destination[1], sequence & 0xFFFFFFFF, 0, 0x50, bits, 8192, 0, 0) + payload
    )
    return ethernet(0x0800, ip4(6, source[0], destination[0], segment), from_guest=from_guest)


def dhcp_message(
    *options: tuple[int, bytes], magic: int = 0x63825363, op: int = 1, xid: int = 0xC91D4E65, file: bytes = b""
) -> bytes:
    header = struct.pack(">BBBBIHHIIII", op, 1, 6, 0, xid, 4, 0x8000, 0, 0x0A00020F, 0x0A000201, 0)
    header += bytes.fromhex("525400123456") + bytes(10) + bytes(64) + file.ljust(128, b"\0")
    tail = b"".join(bytes([code, len(content)]) + content for code, content in options)
    return header + magic.to_bytes(4, "big") + tail + b"\xff"


def arp(operation: int, sender: str, target: str, *, from_guest: bool = True) -> bytes:
    mac = bytes.fromhex(GUEST_MAC.replace(":", "")) if from_guest else bytes.fromhex(TAP_MAC.replace(":", ""))
    message = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + mac + socket.inet_aton(sender)
    return ethernet(0x0806, message + bytes(6) + socket.inet_aton(target) + bytes(18), from_guest=from_guest)


def from_guest(payload: bytes, server_port: int = 69) -> bytes:
    return udp(GUEST, (SERVER[0], server_port), payload)


def from_server(payload: bytes, server_port: int = 1069) -> bytes:
    return udp((SERVER[0], server_port), GUEST, payload, from_guest=False)


TFTP_READ = from_guest(b"\0\1pxelinux.0\0octet\0blksize\x001432\0tsize\x000\0")
TFTP_OACK = from_server(b"\0\6blksize\x001432\0tsize\x002000\0")


def tftp_data(number: int, length: int) -> bytes:
    return from_server(b"\0\3" + (number & 0xFFFF).to_bytes(2, "big") + bytes(length))


def tftp_ack(number: int) -> bytes:
    return from_guest(b"\0\4" + (number & 0xFFFF).to_bytes(2, "big"), 1069)


def ends(source: tuple[str, int], destination: tuple[str, int]) -> dict[str, Any]:
    """Return what an event says of sender and receiver."""
    named = zip(("source", "destination"), (source, destination), strict=True)
    return {name + suffix: value for name, end in named for suffix, value in zip(("", "_port"), end, strict=True)}


def decode(*frames: bytes) -> tuple[Event, ...]:
    """Return the events of frames that come a second of guest time apart, without the Ethernet headers' senders."""
    return tuple(replace(event, ethernet_source="") for event in decode_whole(frames).events)


def decode_whole(frames: Iterable[bytes]) -> DecodedCapture:
    """Return what frames tell that come a second of guest time apart."""
    numbered = enumerate(frames)
    return decode_packets((CapturedPacket(float(second), frame), is_from_guest(frame)) for second, frame in numbered)


def is_from_guest(frame: bytes) -> bool:
    """Whether a frame is one that the functions above made for the guest."""
    return frame[6:12].hex(":") == GUEST_MAC


def find_events(kind: type[T], *frames: bytes) -> list[T]:
    """Return the events of one kind."""
    return [event for event in decode(*frames) if isinstance(event, kind)]


class Dialogue:
    """Segments of one connection, in the order in which they are said."""

    def __init__(self, client: tuple[str, int] = HTTP_CLIENT, *, begin: int = 1000) -> None:
        self.client = client
        self.sequences = {True: begin, False: begin + 5000}
        self.frames = [self._segment("S", True), self._segment("SA", False)]
        self.sequences = {side: sequence + 1 for side, sequence in self.sequences.items()}

    def _segment(self, flags: str, from_guest: bool, payload: bytes = b"") -> bytes:
        where = (self.client, HTTP_SERVER) if from_guest else (HTTP_SERVER, self.client)
        return tcp(*where, flags, self.sequences[from_guest], payload, from_guest=from_guest)

    def say(self, payload: bytes, *, from_guest: bool, flags: str = "PA") -> "Dialogue":
        self.frames.append(self._segment(flags, from_guest, payload))
        self.sequences[from_guest] += len(payload) + ("F" in flags)
        return self

    def ask(self, payload: bytes = HTTP_REQUEST) -> "Dialogue":
        return self.say(payload, from_guest=True)

    def answer(self, payload: bytes, flags: str = "PA") -> "Dialogue":
        return self.say(payload, from_guest=False, flags=flags)

    def find_requests(self) -> list[HttpRequest]:
        return find_events(HttpRequest, *self.frames)

    def find_responses(self) -> list[HttpResponse]:
        return find_events(HttpResponse, *self.frames)


def http_answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def pcap(*frames: bytes, order: str = "<", link_type: int = 1) -> bytes:
    """Return a classic pcap file; frame number n is stamped n seconds and n microseconds after the epoch."""
    content = struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, link_type)
    for number, frame in enumerate(frames):
        content += struct.pack(f"{order}IIII", EPOCH_S + number, number, len(frame), len(frame)) + frame
    return content
