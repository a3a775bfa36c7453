"""PnP expansion headers ("$PnP"): the boot entries of a BIOS image, chained.

Sources: Plug and Play BIOS Specification 1.0A, 3.2; BIOS Boot Specification 1.01, 3.3 (BCV, DV and BEV).
"""

import struct
from dataclasses import astuple, dataclass

from firmware.errors import FormatError

PNP_SIGNATURE = b"$PnP"
PNP_LENGTH = 0x20
STRUCTURE_NAME = "PnP expansion header"
STRING_NAME = "PnP string"
STRING_LENGTH_LIMIT = 1024

_PNP = struct.Struct("<4sBBHBBIHH3sBHHHHH")


@dataclass(frozen=True, slots=True)
class ImageString:
    """A string inside an image, ended by a NUL.

    Attributes:
        offset: its offset in its image.
        content: its bytes without the NUL.
    """

    offset: int
    content: bytes

    def encode(self) -> bytes:
        """Return the bytes with the NUL."""
        return self.content + b"\0"

    @property
    def text(self) -> str:
        """The string, with escapes for what is not ASCII."""
        return self.content.decode("ascii", "backslashreplace")


@dataclass(frozen=True, slots=True)
class PnpExpansionHeader:
    """One PnP expansion header.

    Attributes:
        offset: its offset in its image.
        revision: 1.
        length_units: its length in units of 16 bytes, which its checksum covers.
        next_offset: offset of the next header in the image, 0 at the end of the chain.
        reserved_08: a byte.
        checksum: makes the header's bytes sum to zero.
        device_identifier: an EISA-like ID, 0 for PCI devices.
        manufacturer_offset: offset of the manufacturer's name in the image, 0 without one.
        product_offset: offset of the product's name in the image, 0 without one.
        device_type: base class, sub-class and interface, in this order.
        device_indicators: bits: 0xf4 says network boot device that may be shadowed, is not needed for other devices.
        bcv: Boot Connection Vector, 0 without one.
        dv: Disconnect Vector, 0 without one.
        bev: Bootstrap Entry Vector, 0 without one.
        reserved_1c: a word.
        static_resource_offset: where static resources are described, 0 without.
        manufacturer: the manufacturer's name, None without a pointer to it.
        product: the product's name, None without a pointer to it.
    """

    offset: int
    revision: int
    length_units: int
    next_offset: int
    reserved_08: int
    checksum: int
    device_identifier: int
    manufacturer_offset: int
    product_offset: int
    device_type: bytes
    device_indicators: int
    bcv: int
    dv: int
    bev: int
    reserved_1c: int
    static_resource_offset: int
    manufacturer: ImageString | None = None
    product: ImageString | None = None

    def encode(self) -> bytes:
        """Return the 32 bytes of this header, without its strings."""
        return _PNP.pack(PNP_SIGNATURE, *astuple(self)[1:-2])

    @property
    def length(self) -> int:
        """Its length in bytes, as it states it."""
        return self.length_units * 16


def parse_image_string(image: bytes, offset: int) -> ImageString:
    """Return the string at `offset` of the image `image`.

    Raises:
        FormatError: the offset is outside the image, or no NUL ends the string inside it within 1024 bytes.
    """
    if offset >= len(image):
        raise FormatError(STRING_NAME, offset, f"outside the image, which ends at 0x{len(image):x}")
    end = image.find(b"\0", offset, offset + STRING_LENGTH_LIMIT)
    if end < 0:
        raise FormatError(STRING_NAME, offset, f"no NUL within {STRING_LENGTH_LIMIT} bytes or the image")
    return ImageString(offset, image[offset:end])


def find_pnp_header(image: bytes, offset: int) -> PnpExpansionHeader | None:
    """Return the header at `offset` of the image `image` without its strings, None where another signature is there.

    Raises:
        FormatError: the offset leads outside the image.
    """
    if offset + PNP_LENGTH > len(image):
        left = max(0, len(image) - offset)
        raise FormatError(STRUCTURE_NAME, offset, f"{left} bytes of the image are left, the header has {PNP_LENGTH}")
    signature, *fields = _PNP.unpack_from(image, offset)
    return PnpExpansionHeader(offset, *fields) if signature == PNP_SIGNATURE else None
