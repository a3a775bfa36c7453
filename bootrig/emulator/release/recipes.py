"""Emulators as recipes: the host's QEMU, one installed elsewhere, one unpacked from a Debian suite; or just a program.

summary = "QEMU 10.0 as Debian 13 has it"

[debian]                       # or [host], or [installed]
suite = "trixie"
packages = ["qemu-system-x86", "seabios", "ovmf", "ipxe-qemu"]
version = "10.0"
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bootrig.cache import Entry
from bootrig.document.errors import DocumentError
from bootrig.document.toml import TableReader, load_document
from bootrig.emulator.errors import EmulatorMissingError
from bootrig.emulator.release.discovery import Emulator, find_host_emulator, inspect_emulator
from bootrig.emulator.release.unpack import ROOM, DebianSuite, find_unpacked, inspect_unpacked, place_of, unpack
from bootrig.errors import InputError
from bootrig.recipe.path import find_recipe_path, iter_recipe_names

HOST = "host"
ADDRESS = r"https?://[^\s]+"


class EmulatorKind(StrEnum):
    """The kinds of sources of an emulator."""

    HOST = "host"
    INSTALLED = "installed"
    DEBIAN = "debian"


@dataclass(frozen=True, slots=True)
class InstalledQemu:
    """A QEMU that is installed on this machine.

    Its ROMs are in the data directories, by default in those that it reports itself; `usr/share/OVMF` is below `root`.
    """

    executable: Path
    data_directories: tuple[Path, ...]
    root: Path


@dataclass(frozen=True, slots=True)
class EmulatorRecipe:
    """A recipe of an emulator: a summary for lists, and a suite or an installed QEMU; None for the host's."""

    name: str
    summary: str
    kind: EmulatorKind
    source: DebianSuite | InstalledQemu | None


def load_emulator_recipe(name: str) -> EmulatorRecipe:
    """Return the recipe called `name`.

    Raises:
        DocumentError: there is none, or something in it is wrong.
    """
    path = find_recipe_path("emulators", name)
    document = load_document(path)
    root = document.root
    summary = root.string("summary")
    tables = {kind: root.optional_table(kind) for kind in EmulatorKind}
    given = [kind for kind, table in tables.items() if table is not None]
    if len(given) != 1:
        found = " and ".join(f"[{kind}]" for kind in given) or "none"
        document.add_problem("", f"found {found}, expected exactly one of [host], [installed], [debian]")
    source: DebianSuite | InstalledQemu | None = None
    if (table := tables[EmulatorKind.DEBIAN]) is not None:
        source = _read_suite(table)
    elif (table := tables[EmulatorKind.INSTALLED]) is not None:
        source = InstalledQemu(
            executable=Path(table.string("executable")),
            data_directories=tuple(Path(word) for word in table.strings("data_directories", ())),
            root=Path(table.string("root", "/")),
        )
    document.finish()
    return EmulatorRecipe(path.stem, summary, given[0], source)


def _read_suite(table: TableReader) -> DebianSuite:
    return DebianSuite(
        suite=table.string("suite", pattern=r"[a-z][a-z0-9-]*", expected="the name of a Debian suite"),
        packages=table.strings("packages", pattern=r"[a-z0-9][a-z0-9+.-]+", expected="the name of a Debian package"),
        version=table.string("version", pattern=r"\d+(\.\d+)*", expected="a version, such as 10.0"),
        check_valid_until=table.boolean("check_valid_until", default=True),
        addresses=table.strings("addresses", (), pattern=ADDRESS, expected="an http or https address"),
    )


def iter_emulator_names() -> tuple[str, ...]:
    """Return the names of all emulators, the host's first."""
    names = iter_recipe_names("emulators")
    return tuple(sorted(names, key=lambda name: (name != HOST, name)))


def is_program(word: str) -> bool:
    """Whether a word is the path of a QEMU itself; another one is the name of a recipe, or the path of its file."""
    return "/" in word and not word.endswith(".toml")


def require_emulator(word: str) -> None:
    """Find out whether there is such an emulator, or a recipe of it, before anything is fetched.

    Raises:
        DocumentError: there is no such recipe, or something in it is wrong.
        InputError: there is no such program.
    """
    if word == HOST:
        return
    if not is_program(word):
        if Path(word).is_file() and word not in iter_emulator_names():
            raise InputError(f'there is no emulator "{word}"', remedy=f"name a path with a slash: ./{word}")
        load_emulator_recipe(word)
    elif not Path(word).is_file():
        raise InputError(
            f"there is no program {word}", remedy="name a qemu-system-x86_64, or a recipe: bootrig emulators"
        )
    elif not os.access(word, os.X_OK):
        raise InputError(f"{word} is not a program: it cannot be executed")


def find_emulator(name: str = HOST) -> Emulator:
    """Return the emulator called `name`, or the program with that path; one from a Debian suite is unpacked if need be.

    Raises:
        DocumentError: there is no such recipe, or something in it is wrong.
        InputError: there is no such program, or it is not a QEMU.
        EmulatorMissingError: there is no such QEMU, or it cannot be unpacked.
    """
    if is_program(name):
        require_emulator(name)
        try:
            return inspect_emulator(name, (name,), Path(name))
        except EmulatorMissingError as error:
            raise InputError(str(error), remedy=error.remedy) from error
    if name == HOST:
        # The recipe says no more than this, and most runs need no other emulator.
        return find_host_emulator()
    return _obtain(load_emulator_recipe(name))


def _obtain(recipe: EmulatorRecipe) -> Emulator:
    if recipe.source is None:
        return find_host_emulator()
    if isinstance(recipe.source, DebianSuite):
        return unpack(recipe.name, recipe.source)
    source = recipe.source
    if not source.executable.is_file():
        raise EmulatorMissingError(f"{recipe.name}: {source.executable} does not exist")
    command = (str(source.executable),)
    return inspect_emulator(recipe.name, command, source.executable, root=source.root, data=source.data_directories)


def find_ready_emulator(recipe: EmulatorRecipe) -> Emulator | None:
    """Return the emulator of a recipe if it can be started as it is; None where it would have to be downloaded first.

    Raises:
        EmulatorMissingError: it is not installed, or does not answer as QEMU does.
    """
    if isinstance(recipe.source, DebianSuite):
        root = find_unpacked(recipe.name, recipe.source)
        return None if root is None else inspect_unpacked(recipe.name, recipe.source, root)
    return _obtain(recipe)


def find_unnamed() -> tuple[Entry, ...]:
    """Return what is unpacked and no recipe names any more; a recipe that is wrong names all that has its name.

    Raises:
        OSError: the cache cannot be read.
    """
    named: set[str] = set()
    wrong: set[str] = set()
    for name in iter_emulator_names():
        try:
            source = load_emulator_recipe(name).source
        except DocumentError:
            wrong.add(name)
        else:
            named.update([place_of(name, source).name] if isinstance(source, DebianSuite) else ())
    return tuple(
        entry
        for entry in ROOM.entries()
        if entry.path.name not in named and entry.path.name.rpartition("-")[0] not in wrong
    )
