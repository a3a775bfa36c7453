"""`bootrig history [CELL | DIFFERENCE]`: what runs found over time."""

import argparse
from typing import TYPE_CHECKING

from bootrig.cli.run_options import add_runs
from bootrig.errors import ExitStatus

if TYPE_CHECKING:
    from bootrig.record.history import PastRun
    from bootrig.record.trends import CellTrend, DifferenceTrend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "name",
        metavar="CELL|DIFFERENCE",
        nargs="?",
        help="a cell: SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR, or a difference: RULE@CELL[:SUBJECT]; trailing parts may "
        "be left out, parts be patterns (default: list the runs)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the history of runs, of cells or of differences.

    Raises:
        InputError: there is no such cell or difference.
        RigError: the history cannot be used.
    """
    from bootrig.cli.documents import print_json
    from bootrig.record.history import open_history
    from bootrig.record.trends import find_cell_trends, find_difference_trends
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.history import print_cell_trends, print_difference_trends, print_runs

    name = arguments.name
    cells: tuple[CellTrend, ...] = ()
    differences: tuple[DifferenceTrend, ...] = ()
    with open_history(arguments.runs) as history:
        runs = history.list_runs()
        if name is not None and "@" in name:
            differences = find_difference_trends(history, name)
        elif name is not None:
            cells = find_cell_trends(history, name)
    if arguments.json:
        print_json(
            "history",
            runs=[_facts(one) for one in runs],
            cells=[_cell_facts(one) for one in cells],
            differences=[_difference_facts(one) for one in differences],
        )
        return ExitStatus.GOOD
    console = open_console()
    if differences:
        print_difference_trends(differences, console)
    elif cells:
        print_cell_trends(cells, console)
    else:
        print_runs(runs, console)
    return ExitStatus.GOOD


def _facts(run: "PastRun") -> dict[str, object]:
    return {"run": run.name, "started": run.started, "verb": run.verb, "answer": run.answer, "sides": run.sides}


def _cell_facts(trend: "CellTrend") -> dict[str, object]:
    boots = [
        {"run": run.name, "state": boot.state, "milestone": boot.milestone, "clock": boot.clock, "stages": boot.stages}
        for run, boot in trend.boots
    ]
    good = trend.last_good
    return {
        "cell": trend.cell,
        "side": trend.side,
        "first_seen": trend.first_seen.name,
        "last_good": good.name if good else None,
        "boots": boots,
    }


def _difference_facts(trend: "DifferenceTrend") -> dict[str, object]:
    without = trend.last_without
    return {
        "id": trend.id,
        "sides": trend.sides,
        "sentence": trend.sentence,
        "first_seen": trend.seen[0].name,
        "last_seen": trend.seen[-1].name,
        "last_without": without.name if without else None,
        "states": [{"run": run.name, "state": state} for run, state in trend.states],
    }
