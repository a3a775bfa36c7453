"""ROM set recipes: prebuilt sets, whose files are members of a package or an archive."""

from dataclasses import dataclass
from pathlib import Path

from bootrig.recipe.errors import RecipeError
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.recipe.source import RELATIVE_PATH, SHA256, SourceFile, SourceKind, read_archive, read_debian_file
from bootrig.recipe.toml import TableReader, load_document
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
    """A prebuilt ROM set.

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
        RecipeError: it says something wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.ROMS, name)
    document = load_document(path)
    root = document.root
    recipe_name = root.string("name", pattern=r"[a-z0-9][a-z0-9.+-]*", expected="lower-case letters, digits, . + -")
    if recipe_name and recipe_name != path.stem:
        root.add_problem("name", f'found "{recipe_name}", expected "{path.stem}" as the file is called')
    source = root.table("source")
    kind = source.choice("kind", SourceKind)
    recipe = RomSetRecipe(
        name=recipe_name,
        title=root.string("title"),
        version=root.string("version"),
        origin=root.string("origin"),
        licence=root.string("licence"),
        source_kind=kind,
        source=read_archive(source) if kind is SourceKind.ARCHIVE else read_debian_file(source),
        members=tuple(_read_member(table) for table in root.tables("rom", required=True)),
        path=path,
    )
    _check_members(root, recipe.members)
    document.finish()
    return recipe


def _read_member(table: TableReader) -> RomMember:
    return RomMember(
        file_name=table.string("name", pattern=FILE_NAME.pattern, expected="efi-NAME.rom or pxe-NAME.rom"),
        member=table.string("member", pattern=RELATIVE_PATH, expected="a relative path"),
        sha256=table.string("sha256", pattern=SHA256, expected="64 hexadecimal digits"),
        length=table.integer("length", minimum=1, maximum=MAXIMUM_ROM_LENGTH),
    )


def _check_members(root: TableReader, members: tuple[RomMember, ...]) -> None:
    """Note names that come twice."""
    first: dict[str, int] = {}
    for index, member in enumerate(members):
        if member.file_name in first:
            earlier = first[member.file_name]
            root.add_problem("rom", f'"{member.file_name}" is in rom[{earlier}] and again in rom[{index}]')
        elif member.file_name:
            first[member.file_name] = index


def load_rom_recipes() -> tuple[tuple[RomSetRecipe, ...], tuple[RecipeError, ...]]:
    """Load all ROM set recipes: those that are right, and the errors of those that are not."""
    recipes, errors = [], []
    for name in iter_recipe_names(RecipeKind.ROMS):
        try:
            recipes.append(load_rom_recipe(name))
        except RecipeError as error:
            errors.append(error)
    return tuple(recipes), tuple(errors)
