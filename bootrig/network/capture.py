"""Reading the captures of a cell: classic pcap files by QEMU's `filter-dump`, stamped with the guest's clock.

Each NIC has two: one of all frames, and one of what the guest sends, so who sent a frame is known from where it
entered, whatever its addresses say.

Sources: https://www.tcpdump.org/manpages/pcap-savefile.5.html, net/dump.c of QEMU (the stamp is the guest's clock plus
the RTC's base in the time zone of QEMU's process, so QEMU has to run with TZ=UTC).

A capture may be large, so it is read and decoded packet by packet. It is known to be whole when it has been read.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import fstat
from pathlib import Path
from struct import Struct as Layout
from typing import BinaryIO

from msgspec import Struct

from bootrig.network.decode.budget import Budget
from bootrig.network.decode.frame import FrameDecoder
from bootrig.network.decode.keeping import EventKeeper
from bootrig.network.errors import CaptureError
from bootrig.trace.events import Event

ETHERNET = 1
NIC = "nic0"
SECOND_US = 1_000_000
# the first bytes -> the order of bytes, units of a stamp's second part in a microsecond
MAGICS = {
    bytes.fromhex("d4c3b2a1"): ("<", 1),
    bytes.fromhex("a1b2c3d4"): (">", 1),
    bytes.fromhex("4d3cb2a1"): ("<", 1000),
    bytes.fromhex("a1b23c4d"): (">", 1000),
}
HEADER_LENGTH, PACKET_HEADER_LENGTH = 24, 16
# The largest that programs write; those of QEMU are of 65,536 bytes at most.
PACKET_LIMIT = 262_144


class CapturedPacket(Struct, frozen=True):
    """One Ethernet frame of a capture, stamped with the guest's clock: seconds since power-on."""

    guest_s: float
    frame: bytes


@dataclass(frozen=True, slots=True)
class DecodedCapture:
    """What a capture tells: its events in the order of the guest's clock, and which limit cut what."""

    events: tuple[Event, ...]
    truncated: tuple[str, ...] = ()


@contextmanager
def open_capture(path: Path, *, epoch_s: int) -> Iterator[Iterator[CapturedPacket]]:
    """Return the packets of a pcap file, as many as it has now: it may be written to meanwhile.

    `epoch_s` is the guest's RTC base in seconds since 1970 in UTC. The iterator raises a CaptureError at the end of a
    file that does not end at the end of a packet, as a full disk or a killed QEMU leaves it.

    Raises:
        CaptureError: the file cannot be read, or is not a pcap file of Ethernet frames.
    """
    try:
        with path.open("rb") as stream:
            yield _iter_packets(path, stream, fstat(stream.fileno()).st_size, epoch_s)
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from error


def _iter_packets(path: Path, stream: BinaryIO, length: int, epoch_s: int) -> Iterator[CapturedPacket]:
    header = stream.read(min(length, HEADER_LENGTH))
    if header[:4] not in MAGICS and len(header) >= 4:
        raise CaptureError(f"{path} is not a pcap file: it begins with {header[:4].hex(' ')}")
    if len(header) < HEADER_LENGTH:
        raise _cut_off(path)
    order, units = MAGICS[header[:4]]
    (link_type,) = Layout(f"{order}20xI").unpack(header)
    if link_type != ETHERNET:
        raise CaptureError(f"{path}: link type {link_type} instead of {ETHERNET} (Ethernet)")
    stamp, left = Layout(f"{order}III4x"), length - HEADER_LENGTH
    while left:
        head = stream.read(PACKET_HEADER_LENGTH)
        left -= PACKET_HEADER_LENGTH
        if left < 0 or len(head) < PACKET_HEADER_LENGTH:
            raise _cut_off(path)
        second, part, captured = stamp.unpack(head)
        if captured > left:
            raise _cut_off(path)
        if captured > PACKET_LIMIT:
            raise CaptureError(f"{path}: a packet of {captured} bytes")
        frame = stream.read(captured)
        left -= captured
        yield CapturedPacket(((second - epoch_s) * SECOND_US + part // units) / SECOND_US, frame)


def _cut_off(path: Path) -> CaptureError:
    return CaptureError(f"{path} ends in the middle of a packet", remedy="look whether its disk is full")


def iter_senders(
    packets: Iterable[CapturedPacket], sent: Iterator[CapturedPacket], origin: str
) -> Iterator[tuple[CapturedPacket, bool]]:
    """Yield packets, each with whether the guest sent it: whether it is the next one of `sent`, by its bytes.

    Messages call the two captures `origin`.

    Raises:
        CaptureError: a packet of `sent` is not among the others in its order.
    """
    found, following = 0, next(sent, None)
    for packet in packets:
        is_sent = following is not None and packet.frame == following.frame
        if is_sent:
            found, following = found + 1, next(sent, None)
        yield packet, is_sent
    if following is not None:
        words = f"frame {found + 1} of those that the guest sent is not in the capture of all frames"
        raise CaptureError(f"{origin}: {words}")


def decode_packets(packets: Iterable[tuple[CapturedPacket, bool]]) -> DecodedCapture:
    """Return the events that packets tell, each of which comes with whether the guest sent it.

    Nothing in them makes it raise; the work is linear in them, and limited, as is what is kept.
    """
    budget = Budget()
    decoder, events, last_s = FrameDecoder(NIC, budget), EventKeeper(budget), 0.0
    for packet, from_guest in packets:
        last_s = packet.guest_s
        for event in decoder.decode(last_s, packet.frame, from_guest=from_guest):
            events.add(event)
    for event in decoder.conclude(last_s):
        events.add(event)
    return DecodedCapture(tuple(sorted(events, key=lambda event: (event.guest_s, event.frame))), budget.truncated)


def decode_capture(path: Path, sent_path: Path, *, epoch_s: int) -> DecodedCapture:
    """Return what the capture `path` tells; that of what the guest sent is `sent_path`.

    Raises:
        CaptureError: a file cannot be read, is not a pcap file of Ethernet frames, or ends in the middle of a packet,
            or the two do not fit each other.
    """
    # in this order: of a guest that still runs, whatever is in the second is in the first a moment later
    with open_capture(sent_path, epoch_s=epoch_s) as sent, open_capture(path, epoch_s=epoch_s) as packets:
        return decode_packets(iter_senders(packets, sent, f"{path} and {sent_path}"))


class GrowingCapture:
    """The two captures of a guest that may still run, decoded anew only when they have grown.

    Args:
        path: that of all frames.
        sent_path: that of what the guest sends.
        epoch_s: the guest's RTC base in seconds since 1970 in UTC.
    """

    def __init__(self, path: Path, sent_path: Path, *, epoch_s: int) -> None:
        self._paths = path, sent_path
        self._epoch_s = epoch_s
        self._decoded: tuple[Sequence[int], DecodedCapture] | None = None

    def decode(self) -> DecodedCapture:
        """Return what the captures tell that is in them now.

        Raises:
            CaptureError: as `decode_capture` does.
        """
        try:
            lengths = [path.stat().st_size for path in self._paths]
        except OSError as error:
            raise CaptureError(f"{error.filename}: {error.strerror}") from error
        if self._decoded is None or self._decoded[0] != lengths:
            self._decoded = lengths, decode_capture(*self._paths, epoch_s=self._epoch_s)
        return self._decoded[1]
