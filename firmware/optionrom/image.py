"""One ROM image: its structures laid over its bytes.

An image keeps all its bytes and, with their offsets, the structures found in them. Encoding lays the structures over
the bytes again, so an unchanged image comes back as it was and a changed field changes its own bytes and no other: no
checksum, no length, no pointer is recomputed here (`firmware.assemble` does that when it is asked to).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from firmware.efi.compression import HEADER_LENGTH, UNPACKED_LENGTH_LIMIT, decompress
from firmware.errors import FormatError
from firmware.optionrom.header import EfiHeader, LegacyHeader
from firmware.optionrom.ipxe import IpxeHeader
from firmware.optionrom.pcir import CodeType, DeviceList, PciDataStructure
from firmware.optionrom.pnp import PnpExpansionHeader
from firmware.optionrom.undi import UndiRomId

COMPRESSED = 1


class Structure(Protocol):
    """A structure at an offset of an image that can be encoded."""

    @property
    def offset(self) -> int:
        """Its offset in its image."""

    def encode(self) -> bytes:
        """Return its bytes."""


@dataclass(frozen=True, slots=True)
class RomImage:
    """One 0xAA55 image of the chain.

    Attributes:
        content: every byte of the image, as it was read; the structures below are laid over it when it is encoded.
        header: the header at offset 0.
        pcir: the PCI Data Structure; None in a ROM from before PCI, or where it could not be read.
        device_list: the list that the PCI Data Structure names.
        pnp_headers: the PnP expansion headers, in the order of the chain.
        undi_rom_id: the UNDI ROM ID structure.
        ipxe_header: iPXE's own header.
    """

    content: bytes = field(repr=False)
    header: LegacyHeader | EfiHeader
    pcir: PciDataStructure | None = None
    device_list: DeviceList | None = None
    pnp_headers: tuple[PnpExpansionHeader, ...] = ()
    undi_rom_id: UndiRomId | None = None
    ipxe_header: IpxeHeader | None = None

    @property
    def length(self) -> int:
        """The image's length in bytes in this ROM."""
        return len(self.content)

    @property
    def is_efi(self) -> bool:
        """Whether it has an EFI image's header."""
        return isinstance(self.header, EfiHeader)

    @property
    def is_bios(self) -> bool:
        """Whether a PC BIOS runs it."""
        return self.pcir.code_type == CodeType.PCAT if self.pcir else not self.is_efi

    @property
    def bev(self) -> int | None:
        """The Bootstrap Entry Vector of the first PnP expansion header that has one."""
        return next((pnp.bev for pnp in self.pnp_headers if pnp.bev), None)

    def iter_structures(self) -> Iterator[Structure]:
        """Yield every structure, strings included."""
        yield self.header
        for structure in (self.pcir, self.device_list, self.undi_rom_id, self.ipxe_header):
            if structure is not None:
                yield structure
        for pnp in self.pnp_headers:
            yield pnp
            yield from (string for string in (pnp.manufacturer, pnp.product) if string is not None)


def encode_image(image: RomImage) -> bytes:
    """Return the bytes of `image`.

    Raises:
        FormatError: a structure leads out of the image, or two structures want different bytes in one place.
    """
    content = bytearray(image.content)
    encoded = [(structure, structure.encode()) for structure in image.iter_structures()]
    for structure, structure_bytes in encoded:
        end = structure.offset + len(structure_bytes)
        if end > len(content):
            reason = f"ends at 0x{end:x}, the image at 0x{len(content):x}"
            raise FormatError(type(structure).__name__, structure.offset, reason)
        content[structure.offset : end] = structure_bytes
    for structure, structure_bytes in encoded:
        if not content.startswith(structure_bytes, structure.offset):
            raise FormatError(type(structure).__name__, structure.offset, "another structure overlaps it")
    return bytes(content)


def unpack_efi_image(image: RomImage, limit: int = UNPACKED_LENGTH_LIMIT) -> bytes:
    """Return the PE image inside the EFI image `image`, decompressed if need be.

    Raises:
        FormatError: it is not an EFI image, its PE image begins outside it, its compression is unknown, its compressed
            data is wrong, or it would take more than `limit` bytes.
    """
    header = image.header
    if not isinstance(header, EfiHeader):
        raise FormatError("EFI image", 0, "not an EFI image")
    if header.image_offset >= len(image.content):
        raise FormatError("EFI image", 0x16, f"its PE image begins at 0x{header.image_offset:x}, past the image's end")
    packed = image.content[header.image_offset :]
    if header.compression_type == 0:
        return packed
    if header.compression_type != COMPRESSED:
        raise FormatError("EFI image", 0x0C, f"compression type {header.compression_type} is unknown, expected 0 or 1")
    try:
        return decompress(packed, limit=limit)
    except FormatError as error:
        raise FormatError(error.structure, header.image_offset + error.offset, error.reason) from error


def find_unpacked_length(image: RomImage) -> int:
    """Return how many bytes the EFI image `image` says that it unpacks to; 0 where it does not say, uncompressed."""
    header = image.header
    if not isinstance(header, EfiHeader) or header.compression_type != COMPRESSED:
        return 0
    return int.from_bytes(image.content[header.image_offset + 4 : header.image_offset + HEADER_LENGTH], "little")
