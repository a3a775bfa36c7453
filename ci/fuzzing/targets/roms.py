"""Option ROMs and what is in them."""

from collections.abc import Sequence

from ci.fuzzing.target import Target, require
from firmware.assemble import EfiImageOptions, fix_rom, make_efi_image
from firmware.efi.compression import decompress
from firmware.efi.packing import compress
from firmware.efi.pe import parse_pe_image
from firmware.errors import FirmwareError
from firmware.lint.check import lint_rom
from firmware.lint.subject import examine_rom
from firmware.optionrom.rom import encode_option_rom, parse_option_rom
from firmware.romset import RomSet
from tests.firmware.rom_bytes import Bios, Efi, Pe, make_combined_rom

WORDS = (b"\x55\xaa", b"PCIR", b"$PnP", b"UNDI", b"iPXE", b"XZ", b"\xf1\x0e\0\0", b"PE\0\0", b"MZ", b"\0\xff")


def make_roms() -> Sequence[bytes]:
    """Return ROMs that are right, small ones."""
    return (Bios().build(), Bios(ipxe=False, undi_offset=0).build(), Efi().build(), make_combined_rom())


def make_drivers() -> Sequence[bytes]:
    """Return EFI drivers."""
    return (Pe().build(), Pe(machine=0x14C, magic=0x10B).build())


def make_packed() -> Sequence[bytes]:
    """Return compressed drivers."""
    return tuple(compress(content) for content in (Pe().build(), b"", bytes(5000), bytes(range(256)) * 8))


def read_rom(content: bytes) -> None:
    """Parse a ROM and encode it again."""
    rom = parse_option_rom(content)
    require(encode_option_rom(rom) == content, "encoded it is the same")


def lint(content: bytes) -> None:
    """Lint a ROM and the set that it is."""
    lint_rom(examine_rom("efi-e1000.rom", content))
    RomSet.of_files("set", {"efi-e1000.rom": content})


TARGETS = (
    Target("option-rom", 150_000, make_roms, read_rom, (FirmwareError,), WORDS),
    Target("fix-rom", 40_000, make_roms, fix_rom, (FirmwareError,), WORDS),
    Target("lint", 60_000, make_roms, lint, (FirmwareError,), WORDS),
    Target(
        "pe-image",
        60_000,
        lambda: (Pe().build(), Pe(machine=0x14C, magic=0x10B).build()),
        parse_pe_image,
        (FirmwareError,),
    ),
    Target(
        "efi-driver",
        10_000,
        make_drivers,
        lambda content: make_efi_image(content, EfiImageOptions(vendor_id=0x8086, device_id=0x100E)),
        (FirmwareError,),
    ),
    Target("efi-compression", 40_000, make_packed, decompress, (FirmwareError,)),
)
