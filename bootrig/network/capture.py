"""Reading the capture of a cell: a classic pcap file by QEMU's `filter-dump`, stamped with the guest's clock.

Sources: https://www.tcpdump.org/manpages/pcap-savefile.5.html, net/dump.c of QEMU (the stamp is the guest's clock plus
the RTC's base in the time zone of QEMU's process, so QEMU has to run with TZ=UTC).

dpkt loads 60 modules, so this module loads it only when a capture is read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.network.addresses import GUEST_MAC
from bootrig.network.errors import CaptureError
from bootrig.trace.events import Event

ETHERNET = 1
SECOND_US = 1_000_000
MAGICS = {b"\xd4\xc3\xb2\xa1": "little", b"\xa1\xb2\xc3\xd4": "big"}


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """One Ethernet frame of a capture, stamped with the guest's clock: seconds since power-on."""

    guest_s: float
    frame: bytes


@dataclass(frozen=True, slots=True)
class Capture:
    """A whole capture; a full disk or a killed QEMU leaves one that does not end at the end of a packet."""

    packets: tuple[CapturedPacket, ...]
    complete: bool


def load_capture(path: Path, *, epoch_s: int) -> Capture:
    """Read a pcap file; `epoch_s` is the guest's RTC base in seconds since 1970 in UTC.

    Raises:
        CaptureError: the file cannot be read, or is not a pcap file of Ethernet frames.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from error
    if content[:4] not in MAGICS and len(content) >= 4:
        raise CaptureError(f"{path} is not a pcap file: it begins with {content[:4].hex(' ')}")
    if len(content) < 24:
        return Capture((), complete=False)
    from dpkt import pcap  # noqa: PLC0415 - see above

    little = MAGICS[content[:4]] == "little"
    header = (pcap.LEFileHdr if little else pcap.FileHdr)(content[:24])
    if header.linktype != ETHERNET:
        raise CaptureError(f"{path}: link type {header.linktype} instead of {ETHERNET} (Ethernet)")
    packet_header = pcap.LEPktHdr if little else pcap.PktHdr
    packets, offset = [], 24
    while offset + 16 <= len(content):
        stamp = packet_header(content[offset : offset + 16])
        if offset + 16 + stamp.caplen > len(content):
            break
        frame = content[offset + 16 : offset + 16 + stamp.caplen]
        guest_us = (stamp.tv_sec - epoch_s) * SECOND_US + stamp.tv_usec
        packets.append(CapturedPacket(guest_us / SECOND_US, frame))
        offset += 16 + stamp.caplen
    return Capture(tuple(packets), complete=offset == len(content))


def decode_packets(packets: Sequence[CapturedPacket], guest_macs: Collection[str] = (GUEST_MAC,)) -> tuple[Event, ...]:
    """Return the events that packets tell, in the order of the guest's clock; nothing in them makes it raise."""
    from bootrig.network.decode.frame import FrameDecoder  # noqa: PLC0415 - see above

    decoder = FrameDecoder(frozenset(mac.lower() for mac in guest_macs))
    events = [event for packet in packets for event in decoder.decode(packet.guest_s, packet.frame)]
    if packets:
        events += decoder.conclude(packets[-1].guest_s)
    return tuple(sorted(events, key=lambda event: (event.guest_s, event.frame)))


def decode_capture(path: Path, *, epoch_s: int) -> tuple[tuple[Event, ...], bool]:
    """Return the events in a capture, and whether the file is complete.

    Raises:
        CaptureError: the file cannot be read, or is not a pcap file of Ethernet frames.
    """
    capture = load_capture(path, epoch_s=epoch_s)
    return decode_packets(capture.packets), capture.complete
