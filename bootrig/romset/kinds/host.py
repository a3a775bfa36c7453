"""The word `host`: the ROMs that the QEMU on PATH uses where nobody names others."""

from bootrig.emulator.release.discovery import find_host_emulator
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
    names = [f"{prefix}-{stem}.rom" for prefix in PREFIXES for stem in dict.fromkeys(ROM_STEMS)]
    places = {name: emulator.find_data_file(name) for name in names}
    files = {name: load_rom(place) for name, place in places.items() if place}
    if not files:
        searched = ", ".join(str(directory) for directory in emulator.data_directories)
        raise InputError(f"the QEMU of this host has no ROMs in {searched}", remedy="install ipxe-qemu, or name a set")
    return RomSet.of_files(HOST, files, {"host": str(emulator.executable), "version": emulator.version_text})


def _obtain(what: str, _store: Store, _settings: FetchSettings | None) -> RomSet:
    return load_host_roms(what)


KIND = RomSetKind("host", names_host, load_host_roms, _obtain)
