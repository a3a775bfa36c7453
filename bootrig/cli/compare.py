"""`bootrig compare BASELINE CANDIDATE`: may the candidate replace the baseline?"""

import argparse

from bootrig.cli.boot_options import add_matrix_options, read_matrix
from bootrig.cli.documents import add_document_options, deliver, read_documents
from bootrig.cli.policy_options import add_policy_options, read_policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "baseline",
        help="the side that is in use: NAME of a recipe, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom, or parts: "
        "roms=...,emulator=...,platform-firmware=...",
    )
    parser.add_argument("candidate", help="the side that may replace it")
    add_matrix_options(parser)
    add_policy_options(parser)
    add_document_options(parser, "the verdict")


def run(arguments: argparse.Namespace) -> int:
    """Boot both ROM sets in every cell, compare, confirm, report."""
    from bootrig import api
    from bootrig.cli.boot_progress import Progress
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.verdict import print_verdict

    documents = read_documents(arguments, "verdict")
    policy = read_policy(arguments)
    console = open_console(stderr=any(document.is_printed for document in documents))
    with Progress() as listener:
        result = api.compare(arguments.baseline, arguments.candidate, read_matrix(arguments), policy, listener)
    return deliver(
        documents,
        "verdict",
        result.verdict,
        show=lambda: print_verdict(result.verdict, console, result.directory),
        directory=result.directory,
        status=result.status,
    )
