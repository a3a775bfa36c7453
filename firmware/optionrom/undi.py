"""The UNDI ROM ID structure: how a PXE base code finds the network driver's loader in a BIOS image.

Source: Preboot Execution Environment (PXE) Specification 2.1, 4.2.1. Witness for the order of the version's bytes:
every ROM of gPXE and iPXE has 00 01 02 for PXE 2.1.
"""

import struct
from dataclasses import astuple, dataclass

from firmware.errors import FormatError

UNDI_SIGNATURE = b"UNDI"
UNDI_LENGTH = 0x16
STRUCTURE_NAME = "UNDI ROM ID structure"

_UNDI = struct.Struct("<4sBBB3sHHHH4s")


@dataclass(frozen=True, slots=True)
class UndiRomId:
    """The UNDI ROM ID structure.

    Attributes:
        offset: its offset in its image.
        length: its length in bytes as it states it, which its checksum covers.
        checksum: makes the structure's bytes sum to zero.
        structure_revision: 0.
        undi_version: the three bytes of the PXE API version, least important first.
        loader_offset: the UNDI loader's entry point in the image.
        stack_length: bytes of stack that the driver needs.
        data_length: bytes of its data segment.
        code_length: bytes of its code segment.
        bus_type: `PCIR` for PCI.
    """

    offset: int
    length: int
    checksum: int
    structure_revision: int
    undi_version: bytes
    loader_offset: int
    stack_length: int
    data_length: int
    code_length: int
    bus_type: bytes

    def encode(self) -> bytes:
        """Return the 22 bytes of this structure."""
        return _UNDI.pack(UNDI_SIGNATURE, *astuple(self)[1:])

    @property
    def version(self) -> str:
        """The PXE API version as people write it: `2.1.0`."""
        return ".".join(str(number) for number in reversed(self.undi_version))


def find_undi_rom_id(image: bytes, offset: int) -> UndiRomId | None:
    """Return the structure at `offset` of the image `image`, None where the offset is 0 or another signature is there.

    PCI leaves the pointer's place to the image's architecture, so a pointer to something else is not a format error.

    Raises:
        FormatError: the signature is there and the structure is cut off by the end of the image.
    """
    if offset == 0 or image[offset : offset + 4] != UNDI_SIGNATURE:
        return None
    if offset + UNDI_LENGTH > len(image):
        left = len(image) - offset
        raise FormatError(STRUCTURE_NAME, offset, f"{left} bytes of the image are left, it has {UNDI_LENGTH}")
    return UndiRomId(offset, *_UNDI.unpack_from(image, offset)[1:])
