"""The arguments of verbs that read a run again: which run, and where runs are."""

import argparse

from bootrig.cli.argument_types import parse_runs


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the run, and the directory in which its name is looked up."""
    parser.add_argument("name", metavar="RUN", help="a run: its directory, its name or @last")
    add_runs(parser)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add the directory of runs."""
    parser.add_argument("--runs", type=parse_runs, metavar="DIR", help="where run directories are")
