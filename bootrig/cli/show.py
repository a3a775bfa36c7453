"""`bootrig show RUN [CELL...]`: the verdict of a run again, or all about cells of it."""

import argparse

from bootrig.cli.run_options import add_run
from bootrig.errors import ExitStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_run(parser)
    parser.add_argument(
        "cells",
        metavar="CELL",
        nargs="*",
        help="a cell: SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR; later parts may be left out, parts be patterns",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show a run as it showed itself, judged by its own policy; or cells of it.

    Raises:
        InputError: there is no such run or cell, or what is shown of it is damaged.
    """
    from bootrig.compare import Verdict
    from bootrig.record.run import find_run, name_run
    from bootrig.record.selection import find_missing, judge_run, list_cells, select_cells
    from bootrig.report.sentences import count
    from bootrig.report.terminal.cell import load_cells, print_cell
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.matrix import print_text
    from bootrig.report.terminal.outcomes import print_outcomes
    from bootrig.report.terminal.verdict import print_verdict

    recorded = find_run(arguments.name, arguments.runs)
    console = open_console()
    if arguments.cells:
        for number, (key, sides) in enumerate(load_cells(recorded, select_cells(recorded, arguments.cells)).items()):
            if number:
                console.print()
            print_cell(key, sides, recorded.directory, console)
        return ExitStatus.GOOD
    judged = judge_run(recorded)
    if isinstance(judged, Verdict):
        print_verdict(judged, console, recorded.directory)
    else:
        print_outcomes(judged, console, recorded.directory)
    missing = find_missing(recorded)
    if missing or recorded.run.ended is None:
        lack = f"{len(missing)} of {count(len(list_cells(recorded)), 'cell')} lack a boot"
        how = "" if recorded.run.ended else "The run did not end: "
        print_text(console, f"{how}{lack}; bootrig rerun {name_run(recorded.directory)} --missing completes it")
    return ExitStatus.GOOD
