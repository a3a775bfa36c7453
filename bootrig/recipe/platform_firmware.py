"""Platform firmware recipes: SeaBIOS and the like, built from source."""

from dataclasses import dataclass

from bootrig.document.errors import DocumentError
from bootrig.document.toml import load_document
from bootrig.recipe.build import BuildRecipe, read_build_source, read_instructions
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.recipe.source import FILE_NAME, SourceFile, SourceKind


@dataclass(frozen=True, slots=True)
class PlatformFirmwareRecipe:
    """A platform firmware that is built from source.

    Attributes:
        title: one line about it.
        origin: who published it, and as what.
        code: the name of the target that a guest gets as its platform firmware.
        build: how it is built.
    """

    title: str
    origin: str
    code: str
    build: BuildRecipe

    @property
    def name(self) -> str:
        """What users call it."""
        return self.build.name

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        """The files from outside that it is made of."""
        return self.build.source.files


def load_platform_firmware_recipe(name: str) -> PlatformFirmwareRecipe:
    """Load the platform firmware recipe `name`.

    Raises:
        UnknownRecipeError: there is none.
        DocumentError: it says something wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.PLATFORM_FIRMWARE, name)
    document = load_document(path)
    root = document.root
    found = root.string("name")
    if found and found != path.stem:
        root.add_problem("name", f'found "{found}", expected "{path.stem}" as the file is called')
    title, version, origin, licence = (root.string(key) for key in ("title", "version", "origin", "licence"))
    source = root.table("source")
    kind = source.choice("kind", SourceKind)
    targets = root.tables("target", required=True)
    instructions = read_instructions(root.table("build"), targets, path.parent)
    names = [target.name for target in instructions.targets]
    code = root.string("code", names[0] if names else "", pattern=FILE_NAME, expected="the name of a target")
    if names and code not in names:
        root.add_problem("code", f'found "{code}", expected one of {", ".join(names)}')
    build = BuildRecipe(found, version, licence, read_build_source(source, kind, path.parent), instructions, path)
    document.finish()
    return PlatformFirmwareRecipe(title, origin, code, build)


def load_platform_firmware_recipes() -> tuple[tuple[PlatformFirmwareRecipe, ...], tuple[DocumentError, ...]]:
    """Load all platform firmware recipes: those that are right, and the errors of those that are not."""
    recipes, errors = [], []
    for name in iter_recipe_names(RecipeKind.PLATFORM_FIRMWARE):
        try:
            recipes.append(load_platform_firmware_recipe(name))
        except DocumentError as error:
            errors.append(error)
    return tuple(recipes), tuple(errors)
