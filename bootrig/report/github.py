"""Workflow commands of GitHub Actions: an annotation for each case that has to be looked at.

The step's summary is Markdown, in the file that `$GITHUB_STEP_SUMMARY` names. Source: GitHub Docs, "Workflow commands
for GitHub Actions": error and warning messages, job summaries; actions/toolkit, command.ts: what is escaped.
"""

from collections.abc import Sequence

from bootrig.legible import make_legible
from bootrig.report.cases import Case, CaseState, list_finding_cases, list_outcome_cases, list_verdict_cases
from bootrig.report.format import ReportFormat

COMMANDS = {CaseState.FAILED: "error", CaseState.BROKEN: "error", CaseState.WARNED: "warning"}


def escape_data(text: str) -> str:
    """Return `text` as the message of a command."""
    return make_legible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Return `text` as the value of a property of a command."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def encode_cases(cases: Sequence[Case]) -> bytes:
    """Return an error or a warning a case that did not pass."""
    return "".join(_encode(case) for case in cases if case.state in COMMANDS).encode()


def _encode(case: Case) -> str:
    file = f"file={escape_property(case.file)},line={case.line}," if case.file else ""
    message = "\n".join((case.reason, *case.details))
    return f"::{COMMANDS[case.state]} {file}title={escape_property(case.name)}::{escape_data(message)}\n"


FORMAT = ReportFormat(
    summary="annotations and the step summary of GitHub Actions",
    verdict=lambda verdict: encode_cases(list_verdict_cases(verdict)),
    outcomes=lambda outcomes: encode_cases(list_outcome_cases(outcomes)),
    findings=lambda found: encode_cases(list_finding_cases(found)),
    appended={"GITHUB_STEP_SUMMARY": "markdown"},
)
