"""The header that iPXE adds to its BIOS images; gPXE and the iPXE of 2011 have none.

There is no document; witness: iPXE's `romprefix.S` since 2010-08, label `ipxeheader`. The "build ID" is a random
number by which a ROM finds its own other half behind the ROM BAR; it says nothing about what was built.
"""

import struct
from dataclasses import astuple, dataclass

from firmware.errors import FormatError

IPXE_SIGNATURE = b"iPXE"
IPXE_LENGTH = 0x0C
STRUCTURE_NAME = "iPXE ROM header"

_IPXE = struct.Struct("<4sBBBBI")


@dataclass(frozen=True, slots=True)
class IpxeHeader:
    """iPXE's own header.

    Attributes:
        offset: its offset in its image.
        length: its length in bytes as it states it, which its checksum covers.
        checksum: makes the header's bytes sum to zero.
        shrunk_units: what the image shrinks to after initialization, in units of 512 bytes.
        reserved_07: a byte.
        build_id: a random number that each build draws.
    """

    offset: int
    length: int
    checksum: int
    shrunk_units: int
    reserved_07: int
    build_id: int

    def encode(self) -> bytes:
        """Return the 12 bytes of this header."""
        return _IPXE.pack(IPXE_SIGNATURE, *astuple(self)[1:])


def find_ipxe_header(image: bytes, offset: int) -> IpxeHeader | None:
    """Return the header at `offset` of the image `image`, None where the offset is 0 or another signature is there.

    Raises:
        FormatError: the signature is there and the header is cut off by the end of the image.
    """
    if offset == 0 or image[offset : offset + 4] != IPXE_SIGNATURE:
        return None
    if offset + IPXE_LENGTH > len(image):
        left = len(image) - offset
        raise FormatError(STRUCTURE_NAME, offset, f"{left} bytes of the image are left, it has {IPXE_LENGTH}")
    return IpxeHeader(offset, *_IPXE.unpack_from(image, offset)[1:])
