"""The six ROM sets that exist: lossless, unpacked, and packed again bit for bit."""

from collections.abc import Callable

import pytest

from firmware.efi.packing import compress
from firmware.efi.pe import Machine, Subsystem, parse_pe_image
from firmware.optionrom import EfiHeader, encode_option_rom, parse_option_rom, unpack_efi_image
from firmware.romset import RomSet

SETS = ("gpxe-qemu-0.14", "ipxe-qemu-0.15", "ipxe-qemu-8", "ipxe-debian-12", "ipxe-debian-13", "ipxe-debian-sid")


@pytest.mark.parametrize("name", SETS)
def test_every_rom_is_read_and_written_without_loss(name: str, real_rom_set: Callable[[str], RomSet]) -> None:
    for rom_file in real_rom_set(name).roms:
        rom = parse_option_rom(rom_file.content)
        assert encode_option_rom(rom) == rom_file.content, rom_file.file_name
        bios = rom.images[0]
        assert bios.bev
        assert bios.undi_rom_id is not None
        assert bios.undi_rom_id.version == "2.1.0"
        for image in rom.images[1:]:
            pe = parse_pe_image(unpack_efi_image(image))
            assert pe.machine == Machine.X86_64
            assert pe.subsystem == Subsystem.EFI_BOOT_SERVICE_DRIVER


@pytest.mark.parametrize("name", ["ipxe-qemu-8", "ipxe-debian-13", "ipxe-debian-sid"])
def test_our_packer_writes_the_bits_that_were_shipped(name: str, real_rom_set: Callable[[str], RomSet]) -> None:
    compared = 0
    for rom_file in real_rom_set(name).roms:
        if rom_file.prefix != "efi":
            continue
        image = parse_option_rom(rom_file.content).images[1]
        assert isinstance(image.header, EfiHeader)
        shipped = image.content[image.header.image_offset :]
        packed = compress(unpack_efi_image(image))
        assert shipped[: len(packed)] == packed, rom_file.file_name
        compared += 1
    assert compared == 8
