"""The verdict as JSON, for other programs: the fields of the structures below, format `bootrig-verdict/2`.

Fields may be added at any time, readers pass over what they do not know; a field whose meaning changes makes a new
number of the format. Cells and differences have the names of the run format.
"""

from typing import Literal

from msgspec import Struct

from bootrig.compare.difference import Confirmation, Difference
from bootrig.compare.finding import Severity, Value
from bootrig.compare.verdict import Answer, CellCounts, CellState, ComparedBoot, ComparedCell, NotCompared, Verdict
from bootrig.jsonfile import encode_json
from bootrig.report.sentences import format_finding
from bootrig.trace.names import CellKey
from bootrig.trace.trace import ClockKind, OutcomeStatus


class DifferenceDocument(Struct, frozen=True, kw_only=True):
    """A difference.

    Attributes:
        id: its name.
        rule: the rule that found it.
        cell: name of the cell; null for the ROM sets as wholes.
        subject: what of the cell it is about.
        severity: how much it weighs.
        confirmation: whether real time confirmed it.
        waiver: why it is accepted; empty where nobody accepted it.
        baseline: the baseline's value; null for absent.
        candidate: the candidate's value; null for absent.
        unit: unit of values that are numbers.
        why: why it matters; may be empty.
        sentence: all of it, for people.
    """

    id: str
    rule: str
    cell: str | None
    subject: str
    severity: Severity
    confirmation: Confirmation
    waiver: str
    baseline: Value
    candidate: Value
    unit: str
    why: str
    sentence: str


class BootDocument(Struct, frozen=True, kw_only=True):
    """The boot of one side that counts: how it ended, which attempt it is, its directory, relative to the run's."""

    status: OutcomeStatus
    milestone: str
    reason: str
    attempt: str
    clock: ClockKind
    directory: str


class CellDocument(Struct, frozen=True, kw_only=True):
    """A cell: its name, what became of it, the boots of both sides; null where there is none."""

    cell: str
    state: CellState
    baseline: BootDocument | None
    candidate: BootDocument | None


class NotComparedDocument(Struct, frozen=True, kw_only=True):
    """A cell that was not compared, and why."""

    cell: str
    explanation: str


class DifferenceCounts(Struct, frozen=True, kw_only=True):
    """Differences by severity, waived ones apart."""

    regression: int
    change: int
    improvement: int
    info: int
    waived: int


class VerdictDocument(Struct, frozen=True, kw_only=True):
    """The verdict.

    Attributes:
        format: of the document.
        verdict: the answer in one word.
        identical: whether every cell was compared and no rule found anything.
        baseline: name of the baseline ROM set.
        candidate: name of the candidate ROM set.
        cell_counts: how many cells say what.
        difference_counts: how many differences there are.
        differences: all that count and all that were waived.
        cells: the matrix.
        not_compared: cells that have no boot of some side.
        refuted: differences of virtual time that real time did not show.
        notes: sentences.
    """

    format: Literal["bootrig-verdict/2"] = "bootrig-verdict/2"
    verdict: Answer
    identical: bool
    baseline: str
    candidate: str
    cell_counts: CellCounts
    difference_counts: DifferenceCounts
    differences: tuple[DifferenceDocument, ...]
    cells: tuple[CellDocument, ...]
    not_compared: tuple[NotComparedDocument, ...]
    refuted: tuple[DifferenceDocument, ...]
    notes: tuple[str, ...]


def encode_verdict(verdict: Verdict) -> bytes:
    """Return `verdict` as JSON."""
    counts = {str(severity): len(verdict.of_severity(severity)) for severity in Severity}
    waived = sum(bool(entry.waiver) for entry in verdict.differences)
    return encode_json(
        VerdictDocument(
            verdict=verdict.answer,
            identical=verdict.identical,
            baseline=verdict.baseline,
            candidate=verdict.candidate,
            cell_counts=verdict.counts,
            difference_counts=DifferenceCounts(**counts, waived=waived),
            differences=tuple(map(_describe_difference, verdict.differences)),
            cells=tuple(map(_describe_cell, verdict.cells)),
            not_compared=tuple(map(_describe_not_compared, verdict.not_compared)),
            refuted=tuple(map(_describe_difference, verdict.refuted)),
            notes=verdict.notes,
        )
    )


def _name(key: CellKey | None) -> str | None:
    return None if key is None else str(key)


def _describe_difference(difference: Difference) -> DifferenceDocument:
    finding = difference.finding
    return DifferenceDocument(
        id=difference.id,
        rule=difference.rule,
        cell=_name(difference.key),
        subject=finding.subject,
        severity=finding.severity,
        confirmation=difference.confirmation,
        waiver=difference.waiver,
        baseline=finding.baseline,
        candidate=finding.candidate,
        unit=finding.unit,
        why=finding.why,
        sentence=format_finding(finding),
    )


def _describe_boot(boot: ComparedBoot | None) -> BootDocument | None:
    if boot is None:
        return None
    return BootDocument(
        status=boot.outcome.status,
        milestone=boot.outcome.milestone,
        reason=boot.outcome.reason,
        attempt=boot.attempt,
        clock=boot.clock,
        directory=boot.directory,
    )


def _describe_cell(cell: ComparedCell) -> CellDocument:
    return CellDocument(
        cell=str(cell.key),
        state=cell.state,
        baseline=_describe_boot(cell.baseline),
        candidate=_describe_boot(cell.candidate),
    )


def _describe_not_compared(entry: NotCompared) -> NotComparedDocument:
    return NotComparedDocument(cell=str(entry.key), explanation=entry.explanation)
