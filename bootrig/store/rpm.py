"""RPM packages, as far as to their payload: a compressed cpio archive.

Source: RPM documentation, "RPM V4 Package Format": lead, signature header, header, payload.
"""

import struct
from typing import BinaryIO

RPM_MAGIC = b"\xed\xab\xee\xdb"
LEAD_LENGTH = 96
HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_HEADER = struct.Struct(">4s4xII")
INDEX_LENGTH = 16
SIGNATURE_ALIGNMENT = 8
HEADER_LARGEST = 256 << 20
"""RPM's own limit for the data of a header."""


def skip_headers(stream: BinaryIO) -> None:
    """Move from the beginning of a package to its payload.

    Raises:
        ValueError: a header is damaged, or the file ends inside one.
    """
    stream.seek(LEAD_LENGTH)
    signature_length = _skip_header(stream)
    stream.seek(-signature_length % SIGNATURE_ALIGNMENT, 1)
    _skip_header(stream)


def _skip_header(stream: BinaryIO) -> int:
    """Move behind a header; return its length in bytes."""
    start = stream.read(_HEADER.size)
    if len(start) < _HEADER.size:
        raise ValueError("it ends before a header")
    magic, entries, length = _HEADER.unpack(start)
    if magic != HEADER_MAGIC:
        raise ValueError(f"found {magic.hex()} where a header begins, expected {HEADER_MAGIC.hex()}")
    rest: int = entries * INDEX_LENGTH + length
    if rest > HEADER_LARGEST:
        raise ValueError(f"a header claims {rest} bytes")
    stream.seek(rest, 1)
    return _HEADER.size + rest
