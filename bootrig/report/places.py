"""Where in files that people have the ROMs are that lint looks at: what code-scanning pages can show."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootrig.recipe.path import RecipeKind, find_recipe_path


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, whose path is relative where it is below the working directory, else absolute."""

    path: str
    line: int = 1

    @property
    def uri(self) -> str:
        """The path as a reference: relative to the working directory, else with `file:`."""
        return Path(self.path).as_uri() if self.path.startswith("/") else self.path


def find_places(what: str, name: str, files: Mapping[str, str], *, is_recipe: bool) -> dict[str, Place]:
    """Return the places of the files of a ROM set.

    Args:
        what: the set, as users name it, without what else a side sets.
        name: what findings about the set as a whole have as file.
        files: the names of its files, by those that findings have.
        is_recipe: whether it is a recipe, whose lines are the places.
    """
    if is_recipe:
        path = find_recipe_path(RecipeKind.ROMS, what)
        lines = path.read_text(encoding="utf-8").splitlines()
        whole = Place(_shorten(path))
        at = {text: Place(whole.path, number) for number, text in enumerate(lines, 1)}
        return {name: whole, **{file: at.get(f'name = "{own}"', whole) for file, own in files.items()}}
    if Path(what).is_file():
        return dict.fromkeys((name, *files), Place(_shorten(Path(what))))
    return {file: Place(_shorten(Path(file))) for file in files if Path(file).is_file()}


def _shorten(path: Path) -> str:
    """Return a path relative to the working directory where it is in it."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
