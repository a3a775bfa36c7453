"""Which ROM files a guest asks for, and which of them a set lacks."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.emulator.definition.definition import MachineDefinition, NicSlot
from bootrig.emulator.definition.launch import Launch, RomBy
from bootrig.emulator.definition.parts import Device, make_nic
from bootrig.schedule.rom_files import find_missing_roms
from bootrig.schedule.sides import Side
from bootrig.trace.names import CellKey
from bootrig.trace.trace import MissingRom
from firmware.romset import RomFile, RomSet
from tests.schedule.sample import NO_QEMU

ASKED = {"e1000": "efi-e1000.rom", "virtio-net-pci": "efi-virtio.rom", "rtl8139": "pxe-rtl8139.rom"}
E1000, VIRTIO = MissingRom("e1000", "efi-e1000.rom"), MissingRom("virtio-net-pci", "efi-virtio.rom")
BESIDE = make_nic("virtio-net-pci", "quiet")
PLAIN, BY_FILE, NO_BAR = Launch(), Launch(rom_by=RomBy.FILE), Launch(rom_by=RomBy.NO_BAR)


def missing(nic_model: str, guest: MachineDefinition, launch: Launch, *files: str, data: Path) -> list[MissingRom]:
    """Return what a guest lacks with a set of `files`; the emulator's own directory is `data`."""
    side = Side(RomSet("set", tuple(RomFile(file, b"rom") for file in files)), data / "roms", "set")
    emulator = replace(NO_QEMU, data_directories=(data,))
    return list(find_missing_roms(CellKey("s", nic_model, "mine", "seabios"), side, guest, launch, ASKED, emulator))


def with_devices(*devices: Device) -> MachineDefinition:
    return MachineDefinition(parts=devices)


@pytest.mark.parametrize(
    ("nic_model", "guest", "launch", "files", "expected"),
    [
        ("e1000", with_devices(), PLAIN, ["efi-e1000.rom"], []),
        ("e1000", with_devices(), PLAIN, ["efi-virtio.rom"], [E1000]),
        ("e1000", with_devices(), BY_FILE, ["efi-virtio.rom"], [E1000]),
        # a ROM serves under both names
        ("e1000", with_devices(), PLAIN, ["pxe-e1000.rom"], []),
        ("rtl8139", with_devices(), PLAIN, ["efi-rtl8139.rom"], []),
        ("rtl8139", with_devices(), PLAIN, ["efi-e1000.rom"], [MissingRom("rtl8139", "pxe-rtl8139.rom")]),
        # a NIC that asks for nothing, and one without ROM BAR
        ("igb", with_devices(), PLAIN, ["efi-e1000.rom"], []),
        ("e1000", with_devices(), NO_BAR, ["efi-virtio.rom"], []),
        ("e1000", MachineDefinition(nic=NicSlot(1, {"rombar": 0})), PLAIN, ["efi-virtio.rom"], []),
        # further NICs of the guest's file
        ("e1000", with_devices(BESIDE), PLAIN, ["efi-e1000.rom"], [VIRTIO]),
        ("e1000", with_devices(BESIDE), PLAIN, ["efi-e1000.rom", "efi-virtio.rom"], []),
        ("e1000", with_devices(make_nic("virtio-net-pci", "quiet", romfile="")), PLAIN, ["efi-e1000.rom"], []),
        ("e1000", with_devices(make_nic("virtio-net-pci", "quiet", rombar=0)), PLAIN, ["efi-e1000.rom"], []),
        ("e1000", with_devices(make_nic("e1000", "quiet")), PLAIN, ["efi-virtio.rom"], [E1000]),
        ("e1000", with_devices(Device("virtio-rng-pci")), PLAIN, ["efi-e1000.rom"], []),
        (
            "e1000",
            with_devices(make_nic("rtl8139", "quiet", romfile="efi-pcnet.rom")),
            PLAIN,
            ["efi-e1000.rom", "efi-rtl8139.rom"],
            [MissingRom("rtl8139", "efi-pcnet.rom")],
        ),
        # names that no set has are looked for as QEMU does
        ("e1000", with_devices(make_nic("rtl8139", "quiet", romfile="own.rom")), PLAIN, ["efi-e1000.rom"], []),
        (
            "e1000",
            with_devices(make_nic("rtl8139", "quiet", romfile="none.rom")),
            PLAIN,
            ["efi-e1000.rom"],
            [MissingRom("rtl8139", "none.rom")],
        ),
    ],
)
def test_what_a_guest_lacks(
    nic_model: str,
    guest: MachineDefinition,
    launch: Launch,
    files: list[str],
    expected: list[MissingRom],
    tmp_path: Path,
) -> None:
    # the emulator's own directory has a set of its own, which is not the one that is tried
    for name in ("own.rom", "efi-e1000.rom", "efi-virtio.rom", "efi-pcnet.rom"):
        (tmp_path / name).write_bytes(b"another")
    assert missing(nic_model, guest, launch, *files, data=tmp_path) == expected
