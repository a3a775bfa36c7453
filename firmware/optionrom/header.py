"""The first bytes of a ROM image: the PCI expansion ROM header, as BIOS images and as EFI images have it.

Sources: PCI Firmware Specification 3.0, 5.1.1 and 5.1.4.1; Plug and Play BIOS Specification 1.0A, 3.1 (the pointer at
0x1a); UEFI Specification 2.10, 14.4.2 (EFI images); PXE Specification 2.1, 4.2.1 (the pointer at 0x16). The pointer at
0x10 and the checksum byte at 6 are in what PCI calls "processor architecture unique data": witnesses are iPXE's
`romprefix.S` for both and QEMU's ID patch for the byte at 6.
"""

import struct
from dataclasses import astuple, dataclass

from firmware.errors import FormatError

ROM_SIGNATURE = b"\x55\xaa"
EFI_SIGNATURE = 0x0EF1
UNIT_LENGTH = 512
HEADER_LENGTH = 0x1C
CHECKSUM_OFFSET = 6
STRUCTURE_NAME = "PCI expansion ROM header"
EFI_STRUCTURE_NAME = "EFI PCI expansion ROM header"

_LEGACY = struct.Struct("<2sB3sB9sHHHHHH")
_EFI = struct.Struct("<2sHIHHH8sHHH")


@dataclass(frozen=True, slots=True)
class LegacyHeader:
    """The header of a BIOS image (and of any image that is not an EFI one).

    Attributes:
        length_units: the length that the BIOS copies and sums, in units of 512 bytes; the byte at 2.
        entry: the three bytes at 3 where initialization enters: usually a jump.
        checksum: the byte at 6 that makes the image's bytes sum to zero, by convention of Etherboot and its heirs.
        reserved_07: nine bytes without a name.
        vendor_offset: offset of iPXE's own header, 0 without one.
        reserved_12: the word at 0x12.
        reserved_14: the word at 0x14.
        undi_offset: offset of the UNDI ROM ID structure, 0 without one.
        pcir_offset: offset of the PCI Data Structure.
        pnp_offset: offset of the first PnP expansion header, 0 without one.
    """

    length_units: int
    entry: bytes
    checksum: int
    reserved_07: bytes
    vendor_offset: int
    reserved_12: int
    reserved_14: int
    undi_offset: int
    pcir_offset: int
    pnp_offset: int

    offset = 0

    def encode(self) -> bytes:
        """Return the 28 bytes of this header."""
        return _LEGACY.pack(ROM_SIGNATURE, *astuple(self))

    @property
    def length(self) -> int:
        """The length in bytes that the BIOS copies and sums."""
        return self.length_units * UNIT_LENGTH


@dataclass(frozen=True, slots=True)
class EfiHeader:
    """The header of an EFI image.

    Attributes:
        length_units: the image's length in units of 512 bytes ("initialization size"); 16 bits wide, unlike a BIOS
            image's.
        efi_signature: 0x0EF1.
        subsystem: the PE subsystem of the driver.
        machine: the PE machine type of the driver.
        compression_type: 0 for a bare PE image, 1 for UEFI compression.
        reserved_0e: eight bytes.
        image_offset: where the PE image, compressed or not, begins.
        pcir_offset: offset of the PCI Data Structure.
        reserved_1a: the word at 0x1a.
    """

    length_units: int
    efi_signature: int
    subsystem: int
    machine: int
    compression_type: int
    reserved_0e: bytes
    image_offset: int
    pcir_offset: int
    reserved_1a: int

    offset = 0

    def encode(self) -> bytes:
        """Return the 28 bytes of this header."""
        return _EFI.pack(ROM_SIGNATURE, *astuple(self))

    @property
    def length(self) -> int:
        """The length in bytes that the header states."""
        return self.length_units * UNIT_LENGTH


def require_header(content: bytes, start: int) -> None:
    """Check that a ROM image begins at `start` of `content`.

    Raises:
        FormatError: fewer than 28 bytes are left, or they do not begin with 55 AA.
    """
    left = len(content) - start
    if left < HEADER_LENGTH:
        raise FormatError(STRUCTURE_NAME, start, f"{left} bytes are left, the header has {HEADER_LENGTH}")
    if content[start : start + 2] != ROM_SIGNATURE:
        raise FormatError(STRUCTURE_NAME, start, f"signature is {content[start : start + 2].hex(' ')}, expected 55 aa")


def parse_legacy_header(content: bytes, start: int = 0) -> LegacyHeader:
    """Return the BIOS image header at `start` of `content`.

    Raises:
        FormatError: there is none.
    """
    require_header(content, start)
    return LegacyHeader(*_LEGACY.unpack_from(content, start)[1:])


def parse_efi_header(content: bytes, start: int = 0) -> EfiHeader:
    """Return the EFI image header at `start` of `content`.

    Raises:
        FormatError: there is none, or the EFI signature is not 0x0EF1.
    """
    require_header(content, start)
    header = EfiHeader(*_EFI.unpack_from(content, start)[1:])
    if header.efi_signature != EFI_SIGNATURE:
        reason = f"EFI signature is 0x{header.efi_signature:08x}, expected 0x{EFI_SIGNATURE:08x}"
        raise FormatError(EFI_STRUCTURE_NAME, start + 4, reason)
    return header
