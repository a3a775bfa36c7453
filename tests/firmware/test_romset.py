import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import RomSetError
from firmware.romset import RomFile, RomSet, bar_length
from tests.firmware.rom_bytes import Bios, make_combined_rom


def test_a_rom_file_knows_its_digests_and_lengths() -> None:
    rom = RomFile("efi-e1000.rom", b"x" * 72192)
    assert (rom.prefix, rom.stem, rom.length, rom.bar_length) == ("efi", "e1000", 72192, 128 << 10)
    assert rom.sha256 == hashlib.sha256(b"x" * 72192).hexdigest()
    assert "xxx" not in repr(rom)


@pytest.mark.parametrize(
    "name", ["e1000.rom", "efi-e1000.bin", "EFI-e1000.rom", "efi-.rom", "efi-a/b.rom", "efi-x.rom\n"]
)
def test_refuses_a_name_that_qemu_does_not_look_for(name: str) -> None:
    with pytest.raises(RomSetError, match=r"is not a default ROM name, expected efi-NAME\.rom or pxe-NAME\.rom"):
        RomFile(name, b"")


@given(st.integers(1, 1 << 25))
def test_the_bar_is_the_next_power_of_two(length: int) -> None:
    found = bar_length(length)
    assert found.bit_count() == 1
    assert found // 2 < length <= found


def test_finds_the_rom_of_a_stem_under_either_prefix() -> None:
    roms = RomSet.of_files("x", {"pxe-virtio.rom": b"a", "efi-e1000.rom": b"b", "pxe-e1000.rom": b"c"})
    assert roms.stems == ("virtio", "e1000")
    assert [rom and rom.file_name for rom in (roms.find_rom("e1000"), roms.find_rom("e1000", "pxe"))] == [
        "efi-e1000.rom",
        "pxe-e1000.rom",
    ]
    virtio = roms.find_rom("virtio")
    assert virtio is not None
    assert virtio.file_name == "pxe-virtio.rom"
    assert roms.find_rom("pcnet") is None


def test_is_installed_under_both_names() -> None:
    roms = RomSet.of_files("x", {"pxe-virtio.rom": b"a", "efi-e1000.rom": b"b", "pxe-e1000.rom": b"c"})
    assert {name: rom.content for name, rom in roms.installed_files().items()} == {
        "efi-e1000.rom": b"b",
        "efi-virtio.rom": b"a",
        "pxe-e1000.rom": b"c",
        "pxe-virtio.rom": b"a",
    }


def test_refuses_a_set_without_files_or_with_a_name_twice() -> None:
    with pytest.raises(RomSetError, match="the ROM set x has no files"):
        RomSet("x", ())
    with pytest.raises(RomSetError, match=r"the ROM set x has twice: efi-a\.rom"):
        RomSet("x", (RomFile("efi-a.rom", b"a"), RomFile("efi-a.rom", b"b")))


def test_a_file_of_another_name_is_a_stranger_and_never_installed() -> None:
    roms = RomSet.of_files("x", {"ipxe.rom": b"a", "efi-e1000.rom": b"b"}, {"directory": "/x"})
    assert [rom.file_name for rom in roms.roms] == ["efi-e1000.rom"]
    assert roms.strangers == {"ipxe.rom": b"a"}
    assert set(roms.installed_files()) == {"efi-e1000.rom", "pxe-e1000.rom"}
    assert roms == RomSet.of_files("x", {"efi-e1000.rom": b"b", "ipxe.rom": b"a"})
    assert roms != RomSet.of_files("x", {"efi-e1000.rom": b"b"})
    assert RomSet.of_files("x", {"ipxe.rom": b"a"}).installed_files() == {}


def test_a_name_made_of_pci_ids_stands_for_the_default_name_that_its_images_ask_for() -> None:
    files = {"8086100e.rom": Bios().build(), "10EC8139.rom": make_combined_rom(), "10500940.rom": b"damaged"}
    roms = RomSet.of_files("x", files)
    assert [(rom.given, rom.file_name) for rom in roms.roms] == [
        ("8086100e.rom", "pxe-e1000.rom"),
        ("10EC8139.rom", "efi-rtl8139.rom"),
        ("10500940.rom", "pxe-ne2k_pci.rom"),
    ]
    assert roms.strangers == {}
    assert "efi-e1000.rom" in roms.installed_files()


def test_a_name_made_of_other_pci_ids_or_of_a_rom_that_is_there_is_a_stranger() -> None:
    files = {
        "12345678.rom": b"a",
        "8086100e.rom": b"b",
        "8086100f.rom": b"c",
        "pxe-virtio.rom": b"d",
        "1af41000.rom": b"e",
    }
    roms = RomSet.of_files("x", files)
    assert {rom.file_name: rom.content for rom in roms.roms} == {"pxe-virtio.rom": b"d", "pxe-e1000.rom": b"b"}
    assert set(roms.strangers) == {"12345678.rom", "8086100f.rom", "1af41000.rom"}
