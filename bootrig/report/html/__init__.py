"""HTML: one file that needs nothing else, with the evidence that the runs hold."""

from collections.abc import Sequence
from pathlib import Path

from bootrig.compare import Outcomes, Verdict
from bootrig.report.format import ReportFormat
from bootrig.report.html.evidence import load_pair, load_sides
from bootrig.report.html.outcome_page import make_outcome_page
from bootrig.report.html.rendering import render
from bootrig.report.html.verdict_page import make_verdict_page


def encode_verdict(verdict: Verdict, runs: Sequence[Path] = (), *, all_evidence: bool = False) -> bytes:
    """Return a verdict as HTML, with the evidence of the run that it judges, or of the baseline's and the candidate's.

    Args:
        verdict: what is told.
        runs: the directories of the runs; without any there is no evidence.
        all_evidence: whether cells that passed have their packets as charts, too.
    """
    return render(make_verdict_page(verdict, load_pair(runs), all_evidence=all_evidence))


def encode_outcomes(outcomes: Outcomes, runs: Sequence[Path] = (), *, all_evidence: bool = False) -> bytes:
    """Return the outcomes of boots as HTML, with the evidence of their run; as `encode_verdict`."""
    return render(make_outcome_page(outcomes, load_sides(runs, outcomes.traces), all_evidence=all_evidence))


FORMAT = ReportFormat(
    summary="HTML: one page with the evidence", verdict=encode_verdict, outcomes=encode_outcomes, takes_runs=True
)
