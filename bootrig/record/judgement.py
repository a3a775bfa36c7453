"""Judging recorded boots."""

import datetime

import msgspec
from msgspec import Struct

from bootrig.compare.comparison import DEFAULT, Proof, compare_traces
from bootrig.compare.failures import Outcomes, judge_failures
from bootrig.compare.linting import choose_named, find_errors, find_named, find_new, find_new_named
from bootrig.compare.narrowing import tell_narrowed
from bootrig.compare.policy import FailOn, Policy
from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.compare.verdict import Verdict
from bootrig.compare.waivers import FieldPatterns, Waiver
from bootrig.jsonfile import load_json
from bootrig.record.run import RecordedRun, Run, RunError
from bootrig.trace.names import DifferencePattern, matches_pattern, parse_cell_name
from bootrig.trace.trace import OutcomeStatus, Trace
from firmware.lint.finding import Finding

CELL_FILE = "cell.json"


class _KnownOutcome(Struct, frozen=True, kw_only=True):
    """How boots are known to end with some ROM sets."""

    roms: tuple[str, ...]
    outcome: OutcomeStatus
    milestone: str = ""


class _Document(Struct, frozen=True):
    known: tuple[_KnownOutcome, ...] = ()


class _Scenario(Struct, frozen=True):
    document: _Document = _Document()


class _Cell(Struct, frozen=True):
    """What the specification of a cell says of outcomes."""

    scenario: _Scenario = _Scenario()


class _RecordedPatterns(Struct, frozen=True):
    """What a waiver accepts: its cell is a pattern, or has patterns for each part."""

    rule: str
    cell: str | tuple[tuple[str, ...], ...]
    subject: str | None = None


class _RecordedWaiver(Struct, frozen=True):
    """A waiver as `run.json` has it."""

    name: str
    reason: str
    patterns: _RecordedPatterns
    expires: datetime.date | None = None


class _RecordedPolicy(Struct, frozen=True):
    """A policy as `run.json` has it."""

    relies_on: frozenset[str] = frozenset()
    strict: bool = False
    fail_on: FailOn = FailOn.REGRESSION
    tolerance: Tolerance = TOLERANCE
    waivers: tuple[_RecordedWaiver, ...] = ()


def judge(baseline: RecordedRun, candidate: RecordedRun, policy: Policy = DEFAULT) -> Verdict:
    """Hold one recorded side against another, cell by cell and rule by rule.

    Of a run the side `baseline` or `candidate` counts, or its only one.

    Raises:
        RunError: a run has several other sides.
        JsonFileError: a trace is damaged.
    """
    sides = ((baseline, "baseline"), (candidate, "candidate"))
    labels = [recorded.find_label(label) for recorded, label in sides]
    first, second = (recorded.load_traces(label) for (recorded, _), label in zip(sides, labels, strict=True))
    broken = candidate.load_errors(labels[1]) | baseline.load_errors(labels[0])
    nic_models = {
        parse_cell_name(cell.cell).nic_model
        for (recorded, _), label in zip(sides, labels, strict=True)
        for cell in recorded.run.cells
        if cell.side == label
    }
    lint = _find_new((baseline, labels[0]), (candidate, labels[1]), nic_models)
    single = [
        side.given
        for (recorded, _), label in zip(sides, labels, strict=True)
        for side in recorded.run.sides
        if side.label == label and side.kind == "rom"
    ]
    notes = tell_narrowed(single, nic_models)
    proof = Proof(repeats=(baseline.run.repeat, candidate.run.repeat))
    return compare_traces(first, second, policy, broken=broken, lint=lint, notes=notes, proof=proof)


def _find_new(
    baseline: tuple[RecordedRun, str], candidate: tuple[RecordedRun, str], nic_models: set[str]
) -> tuple[Finding, ...]:
    """Return what lint finds in the candidate's ROMs and not in the baseline's; nothing where those are not known."""
    sides = baseline, candidate
    first, second = (recorded.load_rom_set(label) for recorded, label in sides)
    if first and second:
        return find_new(first, second, nic_models)
    named = [
        find_named(rom_set) if rom_set else side.lint
        for rom_set, (recorded, label) in zip((first, second), sides, strict=True)
        for side in recorded.run.sides
        if side.label == label and (rom_set or side.recorded)
    ]
    if len(named) < len(sides):
        return ()
    return find_new_named(*(choose_named(findings, nic_models) for findings in named))


def restore_policy(run: Run) -> Policy:
    """Return the policy by which a run judged itself.

    Raises:
        RunError: it is damaged.
    """
    try:
        told = msgspec.convert(dict(run.policy), _RecordedPolicy)
    except msgspec.ValidationError as error:
        raise RunError(f"the policy of the run {run.id} is damaged: {error}") from error
    waivers = tuple(_restore_waiver(waiver) for waiver in told.waivers)
    return Policy(
        relies_on=told.relies_on, strict=told.strict, fail_on=told.fail_on, tolerance=told.tolerance, waivers=waivers
    )


def _restore_waiver(told: _RecordedWaiver) -> Waiver:
    rule, cell, subject = told.patterns.rule, told.patterns.cell, told.patterns.subject
    if isinstance(cell, str):
        return Waiver(told.name, told.reason, DifferencePattern(rule, cell, subject), told.expires)
    return Waiver(told.name, told.reason, FieldPatterns(rule, cell, subject or "*"), told.expires)


def settle(recorded: RecordedRun) -> Outcomes:
    """Say how the recorded boots of a run without baseline ended, as the run said itself.

    Raises:
        JsonFileError: a trace, or the specification of a cell whose boot failed, is damaged.
    """
    labels = [side.label for side in recorded.run.sides]
    traces = tuple(trace for label in labels for trace in recorded.load_traces(label))
    directories = {(cell.side, parse_cell_name(cell.cell)): cell.directory for cell in recorded.run.cells}

    def is_known(trace: Trace) -> bool:
        place = directories.get((trace.side, trace.key))
        path = None if place is None else recorded.directory / place / CELL_FILE
        if path is None or not path.is_file():
            return False
        return any(_fits(known, trace) for known in load_json(path, _Cell).scenario.document.known)

    errors = tuple((label, key, told) for label in labels for key, told in recorded.load_errors(label).items())
    models = {key.nic_model for _, key in directories}
    lint = tuple(
        (label, finding)
        for label in labels
        if (rom_set := recorded.load_rom_set(label)) is not None
        for finding in find_errors(rom_set, models)
    )
    return Outcomes(traces, judge_failures(traces, is_known, repeat=recorded.run.repeat), errors, lint)


def _fits(known: _KnownOutcome, trace: Trace) -> bool:
    """Whether a boot ended as it is known to."""
    ended = trace.outcome.status is known.outcome and known.milestone in ("", trace.outcome.milestone)
    return ended and any(matches_pattern(trace.rom_set, pattern) for pattern in known.roms)
