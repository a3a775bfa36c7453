"""`bootrig merge RUN...`: join the runs of a matrix' shards into one."""

import argparse

from bootrig.cli.run_options import add_runs
from bootrig.errors import ExitStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("shards", metavar="RUN", nargs="+", help="the run of a shard: its directory, its name or @last")
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the joined run, and print where it is."""
    from bootrig.record.merging import merge_runs
    from bootrig.record.run import find_run

    merged = merge_runs([find_run(name, arguments.runs) for name in arguments.shards], arguments.runs)
    print(f"{len(merged.run.cells)} cells of {len(arguments.shards)} runs: {merged.directory}")
    return ExitStatus.GOOD
