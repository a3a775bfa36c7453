"""`bootrig waive RUN DIFFERENCE...`: accept differences, with the reason, in a file of waivers or a policy."""

import argparse
import datetime
from pathlib import Path

from bootrig.cli.argument_types import parse_date, parse_path
from bootrig.cli.run_options import add_runs
from bootrig.errors import ExitStatus

WAIVERS = Path("waivers.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run of compare: its directory, its name or @last")
    parser.add_argument(
        "names",
        metavar="DIFFERENCE",
        nargs="+",
        help="a difference of it: RULE@CELL[:SUBJECT]; trailing parts may be left out, parts be patterns",
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why it is accepted")
    parser.add_argument(
        "--expires", type=parse_date, metavar="DATE", help="the last day on which it is: 2031-01-01 (default: for ever)"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--waivers", type=parse_path, metavar="FILE", help=f"the file of waivers to add it to (default: {WAIVERS})"
    )
    where.add_argument("--policy", type=parse_path, metavar="FILE", help="the policy to add it to")
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Add waivers to a file.

    Raises:
        InputError: a difference is not one of the run's, or is waived already, the reason is empty, the date has
            passed, or the file is wrong.
    """
    from bootrig.legible import make_legible
    from bootrig.record.run import find_run
    from bootrig.record.waiving import add_waivers, require_seen

    recorded = find_run(arguments.run, arguments.runs)
    found = {name: require_seen(name, recorded) for name in arguments.names}
    option = "--policy" if arguments.policy else "--waivers"
    path = arguments.policy or arguments.waivers or WAIVERS
    expires: datetime.date | None = arguments.expires
    add_waivers(path, arguments.names, arguments.reason, expires)
    for name, seen in found.items():
        more = "" if seen == (name,) else f" ({len(seen)} of this run)"
        print(make_legible(f"{path} waives {name}{more}"))
    print(make_legible(f"compare and judge take it by {option} {path}"))
    return ExitStatus.GOOD
