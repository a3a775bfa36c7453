"""TAP, for harnesses that read it: one test point a cell.

Source: Test Anything Protocol version 14 (testanything.org): version line, plan, test points, escaping, directives,
YAML diagnostics. Strings of the diagnostics are JSON strings, which YAML 1.2 reads as they are.
"""

from collections.abc import Iterator, Sequence
from json import dumps

from bootrig.legible import make_legible
from bootrig.report.cases import Case, CaseState, list_finding_cases, list_outcome_cases, list_verdict_cases
from bootrig.report.format import ReportFormat


def escape_tap(text: str) -> str:
    """Return `text` as one line of a description, in which nothing is a directive."""
    return " ".join(make_legible(text).replace("\\", "\\\\").replace("#", "\\#").split())


def encode_cases(cases: Sequence[Case]) -> bytes:
    """Return cases as TAP 14."""
    lines = ["TAP version 14", f"1..{len(cases)}{'' if cases else ' # SKIP nothing was tried'}"]
    for number, case in enumerate(cases, 1):
        lines += _iter_lines(number, case)
    return "\n".join([*lines, ""]).encode()


def _iter_lines(number: int, case: Case) -> Iterator[str]:
    word = "not ok" if case.state in (CaseState.FAILED, CaseState.BROKEN) else "ok"
    skipped = case.state is CaseState.SKIPPED
    yield f"{word} {number} - {escape_tap(case.name)}{f' # SKIP {escape_tap(case.reason)}' if skipped else ''}"
    if (case.reason and not skipped) or case.details:
        yield "  ---"
        yield f"  state: {case.state}"
        yield f"  message: {dumps(make_legible(case.reason))}"
        if case.details:
            yield "  details:"
            yield from (f"    - {dumps(make_legible(line))}" for line in case.details)
        yield "  ..."


FORMAT = ReportFormat(
    summary="TAP 14, for test harnesses",
    verdict=lambda verdict: encode_cases(list_verdict_cases(verdict)),
    outcomes=lambda outcomes: encode_cases(list_outcome_cases(outcomes)),
    findings=lambda found: encode_cases(list_finding_cases(found)),
)
