"""`bootrig runs`: what was run, how it ended, how much space it takes; and removing what is old."""

import argparse
import time
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import parse_age, parse_count, parse_runs
from bootrig.cli.run_options import add_runs
from bootrig.errors import ExitStatus

if TYPE_CHECKING:
    from bootrig.record.listing import ListedRun

HEADINGS = ("run", "sides", "result", "cells", "size")
MIB = 1 << 20
WIDEST = 44


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig runs` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_runs(parser)
    listed = actions.add_parser("list", help="list the runs, the newest first (the default)")
    # what is read before the action is not undone by a default here
    listed.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    prune = actions.add_parser("prune", help="remove old runs; those that are under way stay")
    which = prune.add_mutually_exclusive_group(required=True)
    which.add_argument("--keep", type=parse_count, metavar="N", help="all but the N newest")
    which.add_argument("--older", type=parse_age, metavar="AGE", help="those that began longer ago: 30d, 12h")
    for action in (listed, prune):
        action.add_argument(
            "--runs", type=parse_runs, metavar="DIR", default=argparse.SUPPRESS, help="where run directories are"
        )


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig runs`.

    Raises:
        InputError: the runs cannot be read or removed.
    """
    from bootrig.record.listing import list_runs

    if arguments.action == "prune":
        return _prune(arguments)
    listed = list_runs(arguments.runs)
    if arguments.json:
        from bootrig.cli.documents import print_json

        print_json("runs", runs=[_facts(one) for one in listed])
        return ExitStatus.GOOD
    _print(listed)
    return ExitStatus.GOOD


def _prune(arguments: argparse.Namespace) -> int:
    from bootrig.legible import make_legible
    from bootrig.record.listing import prune_runs

    before_s = None if arguments.older is None else time.time() - arguments.older
    pruned = prune_runs(arguments.runs, keep=arguments.keep, before_s=before_s)
    for one in pruned.removed:
        print(make_legible(f"removed {one.name}"))
    for one in pruned.left:
        print(make_legible(f"left {one.name}: it is under way"))
    print(f"{_count(len(pruned.removed))} removed, {_size(pruned.freed)} freed")
    return ExitStatus.GOOD


def _print(listed: "tuple[ListedRun, ...]") -> None:
    from bootrig.legible import make_legible

    rows = [HEADINGS]
    for one in listed:
        sides = ", ".join(side.given for side in one.run.sides) if one.run else ""
        shown = sides if len(sides) <= WIDEST else f"{sides[: WIDEST - 3]}..."
        rows.append((one.name, shown, one.result, str(one.cells) if one.run else "", _size(one.length)))
    told = [[make_legible(word).replace("\n", " ") for word in row] for row in rows]
    widths = [max(len(row[column]) for row in told) for column in range(len(HEADINGS))]
    faults = {make_legible(one.name): make_legible(one.fault).replace("\n", " ") for one in listed if one.fault}
    for name, sides, result, cells, size in told if listed else ():
        if name in faults:
            print(f"{name:<{widths[0]}}  {result}: {faults[name]}")
            continue
        print(f"{name:<{widths[0]}}  {sides:<{widths[1]}}  {result:<{widths[2]}}  {cells:>{widths[3]}}  {size:>9}")
    print(f"{_count(len(listed))}, {_size(sum(one.length for one in listed))}")


def _facts(one: "ListedRun") -> dict[str, object]:
    run = one.run
    return {
        "name": one.name,
        "directory": str(one.directory),
        "state": one.state,
        "fault": one.fault,
        "started": run.started if run else None,
        "ended": run.ended if run else None,
        "verb": run.verb if run else None,
        "sides": [{"label": side.label, "given": side.given} for side in run.sides] if run else [],
        "outcome": one.result,
        "exit_status": run.exit_status if run else None,
        "cells": one.cells,
        "bytes": one.length,
        "repeats": run.repeats if run else "",
    }


def _size(length: int) -> str:
    return f"{length / MIB:.1f} MiB"


def _count(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"
