"""How much of a ROM set is at hand."""

from bootrig.recipe.roms import BuiltRomSet, RomSetRecipe
from bootrig.store.content import Store


def store_state(recipe: RomSetRecipe, store: Store) -> str:
    """Return how much of a ROM set is in the store, in words."""
    if isinstance(recipe, BuiltRomSet):
        there = sum(1 for file in recipe.source_files if file.sha256 and store.find(file.sha256))
        return "source in the store" if there == len(recipe.source_files) else "to be built"
    there = sum(1 for member in recipe.members if store.find(member.sha256))
    if there == len(recipe.members):
        return "in the store"
    if recipe.source.sha256 and store.find(recipe.source.sha256):
        return "package in the store"
    return f"{there} of {len(recipe.members)} files in the store" if there else "not in the store"
