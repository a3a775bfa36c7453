"""Assembling option ROMs: EFI images from drivers, several images in one ROM, IDs, lengths, checksums, padding.

Two tools made the ROMs that exist, and either can be followed to the byte:

* EDK2's `EfiRom` (QEMU's own sets since 2013): PCI Data Structure of revision 3, padding with FF, behind a packed
  driver and before a bare one; a BIOS image's checksum goes into its last byte.
* iPXE's `efirom` and `catrom.pl` (Debian's sets): PCI Data Structure of revision 0, then a byte that makes the image
  sum to zero; a BIOS image's checksum goes into the byte at 6. The bytes behind a packed driver are what the tool's
  buffer held there: the bare driver.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from firmware.efi.packing import compress
from firmware.efi.pe import parse_pe_image
from firmware.errors import AssembleError
from firmware.optionrom.checksum import checksum_byte
from firmware.optionrom.header import (
    CHECKSUM_OFFSET,
    EFI_SIGNATURE,
    HEADER_LENGTH,
    UNIT_LENGTH,
    EfiHeader,
    LegacyHeader,
)
from firmware.optionrom.image import COMPRESSED, RomImage, encode_image
from firmware.optionrom.pcir import LAST_IMAGE, PCIR_3_LENGTH, PCIR_LENGTH, CodeType, DeviceList, PciDataStructure
from firmware.optionrom.rom import OptionRom, encode_option_rom, parse_option_rom, survey_option_rom

NETWORK_CLASS = 0x020000
FILL = 0xFF
_LARGEST_LEGACY_UNITS = 0xFF
_LARGEST_UNITS = 0xFFFF


class Style(StrEnum):
    """Whose output is followed to the byte."""

    EDK2 = "edk2"
    IPXE = "ipxe"


@dataclass(frozen=True, slots=True)
class EfiImageOptions:
    """How an EFI image is made of a driver.

    Attributes:
        vendor_id: PCI vendor ID.
        device_id: PCI device ID.
        class_code: PCI class code; the tools' own defaults are 0 (EDK2) and 0x020000 (iPXE).
        compressed: whether the driver is packed.
        style: whose output is followed.
    """

    vendor_id: int
    device_id: int
    class_code: int = NETWORK_CLASS
    compressed: bool = True
    style: Style = Style.EDK2


def make_efi_image(driver: bytes, options: EfiImageOptions) -> RomImage:
    """Return an EFI image with the PE image `driver` in it, marked as the last image.

    Raises:
        FormatError: `driver` is not a PE image.
        AssembleError: it is too long for an image.
    """
    pe = parse_pe_image(driver)
    packed = compress(driver) if options.compressed else driver
    pcir_length = PCIR_3_LENGTH if options.style == Style.EDK2 else PCIR_LENGTH
    headers_length = HEADER_LENGTH + pcir_length
    if options.style == Style.IPXE:
        headers_length += 4  # the checksum byte, and three to keep the driver aligned
    units = -(-(headers_length + len(packed)) // UNIT_LENGTH)
    if units > _LARGEST_UNITS:
        raise AssembleError(f"the driver has {len(packed)} bytes, an image has at most {_LARGEST_UNITS * UNIT_LENGTH}")
    spare = units * UNIT_LENGTH - headers_length - len(packed)
    bare_padding = spare if options.style == Style.EDK2 and not options.compressed else 0
    header = EfiHeader(
        length_units=units,
        efi_signature=EFI_SIGNATURE,
        subsystem=pe.subsystem,
        machine=pe.machine,
        compression_type=COMPRESSED if options.compressed else 0,
        reserved_0e=bytes(8),
        image_offset=headers_length + bare_padding,
        pcir_offset=HEADER_LENGTH,
        reserved_1a=0,
    )
    pcir = PciDataStructure(
        offset=HEADER_LENGTH,
        vendor_id=options.vendor_id,
        device_id=options.device_id,
        device_list_offset=0,
        length=pcir_length,
        revision=3 if options.style == Style.EDK2 else 0,
        class_code=options.class_code,
        image_length_units=units,
        code_revision=0,
        code_type=CodeType.EFI,
        indicator=LAST_IMAGE,
        maximum_run_time_units=0,
        configuration_utility_offset=0 if options.style == Style.EDK2 else None,
        dmtf_clp_offset=0 if options.style == Style.EDK2 else None,
    )
    content = bytes(headers_length) + _lay_out_driver(driver, packed, spare, options)
    return _with_efi_checksum(RomImage(content, header, pcir))


def _lay_out_driver(driver: bytes, packed: bytes, spare: int, options: EfiImageOptions) -> bytes:
    """Return what follows an EFI image's headers."""
    if options.style == Style.EDK2:
        padding = bytes([FILL]) * spare
        return packed + padding if options.compressed else padding + packed
    left_over = driver[len(packed) : len(packed) + spare] if options.compressed else b""
    return packed + left_over.ljust(spare, b"\0")


