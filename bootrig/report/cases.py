"""A result as test cases: what formats that know nothing but cases are made of."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from bootrig.compare import CellState, ComparedCell, Difference, Outcomes, OutcomeState, Verdict
from bootrig.compare.rules.outcome import describe_outcome
from bootrig.errors import INPUT_WORDS, is_wrong_input
from bootrig.report.format import Findings
from bootrig.report.sentences import format_finding, tell_origin
from bootrig.trace.names import CellKey
from bootrig.trace.reading.side_name import name_side
from firmware.lint.finding import Severity

CONSOLE_LINES = 20


class CaseState(StrEnum):
    """What became of a case. The rig's faults are apart from those of the ROMs."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    WARNED = "warned"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        name: what was tried.
        state: what became of it.
        reason: why; empty where it passed and there is nothing to tell.
        details: more lines about it.
        file: the file that it is about; empty where it is about none.
    """

    name: str
    state: CaseState
    reason: str = ""
    details: tuple[str, ...] = ()
    file: str = ""


def list_verdict_cases(verdict: Verdict) -> tuple[Case, ...]:
    """Return a case a cell, and one of the sets as wholes where these differ.

    A difference that another one explains makes no case fail; it is in the details.
    """
    found: dict[CellKey | None, list[Difference]] = {}
    for entry in verdict.differences:
        found.setdefault(entry.key, []).append(entry)
    folded = {entry for cause in verdict.causes for entry in (*cause.whys, *cause.followers)}
    cases = [
        _judge_cell(cell, found.get(cell.key, []), folded, verdict.broken.get(cell.key, "")) for cell in verdict.cells
    ]
    if None in found:
        cases.append(_judge("the sets as wholes", found[None], folded))
    return tuple(cases)


def _judge_cell(cell: ComparedCell, found: Sequence[Difference], folded: Set[Difference], broken: str) -> Case:
    name = str(cell.key)
    if cell.state is CellState.BROKEN:
        return Case(name, CaseState.BROKEN, f"the rig broke: {broken}")
    if cell.state is CellState.WRONG_INPUT:
        return Case(name, CaseState.BROKEN, broken)
    if cell.baseline is None or cell.candidate is None:
        return Case(name, CaseState.SKIPPED, f"{cell.state}: not compared")
    case = _judge(name, found, folded)
    if cell.state is CellState.BOTH_FAILED and case.state is not CaseState.FAILED:
        first, second = describe_outcome(cell.baseline.outcome), describe_outcome(cell.candidate.outcome)
        return Case(name, CaseState.SKIPPED, f"works with neither: {first}, {second}", case.details)
    return case


def _judge(name: str, found: Sequence[Difference], folded: Set[Difference]) -> Case:
    """Return a case that failed where a regression is found that nothing else explains, so is not `folded`."""
    details = tuple(f"{entry.weight}: {format_finding(entry.finding)} [{tell_origin(entry)}]" for entry in found)
    failures = [format_finding(entry.finding) for entry in found if entry.counts and entry not in folded]
    return Case(name, CaseState.FAILED if failures else CaseState.PASSED, "; ".join(failures), details)


def list_outcome_cases(outcomes: Outcomes) -> tuple[Case, ...]:
    """Return a case a boot that counts, and one a cell that broke."""
    return (*_iter_boots(outcomes), *_iter_errors(outcomes))


def _iter_boots(outcomes: Outcomes) -> Iterator[Case]:
    for trace, state in outcomes.settled:
        name = f"{name_side(trace)}: {trace.cell}"
        if state is OutcomeState.PASSED:
            yield Case(name, CaseState.PASSED)
        elif state in (OutcomeState.FAILED, OutcomeState.UNCONFIRMED):
            console = tuple(line.text for line in trace.console[-CONSOLE_LINES:])
            details = (f"run directory: {trace.directory}", *console)
            yield Case(name, CaseState.FAILED, trace.outcome.reason, details)
        else:
            yield Case(name, CaseState.SKIPPED, f"{state}: {trace.outcome.reason}")


def _iter_errors(outcomes: Outcomes) -> Iterator[Case]:
    for side, key, message in outcomes.errors:
        what = INPUT_WORDS if is_wrong_input(message) else "the rig broke"
        yield Case(f"{side}: {key}", CaseState.BROKEN, f"{what}: {message}")


def list_finding_cases(found: Findings) -> tuple[Case, ...]:
    """Return a case a finding of lint, and one a file in which nothing was found."""
    states = {Severity.ERROR: CaseState.FAILED, Severity.WARNING: CaseState.WARNED}
    told = [
        Case(
            f"{finding.file}: {finding.rule}",
            states.get(finding.severity, CaseState.PASSED),
            finding.message,
            file=finding.file if finding.file in found.files else "",
        )
        for finding in found.findings
    ]
    named = {finding.file for finding in found.findings}
    return (*told, *(Case(file, CaseState.PASSED, file=file) for file in found.files if file not in named))
