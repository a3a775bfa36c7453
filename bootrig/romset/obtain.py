"""Obtaining a ROM set, whatever holds it: one grammar for every verb.

A path has a slash, everything else is a name. What a word or path can be is one module of `bootrig/romset/kinds` each.
"""

from collections.abc import Iterable
from pathlib import Path

from bootrig.document.toml import suggest
from bootrig.errors import InputError
from bootrig.registry import collect_objects
from bootrig.romset import kinds
from bootrig.romset.kind import RomSetKind
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.romset import RomSet

KINDS: tuple[RomSetKind, ...] = tuple(collect_objects(kinds, "KIND").values())


def obtain_rom_set(what: str, store: Store | None = None, *, settings: FetchSettings | None = None) -> RomSet:
    """Return the ROM set that `what` names or holds.

    Files from outside are kept in `store` and come from where `settings` say: the user's by default.

    Raises:
        InputError: there is nothing of that name, or it holds no ROM set.
        UnavailableError: the store lacks a file and no way gave it.
        RigError: the store cannot be read or written, or a set that is built cannot be built.
    """
    return _find_kind(what).obtain(what, store or Store.default(), settings)


def require_rom_sets(names: Iterable[str]) -> None:
    """Find out what is wrong with the names of ROM sets before anything is fetched, made or booted.

    Raises:
        InputError: there is nothing of a name, or it holds no ROM set.
    """
    for name in names:
        _find_kind(name).check(name)


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
