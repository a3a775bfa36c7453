"""Seeded faults in ROMs: that of the first NIC has one; the other NICs have what they had."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bootrig.api import Launch
from bootrig.emulator.definition.launch import RomBy
from bootrig.romset.obtain import obtain_rom_set
from firmware.nic import NIC_MODELS
from firmware.romset import RomSet
from tests.verdict import rom_faults
from tests.verdict.seed import Expected, Place, Seed, change, mention, regression
from tests.verdict.world import World

UNDER_OVMF = Place(scenario="efi-tftp", machine="q35", platform_firmware="ovmf")


@dataclass(frozen=True, slots=True)
class RomFault:
    """A fault in the ROM of one NIC.

    Attributes:
        change: makes the faulty ROM of a right one.
        rom_set: the name of the set that has the right one.
        rom_by: how NICs get their ROMs.
    """

    change: Callable[[bytes], bytes]
    rom_set: str = "ipxe-debian-12"
    rom_by: RomBy = RomBy.DEFAULT

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Write the set with the faulty ROM."""
        model = NIC_MODELS[place.nic_models[0]]
        roms = obtain_rom_set(self.rom_set)
        path = directory / "faulty"
        write_roms(roms, path)
        rom = roms.find_rom(model.rom_stem, model.rom_prefix)
        assert rom is not None
        (path / rom.file_name).write_bytes(self.change(rom.content))
        launch = Launch(rom_by=self.rom_by)
        return World(self.rom_set, launch=launch), World(str(path), launch=launch)


def write_roms(roms: RomSet, directory: Path) -> None:
    """Write the files of a ROM set."""
    directory.mkdir()
    for rom in roms.roms:
        (directory / rom.file_name).write_bytes(rom.content)


@dataclass(frozen=True, slots=True)
class MissingRom:
    """The ROM file of the first NIC is not there."""

    rom_set: str = "ipxe-debian-12"

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Write the set without the ROM, under neither of its names."""
        stem = NIC_MODELS[place.nic_models[0]].rom_stem
        roms = obtain_rom_set(self.rom_set)
        path = directory / "less"
        write_roms(replace(roms, roms=tuple(rom for rom in roms.roms if rom.stem != stem)), path)
        return World(self.rom_set), World(str(path))


LISTED = "lint:device-list-against-baseline"


def lose(*whys: str, beside: Iterable[str] = ()) -> Expected:
    """Return that the guest does not boot any more, and that the ROM says nothing any more."""
    return regression("outcome", whys, ("banner-line", "feature-line"), beside)


SEEDS = (
    Seed(
        "wrong PCIR IDs, not patched by QEMU",
        RomFault(rom_faults.give_wrong_ids, rom_by=RomBy.FILE),
        lose("lint:pci-ids", beside=[LISTED]),
        # the ROM of virtio-net-pci does not boot by file, its IDs are not those of the device
        place=Place(("e1000", "rtl8139")),
    ),
    Seed(
        "wrong PCIR IDs, patched by QEMU",
        RomFault(rom_faults.give_wrong_ids),
        mention("lint:pci-ids@*", [LISTED]),
    ),
    Seed(
        "wrong image checksum",
        RomFault(rom_faults.spoil_checksum),
        lose("lint:image-checksum"),
    ),
    Seed(
        "no last image",
        RomFault(rom_faults.lose_last_mark),
        mention("lint:last-image@*"),
    ),
    Seed(
        "the EFI image behind the last one",
        RomFault(rom_faults.mark_first_as_last),
        lose("lint:last-image", "lint:images-expected", "lint:efi-against-baseline", beside=["lint:rom-padding"]),
        place=UNDER_OVMF,
    ),
    Seed(
        "a header that says half of the image's length",
        RomFault(rom_faults.halve_header_length),
        lose("lint:length-agreement", beside=["lint:run-time-size-against-baseline"]),
    ),
    Seed(
        "no BEV",
        RomFault(rom_faults.lose_bev),
        lose("lint:bev"),
    ),
    Seed(
        "a byte in the packed BIOS driver",
        RomFault(rom_faults.damage_packed_driver),
        lose("lint:packed-block"),
    ),
    Seed(
        "a byte in the EFI driver",
        RomFault(rom_faults.damage_efi_driver),
        lose(),
        place=UNDER_OVMF,
    ),
    Seed(
        "a byte in a packed EFI driver",
        RomFault(rom_faults.damage_efi_driver, rom_set="ipxe-debian-13"),
        lose(),
        place=UNDER_OVMF,
    ),
    Seed(
        "another user class from the BIOS driver",
        RomFault(rom_faults.rename_user_class),
        change("dhcp-user-class"),
        is_cheap=True,
    ),
    Seed(
        "another user class from the EFI driver",
        RomFault(rom_faults.rename_efi_user_class),
        change("dhcp-user-class"),
        place=UNDER_OVMF,
    ),
    Seed(
        "a ROM longer than its BAR",
        RomFault(rom_faults.outgrow_bar),
        regression("rom-bar", ["lint:bar-against-baseline"]),
        is_cheap=True,
    ),
    Seed(
        "no EFI image",
        RomFault(rom_faults.lose_efi_image),
        lose("lint:images-expected", "lint:efi-against-baseline"),
        place=UNDER_OVMF,
    ),
    Seed(
        "no ROM file",
        MissingRom(),
        regression("coverage@*"),
        is_cheap=True,
    ),
)
