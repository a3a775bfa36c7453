"""Cells that end differently when they are repeated: unstable, and green nowhere."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bootrig.compare import (
    Answer,
    CellState,
    Confirmation,
    Outcomes,
    OutcomeState,
    Proof,
    Severity,
    compare_traces,
    judge_failures,
)
from bootrig.trace.attempt import Attempt
from bootrig.trace.reading.attempts import Reason, find_repeats
from bootrig.trace.trace import Clock, Trace
from tests.compare.factory import REAL, VIRTUAL, Boot, trace

GOOD = Boot()
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", nbp_s=None)
EARLIER = replace(LOST, milestone="dhcp-discover")
DISTURBED = replace(GOOD, disturbed=1)


def repeated(side: str, boots: Sequence[Boot], clock: Clock = VIRTUAL) -> list[Trace]:
    """Return the boots of one cell, one after the other."""
    return [
        trace(replace(boot, side=side, clock=clock, first_clock=clock, attempt=str(Attempt(clock, number))))
        for number, boot in enumerate(boots, start=1)
    ]


@pytest.mark.parametrize(
    ("boots", "repeat", "ends"),
    [
        ((GOOD, GOOD, GOOD), 3, ""),
        ((LOST, LOST, LOST), 3, ""),
        ((GOOD, LOST, GOOD), 3, "2 passed, 1 failed after dhcp-ack"),
        ((LOST, GOOD, LOST), 3, "2 failed after dhcp-ack, 1 passed"),
        ((LOST, EARLIER), 2, "1 failed after dhcp-ack, 1 failed after dhcp-discover"),
        # boots that confirm say nothing of that where nobody asks for repeats
        ((GOOD, LOST), 1, ""),
        ((GOOD, GOOD, LOST), 2, ""),
        # a disturbed boot says nothing of the guest
        ((GOOD, replace(LOST, disturbed=1), GOOD), 3, ""),
    ],
)
@pytest.mark.parametrize("clock", [VIRTUAL, REAL])
def test_boots_that_end_differently_are_unstable_and_fail_a_run(
    boots: Sequence[Boot], repeat: int, ends: str, clock: Clock
) -> None:
    if clock is REAL and any(boot.disturbed for boot in boots):
        return
    traces = tuple(repeated("set", boots, clock))
    failures = judge_failures(traces, repeat=repeat)
    ((counted, state),) = Outcomes(traces, failures).settled
    assert [words for _, words in failures.unstable] == ([ends] if ends else [])
    assert (state is OutcomeState.UNSTABLE) is bool(ends)
    assert Outcomes(traces, failures).tell_ends(counted) == ends
    if ends:
        assert (failures.confirmed, failures.unconfirmed, failures.wanted) == ((), (), ())


def test_a_boot_that_is_known_to_fail_is_unstable_where_it_passes_at_times() -> None:
    failures = judge_failures(repeated("set", (LOST, GOOD)), lambda _trace: True, repeat=2)
    assert (failures.known, len(failures.unstable)) == ((), 1)


@pytest.mark.parametrize(
    ("baseline", "candidate", "severity"),
    [
        ((GOOD, GOOD), (GOOD, LOST), Severity.REGRESSION),
        ((GOOD, GOOD), (LOST, GOOD), Severity.REGRESSION),
        ((LOST, LOST), (LOST, GOOD), Severity.REGRESSION),
        ((LOST, GOOD), (GOOD, LOST), Severity.CHANGE),
        ((GOOD, LOST), (GOOD, GOOD), Severity.CHANGE),
    ],
)
def test_an_unstable_cell_is_a_regression_where_the_baseline_is_stable(
    baseline: Sequence[Boot], candidate: Sequence[Boot], severity: Severity
) -> None:
    verdict = compare_traces(
        repeated("baseline", baseline), repeated("candidate", candidate), proof=Proof(repeats=(2, 2))
    )
    (found,) = [entry for entry in verdict.differences if entry.rule == "unstable"]
    assert (found.weight, found.confirmation) == (severity, Confirmation.NOT_NEEDED)
    assert found.id == "unstable@pxe-tftp/e1000/pc/seabios/host:pxe-tftp"
    (cell,) = verdict.cells
    assert (cell.state, cell.passed_on_both_sides) == (CellState.UNSTABLE, False)
    assert (verdict.counts.unstable, verdict.counts.passed_on_both_sides) == (1, 0)
    is_regression = severity is Severity.REGRESSION
    assert verdict.answer is (Answer.NOT_COMPATIBLE if is_regression else Answer.NOTHING_PROVEN)
    assert not any(entry.rule == "outcome" and entry.counts for entry in verdict.differences)


def test_a_stable_candidate_that_fails_is_a_regression_whatever_the_baseline_does() -> None:
    verdict = compare_traces(
        repeated("baseline", (GOOD, LOST)), repeated("candidate", (LOST, LOST)), proof=Proof(repeats=(2, 2))
    )
    assert {
        entry.rule: entry.finding.severity for entry in verdict.differences if entry.rule in ("outcome", "unstable")
    } == {
        "outcome": Severity.REGRESSION,
        "unstable": Severity.CHANGE,
    }


def test_cells_that_end_alike_each_time_are_compared_as_ever() -> None:
    verdict = compare_traces(
        repeated("baseline", (GOOD,) * 3), repeated("candidate", (GOOD,) * 3), proof=Proof(repeats=(3, 3))
    )
    assert (verdict.identical, verdict.cells[0].state) == (True, CellState.SAME)


@pytest.mark.parametrize(
    ("boots", "repeat", "wanted"),
    [
        ((GOOD,), 1, 0),
        ((GOOD,), 2, 1),
        ((GOOD, GOOD), 2, 0),
        # a disturbed boot is made again, but not for ever
        ((GOOD, DISTURBED), 2, 1),
        ((GOOD, DISTURBED, DISTURBED, DISTURBED), 2, 0),
        # no attempt counts yet: that is what the ladder is for
        ((DISTURBED,), 2, 0),
    ],
)
def test_each_cell_is_booted_as_often_as_it_was_asked_for(boots: Sequence[Boot], repeat: int, wanted: int) -> None:
    found = find_repeats(repeated("set", boots), repeat)
    assert [(one.clock, one.reason) for one in found] == [(VIRTUAL, Reason.REPEAT)] * wanted