def _with_efi_checksum(image: RomImage) -> RomImage:
    """Return an EFI image whose bytes sum to zero if it has iPXE's place for that: behind its PCI Data Structure."""
    place = HEADER_LENGTH + PCIR_LENGTH
    pcir, header = image.pcir, image.header
    if pcir is None or not isinstance(header, EfiHeader):
        return image
    if (pcir.offset, pcir.length) != (HEADER_LENGTH, PCIR_LENGTH) or header.image_offset <= place:
        return image
    content = bytearray(encode_image(image))
    content[place] = checksum_byte(content, place)
    return replace(image, content=bytes(content))


def join_rom(images: Sequence[RomImage], style: Style = Style.EDK2) -> OptionRom:
    """Return one ROM of `images`: lengths as they are, the last one marked, BIOS images' checksums right.

    Raises:
        AssembleError: there are no images, or one has no PCI Data Structure or is too long.
        FormatError: an image's structures contradict each other.
    """
    if not images:
        raise AssembleError("no images to join")
    last = len(images) - 1
    return OptionRom(tuple(_as_link(image, style, is_last=index == last) for index, image in enumerate(images)))


def _as_link(image: RomImage, style: Style, *, is_last: bool) -> RomImage:
    """Return `image` as a link of the chain."""
    if image.pcir is None:
        raise AssembleError("an image without a PCI Data Structure cannot be one of several")
    changed = _with_right_pcir(image, is_last=is_last)
    if changed.length > _LARGEST_UNITS * UNIT_LENGTH:
        raise AssembleError(f"an image of {changed.length} bytes is too long")
    if changed == image:
        return image
    return _with_efi_checksum(changed) if image.is_efi else with_image_checksum(changed, style)


