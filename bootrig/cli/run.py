"""`bootrig run ROMSET...`: boot ROM sets and report the outcomes."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from bootrig.cli.matrix_options import add_matrix_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "rom_set",
        nargs="+",
        metavar="ROMSET",
        help="a ROM set to boot, by the name of its recipe; a path for a directory of ROMs",
    )
    add_matrix_options(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes as JSON ('-': standard output)")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the outcomes as JUnit XML")


def run(arguments: argparse.Namespace) -> int:
    """Boot every cell and report; 0 where all passed, 1 where some failed."""
    from bootrig.cli.session import NIC_ORDER, require_unbroken, start_session  # noqa: PLC0415 - a fast --help
    from bootrig.cli.written import encode_outcomes, require_writable, write_document  # noqa: PLC0415
    from bootrig.report.console import open_console  # noqa: PLC0415
    from bootrig.report.junit import encode_outcomes_junit  # noqa: PLC0415
    from bootrig.report.outcomes import print_outcomes, settle  # noqa: PLC0415
    from bootrig.trace.trace import OutcomeStatus  # noqa: PLC0415

    require_writable(arguments.json, arguments.junit)
    names = tuple(dict.fromkeys(arguments.rom_set))
    console = open_console(stderr=arguments.json == Path("-"))
    labels = label_sides(names)
    with start_session(arguments, names, labels, "run") as session:
        session.campaign.run()
    require_unbroken(session.campaign.errors)
    traces = tuple(trace for label in labels for trace in session.campaign.traces(label))
    print_outcomes(traces, console, session.run_directory, nic_order=NIC_ORDER)
    settled = settle(traces)
    if arguments.json:
        write_document(arguments.json, encode_outcomes(settled))
    if arguments.junit:
        write_document(arguments.junit, encode_outcomes_junit(settled))
    return 0 if all(trace.outcome.status is OutcomeStatus.PASSED for trace in settled) else 1


def label_sides(names: Sequence[str]) -> tuple[str, ...]:
    """Return a directory's name for each ROM set; a name may be the path of a recipe's file."""
    words = [re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("._") or "set" for name in names]
    return tuple(f"{word}-{index}" if words.index(word) != index else word for index, word in enumerate(words))
