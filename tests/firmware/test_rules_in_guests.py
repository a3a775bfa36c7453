"""What lint's rules say about platform firmware, held against SeaBIOS and OVMF in real guests."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.emulator.definition.definition import MachineDefinition, make_virtual_clock
from bootrig.emulator.definition.parts import make_nic, make_user_netdev
from bootrig.emulator.guest.guest import start_direct_guest
from bootrig.emulator.release.discovery import find_host_emulator
from firmware.assemble import EfiImageOptions, Style, fix_rom, join_rom, make_efi_image, set_ids
from firmware.lint.check import lint_rom
from firmware.lint.finding import Severity
from firmware.lint.subject import examine_rom
from firmware.optionrom.header import EfiHeader
from firmware.optionrom.image import unpack_efi_image
from firmware.optionrom.rom import OptionRom, encode_option_rom, parse_option_rom
from firmware.romset import RomSet

pytestmark = pytest.mark.rig
LIMIT_S = 90.0
NIC = "virtio-net-pci"
NOTHING_RAN = b"No bootable device"
BANNER = b"Open Source Network Boot Firmware"
# OVMF found no driver: it starts its own PXE client, or since QEMU 10, without a source of randomness, its shell
NO_DRIVER = (b"Start PXE over IPv4", b"UEFI Interactive Shell")


def console_until(rom: Path, ends: tuple[bytes, ...], directory: Path, platform_firmware: str = "seabios") -> bytes:
    """Return what a guest with `rom` as its NIC's `romfile` prints until one of `ends` comes."""
    definition = MachineDefinition(
        machine_type="pc" if platform_firmware == "seabios" else "q35",
        machine_options={"graphics": False},
        platform_firmware=platform_firmware,
        accelerator=make_virtual_clock(),
    ).adding(make_user_netdev(), make_nic(NIC, "net0", romfile=str(rom)))

    directory.mkdir()

    async def run() -> bytes:
        seen = b""
        async with asyncio.timeout(LIMIT_S), start_direct_guest(find_host_emulator(), definition, directory) as guest:
            await guest.resume()
            while not any(end in seen for end in ends):
                content = await guest.console.read()
                assert content, seen
                seen += content
        return seen

    return asyncio.run(run())


def find_faults(content: bytes) -> list[tuple[str, Severity]]:
    """Return what lint says of a ROM, but for the note that any with all of iPXE gets: that only a boot can tell."""
    findings = lint_rom(examine_rom("efi-virtio.rom", content))
    return [(finding.rule, finding.severity) for finding in findings if finding.rule != "efi-ipxe-stack"]


@pytest.fixture
def virtio_rom(debian_rom_set: Callable[[str], RomSet]) -> bytes:
    """Debian 12's ROM for virtio: all of iPXE for BIOS and UEFI, with the modern device's ID."""
    rom = debian_rom_set("ipxe-debian-12").find_rom("virtio")
    assert rom is not None
    return rom.content


def test_seabios_skips_a_rom_with_other_ids_until_they_are_set(virtio_rom: bytes, tmp_path: Path) -> None:
    path = tmp_path / "virtio.rom"
    path.write_bytes(virtio_rom)
    assert ("pci-ids", Severity.WARNING) in find_faults(virtio_rom)
    assert b"iPXE" not in console_until(path, (NOTHING_RAN, b"iPXE"), tmp_path / "before")

    changed = encode_option_rom(set_ids(parse_option_rom(virtio_rom), 0x1AF4, 0x1000))
    path.write_bytes(changed)
    assert find_faults(changed) == []
    assert b"iPXE" in console_until(path, (NOTHING_RAN, b"iPXE initialising"), tmp_path / "after")


@pytest.mark.parametrize("style", Style)
def test_seabios_skips_a_rom_with_a_wrong_checksum_until_it_is_fixed(
    virtio_rom: bytes, style: Style, tmp_path: Path
) -> None:
    content = bytearray(encode_option_rom(set_ids(parse_option_rom(virtio_rom), 0x1AF4, 0x1000)))
    content[6] ^= 0xFF
    path = tmp_path / "virtio.rom"
    path.write_bytes(content)
    assert [rule for rule, _ in find_faults(bytes(content))] == ["image-checksum"]
    assert b"iPXE" not in console_until(path, (NOTHING_RAN, b"iPXE"), tmp_path / "before")

    path.write_bytes(fix_rom(bytes(content), style))
    assert b"iPXE" in console_until(path, (NOTHING_RAN, b"iPXE initialising"), tmp_path / "after")


def test_ovmf_loads_a_driver_that_we_packed_whatever_its_ids(virtio_rom: bytes, tmp_path: Path) -> None:
    bios, efi = set_ids(parse_option_rom(virtio_rom), 0x1AF4, 0x1000).images
    made = make_efi_image(unpack_efi_image(efi), EfiImageOptions(0x8086, 0x100E))
    assert made.length < efi.length * 0.7
    content = encode_option_rom(join_rom([bios, made]))
    assert find_faults(content) == [("pci-ids", Severity.NOTE)]
    path = tmp_path / "virtio.rom"
    path.write_bytes(content)
    assert BANNER in console_until(path, (BANNER, *NO_DRIVER), tmp_path / "run", "ovmf")


def test_ovmf_passes_a_driver_over_whose_header_says_application(virtio_rom: bytes, tmp_path: Path) -> None:
    rom = set_ids(parse_option_rom(virtio_rom), 0x1AF4, 0x1000)
    bios, efi = rom.images
    assert isinstance(efi.header, EfiHeader)
    wrong = replace(efi, header=replace(efi.header, subsystem=10))
    content = encode_option_rom(OptionRom((bios, wrong)))
    assert {rule for rule, _ in find_faults(content)} == {"efi-subsystem"}
    path = tmp_path / "virtio.rom"
    path.write_bytes(content)
    assert BANNER not in console_until(path, (BANNER, *NO_DRIVER), tmp_path / "run", "ovmf")
