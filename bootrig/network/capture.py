"""Reading the capture of a cell: a classic pcap file by QEMU's `filter-dump`, stamped with the guest's clock.

Sources: https://www.tcpdump.org/manpages/pcap-savefile.5.html, net/dump.c of QEMU (the stamp is the guest's clock plus
the RTC's base in the time zone of QEMU's process, so QEMU has to run with TZ=UTC).

dpkt loads 60 modules, so this module loads it only when a capture is read.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.network.addresses import GUEST_MAC
from bootrig.network.decode.fact import Kind, WireFact
from bootrig.network.errors import CaptureError

ETHERNET = 1
MAGICS = {b"\xd4\xc3\xb2\xa1": "little", b"\xa1\xb2\xc3\xd4": "big"}


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """One frame of a capture.

    Attributes:
        guest_s: the guest's clock, seconds since power-on.
        frame: the Ethernet frame, from the destination address on.
    """

    guest_s: float
    frame: bytes


@dataclass(frozen=True, slots=True)
class Capture:
    """A whole capture.

    Attributes:
        packets: in the order of the file.
        complete: whether the file ends at the end of a packet; a full disk or a killed QEMU leaves one that does not.
    """

    packets: tuple[CapturedPacket, ...]
    complete: bool


def load_capture(path: Path, *, epoch_s: int) -> Capture:
    """Read a capture.

    Args:
        path: the pcap file.
        epoch_s: the guest's RTC base, seconds since 1970 in UTC.

    Raises:
        CaptureError: the file cannot be read, or is no pcap file of Ethernet frames.
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
        packets.append(CapturedPacket(round(stamp.tv_sec - epoch_s + stamp.tv_usec / 1e6, 6), frame))
        offset += 16 + stamp.caplen
    return Capture(tuple(packets), complete=offset == len(content))


def decode_packets(
    packets: Sequence[CapturedPacket], guest_macs: Collection[str] = (GUEST_MAC,)
) -> tuple[WireFact, ...]:
    """Return the facts that packets tell, in the order of the guest's clock; nothing in them makes it raise."""
    from bootrig.network.decode.frame import FrameDecoder  # noqa: PLC0415 - see above

    decoder = FrameDecoder(frozenset(mac.lower() for mac in guest_macs))
    facts = [fact for packet in packets for fact in decoder.decode(packet.guest_s, packet.frame)]
    facts += decoder.conclude(packets[-1].guest_s if packets else 0.0)
    return tuple(sorted(facts, key=lambda fact: fact.guest_s))


def decode_capture(
    path: Path, *, epoch_s: int, guest_macs: Collection[str] = (GUEST_MAC,)
) -> tuple[tuple[WireFact, ...], bool]:
    """Return the facts in a capture, and whether the file is complete.

    Raises:
        CaptureError: the file cannot be read, or is no pcap file of Ethernet frames.
    """
    capture = load_capture(path, epoch_s=epoch_s)
    return decode_packets(capture.packets, guest_macs), capture.complete


def _iter_unanswered(facts: Sequence[WireFact]) -> Iterator[WireFact]:
    """Yield what a guest asked again although nobody had answered: DHCP, DNS and ARP."""
    asked: set[tuple[object, ...]] = set()
    for fact in facts:
        values = fact.facts
        if fact.kind == Kind.DHCP:
            question: tuple[object, ...] = (fact.kind, values["xid"], values["message"])
            answered = [one for one in asked if one[:2] == question[:2]]
        elif fact.kind == Kind.DNS:
            question = (fact.kind, str(values["questions"]))
            answered = [question]
        elif fact.kind == Kind.ARP:
            question = (fact.kind, values["target"])
            answered = [(fact.kind, values["sender"])]
        else:
            continue
        if values.get("reply") or values.get("operation") == "reply":
            asked.difference_update(answered)
        elif fact.from_guest:
            if question in asked:
                yield fact
            asked.add(question)


def count_retransmissions(facts: Sequence[WireFact]) -> int:
    """Return how many packets a peer had to send again.

    TFTP and TCP repetitions of either side count, and DHCP messages, DNS and ARP questions that a guest repeated before
    anybody answered. A DISCOVER that follows an OFFER does not count: ROMs go on asking while they collect offers.
    """
    connections: dict[int, int] = {}
    count = sum(1 for _ in _iter_unanswered(facts))
    for fact in facts:
        if fact.kind == Kind.HTTP_RESPONSE:
            connections[fact.facts["connection"]] = fact.facts["retransmissions"]
        elif fact.kind in {Kind.TFTP_REQUEST, Kind.TFTP_OPTIONS}:
            count += bool(fact.facts["repeated"])
        elif fact.kind == Kind.TFTP_TRANSFER:
            count += fact.facts["retransmissions"]
    return count + sum(connections.values())
