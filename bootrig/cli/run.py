"""`bootrig run SIDE...`: boot ROM sets and report the outcomes."""

import argparse

from bootrig.cli.boot_options import add_matrix_options, read_matrix
from bootrig.cli.documents import add_document_options, deliver, read_documents
from bootrig.errors import ExitStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "rom_set",
        nargs="+",
        metavar="SIDE",
        help="a side to boot: NAME of a recipe, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom, or parts: "
        "roms=...,emulator=...,platform-firmware=...",
    )
    parser.add_argument("--list", action="store_true", help="print the cells that would be booted, and boot nothing")
    add_matrix_options(parser)
    add_document_options(parser, "the outcomes")


def run(arguments: argparse.Namespace) -> int:
    """Boot every cell and report; 0 where all passed, 1 where some failed, 3 where the rig broke in some."""
    from bootrig import api
    from bootrig.cli.boot_progress import Progress
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.outcomes import print_outcomes

    if arguments.list:
        for cell in api.list_cells(arguments.rom_set, read_matrix(arguments)):
            print(cell)
        return ExitStatus.GOOD
    documents = read_documents(arguments, "outcomes")
    console = open_console(stderr=any(document.is_printed for document in documents))
    with Progress() as listener:
        result = api.run(arguments.rom_set, read_matrix(arguments), listener)
    return deliver(
        documents,
        "outcomes",
        result.outcomes,
        show=lambda: print_outcomes(result.outcomes, console, result.directory),
        directory=result.directory,
        status=result.status,
    )
