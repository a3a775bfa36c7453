"""ROM set recipes: prebuilt sets, whose files are members of a package or an archive, and sets built from source."""

from dataclasses import dataclass
from pathlib import Path

from bootrig.document.errors import DocumentError
from bootrig.document.toml import TableReader, load_document
from bootrig.recipe.build import BuildRecipe, read_build_source, read_instructions
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.recipe.source import RELATIVE_PATH, SHA256, SourceFile, SourceKind, read_archive, read_debian_file
from firmware.romset import FILE_NAME

MAXIMUM_ROM_LENGTH = 16 << 20


@dataclass(frozen=True, slots=True)
class RomMember:
    """One file of a prebuilt ROM set.

    Attributes:
        file_name: its name in the ROM set: `efi-e1000.rom`.
        member: its path in the package or archive.
        sha256: its digest.
        length: its length in bytes.
    """

    file_name: str
    member: str
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class RomSetRecipe:
    """A ROM set, prebuilt or built from source.

    Attributes:
        name: what users call it; the recipe's file has the same name.
        title: one line about it.
        version: the version that its maker gives it.
        origin: who published it, and as what.
        licence: its licence, as an SPDX expression.
        source_kind: what the source is.
        source: the package or archive that has the files; of a set that is built, the first file of its source.
        members: the files of a prebuilt set.
        path: the recipe's own file.
        build: how it is built; None for a prebuilt set.
    """

    name: str
    title: str
    version: str
    origin: str
    licence: str
    source_kind: SourceKind
    source: SourceFile
    members: tuple[RomMember, ...]
    path: Path
    build: BuildRecipe | None = None

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        """The files from outside that the set is made of."""
        return self.build.source.files if self.build else (self.source,)

    def origin_facts(self) -> dict[str, str]:
        """Return what a manifest says about where the set comes from."""
        facts = {"recipe": self.name, "version": self.version, "origin": self.origin, "licence": self.licence}
        facts["source"] = self.source.file_name
        if self.source.sha256:
            facts["source_sha256"] = self.source.sha256
        return facts


def load_rom_recipe(name: str) -> RomSetRecipe:
    """Load the ROM set recipe `name`.

    Raises:
        UnknownRecipeError: there is none.
        DocumentError: it says something wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.ROMS, name)
    document = load_document(path)
    root = document.root
    recipe_name = root.string("name", pattern=r"[a-z0-9][a-z0-9.+-]*", expected="lower-case letters, digits, . + -")
    if recipe_name and recipe_name != path.stem:
        root.add_problem("name", f'found "{recipe_name}", expected "{path.stem}" as the file is called')
    heading = {key: root.string(key) for key in ("title", "version", "origin", "licence")}
    source = root.table("source")
    kind = source.choice("kind", SourceKind)
    build = _read_build(root, source, kind, path, recipe_name, heading) if "build" in root else None
    first_file = _read_source(source, kind, build)
    members: tuple[RomMember, ...] = ()
    if build is None:
        members = tuple(_read_member(table) for table in root.tables("rom", required=True))
        _check_names(root, tuple(member.file_name for member in members))
    recipe = RomSetRecipe(
        name=recipe_name,
        title=heading["title"],
        version=heading["version"],
        origin=heading["origin"],
        licence=heading["licence"],
        source_kind=kind,
        source=first_file,
        members=members,
        path=path,
        build=build,
    )
    document.finish()
    return recipe


def _read_source(table: TableReader, kind: SourceKind, build: BuildRecipe | None) -> SourceFile:
    """Read the package or archive of a prebuilt set, or name the source of one that is built."""
    if build is not None:
        source = build.source
        return source.files[0] if source.files else SourceFile(source.repository or str(source.directory))
    if kind is SourceKind.ARCHIVE:
        return read_archive(table)
    if kind is not SourceKind.DEBIAN_PACKAGE:
        table.add_problem("kind", f'found "{kind}", which needs a [build] table')
    return read_debian_file(table)


def _read_build(
    root: TableReader, source: TableReader, kind: SourceKind, path: Path, name: str, heading: dict[str, str]
) -> BuildRecipe:
    targets = root.tables("rom", required=True)
    instructions = read_instructions(root.table("build"), targets, path.parent)
    for table, target in zip(targets, instructions.targets, strict=True):
        if target.name and not FILE_NAME.fullmatch(target.name):
            table.add_problem("name", f'found "{target.name}", expected efi-NAME.rom or pxe-NAME.rom')
    _check_names(root, tuple(target.name for target in instructions.targets))
    found = read_build_source(source, kind, path.parent)
    return BuildRecipe(name, heading["version"], heading["licence"], found, instructions, path)


def _read_member(table: TableReader) -> RomMember:
    return RomMember(
        file_name=table.string("name", pattern=FILE_NAME.pattern, expected="efi-NAME.rom or pxe-NAME.rom"),
        member=table.string("member", pattern=RELATIVE_PATH, expected="a relative path"),
        sha256=table.string("sha256", pattern=SHA256, expected="64 hexadecimal digits"),
        length=table.integer("length", minimum=1, maximum=MAXIMUM_ROM_LENGTH),
    )


def _check_names(root: TableReader, names: tuple[str, ...]) -> None:
    """Note names that come twice."""
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            root.add_problem("rom", f'"{name}" is in rom[{first[name]}] and again in rom[{index}]')
        elif name:
            first[name] = index


def load_rom_recipes() -> tuple[tuple[RomSetRecipe, ...], tuple[DocumentError, ...]]:
    """Load all ROM set recipes: those that are right, and the errors of those that are not."""
    recipes, errors = [], []
    for name in iter_recipe_names(RecipeKind.ROMS):
        try:
            recipes.append(load_rom_recipe(name))
        except DocumentError as error:
            errors.append(error)
    return tuple(recipes), tuple(errors)
