"""RPM packages built in tests: lead, two headers without entries' meaning, and a cpio archive."""

import gzip
import struct
from collections.abc import Mapping

REGULAR, LINK = 0o100644, 0o120777


def make_cpio(members: Mapping[str, bytes], *, link: str = "usr/link") -> bytes:
    """Return a cpio archive in the new ASCII format (cpio(5)) with these files, and a symbolic link."""
    whole = make_cpio_member(link, b"elsewhere", LINK)
    for name, content in members.items():
        whole += make_cpio_member(f"./{name}", content)
    return whole + make_cpio_member("TRAILER!!!", b"", 0)


def make_cpio_member(name: str, content: bytes, mode: int = REGULAR, length: int | None = None) -> bytes:
    """Return one member, which may claim another length than it has."""
    encoded = name.encode() + b"\0"
    claimed = len(content) if length is None else length
    numbers = (1, mode, 0, 0, 1, 0, claimed, 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08x" % number for number in numbers)
    return _pad(header + encoded, 4) + _pad(content, 4)


def make_rpm(payload: bytes) -> bytes:
    """Return an RPM package with this payload, compressed by gzip unless it is compressed already."""
    compressed = gzip.compress(payload, mtime=0) if payload.startswith(b"0707") else payload
    lead = (b"\xed\xab\xee\xdb\x03\0" + bytes(96))[:96]
    return lead + _pad(make_header(b"signature"), 8) + make_header(b"x" * 21) + compressed


def make_header(data: bytes, *, claimed: int | None = None) -> bytes:
    """Return a header with one index entry, and data that may be claimed to be longer."""
    length = len(data) if claimed is None else claimed
    return struct.pack(">4s4xII", b"\x8e\xad\xe8\x01", 1, length) + bytes(16) + data


def _pad(content: bytes, alignment: int) -> bytes:
    return content + bytes(-len(content) % alignment)
