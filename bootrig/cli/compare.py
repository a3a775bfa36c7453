"""`bootrig compare BASELINE CANDIDATE`: may the candidate replace the baseline?"""

import argparse
from pathlib import Path

from bootrig.cli.matrix_options import add_matrix_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "baseline", help="the ROM set that is in use, by the name of its recipe; a path for a directory of ROMs"
    )
    parser.add_argument("candidate", help="the ROM set that may replace it")
    add_matrix_options(parser)
    parser.add_argument("--waivers", type=Path, metavar="FILE", help="differences that are accepted (TOML)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdict as JSON ('-': standard output)")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdict as JUnit XML")


def run(arguments: argparse.Namespace) -> int:
    """Boot both ROM sets in every cell, compare, confirm, report; 0 compatible, 1 regressions."""
    from bootrig.cli.session import NIC_ORDER, require_unbroken, start_session  # noqa: PLC0415 - a fast --help
    from bootrig.cli.written import require_writable, write_document  # noqa: PLC0415
    from bootrig.compare.comparison import compare_traces  # noqa: PLC0415
    from bootrig.compare.confirmation import needs_confirmation  # noqa: PLC0415
    from bootrig.compare.waivers import load_waivers  # noqa: PLC0415
    from bootrig.report.comparison import print_verdict  # noqa: PLC0415
    from bootrig.report.console import open_console  # noqa: PLC0415
    from bootrig.report.junit import encode_verdict_junit  # noqa: PLC0415
    from bootrig.report.verdict_json import encode_verdict  # noqa: PLC0415

    require_writable(arguments.json, arguments.junit)
    waivers = load_waivers(arguments.waivers) if arguments.waivers else ()
    names = (arguments.baseline, arguments.candidate)
    console = open_console(stderr=arguments.json == Path("-"))
    with start_session(arguments, names, ("baseline", "candidate"), "compare") as session:
        campaign = session.campaign
        campaign.run()
        verdict = compare_traces(campaign.traces("baseline"), campaign.traces("candidate"), waivers)
        while keys := needs_confirmation(verdict) - campaign.confirmed:
            campaign.confirm(keys)
            verdict = compare_traces(campaign.traces("baseline"), campaign.traces("candidate"), waivers)
    require_unbroken(campaign.errors)
    write_document(session.run_directory / "verdict.json", encode_verdict(verdict))
    print_verdict(verdict, console, session.run_directory, nic_order=NIC_ORDER)
    if arguments.json:
        write_document(arguments.json, encode_verdict(verdict))
    if arguments.junit:
        write_document(arguments.junit, encode_verdict_junit(verdict))
    return 0 if verdict.compatible else 1
