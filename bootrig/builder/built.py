"""ROM sets and platform firmware that are built from source, by their recipes."""

from pathlib import Path

from bootrig.builder.build import BuildOptions, build
from bootrig.builder.plan import make_plan
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.store.content import Store
from bootrig.store.errors import StoreError
from firmware.romset import RomFile, RomSet


def obtain_built_rom_set(recipe: BuildRecipe, store: Store, options: BuildOptions) -> RomSet:
    """Return the ROM set of a recipe that is built, from the store where it was built before.

    Raises:
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source cannot be had.
        RigError: the machine cannot build.
    """
    artifact = build(make_plan(recipe), store, options)
    roms = [RomFile(name, _require(store, digest)) for name, digest in artifact.digests.items()]
    return RomSet(recipe.name, tuple(sorted(roms, key=lambda rom: rom.file_name)))


def obtain_platform_firmware(name: str, store: Store | None = None, *, options: BuildOptions | None = None) -> Path:
    """Return the file of a platform firmware that is built, from the store where it was built before.

    Raises:
        RecipeError: there is no such recipe, or it says something wrong.
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source cannot be had.
        RigError: the machine cannot build.
    """
    store = store or Store.default()
    recipe = load_platform_firmware_recipe(name)
    artifact = build(make_plan(recipe.build), store, options or BuildOptions())
    return store.path_of(artifact.digests[recipe.code])


def _require(store: Store, digest: str) -> bytes:
    content = store.read(digest)
    if content is None:
        raise StoreError(f"{store.path_of(digest)} was damaged or removed", remedy="build again")
    return content
