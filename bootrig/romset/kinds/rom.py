"""One ROM file, for one NIC: `./efi-e1000.rom`, upstream's `./8086100e.rom`, or any other name with PCI IDs inside."""

from collections.abc import Mapping
from pathlib import Path

from bootrig.errors import InputError
from bootrig.romset.kind import RomSetKind
from bootrig.romset.kinds.archive import names_archive
from bootrig.romset.rom_file import load_rom
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.optionrom.rom import survey_option_rom
from firmware.romset import DEFAULT_ROM_NAME, RomFile, RomSet, find_default_name, parse_pci_id_name

ORIGIN = "rom"


def is_single_rom(origin: Mapping[str, str]) -> bool:
    """Whether the origin of a set is one file, whose name and lack of other ROMs say nothing."""
    return ORIGIN in origin


def names_rom(what: str) -> bool:
    """Return whether `what` is the path of something else than a directory, an archive or a recipe.

    Raises:
        ArchiveError: the file cannot be read.
    """
    path = Path(what)
    is_other = path.is_dir() or path.suffix == ".toml"
    return "/" in what and path.exists() and not is_other and not names_archive(what)


def load_single_rom(what: str) -> RomSet:
    """Return the set of one ROM; its NIC is told by the file's name, else by the PCI IDs of its images.

    Raises:
        InputError: it cannot be read, is not an option ROM, or is for a NIC that QEMU does not have.
    """
    path = Path(what)
    content = load_rom(path)
    if DEFAULT_ROM_NAME.fullmatch(path.name):
        rom = RomFile(path.name, content)
    else:
        if not survey_option_rom(content).rom.images:
            known = "a directory, a package, a tar archive or an option ROM"
            raise InputError(f"{what} is not {known}", remedy="bootrig lint says what is wrong with an option ROM")
        name = parse_pci_id_name(path.name, content) or find_default_name(content)
        if name is None:
            raise InputError(
                f"{what} is not for a NIC of QEMU, neither by its name nor by the PCI IDs in it",
                remedy="call it efi-NAME.rom, as QEMU calls the ROM of that NIC",
            )
        rom = RomFile(name, content, path.name)
    return RomSet(path.name, (rom,), origin={ORIGIN: str(path.resolve())})


def _obtain(what: str, _store: Store, _settings: FetchSettings | None) -> RomSet:
    return load_single_rom(what)


KIND = RomSetKind("one option ROM", names_rom, load_single_rom, _obtain)
