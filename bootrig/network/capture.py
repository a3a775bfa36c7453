"""Reading the captures of a cell: classic pcap files by QEMU's `filter-dump`, stamped with the guest's clock.

Each NIC has two: one of all frames, and one of what the guest sends, so who sent a frame is known from where it
entered, whatever its addresses say.

Sources: https://www.tcpdump.org/manpages/pcap-savefile.5.html, net/dump.c of QEMU (the stamp is the guest's clock plus
the RTC's base in the time zone of QEMU's process, so QEMU has to run with TZ=UTC).

dpkt loads 60 modules, so this module loads it only when a capture is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.network.errors import CaptureError
from bootrig.trace.events import Event

ETHERNET = 1
NIC = "nic0"
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


def find_senders(packets: Sequence[CapturedPacket], sent: Sequence[CapturedPacket]) -> tuple[bool, ...]:
    """Return for each of `packets` whether the guest sent it: whether it is the next one of `sent`, by its bytes.

    Raises:
        CaptureError: a packet of `sent` is not among the others in its order.
    """
    senders, found = [], 0
    for packet in packets:
        senders.append(found < len(sent) and packet.frame == sent[found].frame)
        found += senders[-1]
    if found < len(sent):
        raise CaptureError(f"frame {found + 1} of those that the guest sent is not in the capture of all frames")
    return tuple(senders)


def decode_packets(packets: Sequence[CapturedPacket], senders: Iterable[bool]) -> tuple[Event, ...]:
    """Return the events that packets tell, in the order of the guest's clock; nothing in them makes it raise.

    `senders` says of each packet whether the guest sent it.
    """
    from bootrig.network.decode.frame import FrameDecoder  # noqa: PLC0415 - see above

    decoder = FrameDecoder(NIC)
    events = [
        event
        for packet, from_guest in zip(packets, senders, strict=True)
        for event in decoder.decode(packet.guest_s, packet.frame, from_guest=from_guest)
    ]
    if packets:
        events += decoder.conclude(packets[-1].guest_s)
    return tuple(sorted(events, key=lambda event: (event.guest_s, event.frame)))


def decode_capture(path: Path, sent_path: Path, *, epoch_s: int) -> tuple[Event, ...]:
    """Return the events in the capture `path`; that of what the guest sent is `sent_path`.

    Raises:
        CaptureError: a file cannot be read, is not a pcap file of Ethernet frames, or ends in the middle of a packet,
            or the two do not fit each other.
    """
    # in this order: of a guest that still runs, whatever is in the second is in the first a moment later
    sent = load_capture(sent_path, epoch_s=epoch_s)
    capture = load_capture(path, epoch_s=epoch_s)
    for file, loaded in ((path, capture), (sent_path, sent)):
        if not loaded.complete:
            raise CaptureError(f"{file} ends in the middle of a packet", remedy="look whether its disk is full")
    try:
        senders = find_senders(capture.packets, sent.packets)
    except CaptureError as error:
        raise CaptureError(f"{path} and {sent_path}: {error}") from error
    return decode_packets(capture.packets, senders)
