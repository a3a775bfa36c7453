"""What comes over the network, and what a guest writes to its console."""

from collections.abc import Sequence
from pathlib import Path

from tftpy.TftpShared import TftpException

from bootrig.network.capture import CapturedPacket, decode_packets, open_capture
from bootrig.network.errors import CaptureError
from bootrig.network.servers.file_server import find_jailed_file
from bootrig.network.servers.tftp import parse_request
from bootrig.trace.reading.complaints import find_causes
from bootrig.trace.reading.console import ConsoleReader
from bootrig.trace.reading.firmware_words import find_banner, find_features, iter_identity
from bootrig.trace.reading.milestones import iter_wire_milestones
from bootrig.trace.reading.rom_lines import find_rom_lines
from ci.fuzzing.target import Target, require
from firmware.probe.registry import find_probe_report
from tests.compare.factory import CONSOLE
from tests.network import frames

ROOT = Path(__file__).resolve().parents[3]
CAPTURES = ROOT / "tests" / "trace" / "captures"
LENGTH_BYTES = 2
CONSOLE_WORDS = (b"\x1b[", b"\x1b[m", b"iPXE ", b"\x1b]52;", b";", b"9" * 40)
NONCE = "0123456789abcdef"


def make_sequences() -> Sequence[bytes]:
    """Return frames, each behind its length: those of real boots, in pieces, and some of every protocol."""
    captured = [
        bytes.fromhex(line.split()[2]) for path in sorted(CAPTURES.iterdir()) for line in path.read_text().splitlines()
    ]
    built = [
        frames.udp(frames.CLIENT, frames.BROADCAST, frames.dhcp_message((53, b"\1"), (175, bytes(range(40))))),
        frames.udp(frames.GUEST, frames.SERVER, b"\0\1nbp.0\0octet\0blksize\0001432\0tsize\0000\0"),
        frames.udp(frames.GUEST, (frames.SERVER[0], 53), b"\0\1\1\0\0\1\0\0\0\0\0\0\6server\7bootrig\4test\0\0\1\0\1"),
        frames.tcp(frames.HTTP_CLIENT, frames.HTTP_SERVER, "S", 0),
        frames.tcp(frames.HTTP_CLIENT, frames.HTTP_SERVER, "A", 1, frames.HTTP_REQUEST),
        frames.tcp(frames.HTTP_SERVER, frames.HTTP_CLIENT, "A", 1, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        frames.ethernet(0x86DD, frames.ip6(58, "fe80::1", "ff02::1", b"\x86\0\0\0" + bytes(12))),
        frames.ethernet(0x0800, frames.ip4(17, frames.GUEST[0], frames.SERVER[0], bytes(64), fragment=0x2000)),
        frames.arp(1, frames.GUEST[0], frames.SERVER[0]),
    ]
    pieces = [captured[start : start + 8] for start in range(0, len(captured), 8)]
    return tuple(
        b"".join(len(frame).to_bytes(LENGTH_BYTES, "big") + frame for frame in piece) for piece in (*pieces, built)
    )


def decode(content: bytes) -> None:
    """Decode frames, each behind its length; those of odd lengths come from the guest."""
    packets: list[CapturedPacket] = []
    place = 0
    while place < len(content):
        length = int.from_bytes(content[place : place + LENGTH_BYTES], "big")
        frame = content[place + LENGTH_BYTES : place + LENGTH_BYTES + length]
        packets.append(CapturedPacket(len(packets) / 100, frame))
        place += LENGTH_BYTES + length
    told = decode_packets((packet, len(packet.frame) % 2 == 1) for packet in packets)
    tuple(iter_wire_milestones(told.events))


def make_captures() -> Sequence[bytes]:
    """Return pcap files."""
    header = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    packets = [b"\0" * 8 + len(frame).to_bytes(4, "little") * 2 + frame for frame in (bytes(60), bytes(1514))]
    return (header, header + b"".join(packets))


def read_capture(content: bytes) -> None:
    """Read a capture to its end."""
    Path("capture.pcap").write_bytes(content)
    with open_capture(Path("capture.pcap"), epoch_s=0) as packets:
        tuple(packets)


def find_served(content: bytes) -> None:
    """Look for a file in a jail."""
    root = Path("jail/served")
    if not root.is_dir():
        (root / "Boot").mkdir(parents=True)
        for path in (root / "nbp.0", root / "Boot" / "a", Path("jail/secret")):
            path.write_bytes(b"x")
        (root / "out").symlink_to("../secret")
        (root / "loop").symlink_to("loop")
    found = find_jailed_file(root, content)
    require(found is None or found.is_relative_to(root.resolve()), "in the jail")


def make_consoles() -> Sequence[bytes]:
    """Return what firmware writes."""
    text = CONSOLE.format(product="iPXE", version="1.0", features="DNS HTTP", prompt="Press Ctrl-B", tail="boot failed")
    report = f"\r\nBOOTRIG {NONCE} nbp  sum=00000000 ticks=00000000 tsc=0000000000000000\r\n"
    drawn = "\x1b[2J\x1b[01;01H\x1b[=3h\x1b[5;75H\rPress\x1b[K\x1b[1;37;40m\tmenu\b\b\x1b[10A"
    return (text.replace("\n", "\r\n").encode(), report.encode(), drawn.encode(), b"http://10.0.2.1/x... ok\r\n")


def read_console(content: bytes) -> None:
    """Read a console in pieces, and look for everything that is looked for in it."""
    reader, text = ConsoleReader(), content.decode("cp437")
    for start in range(0, len(text), 100):
        reader.feed(text[start : start + 100], None)
    find_probe_report(reader.take_new(), NONCE)
    lines = reader.lines
    find_banner(lines)
    find_features(lines)
    find_rom_lines(lines)
    find_causes(lines)
    tuple(iter_identity(lines))


TARGETS = (
    Target("frames", 80_000, make_sequences, decode),
    Target("capture", 40_000, make_captures, read_capture, (CaptureError,)),
    Target(
        "tftp-request",
        120_000,
        lambda: (b"\0\1nbp.0\0octet\0", b"\0\1Boot\\x\0netascii\0blksize\0001432\0tsize\0000\0"),
        lambda content: parse_request(content).encode_for_engine(frozenset({"blksize"})),
        (TftpException,),
        (b"\0", b"\xff", b"blksize\0", b"99999999999999999999\0"),
    ),
    Target(
        "served-name",
        60_000,
        lambda: (b"nbp.0", b"/Boot/../nbp.0", b"out", b"../secret", b"loop/a"),
        find_served,
        (),
        (b"../", b"/", b"\0", b"\\", b"\xed\xa0\x80", b"served", b"secret"),
    ),
    Target(
        "console",
        40_000,
        make_consoles,
        read_console,
        (),
        (b"\x1b[", b"\x1b[m", b"iPXE ", b"\x1b]52;", b";", b"9" * 40),
    ),
)
