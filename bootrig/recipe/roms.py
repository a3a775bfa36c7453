"""ROM set recipes: prebuilt sets, whose files are members of a package or an archive, and sets built from source."""

from dataclasses import dataclass
from pathlib import Path

from bootrig.document.errors import DocumentError
from bootrig.document.toml import TableReader, load_document
from bootrig.recipe.build import BuildRecipe, read_build_source, read_instructions
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.recipe.source import RELATIVE_PATH, SourceFile, SourceKind, read_archive, read_debian_file, read_sha256
from firmware.romset import DEFAULT_ROM_NAME, LARGEST_ROM


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
class PrebuiltRomSet:
    """A ROM set whose files are members of a package or an archive.

    Attributes:
        name: what users call it; the recipe's file has the same name.
        title: one line about it.
        version: the version that its maker gives it.
        origin: who published it, and as what.
        licence: its licence, as an SPDX expression.
        source_kind: what the source is.
        source: the package or archive that has the files.
        members: the files.
        path: the recipe's own file.
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

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        """The files from outside that the set is made of."""
        return (self.source,)

    @property
    def rom_names(self) -> tuple[str, ...]:
        """The names of its ROM files."""
        return tuple(member.file_name for member in self.members)

    def origin_facts(self) -> dict[str, str]:
        """Return what a manifest says about where the set comes from."""
        return _origin_facts(self, self.source.file_name)


@dataclass(frozen=True, slots=True)
class BuiltRomSet:
    """A ROM set that is built from source.

    Attributes:
        title: one line about it.
        origin: who published its source, and as what.
        build: how it is built.
    """

    title: str
    origin: str
    build: BuildRecipe

    @property
    def name(self) -> str:
        """What users call it; the recipe's file has the same name."""
        return self.build.name

    @property
    def version(self) -> str:
        """The version that its maker gives it."""
        return self.build.version

    @property
    def licence(self) -> str:
        """Its licence, as an SPDX expression."""
        return self.build.licence

    @property
    def source_kind(self) -> SourceKind:
        """What the source is."""
        return self.build.source.kind

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        """The files from outside that the set is made of."""
        return self.build.source.files

    @property
    def rom_names(self) -> tuple[str, ...]:
        """The names of its ROM files."""
        return tuple(target.name for target in self.build.instructions.targets)

    @property
    def path(self) -> Path:
        """The recipe's own file."""
        return self.build.path

    def origin_facts(self) -> dict[str, str]:
        """Return what a manifest says about where the set comes from."""
        source = self.build.source
        names = [file.file_name for file in source.files]
        return _origin_facts(self, names[0] if names else source.repository or str(source.directory))


RomSetRecipe = PrebuiltRomSet | BuiltRomSet


def _origin_facts(recipe: RomSetRecipe, source: str) -> dict[str, str]:
    facts = {
        "recipe": recipe.name,
        "version": recipe.version,
        "origin": recipe.origin,
        "licence": recipe.licence,
        "source": source,
    }
    pinned = recipe.source_files[0].sha256 if recipe.source_files else None
    return facts | ({"source_sha256": pinned} if pinned else {})


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
    if "build" in root:
        build = _read_build(root, source, kind, path, recipe_name, heading)
        recipe: RomSetRecipe = BuiltRomSet(heading["title"], heading["origin"], build)
    else:
        file = _read_source(source, kind)
        members = tuple(_read_member(table) for table in root.tables("rom", required=True))
        _check_names(root, tuple(member.file_name for member in members))
        recipe = PrebuiltRomSet(recipe_name, **heading, source_kind=kind, source=file, members=members, path=path)
    document.finish()
    return recipe


def _read_source(table: TableReader, kind: SourceKind) -> SourceFile:
    """Read the package or archive of a prebuilt set."""
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
        if target.name and not DEFAULT_ROM_NAME.fullmatch(target.name):
            table.add_problem("name", f'found "{target.name}", expected efi-NAME.rom or pxe-NAME.rom')
    _check_names(root, tuple(target.name for target in instructions.targets))
    found = read_build_source(source, kind, path.parent)
    return BuildRecipe(name, heading["version"], heading["licence"], found, instructions, path)


def _read_member(table: TableReader) -> RomMember:
    return RomMember(
        file_name=table.string("name", pattern=DEFAULT_ROM_NAME.pattern, expected="efi-NAME.rom or pxe-NAME.rom"),
        member=table.string("member", pattern=RELATIVE_PATH, expected="a relative path"),
        sha256=read_sha256(table),
        length=table.integer("length", minimum=1, maximum=LARGEST_ROM),
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
