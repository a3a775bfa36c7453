"""The outcome of a boot: a pure function of its trace, which holds what was expected."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bootrig.trace.events import HttpRequest, TftpRequest
from bootrig.trace.reading.complaints import clip, find_causes, find_platform_complaint
from bootrig.trace.reading.milestones import find_missing
from bootrig.trace.reading.questions import find_last_unanswered
from bootrig.trace.reading.repetitions import find_disturbances
from bootrig.trace.reading.ways import find_wrong_way
from bootrig.trace.trace import ConsoleLine, Evidence, Expectation, Milestone, Outcome, OutcomeStatus, Trace
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import REPORT_MILESTONES

# A probe that was read from the guest's disk says nothing of what came over the network.
DISK_REPORT = "disk"
# How the observer tells that the platform firmware, or a text that the scenario names, ended the watch.
LAST_WORDS = "the console says "


def expected_milestones(expected: Expectation) -> tuple[str, ...]:
    """Return all milestones that a boot has to reach, that of the report last."""
    report = REPORT_MILESTONES.get(expected.report, expected.report)
    return (*expected.milestones, report) if report else expected.milestones


def find_outcome(trace: Trace) -> Outcome:
    """Say how a boot ended: passed only where every milestone is there and every byte arrived, by the way expected."""
    if trace.missing_roms:
        return Outcome(OutcomeStatus.FAILED, "", trace.ended_by)
    reached = (*trace.milestones, *_iter_proven(trace))
    last, missing = find_missing(expected_milestones(trace.expected), reached)
    disturbed = find_disturbances(trace)
    causes = find_causes(trace.console)
    damage = next((words for report in trace.reports if (words := _describe_damage(report, trace.expected))), None)
    damage = damage or find_wrong_way(trace)
    if damage is None and not missing:
        mode = "" if trace.clock.is_virtual else " in real time"
        reason = f"{last} was reached{mode}"
        return Outcome(OutcomeStatus.PASSED, last, reason, disturbed, on_the_way=causes)
    unanswered = find_last_unanswered(trace.wire)
    reason = damage or f"{missing} was not reached{_describe_end(trace, causes, unanswered)}"
    return Outcome(OutcomeStatus.FAILED, last, reason, disturbed, unanswered, causes if damage else causes[:-1])


def _iter_proven(trace: Trace) -> Iterator[Milestone]:
    """Yield what the expected report proves, whatever the capture lacks: its program came whole, by the way it came.

    A right sum shows that the last block arrived. Its acknowledgement may be missing in the capture, where QEMU ended
    before it was sent.
    """
    expected = trace.expected
    proofs = (report for report in trace.reports if report.kind == expected.report != DISK_REPORT)
    if not any(report.find_number("sum") in expected.sums for report in proofs):
        return
    reported = trace.find_milestone(REPORT_MILESTONES.get(expected.report, expected.report))
    protocol = (reported.over if reported is not None else "") or _find_last_protocol(trace)
    if protocol:
        yield Milestone(f"{protocol}-complete", None, None, Evidence(text="the program's report has the right sum"))


def _find_last_protocol(trace: Trace) -> str:
    """Return the protocol by which the guest asked for its last file; empty for none."""
    last = next((event for event in reversed(trace.wire) if isinstance(event, TftpRequest | HttpRequest)), None)
    return "" if last is None else "tftp" if isinstance(last, TftpRequest) else "http"


def _describe_damage(report: ProbeReport, expected: Expectation) -> str | None:
    """Return what is wrong with a probe whose bytes are not those that were offered; None for nothing."""
    total = report.find_number("sum")
    if total is None or total in expected.sums:
        return None
    return f"the {report.kind} probe arrived damaged: the sum of its bytes is {total:08x}"


def _describe_end(trace: Trace, causes: Sequence[str], unanswered: str | None) -> str:
    """Return why a boot came no further, after a colon; empty where nothing is known.

    The ROM's own complaint and the last question that nobody answered come first, then what ended the watch; the
    platform firmware's last words only where there is nothing else.
    """
    found = [*(f"{LAST_WORDS}'{cause}'" for cause in causes[-1:]), *([unanswered] if unanswered else [])]
    last_words = trace.ended_by.startswith(LAST_WORDS)
    if trace.ended_by and not last_words:
        if not found and not trace.reports and (line := _find_last_line(trace.console)):
            found.append(f"the last that the console says is '{line}'")
        found.append(trace.ended_by)
    elif not found:
        platform = find_platform_complaint(trace.console)
        found += [f"{LAST_WORDS}'{platform}'"] if platform else filter(None, [trace.ended_by])
    return f": {'; '.join(found)}" if found else ""


def _find_last_line(lines: tuple[ConsoleLine, ...]) -> str:
    """Return the last line that was not wiped out; empty for none."""
    return next((clip(line.text.strip()) for line in reversed(lines) if not line.wiped), "")


def settle_outcome(trace: Trace) -> Trace:
    """Return a trace with its outcome found anew."""
    return replace(trace, outcome=find_outcome(trace))
