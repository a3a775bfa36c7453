"""What the tests of rules share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bootrig.compare import Confirmation, Difference, Severity
from bootrig.compare.finding import Value
from bootrig.compare.pairing import pair_traces
from bootrig.compare.rules import RULES
from bootrig.report.sentences import format_finding
from tests.compare.factory import Boot, trace


@dataclass(frozen=True)
class Seen:
    """A difference, flat: what tests of rules ask for."""

    rule: str
    severity: Severity
    subject: str
    baseline: Value
    candidate: Value
    confirmation: Confirmation
    sentence: str


Look = Callable[..., list[Seen]]


def _see(difference: Difference) -> Seen:
    finding = difference.finding
    return Seen(
        difference.rule,
        finding.severity,
        finding.subject,
        finding.baseline,
        finding.candidate,
        difference.confirmation,
        format_finding(finding),
    )


@pytest.fixture
def look() -> Look:
    """Return what one rule finds when `candidate` changes the boot `baseline`."""

    def look_with(rule: str, candidate: dict[str, Any], **baseline: Any) -> list[Seen]:
        first = Boot(**baseline)
        pairing = pair_traces([trace(first)], [trace(replace(first, **candidate))])
        return [_see(difference) for difference in RULES[rule].find_differences(pairing)]

    return look_with
