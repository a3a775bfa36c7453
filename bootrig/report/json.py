"""JSON, for other programs: `bootrig-verdict/2`, `bootrig-outcomes/2`, `bootrig-lint/1`.

The fields are documented in docs/formats.md. Fields may be added at any time, readers pass over what they do not know;
a field whose meaning changes makes a new number of the format.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bootrig.compare import Cause, ComparedBoot, Difference, Outcomes, Severity, Verdict
from bootrig.compare.registry import TOPICS
from bootrig.compare.rules import RULES
from bootrig.jsonfile import encode_json
from bootrig.report.cause_words import describe_cause
from bootrig.report.format import Findings, ReportFormat
from bootrig.report.sentences import format_finding
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Outcome, Trace
from firmware.lint import finding as lint


def encode_verdict(verdict: Verdict) -> bytes:
    """Return `verdict` as JSON."""
    counts = {str(severity): len(verdict.of_severity(severity)) for severity in Severity}
    causes = verdict.causes
    compared = [cell.key for cell in verdict.cells if cell.is_compared]
    return encode_json(
        {
            "format": "bootrig-verdict/2",
            "verdict": verdict.answer,
            "identical": verdict.identical,
            "baseline": verdict.baseline,
            "candidate": verdict.candidate,
            "cell_counts": verdict.counts,
            "difference_counts": {**counts, "waived": sum(bool(entry.waiver) for entry in verdict.differences)},
            "cause_counts": {str(severity): sum(one.severity is severity for one in causes) for severity in Severity},
            "causes": [_describe_cause(cause, compared) for cause in causes],
            "differences": [_describe_difference(entry) for entry in verdict.differences],
            "news": verdict.news,
            "cells": [
                {
                    "cell": str(cell.key),
                    "state": cell.state,
                    "baseline": _describe_boot(cell.baseline),
                    "candidate": _describe_boot(cell.candidate),
                }
                for cell in verdict.cells
            ],
            "not_compared": [
                {"cell": str(entry.key), "explanation": entry.explanation} for entry in verdict.not_compared
            ],
            "refuted": [_describe_difference(entry) for entry in verdict.refuted],
            "notes": verdict.notes,
            "added": verdict.added,
            "fail_on": verdict.fail_on,
        }
    )


def encode_outcomes(outcomes: Outcomes) -> bytes:
    """Return the outcomes of boots, one a side and cell, as JSON."""
    return encode_json(
        {
            "format": "bootrig-outcomes/2",
            "cells": [{**_describe_trace(trace), "state": state} for trace, state in outcomes.settled],
            "broken": [{"cell": str(key), "side": side, "error": error} for side, key, error in outcomes.errors],
            "lint": [{"side": side, "finding": finding} for side, finding in outcomes.lint],
        }
    )


def encode_findings(found: Findings) -> bytes:
    """Return findings as JSON."""
    counts = Counter(finding.severity for finding in found.findings)
    return encode_json(
        {
            "format": "bootrig-lint/1",
            "subject": found.target,
            "files": [{"name": name, "length": len(content)} for name, content in found.files.items()],
            "counts": {str(severity): counts[severity] for severity in lint.Severity},
            "findings": found.findings,
        }
    )


def _describe_cause(cause: Cause, compared: Sequence[CellKey]) -> dict[str, Any]:
    told = describe_cause(cause, compared)
    return {
        "rule": cause.first.rule,
        "subject": cause.first.finding.subject,
        "severity": cause.severity,
        "whole_set": cause.is_of_the_whole(compared),
        "topics": [topic for topic in TOPICS if topic in cause.topics],
        "where": told.where,
        "sentences": [str(wording) for wording in told.wordings],
        "because": told.whys,
        "confirmed_by": cause.confirmed_by,
        "differences": [entry.id for entry in cause.heads],
        "explained_by": [entry.id for entry in cause.whys],
        "consequences": [entry.id for entry in cause.followers],
    }


def _describe_difference(difference: Difference) -> dict[str, Any]:
    finding = difference.finding
    return {
        "id": difference.id,
        "rule": difference.rule,
        "cell": str(difference.key) if difference.key else None,
        "subject": finding.subject,
        "severity": finding.severity,
        "confirmation": difference.confirmation,
        "confirmed_by": difference.confirmed_by,
        "waiver": difference.waiver,
        "policy": difference.policy,
        "topics": [topic for topic in TOPICS if topic in RULES[difference.rule].topics],
        "baseline": finding.baseline,
        "candidate": finding.candidate,
        "unit": finding.unit,
        "why": finding.why,
        "sentence": format_finding(finding),
    }


def _describe_outcome(outcome: Outcome) -> dict[str, Any]:
    return {"status": outcome.status, "milestone": outcome.milestone, "reason": outcome.reason}


def _describe_boot(boot: ComparedBoot | None) -> dict[str, Any] | None:
    if boot is None:
        return None
    place = {"attempt": boot.attempt, "clock": boot.clock, "directory": boot.directory, "cached": boot.cached}
    return {**_describe_outcome(boot.outcome), **place, "unstable": boot.unstable}


def _describe_trace(trace: Trace) -> dict[str, Any]:
    return {
        "cell": trace.cell,
        "side": trace.side,
        "rom_set": trace.rom_set,
        "attempt": trace.attempt,
        "clock": trace.clock.kind,
        **_describe_outcome(trace.outcome),
        "last_unanswered": trace.outcome.last_unanswered,
        "on_the_way": trace.outcome.on_the_way,
        "disturbed": len(trace.outcome.disturbed),
        "directory": trace.directory,
        "cached": trace.cached,
        "rom_sha256": trace.rom.sha256,
    }


FORMAT = ReportFormat(
    summary="JSON, for other programs", verdict=encode_verdict, outcomes=encode_outcomes, findings=encode_findings
)
