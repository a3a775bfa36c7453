"""What a build will do, and the key that names its result: the same key, the same bytes, no work."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from bootrig import __version__
from bootrig.builder.chamber import INPUTS, PLACE
from bootrig.builder.errors import SourceError
from bootrig.builder.given_tree import GivenTree, survey_tree
from bootrig.builder.source_tree import digest_source
from bootrig.builder.toolchain import Toolchain, require_toolchain
from bootrig.cache import digest_file, digest_key
from bootrig.document.toml import suggest
from bootrig.recipe.build import BuildRecipe, Target
from firmware.nic import find_nic_model

KEY_FORMAT = "bootrig-build/1"


class StepKind(StrEnum):
    """What is done in a step of a build."""

    UNPACK = "unpack"
    PATCH = "patch"
    CONFIGURE = "configure"
    PREPARE = "prepare"
    MAKE = "make"
    ASSEMBLE = "assemble"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a build.

    Attributes:
        kind: what is done.
        detail: with what, for people.
        argv: the command, apart from how many processes it starts at a time; empty where none runs.
    """

    kind: StepKind
    detail: str
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What a build will do.

    Attributes:
        recipe: what is built.
        targets: the targets that were chosen.
        given: the tree that is built instead of a source that is fetched, None for none.
        toolchain: what it is built with.
        pins: what pins the source.
        key: the build key.
        steps: what is done, in this order.
    """

    recipe: BuildRecipe
    targets: tuple[Target, ...]
    given: GivenTree | None
    toolchain: Toolchain
    pins: Mapping[str, str]
    key: str
    steps: tuple[Step, ...]

    @property
    def version(self) -> str:
        """The version of what is built: the recipe's, or that of the tree that is built instead."""
        return self.recipe.version if self.given is None else self.given.version

    @property
    def build_id(self) -> str:
        """32 bits of the key in hexadecimal, for sources that want a random number."""
        return self.key.rpartition("-")[2][:8]


def make_plan(recipe: BuildRecipe, *, nic_models: Sequence[str] = (), directory: Path | None = None) -> BuildPlan:
    """Return the plan of a build; nothing is fetched for it.

    With `nic_models` (QOM types) only their ROMs are built, with `directory` that instead of the recipe's source.

    Raises:
        ToolchainError: programs or headers are missing; all of them are named.
        SourceError: no target is for a NIC model, or the directory cannot be read.
    """
    instructions = recipe.instructions
    targets = _choose_targets(recipe, nic_models)
    toolchain = require_toolchain(instructions.tools, instructions.headers)
    given = _survey_given(recipe, directory)
    pins = digest_source(recipe.source, given)
    steps = _steps(recipe, targets, pins, given)
    return BuildPlan(recipe, targets, given, toolchain, pins, _key(recipe, targets, pins, toolchain, steps), steps)


def _survey_given(recipe: BuildRecipe, directory: Path | None) -> GivenTree | None:
    """Return the tree that is built instead of a source that is fetched; folders of targets are no source."""
    place = directory or recipe.source.directory
    if place is None:
        return None
    inner = PurePosixPath(recipe.instructions.directory)
    images = [PurePosixPath(image) for target in recipe.instructions.targets for image in target.images]
    return survey_tree(place, {str(inner / image.parts[0]) for image in images if len(image.parts) > 1})


def _choose_targets(recipe: BuildRecipe, nic_models: Sequence[str]) -> tuple[Target, ...]:
    """Return the targets for these NIC models, all targets without any."""
    if not nic_models:
        return recipe.instructions.targets
    chosen: list[Target] = []
    for name in nic_models:
        model = find_nic_model(name)
        stem = model.rom_stem if model else name
        found = [target for target in recipe.instructions.targets if target.stem == stem]
        if not found:
            known = tuple(dict.fromkeys(target.stem for target in recipe.instructions.targets))
            raise SourceError(
                f'{recipe.name} builds no ROM for the NIC "{name}"{suggest(name, known)}',
                remedy=f"it builds ROMs for: {', '.join(known)}",
            )
        chosen += [target for target in found if target not in chosen]
    return tuple(chosen)


def _key(
    recipe: BuildRecipe,
    targets: Sequence[Target],
    pins: Mapping[str, str],
    toolchain: Toolchain,
    steps: Sequence[Step],
) -> str:
    """Return the build key: the recipe's name and a digest over all that can change the bytes."""
    instructions = recipe.instructions
    facts = {
        "format": KEY_FORMAT,
        "bootrig": __version__,
        "source": sorted(pins.values()),
        "patches": [digest_file(path) for path in instructions.patches],
        "embedded_script": digest_file(instructions.embedded_script) if instructions.embedded_script else None,
        "trusted": [digest_file(path) for path in instructions.trusted],
        "configuration": {name: dict(defines) for name, defines in instructions.configuration.items()},
        "settings": {name: dict(values) for name, values in instructions.settings.items()},
        "directory": instructions.directory,
        "commands": [step.argv for step in steps],
        "source_date": instructions.source_date,
        "targets": [asdict(target) for target in targets],
        "toolchain": {tool.name: tool.version for tool in toolchain.tools},
    }
    return f"{recipe.name}-{digest_key(facts)[:40]}"


def _steps(
    recipe: BuildRecipe, targets: tuple[Target, ...], pins: Mapping[str, str], given: GivenTree | None
) -> tuple[Step, ...]:
    instructions = recipe.instructions
    steps = [Step(StepKind.UNPACK, ", ".join(pins))]
    if instructions.patches:
        steps.append(Step(StepKind.PATCH, ", ".join(path.name for path in instructions.patches)))
    if written := [*instructions.configuration, *instructions.settings]:
        steps.append(Step(StepKind.CONFIGURE, ", ".join(written)))
    make = ["make", *instructions.arguments]
    if instructions.version_variable and given is not None and given.history is not None:
        make.append(f"{instructions.version_variable}={given.version.removeprefix('v')}")
    if instructions.embedded_script:
        make.append(f"EMBED={PLACE / INPUTS}/{instructions.embedded_script.name}")
    if instructions.trusted:
        make.append(f"TRUST={','.join(f'{PLACE / INPUTS}/{path.name}' for path in instructions.trusted)}")
    steps += [Step(StepKind.PREPARE, goal, (*make, goal)) for goal in instructions.prepare]
    goals = tuple(dict.fromkeys(goal for target in targets for goal in target.make))
    steps.append(Step(StepKind.MAKE, f"{len(goals)} target{'s' if len(goals) != 1 else ''}", (*make, *goals)))
    return (*steps, Step(StepKind.ASSEMBLE, ", ".join(target.name for target in targets)))
