"""The outcomes of boots as JSON, format `bootrig-outcomes/2`."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from bootrig.jsonfile import encode_json
from bootrig.trace.trace import ClockKind, OutcomeStatus, Trace


class OutcomeDocument(Struct, frozen=True, kw_only=True):
    """How one boot ended: the trace's own words, and the digest of its ROM."""

    cell: str
    side: str
    rom_set: str
    attempt: str
    clock: ClockKind
    status: OutcomeStatus
    milestone: str
    reason: str
    disturbed: int
    directory: str
    rom_sha256: str


class OutcomesDocument(Struct, frozen=True, kw_only=True):
    """The outcomes of a run, one boot a side and cell."""

    format: Literal["bootrig-outcomes/2"] = "bootrig-outcomes/2"
    cells: tuple[OutcomeDocument, ...]


def encode_outcomes(traces: Sequence[Trace]) -> bytes:
    """Return the outcomes of boots, one trace a side and cell, as JSON."""
    return encode_json(OutcomesDocument(cells=tuple(map(_describe_outcome, traces))))


def _describe_outcome(trace: Trace) -> OutcomeDocument:
    return OutcomeDocument(
        cell=trace.cell,
        side=trace.side,
        rom_set=trace.rom_set,
        attempt=trace.attempt,
        clock=trace.clock.kind,
        status=trace.outcome.status,
        milestone=trace.outcome.milestone,
        reason=trace.outcome.reason,
        disturbed=len(trace.outcome.disturbed),
        directory=trace.directory,
        rom_sha256=trace.rom.sha256,
    )
