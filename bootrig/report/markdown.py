"""Markdown, for comments and step summaries: the answer, what differs, the cells that did not pass.

Source: GitHub Flavored Markdown Spec 0.29: 2.4 (in CommonMark 6.1; backslash escapes), 4.10 (tables).
"""

import re
from collections.abc import Sequence

from bootrig.compare import Outcomes, Verdict
from bootrig.legible import make_legible
from bootrig.report.cases import Case, CaseState, list_finding_cases, list_outcome_cases, list_verdict_cases
from bootrig.report.format import Findings, ReportFormat
from bootrig.report.sentences import count, format_finding

PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>#|!~&@:$])")
# A step summary has 1 MiB at most.
ROWS = 300
LONGEST = 1000


def escape_markdown(text: str) -> str:
    """Return `text` as one line in which nothing is markup, a link or HTML."""
    line = " ".join(make_legible(text).split())
    return PUNCTUATION.sub(r"\\\1", line if len(line) <= LONGEST else f"{line[:LONGEST]}...")


def encode_verdict(verdict: Verdict) -> bytes:
    """Return a verdict as Markdown."""
    answer = verdict.answer.replace("-", " ").upper()
    causes = [
        (cause.severity, format_finding(cause.first.finding), count(len(cause.cells), "cell") if cause.cells else "all")
        for cause in verdict.causes
    ]
    return _join(
        f"## {answer}: {escape_markdown(verdict.baseline)} to {escape_markdown(verdict.candidate)}",
        *_draw_table(("weight", "what differs", "where"), causes),
        *_draw_cases(list_verdict_cases(verdict)),
    )


def encode_outcomes(outcomes: Outcomes) -> bytes:
    """Return the outcomes of boots as Markdown."""
    return _join("## Boots", *_draw_cases(list_outcome_cases(outcomes)))


def encode_findings(found: Findings) -> bytes:
    """Return what lint found as Markdown."""
    return _join(f"## Lint of {escape_markdown(found.target)}", *_draw_cases(list_finding_cases(found)))


def _draw_cases(cases: Sequence[Case]) -> list[str]:
    """Return how many cases there are of each state, and a table of those that have to be looked at."""
    states = [case.state for case in cases]
    counts = ", ".join(f"{states.count(state)} {state}" for state in CaseState if state in states)
    rows = [(case.state, case.name, case.reason) for case in cases if case.state is not CaseState.PASSED]
    return [counts or "nothing was tried", *_draw_table(("state", "what", "why"), rows)]


def _draw_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = [heads, ["---"] * len(heads), *([escape_markdown(word) for word in row] for row in rows[:ROWS])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return [table, f"and {len(rows) - ROWS} more"] if len(rows) > ROWS else [table]


def _join(*parts: str) -> bytes:
    return "\n\n".join(parts).encode() + b"\n"


FORMAT = ReportFormat(
    summary="Markdown, for comments", verdict=encode_verdict, outcomes=encode_outcomes, findings=encode_findings
)
