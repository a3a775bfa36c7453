"""`bootrig report RUN`: one HTML page of a recorded run, with its evidence."""

import argparse
from pathlib import Path

from bootrig.cli.argument_types import parse_path
from bootrig.cli.policy_options import add_policy_options, read_policy
from bootrig.cli.run_options import add_run
from bootrig.errors import ExitStatus

PAGE = "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_run(parser)
    parser.add_argument(
        "-o", "--output", type=parse_path, metavar="FILE", help=f"where the page goes (default: {PAGE} of the run)"
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.add_argument(
        "--all-evidence",
        action="store_true",
        help="packets of cells that passed as charts too, and captures however long they are",
    )
    add_policy_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Judge the run's boots again, and write the page."""
    import webbrowser

    from bootrig.output import open_output
    from bootrig.record.judgement import judge, settle
    from bootrig.record.run import find_run
    from bootrig.report.html import encode_outcomes, encode_verdict

    policy = read_policy(arguments)
    recorded = find_run(arguments.name, arguments.runs)
    path: Path = arguments.output or recorded.directory / PAGE
    output = open_output(path, [Path(word) for word in (arguments.policy, arguments.waivers) if word])
    runs = (recorded.directory,)
    if recorded.run.verb == "compare":
        content = encode_verdict(judge(recorded, recorded, policy), runs, all_evidence=arguments.all_evidence)
    else:
        content = encode_outcomes(settle(recorded), runs, all_evidence=arguments.all_evidence)
    output.write(content)
    print(path)
    if arguments.open:
        webbrowser.open(path.absolute().as_uri())
    return ExitStatus.GOOD
