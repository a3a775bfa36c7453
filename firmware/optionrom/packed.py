"""iPXE's packed blocks: what a BIOS image unpacks into memory when it is started, each with a checksum of its own.

There is no document; witness: iPXE's `zbin` and its decompressor of 2015 and later. A block begins at a multiple of 16
bytes with the length of the rest, 4 bytes. The rest is a raw LZMA1 stream (lc=2, lp=0, pb=0) with an end marker and the
CRC-32 of that stream (polynomial EDB88320, seed FFFFFFFF, not inverted at the end). Older images are packed by NRV2B,
without a checksum. The decompressor compares the CRC and, where it differs, does not start what it unpacked.
"""

import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

ALIGNMENT = 16
CHECKSUM_LENGTH = 4
# A stream that is shorter, or that gives less before its first error, is something else that looks like one.
SHORTEST_STREAM, SHORTEST_CONTENT = 256, 512
UNPACKED_LIMIT = 16 << 20

_LENGTH = struct.Struct("<I")
_FILTERS = ({"id": lzma.FILTER_LZMA1, "lc": 2, "lp": 0, "pb": 0, "dict_size": 1 << 22},)


@dataclass(frozen=True, slots=True)
class PackedBlock:
    """A packed block in an image.

    Attributes:
        offset: where its stream begins in the image.
        length: the stream's length in bytes, without the checksum behind it.
        stored: the checksum behind the stream.
        computed: the checksum of the stream as it is.
    """

    offset: int
    length: int
    stored: int
    computed: int

    @property
    def is_intact(self) -> bool:
        """Whether the stream is as it was packed."""
        return self.stored == self.computed


def iter_packed_blocks(image: bytes) -> Iterator[PackedBlock]:
    """Yield the packed blocks of an image in their order, damaged ones too."""
    place = 0
    while place + _LENGTH.size + SHORTEST_STREAM < len(image):
        block = _read_block(image, place)
        if block is None:
            place += ALIGNMENT
        else:
            yield block
            end = block.offset + block.length + CHECKSUM_LENGTH
            place = (end + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _read_block(image: bytes, place: int) -> PackedBlock | None:
    """Return the block whose length is at `place`, None where no block is there."""
    offset = place + _LENGTH.size
    length = _LENGTH.unpack_from(image, place)[0] - CHECKSUM_LENGTH
    end = offset + length
    # the first byte of an LZMA1 stream is always 0
    if length < SHORTEST_STREAM or end + CHECKSUM_LENGTH > len(image) or image[offset]:
        return None
    stream = image[offset:end]
    stored = _LENGTH.unpack_from(image, end)[0]
    computed = zlib.crc32(stream) ^ 0xFFFFFFFF
    if stored != computed and not _begins_as_packed(stream):
        return None
    return PackedBlock(offset, length, stored, computed)


def _begins_as_packed(stream: bytes) -> bool:
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
        return len(decompressor.decompress(stream, max_length=SHORTEST_CONTENT)) >= SHORTEST_CONTENT
    except lzma.LZMAError:
        return False
