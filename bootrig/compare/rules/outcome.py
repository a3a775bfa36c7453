"""How the boots ended."""

from collections.abc import Iterator

from bootrig.compare.difference import Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Finding, rule
from bootrig.trace.trace import Outcome, OutcomeStatus


def describe_outcome(outcome: Outcome) -> str:
    """Return an outcome in few words: `passed`, `failed after dhcp-ack`."""
    if outcome.status is OutcomeStatus.PASSED:
        return "passed"
    return f"failed after {outcome.milestone}" if outcome.milestone else "failed before any milestone"


@rule("outcome", in_real_time=True)
def check_outcome(pair: CellPair) -> Iterator[Finding]:
    """Did the boot do what the scenario expects?

    Passed with the baseline and failed with the candidate is a regression, the other way round an improvement. Where
    both failed, only that they came to different milestones is worth an info.
    """
    first, second = (trace.outcome for trace in pair.sides)
    passed = first.status is OutcomeStatus.PASSED, second.status is OutcomeStatus.PASSED
    words = describe_outcome(first), describe_outcome(second)
    subject = pair.key.scenario
    statement = f"with the baseline the scenario {subject} {{baseline}}, with the candidate it {{candidate}}"
    if passed == (True, False):
        yield Finding(
            Severity.REGRESSION,
            subject,
            *words,
            statement,
            second.reason,
        )
    elif passed == (False, True):
        yield Finding(
            Severity.IMPROVEMENT,
            subject,
            *words,
            statement,
            f"before: {first.reason}" if first.reason else "",
        )
    elif passed == (False, False) and first.milestone != second.milestone:
        yield Finding(
            Severity.INFO,
            subject,
            *words,
            f"the scenario {subject} works with neither: the baseline {{baseline}}, the candidate {{candidate}}",
            second.reason,
        )
