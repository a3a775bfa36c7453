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
# The Windows loader takes no more (PE Format, "COFF File Header"); drivers have up to ten.
SECTIONS_LIMIT = 96
_COFF = struct.Struct("<4sHH12xH2x")
_TABLE_ENTRY = struct.Struct("<8sIIII16x")
_ENTRY_OFFSET, _SUBSYSTEM_OFFSET = 16, 68
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
    """

    name: str
    address: int
    virtual_length: int
    file_offset: int
    file_length: int


@dataclass(frozen=True, slots=True)
class PeImage:
    """The headers of a PE image.

    Attributes:
        machine: machine type, see `Machine`.
        entry_address: where the driver is entered, from the image base.
        subsystem: see `Subsystem`.
        sections: the section table.
    """

    machine: int
    entry_address: int
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
    signature, machine, count, optional_length = _COFF.unpack_from(content, header_offset)
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
    if count > SECTIONS_LIMIT:
        raise FormatError(STRUCTURE_NAME, header_offset + 6, f"{count} sections, at most {SECTIONS_LIMIT} are accepted")
    entry_address = int.from_bytes(content[place + _ENTRY_OFFSET : place + _ENTRY_OFFSET + 4], "little")
    subsystem = int.from_bytes(content[place + _SUBSYSTEM_OFFSET : place + _SUBSYSTEM_OFFSET + 2], "little")
    sections = tuple(_parse_section(content, table + index * _TABLE_ENTRY.size) for index in range(count))
    return PeImage(machine, entry_address, subsystem, sections)


def _parse_section(content: bytes, offset: int) -> PeSection:
    name, virtual_length, address, file_length, file_offset = _TABLE_ENTRY.unpack_from(content, offset)
    text = name.rstrip(b"\0").decode("ascii", "backslashreplace")
    return PeSection(text, address, virtual_length, file_offset, file_length)
