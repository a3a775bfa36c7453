"""`bootrig rerun RUN [CELL...]`: boot again what a run booted."""

import argparse
from typing import TYPE_CHECKING

from bootrig.cli.documents import add_document_options, deliver, read_documents
from bootrig.cli.policy_options import add_policy_options, read_policy
from bootrig.cli.run_options import add_run
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.api import Rerun
    from bootrig.record.run import RecordedRun

POLICY_WORDS = ("policy", "waivers", "fail_on")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_run(parser)
    parser.add_argument(
        "cells",
        metavar="CELL",
        nargs="*",
        help="only this cell: SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR; later parts may be left out, parts be patterns",
    )
    parser.add_argument("--side", default="", metavar="LABEL", help="only this side: baseline, candidate, ...")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--failed", action="store_true", help="only the cells that failed, regressed, or whose rig broke"
    )
    which.add_argument(
        "--missing", action="store_true", help="only what a run that was killed lacks; the new run has all of its cells"
    )
    which.add_argument(
        "--interactive", action="store_true", help="type at the console of one cell of one side; Ctrl-] ends"
    )
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="cells at a time (default: one a processor)")
    add_policy_options(parser)
    add_document_options(parser, "the verdict or the outcomes")


def run(arguments: argparse.Namespace) -> int:
    """Boot again, and report as the run itself did.

    Raises:
        InputError: nothing is to be booted, or this machine lacks what is needed.
    """
    from bootrig import api
    from bootrig.cli.boot_progress import Progress
    from bootrig.record.selection import is_comparison
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.outcomes import print_outcomes
    from bootrig.report.terminal.verdict import print_verdict

    if arguments.missing and (arguments.cells or arguments.side):
        raise InputError("--missing boots all that is missing", remedy="leave out the cells and --side")
    recorded = api.find_run(arguments.name, arguments.runs)
    wanted = api.Rerun(
        cells=tuple(arguments.cells),
        side=arguments.side,
        only_failed=arguments.failed,
        only_missing=arguments.missing,
        parallelism=arguments.jobs,
        runs=arguments.runs,
        argv=tuple(arguments.argv),
    )
    if arguments.interactive:
        return _run_interactive(recorded, wanted)
    subject = "verdict" if is_comparison(recorded) and not arguments.side else "outcomes"
    documents = read_documents(arguments, subject)
    # the run's own policy holds unless another one is named
    policy = read_policy(arguments) if any(getattr(arguments, word) for word in POLICY_WORDS) else None
    console = open_console(stderr=any(document.is_printed for document in documents))
    with Progress() as listener:
        result = api.rerun(recorded, wanted, policy, listener)

    def show() -> None:
        if isinstance(result, api.CompareResult):
            print_verdict(result.verdict, console, result.directory)
        else:
            print_outcomes(result.outcomes, console, result.directory)

    value = result.verdict if isinstance(result, api.CompareResult) else result.outcomes
    return deliver(documents, subject, value, show=show, directory=result.directory, status=result.status)


def _run_interactive(recorded: "RecordedRun", wanted: "Rerun") -> int:
    from bootrig import api
    from bootrig.cli.terminal import Keyboard, require_typist, start_raw_terminal

    require_typist()
    print("The guest's console is yours; Ctrl-] ends.", flush=True)
    with start_raw_terminal():
        _, directory = api.rerun_one(recorded, wanted, Keyboard())
    print(f"\nEverything that was seen: {directory}")
    return ExitStatus.GOOD
