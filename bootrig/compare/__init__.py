"""From two sets of traces to a verdict."""

from bootrig.compare.comparison import compare_traces
from bootrig.compare.confirmation import needs_confirmation
from bootrig.compare.difference import (
    CellState,
    ComparedCell,
    Confirmation,
    Difference,
    NotCompared,
    Severity,
    Verdict,
)
from bootrig.compare.waivers import Waiver, load_waivers

__all__ = [
    "CellState",
    "ComparedCell",
    "Confirmation",
    "Difference",
    "NotCompared",
    "Severity",
    "Verdict",
    "Waiver",
    "compare_traces",
    "load_waivers",
    "needs_confirmation",
]
