"""ROMs with a fault differ from right ones where the fault is, and in the checksums that cover it."""

from collections.abc import Callable

import pytest

from firmware.efi.pe import parse_pe_image
from firmware.optionrom.image import unpack_efi_image
from firmware.optionrom.rom import parse_option_rom
from firmware.romset import RomSet
from tests.verdict import rom_faults


@pytest.fixture
def right(debian_rom_set: Callable[[str], RomSet]) -> bytes:
    rom = debian_rom_set("ipxe-debian-12").find_rom("e1000")
    assert rom is not None
    return rom.content


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (rom_faults.give_wrong_ids, 8),
        (rom_faults.spoil_checksum, 1),
        (rom_faults.lose_last_mark, 2),
        (rom_faults.mark_first_as_last, 2),
        (rom_faults.halve_header_length, 2),
        (rom_faults.lose_bev, 3),
        (rom_faults.damage_packed_driver, 2),
        (rom_faults.damage_efi_driver, 2),
        (rom_faults.rename_efi_user_class, 2),
    ],
)
def test_few_bytes_change(fault: rom_faults.Fault, changed: int, right: bytes) -> None:
    faulty = fault(right)
    assert len(faulty) == len(right)
    assert sum(old != new for old, new in zip(right, faulty, strict=True)) == changed


def test_the_efi_driver_returns_where_it_is_entered(right: bytes) -> None:
    driver = unpack_efi_image(parse_option_rom(rom_faults.damage_efi_driver(right)).images[-1])
    pe = parse_pe_image(driver)
    text = pe.sections[0]
    assert (text.name, driver[pe.entry_address - text.address + text.file_offset]) == (".text", 0xC3)


def test_the_packed_driver_has_another_user_class(right: bytes) -> None:
    faulty = rom_faults.rename_user_class(right)
    with pytest.raises(AssertionError):
        rom_faults.rename_user_class(faulty)  # it has the old one no more
    assert len(faulty) == len(right)
