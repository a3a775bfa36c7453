"""`bootrig judge RUN [CANDIDATE_RUN]`: judge recorded boots again, without booting."""

import argparse

from bootrig.cli.documents import add_document_options, deliver, read_documents
from bootrig.cli.policy_options import add_policy_options, read_policy
from bootrig.cli.run_options import add_runs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "baseline", metavar="RUN", help="a run of compare, or of the baseline: its directory, its name or @last"
    )
    parser.add_argument("candidate", metavar="CANDIDATE_RUN", nargs="?", help="a run of the candidate")
    add_policy_options(parser)
    add_runs(parser)
    add_document_options(parser, "the verdict")


def run(arguments: argparse.Namespace) -> int:
    """Compare the traces of one or two runs and report."""
    from bootrig.record.judgement import judge
    from bootrig.record.news import tell_news
    from bootrig.record.run import find_run
    from bootrig.report.terminal.console import open_console
    from bootrig.report.terminal.verdict import print_verdict

    documents = read_documents(arguments, "verdict")
    policy = read_policy(arguments)
    baseline = find_run(arguments.baseline, arguments.runs)
    candidate = find_run(arguments.candidate, arguments.runs) if arguments.candidate else baseline
    verdict = judge(baseline, candidate, policy)
    if candidate is baseline:
        verdict = tell_news(verdict, baseline.run, baseline.directory.parent)
    console = open_console(stderr=any(document.is_printed for document in documents))
    return deliver(
        documents,
        "verdict",
        verdict,
        show=lambda: print_verdict(verdict, console, candidate.directory),
        directory=candidate.directory,
        baseline=baseline.directory,
        status=verdict.status,
    )
