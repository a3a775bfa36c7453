"""What recipes of ROM sets and of platform firmware have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bootrig.document.errors import DocumentError
from bootrig.document.toml import TableReader
from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.recipe.source import Source

Loaded = TypeVar("Loaded", bound="Recipe")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe of files that guests get.

    Attributes:
        name: what users call it; the recipe's file has the same name.
        title: one line about it.
        version: the version that its maker gives it.
        origin: who published it, and as what.
        licence: its licence, as an SPDX expression.
        source: from what it is obtained.
        path: the recipe's own file.
    """

    name: str
    title: str
    version: str
    origin: str
    licence: str
    source: Source
    path: Path

    def origin_facts(self) -> dict[str, str]:
        """Return what a manifest says about where the files come from."""
        files = self.source.files
        facts = {
            "recipe": self.name,
            "version": self.version,
            "origin": self.origin,
            "licence": self.licence,
            "source": files[0].file_name if files else self.source.repository or str(self.source.directory),
        }
        return facts | ({"source_sha256": files[0].sha256} if files and files[0].sha256 else {})


def read_heading(root: TableReader, path: Path) -> dict[str, str]:
    """Read the strings that every recipe begins with; the name has to be that of the file `path`."""
    name = root.string("name", pattern=r"[a-z0-9][a-z0-9.+-]*", expected="lower-case letters, digits, . + -")
    if name and name != path.stem:
        root.add_problem("name", f'found "{name}", expected "{path.stem}" as the file is called')
    return {"name": name} | {key: root.string(key) for key in ("title", "version", "origin", "licence")}


def load_all(kind: RecipeKind, load: Callable[[str], Loaded]) -> tuple[tuple[Loaded, ...], tuple[DocumentError, ...]]:
    """Load all recipes of a kind by `load`: those that are right, and the errors of those that are not."""
    recipes, errors = [], []
    for name in iter_recipe_names(kind):
        try:
            recipes.append(load(name))
        except DocumentError as error:
            errors.append(error)
    return tuple(recipes), tuple(errors)
