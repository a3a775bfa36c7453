"""`bootrig bisect`: the first bad commit of a source tree, or the first bad one of several sides."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import parse_path
from bootrig.cli.boot_options import add_matrix_options, read_matrix
from bootrig.cli.policy_options import add_policy_options, read_policy
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.api import Bisected, BisectListener, SourceRange
    from bootrig.builder.commits import Commits

NAMED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.description = (
        f"{parser.description}. Each is booted, and has to pass (with --baseline: to be compatible with it). What "
        "does not compile or proves nothing is skipped. The work tree stays as it is. Ends with 0 where the first bad "
        "one was found, else with 125. The same command goes on where one was interrupted (--fresh: begins anew)."
    )
    parser.add_argument("--source", metavar="DIR", type=parse_path, help="the git work tree whose commits are built")
    parser.add_argument("--recipe", metavar="RECIPE", help="how a commit is built, by the name of a recipe")
    parser.add_argument("--good", metavar="REVISION", action="append", default=[], help="a good commit; repeatable")
    parser.add_argument("--bad", metavar="REVISION", default="HEAD", help="a bad commit after it (default: HEAD)")
    parser.add_argument(
        "--sets", metavar="SIDE", nargs="+", default=[], help="instead of commits: sides, oldest first, good to bad"
    )
    parser.add_argument("--baseline", metavar="SIDE", help="the side with which each has to be compatible")
    add_matrix_options(parser)
    add_policy_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Bisect, tell each step, then the first bad one.

    Raises:
        InputError: what is asked for is wrong, or the ends are not as they have to be.
        RigError: the rig or its host is broken; the same command goes on from here.
    """
    from bootrig import api

    if bool(arguments.sets) == bool(arguments.source):
        raise InputError("bisect needs either --source with --recipe and --good, or --sets")
    trial = api.Trial(matrix=read_matrix(arguments), baseline=arguments.baseline, policy=read_policy(arguments))
    if arguments.sets:
        found = api.bisect_sides(arguments.sets, trial, _make_listener(None, arguments))
        return _show(found, None, arguments)
    from bootrig.builder.commits import open_commits

    asked = _read_range(arguments)
    commits = open_commits(asked.source)
    return _show(api.bisect_commits(asked, trial, _make_listener(commits, arguments)), commits, arguments)


def _read_range(arguments: argparse.Namespace) -> "SourceRange":
    from bootrig.api import SourceRange
    from bootrig.recipe.build import BuildRecipe
    from bootrig.recipe.roms import load_rom_recipe

    if not (arguments.recipe and arguments.good):
        raise InputError("bisect --source needs --recipe, how a commit is built, and --good, a commit that is good")
    recipe = load_rom_recipe(arguments.recipe)
    if not isinstance(recipe, BuildRecipe):
        raise InputError(f"{recipe.name} is prebuilt, it says nothing of how a source is built", remedy="bootrig roms")
    return SourceRange(source=arguments.source, recipe=recipe, good=tuple(arguments.good), bad=arguments.bad)


def _make_listener(commits: "Commits | None", arguments: argparse.Namespace) -> "BisectListener":
    from bootrig.api import BisectListener, Listener, Step
    from bootrig.builder.build import BuildOptions
    from bootrig.cli.boot_progress import Progress
    from bootrig.cli.build_progress import step_options

    class Telling(BisectListener):
        """Prints each step; builds and boots are shown on standard error."""

        number = 0

        def resumed(self, steps: Sequence[Step]) -> None:
            print(f"goes on after {len(steps)} that were tried before")
            self.number = len(steps)

        @contextmanager
        def built(self) -> Iterator[BuildOptions]:
            with step_options(None) as options:
                yield options

        @contextmanager
        def booted(self) -> Iterator[Listener]:
            with Progress() as progress:
                yield progress

        def judged(self, step: Step, left: int) -> None:
            self.number += 1
            name = _name(step.name, commits)
            print(f"[{self.number}, 1 of {left}] {name:<{NAMED}}  {step.answer:<7}  {step.reason}".rstrip(), flush=True)

        def misled(self, step: Step) -> None:
            print(f"{_name(step.name, commits)} is {step.answer} if it is built from nothing: all are built so, anew")

    return Telling()


def _name(name: str, commits: "Commits | None") -> str:
    return name if commits is None else name[:NAMED]


def _show(found: "Bisected", commits: "Commits | None", arguments: argparse.Namespace) -> ExitStatus:
    what = "side" if commits is None else "commit"
    if found.first_bad is None:
        print(f"the first bad {what} is one of these, and nothing tells which:")
        for name in found.suspects:
            print(f"  {name if commits is None else commits.describe(name)}")
        return found.status
    step, good = found.first_bad, found.last_good
    print(f"first bad {what}: {step.name if commits is None else commits.describe(step.name)}")
    print(f"  {step.reason}")
    if commits is not None:
        print("  builds from nothing confirm it")
    if step.run and good.run and arguments.baseline is None:
        print(f"  both boots: bootrig judge {good.run} {step.run}")
    elif step.run:
        print(f"  its boots: bootrig report {step.run}")
    return found.status
