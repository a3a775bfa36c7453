"""What the tests of rules share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bootrig.compare import Difference, Severity
from bootrig.compare.finding import Finding, Value
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
    sentence: str


Look = Callable[..., list[Seen]]
Find = Callable[..., list[Finding]]


def _see(difference: Difference) -> Seen:
    finding = difference.finding
    return Seen(
        difference.rule,
        finding.severity,
        finding.subject,
        finding.baseline,
        finding.candidate,
        format_finding(finding),
    )


@pytest.fixture
def look() -> Look:
    """Return what one rule finds when `candidate` changes the boot `baseline`."""

    def look_with(rule: str, candidate: dict[str, Any], **baseline: Any) -> list[Seen]:
        return [_see(difference) for difference in _differences(rule, candidate, baseline)]

    return look_with


@pytest.fixture
def find() -> Find:
    """Return what one rule finds, as `look` does, in the rule's own values."""

    def find_with(rule: str, candidate: dict[str, Any], **baseline: Any) -> list[Finding]:
        return [difference.finding for difference in _differences(rule, candidate, baseline)]

    return find_with


def _differences(rule: str, candidate: dict[str, Any], baseline: dict[str, Any]) -> Iterator[Difference]:
    first = Boot(**baseline)
    pairing = pair_traces([trace(first)], [trace(replace(first, **candidate))])
    return RULES[rule].find_differences(pairing)
