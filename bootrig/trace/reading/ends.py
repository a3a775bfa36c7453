"""How boots ended, in few words."""

from collections import Counter
from collections.abc import Iterable

from bootrig.trace.trace import Outcome, OutcomeStatus, Trace


def describe_outcome(outcome: Outcome) -> str:
    """Return an outcome in few words: `passed`, `failed after dhcp-ack`."""
    if outcome.status is OutcomeStatus.PASSED:
        return "passed"
    return f"failed after {outcome.milestone}" if outcome.milestone else "failed before any milestone"


def describe_ends(traces: Iterable[Trace]) -> str:
    """Return how often boots ended how, as it was seen first: `2 passed, 1 failed after dhcp-ack`."""
    counted = Counter(describe_outcome(trace.outcome) for trace in traces)
    return ", ".join(f"{number} {words}" for words, number in counted.items())
