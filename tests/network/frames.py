"""Frames and captures, built field by field."""

import socket
import struct
from ipaddress import ip_address

from bootrig.network.addresses import GUEST_MAC, TAP_MAC
from bootrig.network.capture import CapturedPacket, decode_packets
from bootrig.network.decode.fact import WireFact

GUEST = ("10.0.2.15", 41474)
SERVER = ("10.0.2.1", 69)
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


def from_guest(payload: bytes, server_port: int = 69) -> bytes:
    return udp(GUEST, (SERVER[0], server_port), payload)


def from_server(payload: bytes, server_port: int = 1069) -> bytes:
    return udp((SERVER[0], server_port), GUEST, payload, from_guest=False)


def decode(*frames: bytes) -> list[WireFact]:
    """Return the facts of frames that come a second of guest time apart."""
    return list(decode_packets([CapturedPacket(float(second), frame) for second, frame in enumerate(frames)]))


def pcap(*frames: bytes, order: str = "<", link_type: int = 1) -> bytes:
    """Return a classic pcap file; frame number n is stamped n seconds and n microseconds after the epoch."""
    content = struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, link_type)
    for number, frame in enumerate(frames):
        content += struct.pack(f"{order}IIII", EPOCH_S + number, number, len(frame), len(frame)) + frame
    return content
