"""Which trace of a cell counts, where it was booted more than once.

In real time where there is such an attempt (by KVM or not), else in virtual time; of two alike the later one.
"""

from collections.abc import Iterable, Sequence

from bootrig.trace.trace import Trace


def find_attempt(traces: Iterable[Trace], *, virtual: bool) -> Trace | None:
    """Return the last trace with a clock of that kind; None where there is none."""
    return next((trace for trace in reversed(tuple(traces)) if trace.clock.is_virtual is virtual), None)


def choose_attempt(traces: Sequence[Trace]) -> Trace:
    """Return the trace that counts, of at least one trace of one cell and side."""
    return find_attempt(traces, virtual=False) or traces[-1]


def settle_traces(traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """Return one trace for each side and cell, in the order in which they were first tried."""
    attempts: dict[tuple[str, str, str], list[Trace]] = {}
    for trace in traces:
        attempts.setdefault((trace.side, trace.rom_set, trace.cell), []).append(trace)
    return tuple(choose_attempt(tried) for tried in attempts.values())
