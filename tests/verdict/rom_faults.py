"""ROMs with one fault each, made of a real one: whatever the fault does not touch is right, all checksums too.

The ROMs are those of Debian's sets: a BIOS image, whose driver is packed by LZMA, and behind it an EFI image.
"""

import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

from firmware.assemble import FILL, fix_rom, join_rom, set_ids
from firmware.efi.packing import compress
from firmware.efi.pe import parse_pe_image
from firmware.optionrom.checksum import checksum_byte
from firmware.optionrom.header import CHECKSUM_OFFSET, EfiHeader
from firmware.optionrom.image import unpack_efi_image
from firmware.optionrom.packed import CHECKSUM_LENGTH, PackedBlock, iter_packed_blocks
from firmware.optionrom.pcir import LAST_IMAGE
from firmware.optionrom.rom import OptionRom, encode_option_rom, parse_option_rom
from firmware.romset import bar_length

STRANGE_DEVICE_ID = 0xB007
USER_CLASS, OTHER_USER_CLASS = b"\x4d\x04iPXE", b"\x4d\x04jPXE"
# with these, what iPXE's own tool packed comes out again to the byte
FILTERS = [
    {"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 2, "lp": 0, "pb": 0, "dict_size": 1 << 22}
]
INDICATOR_OFFSET = 0x15
CODE, RETURN = ".text", 0xC3

Fault = Callable[[bytes], bytes]


def give_wrong_ids(content: bytes) -> bytes:
    """Name another device in the PCIR of all images, and in the device list."""
    rom = parse_option_rom(content)
    pcir = rom.images[0].pcir
    assert pcir is not None
    return encode_option_rom(set_ids(rom, pcir.vendor_id, STRANGE_DEVICE_ID))


def spoil_checksum(content: bytes) -> bytes:
    """Make the BIOS image's checksum wrong."""
    return _with_byte(content, CHECKSUM_OFFSET, content[CHECKSUM_OFFSET] ^ 1)


def lose_last_mark(content: bytes) -> bytes:
    """Take the mark of the last image away, so that the chain has no end."""
    return _mark(content, -1, 0)


def mark_first_as_last(content: bytes) -> bytes:
    """Mark the BIOS image as the last one, so that nobody finds the EFI image behind it."""
    return _mark(content, 0, LAST_IMAGE)


def halve_header_length(content: bytes) -> bytes:
    """Let the BIOS image's header say half of its length, with the checksum of that half."""
    return fix_rom(_with_byte(content, 2, content[2] // 2))


def lose_bev(content: bytes) -> bytes:
    """Take the Bootstrap Entry Vector away: the BIOS image has nothing to boot by."""
    rom = parse_option_rom(content)
    headers = tuple(replace(pnp, bev=0) for pnp in rom.images[0].pnp_headers)
    images = (replace(rom.images[0], pnp_headers=headers), *rom.images[1:])
    return fix_rom(encode_option_rom(replace(rom, images=images)))


def damage_packed_driver(content: bytes) -> bytes:
    """Change a byte in the middle of the BIOS driver as it is packed."""
    block = _find_driver(content)
    place = block.offset + block.length // 2
    return fix_rom(_with_byte(content, place, content[place] ^ 0x10))


def damage_efi_driver(content: bytes) -> bytes:
    """Let the EFI driver return where it is entered."""

    def change(driver: bytes) -> bytes:
        pe = parse_pe_image(driver)
        (text,) = (section for section in pe.sections if section.name == CODE)
        return _with_byte(driver, pe.entry_address - text.address + text.file_offset, RETURN)

    return _change_efi_driver(content, change)


def rename_user_class(content: bytes) -> bytes:
    """Let the BIOS driver send another user class: unpack it, change it, pack it again."""
    rom = parse_option_rom(content)
    image = rom.images[0]
    block = _find_driver(content)
    driver = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS).decompress(_read(content, block))
    stream = lzma.compress(_rename(driver), lzma.FORMAT_RAW, filters=FILTERS)
    packed = struct.pack("<I", len(stream) + CHECKSUM_LENGTH) + stream
    packed += struct.pack("<I", zlib.crc32(stream) ^ 0xFFFFFFFF)
    start, behind = block.offset - 4, image.content[block.offset + block.length + CHECKSUM_LENGTH :]
    assert set(behind) == {FILL}, "the packed driver is not the last thing in its image"
    changed = (image.content[:start] + packed).ljust(image.length, bytes([FILL]))
    assert len(changed) == image.length, "the packed driver has outgrown its image"
    return fix_rom(changed + content[image.length :])


def rename_efi_user_class(content: bytes) -> bytes:
    """Let the EFI driver send another user class."""
    return _change_efi_driver(content, _rename)


def outgrow_bar(content: bytes) -> bytes:
    """Pad the ROM past the power of two that its BAR has."""
    return content.ljust(bar_length(len(content)) + 512, bytes([FILL]))


def lose_efi_image(content: bytes) -> bytes:
    """Take the EFI image away; the ROM keeps its length."""
    bios = [image for image in parse_option_rom(content).images if image.is_bios]
    return encode_option_rom(join_rom(bios)).ljust(len(content), bytes([FILL]))


def _with_byte(content: bytes, place: int, value: int) -> bytes:
    return content[:place] + bytes([value]) + content[place + 1 :]


def _mark(content: bytes, number: int, indicator: int) -> bytes:
    """Set an image's indicator."""
    rom = parse_option_rom(content)
    image = rom.images[number]
    assert image.pcir is not None
    changed = _with_byte(image.content, image.pcir.offset + INDICATOR_OFFSET, indicator)
    return _with_content(rom, number % len(rom.images), changed)


def _with_content(rom: OptionRom, number: int, content: bytes) -> bytes:
    """Give an image other bytes that sum to zero: by the byte at 6, or that behind an EFI image's PCIR."""
    pcir = rom.images[number].pcir
    assert pcir is not None
    place = CHECKSUM_OFFSET if rom.images[number].is_bios else pcir.offset + pcir.length
    summed = _with_byte(content, place, checksum_byte(content, place))
    images = [summed if index == number else image.content for index, image in enumerate(rom.images)]
    return b"".join([*images, rom.padding])


def _find_driver(content: bytes) -> PackedBlock:
    """Return the packed block of the BIOS image that holds the driver: its largest."""
    image = parse_option_rom(content).images[0]
    return max(iter_packed_blocks(image.content), key=lambda block: block.length)


def _read(content: bytes, block: PackedBlock) -> bytes:
    return content[block.offset : block.offset + block.length]


def _rename(driver: bytes) -> bytes:
    assert driver.count(USER_CLASS) == 1
    return driver.replace(USER_CLASS, OTHER_USER_CLASS)


def _change_efi_driver(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change the driver in a ROM's last image, packed as it was, and no byte outside of it but the checksum's."""
    rom = parse_option_rom(content)
    image = rom.images[-1]
    header = image.header
    assert isinstance(header, EfiHeader)
    driver = change(unpack_efi_image(image))
    packed = compress(driver) if header.compression_type else driver
    room = image.length - header.image_offset
    assert len(packed) <= room, "the packed driver has outgrown its image"
    body = image.content[: header.image_offset] + packed.ljust(room, b"\0")
    return _with_content(rom, len(rom.images) - 1, body)
