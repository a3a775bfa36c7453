"""How much of a ROM set is at hand."""

from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.roms import RomSetRecipe
from bootrig.store.content import Store


def store_state(recipe: RomSetRecipe, store: Store) -> str:
    """Return how much of a ROM set is in the store, in words."""
    if isinstance(recipe, BuildRecipe):
        there = sum(1 for file in recipe.source.files if file.sha256 and store.find(file.sha256))
        return "source in the store" if there == len(recipe.source.files) else "to be built"
    there = sum(1 for member in recipe.members if store.find(member.sha256))
    if there == len(recipe.members):
        return "in the store"
    package = recipe.source.files[0].sha256
    if package and store.find(package):
        return "package in the store"
    return f"{there} of {len(recipe.members)} files in the store" if there else "not in the store"
