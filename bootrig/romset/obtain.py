"""Prebuilt ROM sets: their files from the store, else out of the package or archive that has them."""

from pathlib import Path

from bootrig.document.errors import DocumentError, Problem
from bootrig.recipe.roms import RomMember, RomSetRecipe, load_rom_recipe
from bootrig.store.archive import find_members
from bootrig.store.content import Store
from bootrig.store.errors import ArchiveError, ImportFileError
from bootrig.store.fetch import Progress, fetch_members, fetch_source
from bootrig.store.settings import FetchSettings
from firmware.romset import FILE_NAME, RomFile, RomSet


def obtain_rom_set(
    name: str, store: Store | None = None, *, settings: FetchSettings | None = None, progress: Progress | None = None
) -> RomSet:
    """Return the ROM set of a recipe; what the store lacks is fetched, or built, and added to it.

    A name with a slash that is a directory stands for the ROMs in it: `./out`.

    Raises:
        ImportFileError: the directory has no ROMs, or they cannot be read.
        DocumentError: there is no such recipe, it says something wrong, or its package lacks what it names.
        UnavailableError: the store lacks a file and no way gave it.
        StoreError: the store cannot be read or written.
        SourceError, RigError: a set that is built cannot be built.
    """
    if "/" in name and Path(name).is_dir():
        return read_rom_directory(Path(name))
    recipe = load_rom_recipe(name)
    store = store or Store.default()
    if recipe.build is None:
        return obtain_prebuilt(recipe, store, settings=settings, progress=progress)
    # What builds takes a third of a second to import, which prebuilt sets need not pay.
    from bootrig.builder.build import BuildOptions  # noqa: PLC0415
    from bootrig.builder.built import obtain_built_rom_set  # noqa: PLC0415

    options = BuildOptions(settings, on_download=progress)
    return obtain_built_rom_set(recipe.build, store, options)


def read_rom_directory(directory: Path) -> RomSet:
    """Return the ROM set that a directory holds under QEMU's default names; other files in it do not matter.

    Raises:
        ImportFileError: it has no ROMs, they cannot be read, or one is empty: QEMU would not start with it.
    """
    try:
        roms = [
            RomFile(path.name, path.read_bytes())
            for path in sorted(directory.iterdir())
            if FILE_NAME.fullmatch(path.name) and path.is_file()
        ]
    except OSError as error:
        raise ImportFileError(f"{error.filename or directory} cannot be read: {error.strerror}") from error
    if not roms:
        raise ImportFileError(f"{directory} has no ROMs: no file in it is called efi-NAME.rom or pxe-NAME.rom")
    if empty := [rom.file_name for rom in roms if not rom.content]:
        raise ImportFileError(f"{directory} has empty ROMs: {', '.join(empty)}")
    return RomSet(directory.resolve().name, tuple(roms))


def rom_set_origin(name: str) -> dict[str, str]:
    """Return what a manifest says about where the ROM set `name` comes from, as `obtain_rom_set` takes it."""
    if "/" in name and Path(name).is_dir():
        return {"directory": str(Path(name).resolve())}
    return load_rom_recipe(name).origin_facts()


def obtain_prebuilt(
    recipe: RomSetRecipe, store: Store, *, settings: FetchSettings | None = None, progress: Progress | None = None
) -> RomSet:
    """Return the ROM set of a loaded recipe, as `obtain_rom_set` does."""
    contents = {member.sha256: store.read(member.sha256) for member in recipe.members}
    missing = [member for member in recipe.members if contents[member.sha256] is None]
    if missing and recipe.source.sha256:
        package = fetch_source(recipe.source, store, settings=settings, progress=progress)
        contents |= add_members(package, recipe.source.file_name, recipe, missing, store)
    elif missing:

        def take_members(archive: Path, address: str) -> None:
            contents.update(add_members(archive, address, recipe, missing, store))

        fetch_members(recipe.source, store, take_members, settings=settings, progress=progress)
    roms = [RomFile(member.file_name, contents[member.sha256] or b"") for member in recipe.members]
    return RomSet(recipe.name, tuple(roms))


def add_members(
    archive: Path, name: str, recipe: RomSetRecipe, members: list[RomMember], store: Store
) -> dict[str, bytes]:
    """Add members of a package or archive to the store; return their bytes by digest.

    Raises:
        DocumentError: a package that is pinned itself does not have them: the recipe contradicts itself.
        ArchiveError: an archive is damaged or does not have them.
        StoreError: the store cannot be written.
    """
    found = find_members(archive, {member.sha256: member.length for member in members}, name=name)
    lacking = [member for member in members if member.sha256 not in found]
    if lacking and recipe.source.sha256:
        raise DocumentError(
            f"{recipe.source.file_name} does not have what the recipe {recipe.name} names:",
            [Problem(recipe.path, m.file_name, f"no member has SHA-256 {m.sha256}") for m in lacking],
        )
    if lacking:
        raise ArchiveError(f"has no member with the digest of {', '.join(member.member for member in lacking)}")
    for path, content in found.values():
        store.add_bytes(content, file_name=Path(path).name, way=f"member of {name}")
    return {digest: content for digest, (_, content) in found.items()}
