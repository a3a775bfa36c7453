"""8-bit checksums: all bytes of what is covered sum to zero."""

from zlib import adler32

# The low half of an Adler-32 is 1 plus the sum of the bytes modulo 65521: exact where a chunk cannot reach that.
_CHUNK = 256


def byte_sum(content: bytes | bytearray) -> int:
    """Return the sum of all bytes modulo 256: 0 where a checksum is right."""
    view = memoryview(content)
    total = 0
    for position in range(0, len(view), _CHUNK):
        total += (adler32(view[position : position + _CHUNK]) & 0xFFFF) - 1
    return total & 0xFF


def checksum_byte(content: bytes | bytearray, offset: int) -> int:
    """Return the value that the byte at `offset` must have for all bytes to sum to zero."""
    return (content[offset] - byte_sum(content)) & 0xFF
