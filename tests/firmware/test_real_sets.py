"""The six ROM sets that exist: read and written without loss, their drivers unpacked.

That our packer writes the bits that were shipped is shown where whole ROMs are made again: `test_assemble`.
"""

from collections.abc import Callable

import pytest

from firmware.efi.pe import Machine, Subsystem, parse_pe_image
from firmware.optionrom.image import unpack_efi_image
from firmware.optionrom.rom import encode_option_rom, parse_option_rom
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
