"""Where recipes are found: the user's directories first, then those that ship with bootrig."""

import os
import sysconfig
from enum import StrEnum
from pathlib import Path

import bootrig
from bootrig.document.errors import DocumentError
from bootrig.document.toml import suggest
from bootrig.errors import RigError

VARIABLE = "BOOTRIG_RECIPES"


class UnknownRecipeError(DocumentError):
    """No recipe has this name."""


class RecipeKind(StrEnum):
    """The kinds of recipes: each is a folder of the recipes directory."""

    ROMS = "roms"
    PLATFORM_FIRMWARE = "platform-firmware"
    SCENARIOS = "scenarios"
    EMULATORS = "emulators"
    GUESTS = "guests"
    BASELINES = "baselines"


def shipped_recipes() -> Path:
    """Return the recipes directory that ships with bootrig: inside the package, beside it, or in the data directory.

    Raises:
        RigError: there is none, so the installation is incomplete.
    """
    package = Path(bootrig.__file__).resolve().parent
    data = Path(sysconfig.get_path("data")) / "share" / "bootrig"
    for parent in (package, package.parent, data):
        if (parent / "recipes" / RecipeKind.ROMS).is_dir():
            return parent / "recipes"
    raise RigError(f"the recipes that ship with bootrig are missing beside {package}", remedy="install bootrig again")


def recipe_directories(kind: str) -> tuple[Path, ...]:
    """Return the directories that hold recipes of a kind, the user's (`$BOOTRIG_RECIPES`) before the shipped one."""
    named = [Path(word) for word in os.environ.get(VARIABLE, "").split(os.pathsep) if word]
    return tuple(directory / RecipeKind(kind) for directory in (*named, shipped_recipes()))


def _list_directory(directory: Path, kind: str) -> dict[str, Path]:
    """Return the recipes in one directory by their names; those of scenarios may be in folders, for people."""
    files: dict[str, Path] = {}
    for path in sorted(directory.glob("**/*.toml" if kind == RecipeKind.SCENARIOS else "*.toml")):
        if path.is_file() and files.setdefault(path.stem, path) != path:
            raise DocumentError(
                f"{files[path.stem]} and {path} have one name", remedy="rename one; folders are no part of the name"
            )
    return files


def iter_recipe_names(kind: str) -> tuple[str, ...]:
    """Return the names of all recipes of a kind, sorted.

    Raises:
        DocumentError: two files in one directory have one name.
    """
    return tuple(sorted({name for directory in recipe_directories(kind) for name in _list_directory(directory, kind)}))


def find_recipe_path(kind: str, name: str) -> Path:
    """Return the file of the recipe `name`; a name with a slash or ending in `.toml` is the file itself.

    Raises:
        UnknownRecipeError: there is none; with the nearest name and the remedy to list them all.
        DocumentError: two files in one directory have one name.
    """
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        if path.is_file():
            return path
        raise UnknownRecipeError(f"there is no recipe file {path}")
    directories = recipe_directories(kind)
    for directory in directories:
        found = _list_directory(directory, kind).get(name)
        if found is not None:
            return found
    if kind == RecipeKind.ROMS and name and Path(name).exists():
        raise UnknownRecipeError(f'there is no recipe "{name}"', remedy=f"name a path with a slash: ./{name}")
    known = iter_recipe_names(kind)
    looked = ", ".join(str(directory) for directory in directories)
    raise UnknownRecipeError(
        f'there is no recipe "{name}" in {looked}{suggest(name, known)}',
        remedy=f"known {kind}: {', '.join(known)}"
        if known
        else f"put a recipe into one of these directories: {looked}",
    )
