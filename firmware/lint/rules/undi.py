"""Rules about the UNDI ROM ID structure and iPXE's own header."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import RomSubject
from firmware.optionrom.checksum import byte_sum
from firmware.optionrom.header import HEADER_LENGTH
from firmware.optionrom.image import RomImage
from firmware.optionrom.ipxe import STRUCTURE_NAME as IPXE_NAME
from firmware.optionrom.undi import STRUCTURE_NAME as UNDI_NAME
from firmware.optionrom.undi import UNDI_LENGTH, UndiRomId


def _iter_structures(rom: RomSubject) -> Iterator[tuple[int, RomImage, UndiRomId]]:
    """Yield each structure with its offset in the file and its image."""
    for offset, image in rom.iter_bios_images():
        if image.undi_rom_id is not None:
            yield offset + image.undi_rom_id.offset, image, image.undi_rom_id


@rom_rule("undi-present", Severity.WARNING)
def check_present(rom: RomSubject) -> Iterator[Fault]:
    """Each BIOS image has a UNDI ROM ID structure.

    Other base codes (a chained iPXE's `undionly`, PXE stacks in disk images) find the driver by it; the ROM's own
    boot does without.
    """
    for damage in rom.survey.damage:
        if damage.structure == UNDI_NAME:
            yield Fault(damage.reason, damage.offset, 4, Severity.ERROR)
    for offset, image in rom.iter_bios_images():
        if image.undi_rom_id is None:
            yield Fault("no UNDI ROM ID structure where the word at 0x16 points", offset + 0x16, 2)


@rom_rule("undi-checksum", Severity.WARNING)
def check_checksum(rom: RomSubject) -> Iterator[Fault]:
    """The bytes of the UNDI ROM ID structure sum to zero, over the length that it states.

    The PXE specification lets a base code ignore a structure with another sum. The iPXE of 2011
    leaves its checksum byte 0.
    """
    for place, image, undi in _iter_structures(rom):
        covered = image.content[undi.offset : undi.offset + undi.length]
        if undi.length < UNDI_LENGTH or len(covered) != undi.length:
            yield Fault(f"its length is {undi.length} bytes, expected {UNDI_LENGTH}", place + 4, 1)
        elif total := byte_sum(covered):
            right = (undi.checksum - total) & 0xFF
            yield Fault(f"its bytes sum to 0x{total:02x}; 0x{right:02x} here would make it 0", place + 5, 1)


@rom_rule("undi-version", Severity.WARNING)
def check_version(rom: RomSubject) -> Iterator[Fault]:
    """The UNDI version is 2.1 or later.

    The bytes are in order of rising weight: 00 01 02 for PXE 2.1.0.
    """
    for place, _, undi in _iter_structures(rom):
        if (undi.undi_version[2], undi.undi_version[1]) < (2, 1):
            yield Fault(f"UNDI version is {undi.version}, expected 2.1.0", place + 7, 3)


@rom_rule("undi-entry", Severity.ERROR)
def check_entry(rom: RomSubject) -> Iterator[Fault]:
    """The UNDI loader's entry is in the image's code, and the structure says what it needs.

    A base code calls the loader with memory for its stack, data and code.
    """
    for place, image, undi in _iter_structures(rom):
        loader = undi.loader_offset
        if not HEADER_LENGTH <= loader < image.length:
            message = f"the loader is at 0x{loader:x}, the image's code is between its header and 0x{image.length:x}"
            yield Fault(message, place + 0x0A, 2)
        elif undi.offset <= loader < undi.offset + undi.length:
            yield Fault(f"the loader is at 0x{loader:x}, inside this structure", place + 0x0A, 2)
        if undi.bus_type != b"PCIR":
            message = f"bus type is {undi.bus_type!r}, expected b'PCIR'"
            yield Fault(message, place + 0x12, 4, Severity.WARNING)
        if 0 in (undi.stack_length, undi.data_length, undi.code_length):
            yield Fault("stack, data or code length is 0", place + 0x0C, 6, Severity.WARNING)


@rom_rule("ipxe-header", Severity.WARNING)
def check_ipxe_header(rom: RomSubject) -> Iterator[Fault]:
    """The header that iPXE adds, where there is one, is whole and its bytes sum to zero.

    iPXE finds the rest of itself behind the ROM BAR by it. gPXE and the iPXE of 2011 have none.
    """
    for damage in rom.survey.damage:
        if damage.structure == IPXE_NAME:
            yield Fault(damage.reason, damage.offset, 4)
    for offset, image in rom.iter_bios_images():
        header = image.ipxe_header
        if header is None:
            continue
        covered = image.content[header.offset : header.offset + header.length]
        if total := byte_sum(covered):
            yield Fault(f"its bytes sum to 0x{total:02x}, expected 0", offset + header.offset + 5, 1)
        if header.shrunk_units * 512 > image.length:
            message = f"it shrinks to {header.shrunk_units} units, the image has {image.length // 512}"
            yield Fault(message, offset + header.offset + 6, 1)
