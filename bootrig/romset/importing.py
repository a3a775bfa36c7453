"""What the store has of the files that recipes name, and importing more: single ROMs, packages, archives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.cache import digest_file
from bootrig.document.errors import DocumentError
from bootrig.givenfile import FileKind, GivenFileError, require_given
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.path import RecipeKind
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.recipe.recipe import Recipe, load_all
from bootrig.recipe.roms import PrebuiltRomSet, RomMember, RomSetRecipe, load_rom_recipe
from bootrig.store.archive import find_members, is_archive
from bootrig.store.content import Store, StoredFile
from bootrig.store.errors import ImportFileError

ARCHIVE = FileKind("a file to import", 4 << 30)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The result of importing one file.

    Attributes:
        path: the file.
        stored: how the store has it; None for an archive that was imported for its members only.
        serves: what it is, by recipe: `ipxe-debian-12: source`, `ipxe-qemu-8: efi-e1000.rom`.
        members: the paths of the members that were added, each with what it serves as.
    """

    path: Path
    stored: StoredFile | None
    serves: tuple[str, ...]
    members: tuple[tuple[str, tuple[str, ...]], ...] = ()


def load_recipes() -> tuple[tuple[Recipe, ...], tuple[DocumentError, ...]]:
    """Load every recipe that names files from outside, and the errors of those that are wrong."""
    rom_sets, wrong = load_all(RecipeKind.ROMS, load_rom_recipe)
    platform_firmware, wrong_too = load_all(RecipeKind.PLATFORM_FIRMWARE, load_platform_firmware_recipe)
    return (*rom_sets, *platform_firmware), (*wrong, *wrong_too)


def _members(recipe: Recipe) -> tuple[RomMember, ...]:
    return recipe.members if isinstance(recipe, PrebuiltRomSet) else ()


def import_file(path: Path, store: Store, recipes: Sequence[Recipe]) -> ImportedFile:
    """Add a file to the store; of a package or archive also every member that a recipe names by its digest.

    An archive whose members are pinned but not itself is not kept: its members are.

    Raises:
        ImportFileError: the file cannot be read, or has the name of a pinned source and other bytes.
        ArchiveError: it is a damaged archive.
        StoreError: the store cannot be written.
    """
    try:
        require_given(path, ARCHIVE)
    except GivenFileError as error:
        raise ImportFileError(str(error)) from error
    digest = _digest(path)
    _refuse_wrong_bytes(path, digest, recipes)
    members = _import_members(path, store, recipes) if is_archive(path) else ()
    pinned = {file.sha256 for recipe in recipes for file in recipe.source.files}
    if members and digest not in pinned:
        return ImportedFile(path, None, (), members)
    stored = store.add_file(path)
    return ImportedFile(path, stored, serving(stored.sha256, recipes), members)


def iter_pins(recipe: Recipe) -> Iterator[str]:
    """Yield the digests that a recipe pins: those of its source's files and of their members."""
    yield from (file.sha256 for file in recipe.source.files if file.sha256)
    yield from (member.sha256 for member in _members(recipe))


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


def serving(sha256: str, recipes: Sequence[Recipe]) -> tuple[str, ...]:
    """Return what a digest is by the recipes: `RECIPE: source` or `RECIPE: FILE NAME`."""
    sources = [f"{recipe.name}: source" for recipe in recipes for file in recipe.source.files if file.sha256 == sha256]
    members = [
        f"{recipe.name}: {member.file_name}"
        for recipe in recipes
        for member in _members(recipe)
        if member.sha256 == sha256
    ]
    return tuple(sources + members)


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}") from error


def _refuse_wrong_bytes(path: Path, digest: str, recipes: Sequence[Recipe]) -> None:
    """Refuse a file that has the name of a pinned source, but other bytes."""
    for name, source in ((recipe.name, file) for recipe in recipes for file in recipe.source.files):
        if source.file_name != path.name or source.sha256 in (None, digest):
            continue
        length = path.stat().st_size
        found = f"SHA-256 {digest}"
        if source.length is not None and length != source.length:
            found += f", {length} bytes where {source.length} are expected"
        raise ImportFileError(
            f"{path} is not the file that the recipe {name} names: {found}",
            remedy=f"get the file with SHA-256 {source.sha256}, or give this one another name",
        )


def _import_members(path: Path, store: Store, recipes: Sequence[Recipe]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    wanted = {member.sha256: member.length for recipe in recipes for member in _members(recipe)}
    found = find_members(path, wanted)
    for member, content in found.values():
        store.add_bytes(content, file_name=Path(member).name, way=f"member of {path.name}")
    return tuple(sorted((member, serving(digest, recipes)) for digest, (member, _) in found.items()))
