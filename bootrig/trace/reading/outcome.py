"""The outcome of a boot: a pure function of its trace, which holds what was expected."""

from msgspec.structs import replace

from bootrig.trace.reading.milestones import find_missing
from bootrig.trace.reading.repetitions import find_disturbances
from bootrig.trace.trace import Expectation, Outcome, OutcomeStatus, Trace
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import REPORT_MILESTONES


def expected_milestones(expected: Expectation) -> tuple[str, ...]:
    """Return all milestones that a boot has to reach, that of the report last."""
    report = REPORT_MILESTONES.get(expected.report, expected.report)
    return (*expected.milestones, report) if report else expected.milestones


def find_outcome(trace: Trace) -> Outcome:
    """Say how a boot ended: passed only where every expected milestone is there and every byte arrived."""
    last, missing = find_missing(expected_milestones(trace.expected), trace.milestones)
    disturbed = find_disturbances(trace.wire)
    damage = next((words for report in trace.reports if (words := _describe_damage(report, trace.expected))), None)
    if damage is not None:
        return Outcome(OutcomeStatus.FAILED, last, damage, disturbed)
    if missing:
        how = f": {trace.ended_by}" if trace.ended_by else ""
        return Outcome(OutcomeStatus.FAILED, last, f"{missing} was not reached{how}", disturbed)
    mode = "" if trace.clock.is_virtual else " in real time"
    return Outcome(OutcomeStatus.PASSED, last, f"{last} was reached{mode}", disturbed)


def _describe_damage(report: ProbeReport, expected: Expectation) -> str | None:
    """Return what is wrong with a probe whose bytes are not those that were offered; None for nothing."""
    total = report.find_number("sum")
    if total is None or total in expected.sums:
        return None
    return f"the {report.kind} probe arrived damaged: the sum of its bytes is {total:08x}"


def settle_outcome(trace: Trace) -> Trace:
    """Return a trace with its outcome found anew."""
    return replace(trace, outcome=find_outcome(trace))