def _with_right_pcir(image: RomImage, *, is_last: bool) -> RomImage:
    """Return `image` padded to whole units, with its length and its place in the chain in its PCI Data Structure."""
    content = image.content + bytes([FILL]) * (-image.length % UNIT_LENGTH)
    pcir = image.pcir
    if pcir is not None:
        indicator = pcir.indicator & ~LAST_IMAGE | (LAST_IMAGE if is_last else 0)
        pcir = replace(pcir, indicator=indicator, image_length_units=min(len(content) // UNIT_LENGTH, _LARGEST_UNITS))
    return replace(image, content=content, pcir=pcir)


def with_image_checksum(image: RomImage, style: Style = Style.IPXE) -> RomImage:
    """Return the BIOS image `image` with its checksum right: in its last byte as EDK2, or in the byte at 6 as iPXE.

    Raises:
        AssembleError: the header's length is zero or leads out of the image.
        FormatError: its structures contradict each other.
    """
    covered = image.header.length
    if not isinstance(image.header, LegacyHeader) or not HEADER_LENGTH <= covered <= image.length:
        raise AssembleError(f"its header says {covered} bytes, the image has {image.length}: no checksum can be set")
    content = bytearray(encode_image(image))
    place = covered - 1 if style == Style.EDK2 else CHECKSUM_OFFSET
    content[place] = checksum_byte(content[:covered], place)
    header = replace(image.header, checksum=content[CHECKSUM_OFFSET])
    return replace(image, content=bytes(content), header=header)


def set_ids(
    rom: OptionRom, vendor_id: int, device_id: int, device_ids: Sequence[int] | None = None, style: Style = Style.IPXE
) -> OptionRom:
    """Return `rom` with other PCI IDs in all its images, and checksums to match.

    Where `device_ids` is None, the new ID takes the place of the old one in the device list. Images without a list keep
    none.

    Raises:
        AssembleError: the new device list is longer than the old one, or no checksum can be set.
        FormatError: an image's structures contradict each other.
    """
    return replace(rom, images=tuple(_with_ids(image, vendor_id, device_id, device_ids, style) for image in rom.images))


def _with_ids(
    image: RomImage, vendor_id: int, device_id: int, device_ids: Sequence[int] | None, style: Style
) -> RomImage:
    if image.pcir is None:
        raise AssembleError("an image without a PCI Data Structure has no PCI IDs")
    changed = replace(image, pcir=replace(image.pcir, vendor_id=vendor_id, device_id=device_id))
    if image.device_list is not None:
        old = image.device_list.device_ids
        new = tuple(device_id if known == image.pcir.device_id else known for known in old)
        changed = replace(changed, device_list=_list_in_place(image, new if device_ids is None else tuple(device_ids)))
    if image.is_efi:
        return _with_efi_checksum(changed)
    return with_image_checksum(changed, style) if image.is_bios else changed


def _list_in_place(image: RomImage, device_ids: tuple[int, ...]) -> DeviceList:
    """Return a device list for the place that the image has for one; what is left of the old one becomes zeros."""
    old = image.device_list
    if old is None or len(device_ids) > len(old.device_ids):
        room = len(old.device_ids) if old else 0
        raise AssembleError(f"the image has room for {room} device IDs in its list, not for {len(device_ids)}")
    return replace(old, device_ids=device_ids + (0,) * (len(old.device_ids) - len(device_ids)))


def fix_rom(content: bytes, style: Style = Style.IPXE) -> bytes:
    """Return the ROM `content` with lengths, marks and checksums that are right for what it holds.

    Wrong lengths become what the image has; the last image is marked and no other; the checksums of the PnP and UNDI
    structures, of iPXE's header and of the BIOS images are set; the end is padded to a whole number of 512-byte units.
    A ROM that is right is returned unchanged.

    Raises:
        AssembleError: it holds no image, or a BIOS image is longer than its header can say.
        FormatError: an image's structures contradict each other.
    """
    survey = survey_option_rom(content)
    if not survey.rom.images:
        raise AssembleError(f"no image to fix: {survey.damage[0]}")
    last = len(survey.rom.images) - 1
    images = tuple(_fixed(image, style, is_last=index == last) for index, image in enumerate(survey.rom.images))
    spare = -len(survey.rom.padding) % UNIT_LENGTH
    return encode_option_rom(OptionRom(images, survey.rom.padding + bytes([FILL]) * spare))


def _fixed(found: RomImage, style: Style, *, is_last: bool) -> RomImage:
    image = _with_right_pcir(found, is_last=is_last)
    units = image.length // UNIT_LENGTH
    if isinstance(image.header, EfiHeader):
        image = replace(image, header=replace(image.header, length_units=units))
        return image if image == found else _with_efi_checksum(image)
    if not 0 < image.header.length_units <= units:
        if units > _LARGEST_LEGACY_UNITS:
            raise AssembleError(
                f"a BIOS image has at most {_LARGEST_LEGACY_UNITS * UNIT_LENGTH} bytes, not {image.length}"
            )
        image = replace(image, header=replace(image.header, length_units=units))
    image = _with_structure_checksums(image)
    return with_image_checksum(image, style) if image.is_bios else image


def _with_structure_checksums(image: RomImage) -> RomImage:
    """Return `image` with the checksums of its PnP, UNDI and iPXE structures right."""
    content = encode_image(image)

    def right(offset: int, length: int, place: int) -> int:
        return checksum_byte(content[offset : offset + length], place)

    pnp_headers = tuple(
        replace(pnp, checksum=right(pnp.offset, pnp.length, 9)) if pnp.length_units >= 2 else pnp
        for pnp in image.pnp_headers
    )
    undi, ipxe = image.undi_rom_id, image.ipxe_header
    if undi is not None and undi.length > 5:
        undi = replace(undi, checksum=right(undi.offset, undi.length, 5))
    if ipxe is not None and ipxe.length > 5:
        ipxe = replace(ipxe, checksum=right(ipxe.offset, ipxe.length, 5))
    return replace(image, pnp_headers=pnp_headers, undi_rom_id=undi, ipxe_header=ipxe)


def pad_rom(content: bytes, length: int) -> bytes:
    """Return the ROM `content` with padding behind its last image, `length` bytes altogether.

    Existing padding is removed first, so a ROM can be made shorter as far as its images allow.

    Raises:
        FormatError: `content` is not an option ROM.
        AssembleError: its images alone have more bytes, or what follows them is not padding.
    """
    rom = parse_option_rom(content)
    images_length = sum(image.length for image in rom.images)
    if rom.padding.strip(b"\0") and rom.padding.strip(bytes([FILL])):
        raise AssembleError(f"{len(rom.padding)} bytes that are not padding follow the last image; they would be lost")
    if images_length > length:
        raise AssembleError(f"its images have {images_length} bytes, more than {length}")
    return content[:images_length].ljust(length, bytes([FILL]))
