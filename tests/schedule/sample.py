"""Sides and equipment that boot nothing."""

from pathlib import Path

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.release.discovery import Emulator
from bootrig.schedule.equipment import Equipment
from bootrig.schedule.sides import Side
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER
from firmware.romset import RomFile, RomSet

CODE = b"\xea" + MARKER + bytes(4) + b"BOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum="
NO_QEMU = Emulator("host", ("/nothing/qemu",), Path("/nothing/qemu"), (7, 2, 22), "7.2.22", "ab", ())


def make_side(directory: Path, label: str = "set", stems: tuple[str, ...] = ("e1000", "rtl8139")) -> Side:
    roms = tuple(RomFile(f"efi-{stem}.rom", b"\x55\xaa\x01" + bytes(509)) for stem in stems)
    return Side(RomSet("set", roms), directory / "roms" / label, label, "set")


def make_equipment(*, is_virtual: bool = True) -> Equipment:
    return Equipment(
        emulators={"host": NO_QEMU},
        accelerators={"host": "tcg"},
        confirmers={"host": "tcg"},
        programs={"bios": CODE},
        platform_firmware={},
        shipped_firmware={},
        guests={"pc": MachineDefinition()},
        is_virtual=is_virtual,
    )
