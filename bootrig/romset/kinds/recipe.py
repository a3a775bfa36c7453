"""The name of a recipe: its files from the store, else out of the package or archive that has them, or built."""

import logging
from pathlib import Path

from bootrig.document.errors import DocumentError, Problem
from bootrig.recipe.roms import PrebuiltRomSet, RomMember, load_rom_recipe
from bootrig.romset.kind import RomSetKind
from bootrig.romset.kinds.host import names_host
from bootrig.store.archive import find_members
from bootrig.store.content import Store
from bootrig.store.errors import ArchiveError
from bootrig.store.fetch import fetch_members, fetch_source
from bootrig.store.settings import FetchSettings
from firmware.romset import RomFile, RomSet

logger = logging.getLogger(__name__)


def names_recipe(what: str) -> bool:
    """Return whether `what` is the name of a recipe or the path of its file; the word `host` is not such a name."""
    return ("/" not in what and not names_host(what)) or what.endswith(".toml")


def obtain_by_recipe(name: str, store: Store, settings: FetchSettings | None) -> RomSet:
    """Return the ROM set of the recipe `name`; what the store lacks is fetched, or built, and added to it.

    Raises:
        DocumentError: there is no such recipe, it says something wrong, or its package lacks what it names.
        UnavailableError: the store lacks a file and no way gave it.
        SourceError, RigError: the store cannot be read or written, or a set that is built cannot be built.
    """
    recipe = load_rom_recipe(name)
    if isinstance(recipe, PrebuiltRomSet):
        return obtain_prebuilt(recipe, store, settings)
    # What builds takes a third of a second to import, which prebuilt sets need not pay.
    from bootrig.builder.build import BuildOptions, obtain_built_rom_set  # noqa: PLC0415

    options = BuildOptions(settings, on_step=lambda *step: logger.info("building %s: [%d/%d] %s", name, *step))
    return obtain_built_rom_set(recipe, store, options)


def obtain_prebuilt(recipe: PrebuiltRomSet, store: Store, settings: FetchSettings | None) -> RomSet:
    """Return a prebuilt ROM set; what the store lacks is fetched and added to it.

    Raises:
        DocumentError: its package lacks what the recipe names.
        UnavailableError: the store lacks a file and no way gave it.
        StoreError: the store cannot be read or written.
    """
    (source,) = recipe.source.files
    contents = {member.sha256: store.read(member.sha256) for member in recipe.members}
    missing = [member for member in recipe.members if contents[member.sha256] is None]
    if missing and source.sha256:
        package = fetch_source(source, store, settings=settings)
        contents |= _add_members(package, source.file_name, recipe, missing, store)
    elif missing:

        def take_members(archive: Path, address: str) -> None:
            contents.update(_add_members(archive, address, recipe, missing, store))

        fetch_members(source, store, take_members, settings=settings)
    roms = [RomFile(member.file_name, contents[member.sha256] or b"") for member in recipe.members]
    return RomSet(recipe.name, tuple(roms), origin=recipe.origin_facts())


def _add_members(
    archive: Path, name: str, recipe: PrebuiltRomSet, members: list[RomMember], store: Store
) -> dict[str, bytes]:
    """Add members of a package or archive to the store; return their bytes by digest.

    A package that is pinned itself and does not have them contradicts its recipe (DocumentError).
    """
    (source,) = recipe.source.files
    found = find_members(archive, {member.sha256: member.length for member in members}, name=name)
    lacking = [member for member in members if member.sha256 not in found]
    if lacking and source.sha256:
        raise DocumentError(
            f"{source.file_name} does not have what the recipe {recipe.name} names:",
            [Problem(recipe.path, m.file_name, f"no member has SHA-256 {m.sha256}") for m in lacking],
        )
    if lacking:
        raise ArchiveError(f"has no member with the digest of {', '.join(member.member for member in lacking)}")
    for path, content in found.values():
        store.add_bytes(content, file_name=Path(path).name, way=f"member of {name}")
    return {digest: content for digest, (_, content) in found.items()}


KIND = RomSetKind("the name of a recipe", names_recipe, load_rom_recipe, obtain_by_recipe)
