"""The word `host`: the ROMs that the QEMU on PATH uses where nobody names others; likewise those of other emulators."""

from collections.abc import Mapping
from pathlib import Path

from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.emulator.release.recipes import find_emulator
from bootrig.errors import InputError
from bootrig.romset.kind import RomSetKind
from bootrig.romset.rom_file import load_rom
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.nic import ROM_STEMS
from firmware.romset import PREFIXES, RomSet

HOST = "host"


def names_host(what: str) -> bool:
    """Return whether `what` is the word for the ROMs of the host."""
    return what == HOST


def load_host_roms(_what: str = HOST) -> RomSet:
    """Return the ROMs that the host's QEMU finds in its own data directories, by their default names.

    Raises:
        InputError: it finds none, or one cannot be read.
        EmulatorError: there is no QEMU on PATH, or it does not answer.
    """
    emulator = find_host_emulator()
    return _load_roms(emulator, HOST, {"host": str(emulator.executable), "version": emulator.version_text})


def load_emulator_roms(name: str) -> RomSet:
    """Return the ROMs that an emulator, named as its recipe is or by its path, finds in its own data directories.

    Raises:
        InputError: there is no such emulator, it finds none, or one cannot be read.
        EmulatorError: it is not available, or does not answer.
    """
    if name == HOST:
        return load_host_roms()
    emulator = find_emulator(name)
    told = {"emulator": str(emulator.executable), "version": emulator.version_text}
    return _load_roms(emulator, Path(name).name, told)


def _load_roms(emulator: Emulator, set_name: str, origin: Mapping[str, str]) -> RomSet:
    names = [f"{prefix}-{stem}.rom" for prefix in PREFIXES for stem in dict.fromkeys(ROM_STEMS)]
    places = {name: emulator.find_data_file(name) for name in names}
    files = {name: load_rom(place) for name, place in places.items() if place}
    if not files:
        searched = ", ".join(str(directory) for directory in emulator.data_directories)
        whose = "the QEMU of this host" if set_name == HOST else f"the emulator {emulator.name}"
        raise InputError(f"{whose} has no ROMs in {searched}", remedy="install ipxe-qemu, or name a set: roms=NAME")
    return RomSet.of_files(set_name, files, origin)


def _obtain(what: str, _store: Store, _settings: FetchSettings | None) -> RomSet:
    return load_host_roms(what)


KIND = RomSetKind("host", names_host, load_host_roms, _obtain)
