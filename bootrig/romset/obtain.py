"""Obtaining the ROM set of a side, whatever holds it: one grammar for every verb.

A path has a slash, everything else is a name. What a word or path can be is one module of `bootrig/romset/kinds` each.
A side that names no ROMs has those of its emulator's own data directories.
"""

from collections.abc import Iterable
from pathlib import Path

from bootrig.document.toml import suggest
from bootrig.emulator.release.recipes import require_emulator
from bootrig.errors import InputError
from bootrig.registry import collect_objects
from bootrig.romset import kinds
from bootrig.romset.kind import RomSetKind
from bootrig.romset.kinds.host import HOST, load_emulator_roms
from bootrig.romset.side import parse_side
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.romset import RomSet

KINDS: tuple[RomSetKind, ...] = tuple(collect_objects(kinds, "KIND").values())


def obtain_rom_set(side: str, store: Store | None = None, *, settings: FetchSettings | None = None) -> RomSet:
    """Return the ROM set that a side names, or that what it names holds.

    Files from outside are kept in `store` and come from where `settings` say: the user's by default.

    Raises:
        InputError: there is nothing of that name, or it holds no ROM set.
        UnavailableError: the store lacks a file and no way gave it.
        RigError: the store cannot be read or written, or a set that is built cannot be built.
    """
    words = parse_side(side)
    if not words.roms:
        return load_emulator_roms(words.emulator or HOST)
    return _find_kind(words.roms).obtain(words.roms, store or Store.default(), settings)


def require_rom_sets(sides: Iterable[str]) -> None:
    """Find out what is wrong with the names of sides' ROM sets before anything is fetched, made or booted.

    Raises:
        InputError: there is nothing of a name, or it holds no ROM set.
    """
    for side in sides:
        words = parse_side(side)
        if words.roms:
            _find_kind(words.roms).check(words.roms)
        else:
            require_emulator(words.emulator or HOST)


def _find_kind(what: str) -> RomSetKind:
    kind = next((kind for kind in KINDS if kind.accepts(what)), None)
    if kind is None:
        path = Path(what)
        near = suggest(path.name, (other.name for other in _list_beside(path)))
        known = ", ".join(kind.description for kind in KINDS)
        raise InputError(f"there is no file or directory {what}{near}", remedy=f"a ROM set is {known}")
    return kind


def _list_beside(path: Path) -> tuple[Path, ...]:
    """Return what is in the directory in which a path is looked for; nothing where that cannot be read."""
    try:
        return tuple(path.parent.iterdir())
    except OSError:
        return ()
