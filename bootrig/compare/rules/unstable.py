"""Whether boots end alike each time that they are made."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule


@rule("unstable", needs=Needs.REPEATS, judges_truncated=True)
def check_stability(pair: CellPair) -> Iterator[Finding]:
    """Does the boot end alike each time that it is repeated (`--repeat N`)?

    Boots of the candidate that end differently, by their outcome or their last milestone, are a regression where those
    of the baseline end alike. Where the baseline is unstable itself, that is a change.
    """
    first, second = pair.ends
    if first and second:
        statement = "repeated boots end differently: with the baseline {baseline}, with the candidate {candidate}"
    elif first:
        statement = "repeated boots end differently with the baseline: {baseline}"
    elif second:
        statement = "repeated boots end differently with the candidate: {candidate}"
    else:
        return
    severity = Severity.CHANGE if first else Severity.REGRESSION
    yield Finding(severity, pair.key.scenario, first or "alike", second or "alike", statement)
