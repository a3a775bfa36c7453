"""The verdict as JSON, for other programs, and back.

Fields of the document, format `bootrig-verdict/1`:

    format          "bootrig-verdict/1"
    verdict         "identical", "compatible", "regressions" or "nothing-compared"
    baseline        name of the baseline ROM set
    candidate       name of the candidate ROM set
    counts          number of differences by severity, waived ones apart
    differences     each: rule, severity, key (or null), subject, baseline, candidate, statement, why, unit,
                    confirmation, waiver (empty for none), and sentence, which is made of the others
    cells           each: key, state, baseline, candidate, time_mode (or null), baseline_directory,
                    candidate_directory
    not_compared    each: key, present, explanation
    refuted         differences of virtual time that real time did not show
    notes           sentences

A key has scenario, nic_model, machine, platform_firmware, emulator. Readers ignore what they do not know; what is
added later does not change the format's number, what is changed does.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from bootrig.compare import CellState, ComparedCell, Confirmation, Difference, NotCompared, Severity, Verdict
from bootrig.errors import InputError
from bootrig.trace.trace import CellKey, TimeMode

FORMAT = "bootrig-verdict/1"

Value = TypeVar("Value")


class VerdictError(InputError):
    """A file is not a verdict, or of a format that this version does not know."""


def encode_verdict(verdict: Verdict) -> bytes:
    """Return `verdict` as JSON."""
    counts = {severity.value: len(verdict.of_severity(severity)) for severity in Severity}
    document = {
        "format": FORMAT,
        "verdict": _answer(verdict),
        "baseline": verdict.baseline,
        "candidate": verdict.candidate,
        "counts": {**counts, "waived": sum(bool(entry.waiver) for entry in verdict.differences)},
        "differences": [_difference_document(entry) for entry in verdict.differences],
        "cells": [asdict(cell) for cell in verdict.cells],
        "not_compared": [asdict(entry) for entry in verdict.not_compared],
        "refuted": [_difference_document(entry) for entry in verdict.refuted],
        "notes": list(verdict.notes),
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _answer(verdict: Verdict) -> str:
    if verdict.identical:
        return "identical"
    if verdict.compatible:
        return "compatible"
    return "regressions" if verdict.regressions else "nothing-compared"


def _difference_document(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference), "sentence": difference.sentence}


def parse_verdict(content: bytes, origin: str = "verdict") -> Verdict:
    """Return the verdict that `content` holds.

    Raises:
        VerdictError: it is not a verdict of a known format.
    """
    try:
        document = json.loads(content)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise VerdictError(f"{origin}: not a verdict of the format {FORMAT}")
        return Verdict(
            baseline=document["baseline"],
            candidate=document["candidate"],
            differences=tuple(_parse_difference(entry) for entry in document["differences"]),
            cells=tuple(_parse_cell(entry) for entry in document["cells"]),
            not_compared=tuple(_known(NotCompared, entry) for entry in document["not_compared"]),
            refuted=tuple(_parse_difference(entry) for entry in document["refuted"]),
            notes=tuple(document["notes"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerdictError(f"{origin}: not a verdict: {error}") from error


def _known(kind: type[Value], document: Mapping[str, Any], **converted: Any) -> Value:
    """Return a value made of the fields that this version knows."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    known = {name: value for name, value in document.items() if name in names}
    key = document["key"]
    return kind(**{**known, "key": None if key is None else CellKey(**key), **converted})


def _parse_difference(document: Mapping[str, Any]) -> Difference:
    severity, confirmation = Severity(document["severity"]), Confirmation(document["confirmation"])
    return _known(Difference, document, severity=severity, confirmation=confirmation)


def _parse_cell(document: Mapping[str, Any]) -> ComparedCell:
    mode = document["time_mode"]
    state = CellState(document["state"])
    return _known(ComparedCell, document, state=state, time_mode=None if mode is None else TimeMode(mode))
