"""A directory of ROMs under QEMU's default names, or named by PCI IDs: `./out`."""

from pathlib import Path

from bootrig.errors import InputError
from bootrig.romset.kind import RomSetKind
from bootrig.romset.rom_file import load_rom
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.romset import ROM_SUFFIX, RomSet


def is_directory(what: str) -> bool:
    """Return whether `what` is the path of a directory; a word without a slash is a name."""
    return "/" in what and Path(what).is_dir()


def load_rom_directory(what: str) -> RomSet:
    """Return the ROM set that a directory holds; files in it that are not called `.rom` are passed over.

    Raises:
        InputError: it has no ROMs, or they cannot be read.
    """
    directory = Path(what).resolve()
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == ROM_SUFFIX and not path.is_dir())
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror}") from error
    if not paths:
        raise InputError(f"{what} has no {ROM_SUFFIX} files")
    files = {path.name: load_rom(path) for path in paths}
    return RomSet.of_files(directory.name, files, {"directory": str(directory)})


def _obtain(what: str, _store: Store, _settings: FetchSettings | None) -> RomSet:
    return load_rom_directory(what)


KIND = RomSetKind("a directory of ROMs", is_directory, load_rom_directory, _obtain)
