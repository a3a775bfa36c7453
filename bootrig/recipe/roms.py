"""ROM set recipes: prebuilt sets, whose files are members of a package or an archive, and sets built from source."""

from dataclasses import dataclass

from bootrig.document.toml import TableReader, load_document
from bootrig.recipe.build import BuildRecipe, read_build_source, read_instructions
from bootrig.recipe.path import RecipeKind, find_recipe_path
from bootrig.recipe.recipe import Recipe, read_heading
from bootrig.recipe.source import (
    RELATIVE_PATH,
    Source,
    SourceFile,
    SourceKind,
    read_archive,
    read_debian_file,
    read_sha256,
)
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
class PrebuiltRomSet(Recipe):
    """A ROM set whose files are members of a package or an archive.

    Attributes:
        members: the files.
    """

    members: tuple[RomMember, ...]

    @property
    def rom_names(self) -> tuple[str, ...]:
        """The names of its ROM files."""
        return tuple(member.file_name for member in self.members)


RomSetRecipe = PrebuiltRomSet | BuildRecipe


def load_rom_recipe(name: str) -> RomSetRecipe:
    """Load the ROM set recipe `name`.

    Raises:
        UnknownRecipeError: there is none.
        DocumentError: it says something wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.ROMS, name)
    document = load_document(path)
    root = document.root
    heading = read_heading(root, path)
    source = root.table("source")
    kind = source.choice("kind", SourceKind)
    if "build" in root:
        targets = root.tables("rom", required=True)
        instructions = read_instructions(root.table("build"), targets, path.parent)
        for table, target in zip(targets, instructions.targets, strict=True):
            if target.name and not DEFAULT_ROM_NAME.fullmatch(target.name):
                table.add_problem("name", f'found "{target.name}", expected efi-NAME.rom or pxe-NAME.rom')
        found = read_build_source(source, kind, path.parent)
        recipe: RomSetRecipe = BuildRecipe(**heading, source=found, path=path, instructions=instructions)
    else:
        found = Source(kind, (_read_source(source, kind),))
        members = tuple(_read_member(table) for table in root.tables("rom", required=True))
        recipe = PrebuiltRomSet(**heading, source=found, path=path, members=members)
    _check_names(root, recipe.rom_names)
    document.finish()
    return recipe


def _read_source(table: TableReader, kind: SourceKind) -> SourceFile:
    """Read the package or archive of a prebuilt set."""
    if kind is SourceKind.ARCHIVE:
        return read_archive(table)
    if kind is not SourceKind.DEBIAN_PACKAGE:
        table.add_problem("kind", f'found "{kind}", which needs a [build] table')
    return read_debian_file(table)


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
