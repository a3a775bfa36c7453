"""A package or tar archive that has ROMs in it, whatever directory they are in: `./ipxe-qemu_2.0.0_all.deb`."""

from pathlib import Path

from bootrig.cache import digest_file
from bootrig.errors import InputError
from bootrig.givenfile import FileKind, require_given
from bootrig.romset.kind import RomSetKind
from bootrig.store.archive import is_archive, iter_members
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.romset import LARGEST_ROM, ROM_SUFFIX, RomSet, parse_pci_id_name

ARCHIVE = FileKind("a package or archive", 4 << 30)
ROMS_LARGEST = 256 << 20
"""The most bytes that the ROMs of one archive have together; QEMU's own source has 4 MiB of them."""


def names_archive(what: str) -> bool:
    """Return whether `what` is the path of a package or archive.

    Raises:
        ArchiveError: the file cannot be read.
    """
    return "/" in what and Path(what).is_file() and is_archive(Path(what))


def load_archive(what: str) -> RomSet:
    """Return the ROM set that a package or archive holds: its regular files called `.rom`; others are passed over.

    Raises:
        InputError: it is damaged or has no ROMs, or two that differ have one name.
    """
    path = Path(what)
    require_given(path, ARCHIVE)
    members = _read_roms(path)
    if not members:
        raise InputError(f"{what} has no {ROM_SUFFIX} files")
    files: dict[str, bytes] = {}
    places: dict[str, str] = {}
    for place, content in members.items():
        name = _choose_name(place, content, files)
        if files.setdefault(name, content) != content:
            raise InputError(
                f"{what} has two ROMs called {name} that differ: {places[name]} and {place}",
                remedy="unpack it, and name the directory of one of them",
            )
        places.setdefault(name, place)
    origin = {"archive": str(path.resolve()), "source_sha256": digest_file(path)}
    return RomSet.of_files(path.name, files, origin)


def _read_roms(path: Path) -> dict[str, bytes]:
    """Return the ROM files of an archive by their paths in it."""
    roms: dict[str, bytes] = {}
    total = 0
    for member in iter_members(path):
        if not member.path.endswith(ROM_SUFFIX):
            continue
        total += member.length
        if member.length > LARGEST_ROM or total > ROMS_LARGEST:
            raise InputError(f"{path} has too much: {member.path} has {member.length} bytes, all ROMs so far {total}")
        roms[member.path] = member.read()
    return roms


def _choose_name(place: str, content: bytes, files: dict[str, bytes]) -> str:
    """Return the name of a member in the set.

    Distributions have one `8086100e.rom` for BIOS and another one for EFI in two directories: the second of them is
    called as QEMU does.
    """
    name = place.rpartition("/")[2]
    return name if files.get(name, content) == content else parse_pci_id_name(name, content) or name


def _obtain(what: str, _store: Store, _settings: FetchSettings | None) -> RomSet:
    return load_archive(what)


KIND = RomSetKind("a package (deb, rpm) or tar archive", names_archive, load_archive, _obtain)
