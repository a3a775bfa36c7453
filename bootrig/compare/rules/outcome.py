"""How the boots ended."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.reading.ends import describe_outcome


@rule(
    "outcome",
    needs=Needs.CLOCK,
    needs_own_cell=True,
    follows_from=("network-client", "lint"),
    judges_truncated=True,
)
def check_outcome(pair: CellPair) -> Iterator[Finding]:
    """Did the boot do what the scenario expects?

    Passed with the baseline and failed with the candidate is a regression, the other way round an improvement. Where
    both failed, only that they came to different milestones is worth an info. Where the candidate's repeated boots do
    not end alike, the rule `unstable` tells it instead.
    """
    if pair.ends[1]:
        return
    first, second = (trace.outcome for trace in pair.sides)
    words = describe_outcome(first), describe_outcome(second)
    subject = pair.key.scenario
    statement = "the boot {baseline} with the baseline, with the candidate it {candidate}"
    neither = "the boot fails with both: with the baseline it {baseline}, with the candidate it {candidate}"
    match pair.baseline.passed, pair.candidate.passed:
        case True, False:
            yield Finding(Severity.REGRESSION, subject, *words, statement, second.reason)
        case False, True:
            why = f"with the baseline {first.reason}" if first.reason else ""
            yield Finding(Severity.IMPROVEMENT, subject, *words, statement, why)
        case False, False if first.milestone != second.milestone:
            yield Finding(Severity.INFO, subject, *words, neither, second.reason)
