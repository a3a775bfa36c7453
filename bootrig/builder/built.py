"""ROM sets and platform firmware that are built from source, by their recipes."""

from pathlib import Path

from bootrig.builder.build import Artifact, BuildOptions, build
from bootrig.builder.plan import make_plan
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.store.content import Store
from bootrig.store.errors import StoreError
from firmware.romset import RomSet


def obtain_built_rom_set(recipe: BuildRecipe, store: Store, options: BuildOptions) -> RomSet:
    """Return the ROM set of a recipe that is built, from the store where it was built before.

    Raises:
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source is not available.
        RigError: the machine cannot build.
    """
    plan = make_plan(recipe)
    # A file that was damaged on the disk has gone once it was read, so the second time the artifact is built again.
    for _ in range(2):
        contents = _read(build(plan, store, options), store)
        if contents is not None:
            return RomSet.of_files(recipe.name, dict(sorted(contents.items())), recipe.origin_facts())
    raise StoreError(f"the store {store.root} damages what is written to it", remedy="check its disk")


def _read(artifact: Artifact, store: Store) -> dict[str, bytes] | None:
    """Return the files of an artifact by their names, None where one is damaged."""
    found = {name: store.read(digest) for name, digest in artifact.digests.items()}
    contents = {name: content for name, content in found.items() if content is not None}
    return contents if len(contents) == len(found) else None


def obtain_platform_firmware(name: str, store: Store | None = None, *, options: BuildOptions | None = None) -> Path:
    """Return the file of a platform firmware that is built, from the store where it was built before.

    Raises:
        DocumentError: there is no such recipe, or it says something wrong.
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source is not available.
        RigError: the machine cannot build.
    """
    store = store or Store.default()
    recipe = load_platform_firmware_recipe(name)
    artifact = build(make_plan(recipe), store, options or BuildOptions())
    return store.path_of(artifact.digests[recipe.code])
