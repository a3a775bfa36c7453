"""`bootrig build`: build a ROM set or a platform firmware from source."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import parse_directory, parse_path
from bootrig.errors import ExitStatus, InputError
from bootrig.output import open_output, write_output
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.recipe.roms import PrebuiltRomSet, load_rom_recipe
from firmware.romset import bar_length

if TYPE_CHECKING:
    from bootrig.builder.artifact import Artifact
    from bootrig.builder.build import ChangedFile
    from bootrig.builder.plan import BuildPlan
    from bootrig.store.content import Store


UNTRACKED_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig build` takes."""
    parser.add_argument("recipe", metavar="RECIPE", help="what to build, by the name of its recipe")
    parser.add_argument(
        "--nic", metavar="NIC", action="append", default=[], help="build the ROMs of this NIC model only"
    )
    parser.add_argument(
        "--source", metavar="DIR", type=parse_path, help="build this directory instead of the recipe's source"
    )
    parser.add_argument(
        "--incremental",
        action="store_true",
        help="with --source: build where the directory was built the last time, for a change and a try; "
        "not reproducible",
    )
    parser.add_argument("-j", "--processes", metavar="N", type=int, help="run N processes at a time")
    parser.add_argument("--check", action="store_true", help="build twice and compare the bytes")
    parser.add_argument("--plan", action="store_true", help="show what would be done")
    parser.add_argument("--output", metavar="DIR", type=parse_directory, help="copy the files there as well")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig build`; 1 where `--check` finds that the same recipe gave other bytes.

    Raises:
        InputError: there is no such recipe, or it says something wrong.
        CompileError: the source does not compile (exit status 1).
        RigError: the source is not available, or this machine cannot build.
    """
    from bootrig.builder.artifact import find_artifact
    from bootrig.builder.plan import make_plan
    from bootrig.store.content import Store

    if arguments.processes is not None and arguments.processes < 1:
        raise InputError(f"-j {arguments.processes}: expected at least 1")
    if arguments.incremental and (arguments.source is None or arguments.check):
        raise InputError(
            "--incremental builds the directory that --source names, and --check builds nothing incrementally"
        )
    plan = make_plan(_load(arguments.recipe), nic_models=arguments.nic, directory=arguments.source)
    store = Store.default()
    if arguments.output:
        open_output(arguments.output / plan.recipe.name)
    if arguments.plan:
        _show_plan(plan, is_built=find_artifact(plan, store) is not None)
        return ExitStatus.GOOD
    return _build(plan, store, arguments)


def _load(name: str) -> BuildRecipe:
    """Return the build recipe `name`, of a ROM set or of a platform firmware."""
    if name in iter_recipe_names(RecipeKind.PLATFORM_FIRMWARE):
        return load_platform_firmware_recipe(name)
    recipe = load_rom_recipe(name)
    if isinstance(recipe, PrebuiltRomSet):
        raise InputError(f"{name} is prebuilt, there is nothing to build", remedy=f"bootrig roms show {name}")
    return recipe


def _build(plan: "BuildPlan", store: "Store", arguments: argparse.Namespace) -> ExitStatus:
    from bootrig.builder.artifact import find_artifact
    from bootrig.builder.build import build, build_incrementally, check_build
    from bootrig.cli.build_progress import step_options

    differences: tuple[ChangedFile, ...] = ()
    _tell_left_out(plan)
    artifact = None if arguments.check or arguments.incremental else find_artifact(plan, store)
    if artifact is None:
        with step_options(arguments.processes) as options:
            if arguments.check:
                artifact, differences = check_build(plan, store, options)
            elif arguments.incremental:
                artifact = build_incrementally(plan, store, options)
            else:
                artifact = build(plan, store, options)
    _show(artifact, store)
    if arguments.output:
        _copy(artifact, store, arguments.output)
    for difference in differences:
        print(f"{difference.name}: the second build differs from byte {difference.offset} on: {difference.second}")
    if arguments.check and not differences:
        print("the second build gave the same bytes")
    return ExitStatus.BAD if differences else ExitStatus.GOOD


def _tell_left_out(plan: "BuildPlan") -> None:
    """Say which files of a git work tree are not built, as git neither tracks nor ignores them."""
    history = plan.given.history if plan.given else None
    if history is not None and history.untracked:
        names = ", ".join(history.untracked[:UNTRACKED_SHOWN])
        more = len(history.untracked) - UNTRACKED_SHOWN
        print(f"git does not track, so left out: {names}{f' and {more} more' if more > 0 else ''}", file=sys.stderr)


def _show_plan(plan: "BuildPlan", *, is_built: bool) -> None:
    print(f"{plan.recipe.name} {plan.version}")
    print(f"  key      {plan.key}{' (built already)' if is_built else ''}")
    for name, pin in plan.pins.items():
        print(f"  source   {name} {pin}")
    for tool in plan.toolchain.tools:
        print(f"  tool     {tool.path}: {tool.version}")
    for step in plan.steps:
        print(f"  step     {step.kind}: {step.detail}")
        if step.argv:
            print(f"           {shlex.join(step.argv)}")


def _show(artifact: "Artifact", store: "Store") -> None:
    print(f"{artifact.name}: {'built' if artifact.log else 'in the store, nothing to do'} ({artifact.key})")
    for name, digest in {**artifact.digests, **artifact.attestations}.items():
        length = store.path_of(digest).stat().st_size
        bar = f"{bar_length(length) >> 10}K" if name.endswith(".rom") else ""
        print(f"  {name:<18} {length:>7} {bar:>5} {digest}")
    if not artifact.is_reproducible:
        print("  built incrementally: not reproducible, and not taken for the result of the recipe")
    if artifact.log:
        print(f"  log: {artifact.log}")


def _copy(artifact: "Artifact", store: "Store", directory: Path) -> None:
    from bootrig.store.errors import StoreError

    for name, digest in {**artifact.digests, **artifact.attestations}.items():
        content = store.read(digest)
        if content is None:
            raise StoreError(f"{name} was damaged in the store {store.root} and removed", remedy="build again")
        write_output(directory / name, content)
    print(f"  copied to {directory}")
