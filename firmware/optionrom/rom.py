"""An option ROM: the chain of its images, read and written.

`survey_option_rom` reads whatever can be read and lists the damage; `parse_option_rom` raises the first of it. Both are
lossless: `encode_option_rom(parse_option_rom(content)) == content`.

Sources: PCI Firmware Specification 3.0, 5.1.3 (how images follow each other). What follows the last image is padding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from firmware.errors import FormatError
from firmware.optionrom.header import (
    EFI_STRUCTURE_NAME,
    HEADER_LENGTH,
    ROM_SIGNATURE,
    STRUCTURE_NAME,
    EfiHeader,
    LegacyHeader,
    parse_efi_header,
    parse_legacy_header,
    require_header,
)
from firmware.optionrom.image import RomImage, encode_image
from firmware.optionrom.ipxe import find_ipxe_header
from firmware.optionrom.pcir import CodeType, PciDataStructure, parse_device_list, parse_pcir
from firmware.optionrom.pnp import STRUCTURE_NAME as PNP_NAME
from firmware.optionrom.pnp import ImageString, PnpExpansionHeader, find_pnp_header, parse_image_string
from firmware.optionrom.undi import find_undi_rom_id

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class OptionRom:
    """The whole content of a ROM: its images, and what follows the last of them."""

    images: tuple[RomImage, ...]
    padding: bytes = field(default=b"", repr=False)

    def iter_images(self) -> Iterator[tuple[int, RomImage]]:
        """Yield each image with its offset in the ROM."""
        offset = 0
        for image in self.images:
            yield offset, image
            offset += image.length


@dataclass(frozen=True, slots=True)
class Survey:
    """What could be read of a ROM.

    Attributes:
        rom: the images; structures that could not be read are missing from them.
        damage: what could not be read, each with its structure and its offset in the ROM.
    """

    rom: OptionRom
    damage: tuple[FormatError, ...] = ()


def parse_option_rom(content: bytes) -> OptionRom:
    """Return the option ROM whose bytes are `content`.

    Raises:
        FormatError: a structure is missing, cut off, or leads outside; the message and attributes say which and where.
    """
    survey = survey_option_rom(content)
    if survey.damage:
        raise survey.damage[0]
    return survey.rom


def encode_option_rom(rom: OptionRom) -> bytes:
    """Return the bytes of `rom`.

    Raises:
        FormatError: see `encode_image`.
    """
    return b"".join([*(encode_image(image) for image in rom.images), rom.padding])


def survey_option_rom(content: bytes) -> Survey:
    """Return what can be read of the bytes `content`; never raises."""
    images: list[RomImage] = []
    damage: list[FormatError] = []
    start = 0
    while start + HEADER_LENGTH <= len(content) and content[start : start + 2] == ROM_SIGNATURE:
        reader = _ImageReader(content, start)
        images.append(reader.read())
        damage.extend(reader.damage)
        start += images[-1].length
        pcir = images[-1].pcir
        if pcir is None or pcir.is_last_image:
            break
    if not images:
        try:
            require_header(content, 0)
        except FormatError as error:
            damage.append(error)
    return Survey(OptionRom(tuple(images), content[start:]), tuple(damage))


class _ImageReader:
    """Reads the image that begins at `start` of `content`; collects what is wrong with it in `damage`."""

    def __init__(self, content: bytes, start: int) -> None:
        self.content = content
        self.start = start
        self.damage: list[FormatError] = []

    def read(self) -> RomImage:
        """Return the image."""
        pcir = self._read_pcir()
        header = self._read_header(pcir)
        content = self.content[self.start : self.start + self._image_length(header, pcir)]
        device_list = self._try(lambda: parse_device_list(content, pcir)) if pcir else None
        image = RomImage(content, header, pcir, device_list)
        if isinstance(header, EfiHeader):
            return image
        return replace(
            image,
            pnp_headers=tuple(self._read_pnp_chain(content, header.pnp_offset)),
            undi_rom_id=self._try(lambda: find_undi_rom_id(content, header.undi_offset)),
            ipxe_header=self._try(lambda: find_ipxe_header(content, header.vendor_offset)),
        )

    def _try(self, read: Callable[[], Found | None]) -> Found | None:
        """Return what `read` finds inside the image; None with a note of the damage where it cannot be read."""
        try:
            return read()
        except FormatError as error:
            self._report(error.structure, error.offset, error.reason)
            return None

    def _report(self, structure: str, offset: int, reason: str) -> None:
        self.damage.append(FormatError(structure, self.start + offset, reason))

    def _read_pcir(self) -> PciDataStructure | None:
        offset = int.from_bytes(self.content[self.start + 0x18 : self.start + 0x1A], "little")
        if offset == 0:
            return None
        try:
            return parse_pcir(self.content, self.start, offset)
        except FormatError as error:
            self.damage.append(error)
            return None

    def _read_header(self, pcir: PciDataStructure | None) -> LegacyHeader | EfiHeader:
        header: LegacyHeader | EfiHeader = parse_legacy_header(self.content, self.start)
        if pcir is not None and pcir.code_type == CodeType.EFI:
            try:
                header = parse_efi_header(self.content, self.start)
            except FormatError as error:
                self.damage.append(error)
        name = EFI_STRUCTURE_NAME if isinstance(header, EfiHeader) else STRUCTURE_NAME
        left = len(self.content) - self.start
        if header.length_units == 0:
            self._report(name, 2, "its length is 0 units of 512 bytes")
        elif header.length > left:
            self._report(name, 2, f"its length is {header.length} bytes, {left} are left in the file")
        return header

    def _image_length(self, header: LegacyHeader | EfiHeader, pcir: PciDataStructure | None) -> int:
        """Return how many bytes the image has here: what it states, as far as that can be true."""
        left = len(self.content) - self.start
        if pcir is None:
            return min(header.length, left) or left
        stated = pcir.image_length
        place = pcir.offset + 0x10
        if stated == 0:
            self._report("PCI Data Structure", place, "its image length is 0 units of 512 bytes")
        elif stated > left:
            self._report(
                "PCI Data Structure", place, f"its image length is {stated} bytes, {left} are left in the file"
            )
        elif pcir.offset + len(pcir.encode()) > stated:
            self._report("PCI Data Structure", place, f"its image length is {stated} bytes, it is behind that itself")
        else:
            return stated
        return left

    def _read_pnp_chain(self, image: bytes, offset: int) -> Iterator[PnpExpansionHeader]:
        seen: set[int] = set()
        while offset:
            if offset in seen:
                self._report(PNP_NAME, offset, f"the chain returns to this header after {len(seen)}")
                return
            seen.add(offset)
            pnp = self._try(partial(find_pnp_header, image, offset))
            if pnp is None:
                return
            yield replace(
                pnp,
                manufacturer=self._read_string(image, pnp.manufacturer_offset),
                product=self._read_string(image, pnp.product_offset),
            )
            offset = pnp.next_offset

    def _read_string(self, image: bytes, offset: int) -> ImageString | None:
        return self._try(partial(parse_image_string, image, offset)) if offset else None
