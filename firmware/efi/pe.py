"""The headers of a PE image, as UEFI drivers have them.

Source: Microsoft, "PE Format" (the PE/COFF specification), which UEFI Specification 2.10, 2.1.1 takes over with its own
subsystems.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from firmware.errors import FormatError

STRUCTURE_NAME = "PE image"
DOS_HEADER_LENGTH = 0x40
_COFF = struct.Struct("<4sHHIIIHH")
_STANDARD = struct.Struct("<HBBIIIII")
_TABLE_ENTRY = struct.Struct("<8sIIIIIIHHI")
_PE32, _PE32_PLUS = 0x10B, 0x20B
# Up to the data directories: PE32 has a base of data, and four sizes and the image base of 4 bytes instead of 8.
_OPTIONAL_LENGTHS = {_PE32: 96, _PE32_PLUS: 112}


class Machine(IntEnum):
    """PE machine types of UEFI platforms."""

    I386 = 0x014C
    EBC = 0x0EBC
    ARM = 0x01C2
    X86_64 = 0x8664
    AARCH64 = 0xAA64


class Subsystem(IntEnum):
    """PE subsystems of UEFI."""

    EFI_APPLICATION = 10
    EFI_BOOT_SERVICE_DRIVER = 11
    EFI_RUNTIME_DRIVER = 12


@dataclass(frozen=True, slots=True)
class PeSection:
    """One entry of the section table.

    Attributes:
        name: its name.
        address: where it is loaded, from the image base.
        virtual_length: its length in memory in bytes.
        file_offset: offset of its bytes in the file.
        file_length: how many bytes it has in the file.
        characteristics: flags.
    """

    name: str
    address: int
    virtual_length: int
    file_offset: int
    file_length: int
    characteristics: int


@dataclass(frozen=True, slots=True)
class PeImage:
    """The headers of a PE image.

    Attributes:
        header_offset: offset of the PE signature.
        machine: machine type, see `Machine`.
        timestamp: seconds since 1970, or a hash.
        characteristics: flags.
        is_64_bit: PE32+ instead of PE32.
        entry_address: where the driver is entered, from the image base.
        image_base: where it prefers to be loaded.
        section_alignment: what the addresses are multiples of.
        file_alignment: what the file offsets are multiples of.
        image_length: its length in memory in bytes.
        headers_length: the length of all headers in the file.
        subsystem: see `Subsystem`.
        sections: the section table.
    """

    header_offset: int
    machine: int
    timestamp: int
    characteristics: int
    is_64_bit: bool
    entry_address: int
    image_base: int
    section_alignment: int
    file_alignment: int
    image_length: int
    headers_length: int
    subsystem: int
    sections: tuple[PeSection, ...]


def parse_pe_image(content: bytes) -> PeImage:
    """Return the headers of the PE image whose file is `content` (padding may follow).

    Raises:
        FormatError: it is not a PE image, or its headers are cut off.
    """
    if len(content) < DOS_HEADER_LENGTH or content[:2] != b"MZ":
        raise FormatError(STRUCTURE_NAME, 0, f"begins with {content[:2].hex(' ') or 'nothing'}, expected 4d 5a (MZ)")
    header_offset = int.from_bytes(content[0x3C:0x40], "little")
    if header_offset + _COFF.size > len(content):
        raise FormatError(STRUCTURE_NAME, 0x3C, f"its header's offset 0x{header_offset:x} leads past the end")
    signature, machine, count, timestamp, _, _, optional_length, characteristics = _COFF.unpack_from(
        content, header_offset
    )
    if signature != b"PE\0\0":
        raise FormatError(STRUCTURE_NAME, header_offset, f"signature is {signature!r}, expected b'PE\\x00\\x00'")
    place = header_offset + _COFF.size
    magic = int.from_bytes(content[place : place + 2], "little")
    needed = _OPTIONAL_LENGTHS.get(magic)
    if needed is None:
        raise FormatError(STRUCTURE_NAME, place, f"optional header's magic is 0x{magic:04x}, expected 0x10b or 0x20b")
    if optional_length < needed or place + optional_length > len(content):
        reason = f"optional header has {optional_length} bytes, {len(content) - place} are left, {needed} are needed"
        raise FormatError(STRUCTURE_NAME, header_offset + 0x14, reason)
    table = place + optional_length
    if table + count * _TABLE_ENTRY.size > len(content):
        raise FormatError(STRUCTURE_NAME, header_offset + 6, f"its section table of {count} leads past the end")
    is_64_bit = magic == _PE32_PLUS
    image_base = struct.unpack_from("<Q" if is_64_bit else "<I", content, place + (24 if is_64_bit else 28))[0]
    section_alignment, file_alignment = struct.unpack_from("<II", content, place + 32)
    image_length, headers_length, _, subsystem = struct.unpack_from("<IIIH", content, place + 56)
    return PeImage(
        header_offset,
        machine,
        timestamp,
        characteristics,
        is_64_bit,
        _STANDARD.unpack_from(content, place)[6],
        image_base,
        section_alignment,
        file_alignment,
        image_length,
        headers_length,
        subsystem,
        tuple(_parse_section(content, table + index * _TABLE_ENTRY.size) for index in range(count)),
    )


def _parse_section(content: bytes, offset: int) -> PeSection:
    name, virtual_length, address, file_length, file_offset, _, _, _, _, characteristics = _TABLE_ENTRY.unpack_from(
        content, offset
    )
    text = name.rstrip(b"\0").decode("ascii", "backslashreplace")
    return PeSection(text, address, virtual_length, file_offset, file_length, characteristics)
