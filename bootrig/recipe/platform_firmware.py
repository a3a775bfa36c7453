"""Platform firmware recipes: SeaBIOS and the like, built from source."""

from dataclasses import dataclass

from bootrig.document.toml import load_document
from bootrig.recipe.build import BuildRecipe, read_build_source, read_instructions
from bootrig.recipe.path import RecipeKind, find_recipe_path
from bootrig.recipe.recipe import read_heading
from bootrig.recipe.source import FILE_NAME, SourceKind


@dataclass(frozen=True, slots=True)
class PlatformFirmwareRecipe(BuildRecipe):
    """A platform firmware that is built from source.

    Attributes:
        code: the name of the target that a guest gets as its platform firmware.
    """

    code: str


def load_platform_firmware_recipe(name: str) -> PlatformFirmwareRecipe:
    """Load the platform firmware recipe `name`.

    Raises:
        UnknownRecipeError: there is none.
        DocumentError: it says something wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.PLATFORM_FIRMWARE, name)
    document = load_document(path)
    root = document.root
    heading = read_heading(root, path)
    source = root.table("source")
    kind = source.choice("kind", SourceKind)
    targets = root.tables("target", required=True)
    instructions = read_instructions(root.table("build"), targets, path.parent)
    names = tuple(target.name for target in instructions.targets)
    code = root.string("code", names[0] if names else "", pattern=FILE_NAME, expected="the name of a target")
    if names and code not in names:
        root.add_problem("code", f'found "{code}", expected one of {", ".join(names)}')
    found = read_build_source(source, kind, path.parent)
    document.finish()
    return PlatformFirmwareRecipe(**heading, source=found, path=path, instructions=instructions, code=code)
