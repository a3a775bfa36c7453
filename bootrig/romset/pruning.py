"""What the store has and no recipe names: neither as a file from outside nor as what is built by it now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bootrig.builder.plan import make_plan
from bootrig.errors import BootrigError
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.recipe import Recipe
from bootrig.romset.importing import iter_pins
from bootrig.store.content import Store, StoredFile


@dataclass(frozen=True, slots=True)
class Unnamed:
    """What no recipe names: files, and the build keys of the artifacts that consist of them."""

    files: tuple[StoredFile, ...]
    keys: tuple[str, ...]


def find_unnamed(store: Store, recipes: Sequence[Recipe], before_s: float) -> Unnamed:
    """Return what none of the recipes names and was added before `before_s`, in seconds since 1970.

    Artifacts of a recipe that cannot be planned here (programs that build it are missing) count as named.
    """
    planned, unplanned = _find_keys(recipe for recipe in recipes if isinstance(recipe, BuildRecipe))
    named = {sha256 for recipe in recipes for sha256 in iter_pins(recipe)}
    for key, digests in store.iter_records():
        if key in planned or key.rpartition("-")[0] in unplanned:
            named.update(digests.values())
    files = tuple(file for file in store.iter_files() if file.sha256 not in named and file.added_s <= before_s)
    gone = {file.sha256 for file in files}
    return Unnamed(files, tuple(key for key, digests in store.iter_records() if gone.intersection(digests.values())))


def _find_keys(recipes: Iterator[BuildRecipe]) -> tuple[set[str], set[str]]:
    """Return the build keys of the recipes, and the names of those that cannot be planned."""
    planned, unplanned = set(), set()
    for recipe in recipes:
        try:
            planned.add(make_plan(recipe).key)
        except BootrigError:
            unplanned.add(recipe.name)
    return planned, unplanned


def prune(store: Store, unnamed: Unnamed) -> None:
    """Remove what no recipe names from the store.

    Raises:
        StoreError: it cannot be written.
    """
    for key in unnamed.keys:
        store.forget(key)
    for file in unnamed.files:
        store.remove(file.sha256)
