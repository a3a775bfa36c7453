"""What confirms that a boot failed, where there is no baseline."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bootrig.compare import Failures, Outcomes, OutcomeState, judge_failures
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import Clock, Trace
from tests.compare.factory import REAL, VIRTUAL, Boot, trace

GOOD: Mapping[str, Any] = {}
LOST = {"passed": False, "milestone": "dhcp-ack", "nbp_s": None}
EARLIER = {"passed": False, "milestone": "dhcp-discover", "nbp_s": None}
DISTURBED = {**LOST, "disturbed": 1}
A, B = "a/e1000/pc", "a/pcnet/pc"

Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]


def run(cells: Cells, *, first_clock: Clock = VIRTUAL, **options: Any) -> tuple[Failures, list[set[str]]]:
    """Boot what is wanted until nothing is; how boots go is told by cell and clock.

    Returns:
        What became of the failures, and what was wanted each time.
    """
    batches = []
    traces = [
        _boot(name, told.get(first_clock.attempt, GOOD), first_clock, first_clock) for name, told in cells.items()
    ]
    for _ in range(20):
        failures = judge_failures(traces, **options)
        if not failures.wanted:
            return failures, batches
        batches.append({f"{_name(boot.key)} {boot.clock.attempt}" for boot in failures.wanted})
        for wanted in failures.wanted:
            number = 1 + sum((one.key, one.clock) == (wanted.key, wanted.clock) for one in traces)
            changes = cells[_name(wanted.key)].get(wanted.clock.attempt, GOOD)
            traces.append(_boot(_name(wanted.key), changes, wanted.clock, first_clock, number))
    raise AssertionError(f"still wanted: {batches[-1]}")


def _name(key: Any) -> str:
    return f"{key.scenario}/{key.nic_model}/{key.machine}"


def _boot(name: str, changes: Mapping[str, Any], clock: Clock, first_clock: Clock, number: int = 1) -> Trace:
    scenario, nic, machine = name.split("/")
    plain = Boot(scenario=scenario, nic=nic, machine=machine, side="set", clock=clock, first_clock=first_clock)
    return trace(replace(plain, attempt=str(Attempt(clock, number)), **changes))


def states(failures: Failures) -> dict[str, str]:
    return {
        _name(one.key): state
        for state in ("known", "confirmed", "unconfirmed", "refuted")
        for one in getattr(failures, state)
    }


@pytest.mark.parametrize(
    ("told", "state", "batches"),
    [
        ({}, None, []),
        ({"shift7": LOST, "shift5": LOST, "real": LOST}, "confirmed", ["shift5", "real"]),
        ({"shift7": LOST, "shift5": EARLIER, "real": EARLIER}, "confirmed", ["shift5", "real"]),
        # where the second clock passes, real time decides
        ({"shift7": LOST, "real": LOST}, "confirmed", ["shift5", "real"]),
        ({"shift7": LOST}, "refuted", ["shift5", "real"]),
        ({"shift7": LOST, "shift5": LOST}, "refuted", ["shift5", "real"]),
        ({"shift7": LOST, "shift5": DISTURBED, "real": LOST}, "confirmed", ["shift5"] * 3 + ["real"]),
    ],
)
def test_a_failed_boot_is_seen_at_the_second_clock_and_in_real_time(
    told: Mapping[str, Mapping[str, Any]], state: str | None, batches: list[str]
) -> None:
    failures, wanted = run({A: told})
    assert states(failures) == ({} if state is None else {A: state})
    assert wanted == [{f"{A} {clock}"} for clock in batches]


@pytest.mark.parametrize(("again", "state"), [(LOST, "confirmed"), (GOOD, "refuted")])
def test_where_time_is_real_a_second_boot_decides(again: Mapping[str, Any], state: str) -> None:
    first = _boot(A, LOST, REAL, REAL)
    assert [boot.clock for boot in judge_failures([first]).wanted] == [REAL]
    failures = judge_failures([first, _boot(A, again, REAL, REAL, 2)])
    assert (states(failures), failures.wanted) == ({A: state}, ())


def test_a_boot_that_is_disturbed_whatever_the_clock_is_judged_in_real_time() -> None:
    """A guest that fails in a transfer lets its server send again, at every clock."""
    boots = [_boot(A, DISTURBED, VIRTUAL, VIRTUAL, number) for number in (1, 2, 3)]
    boots.append(_boot(A, DISTURBED, REAL, VIRTUAL))
    assert [boot.clock for boot in judge_failures(boots).wanted] == [REAL]
    failures = judge_failures([*boots, _boot(A, DISTURBED, REAL, VIRTUAL, 2)])
    assert (states(failures), failures.wanted) == ({A: "confirmed"}, ())


LOST_EVERYWHERE = {"shift7": LOST, "shift5": LOST, "real": LOST}


@pytest.mark.parametrize(
    ("others", "in_real_time"),
    [
        ({B: LOST_EVERYWHERE}, {A}),
        ({"b/e1000/pc": LOST_EVERYWHERE}, {A, "b/e1000/pc"}),
        ({"a/e1000/q35": LOST_EVERYWHERE}, {A, "a/e1000/q35"}),
        ({B: dict.fromkeys(LOST_EVERYWHERE, EARLIER)}, {A, B}),
    ],
)
def test_one_cell_of_a_scenario_and_last_milestone_is_booted_in_real_time(
    others: Cells, in_real_time: set[str]
) -> None:
    failures, batches = run({A: LOST_EVERYWHERE, **others})
    assert batches[-1] == {f"{name} real" for name in in_real_time}
    assert set(states(failures).values()) == {"confirmed"}


def test_a_cell_that_passes_refutes_only_itself() -> None:
    failures, batches = run({A: {**LOST_EVERYWHERE, "real": GOOD}, B: LOST_EVERYWHERE})
    assert batches[-2:] == [{f"{A} real"}, {f"{B} real"}]
    assert states(failures) == {A: "refuted", B: "confirmed"}


def test_everywhere_each_cell_is_booted_in_real_time() -> None:
    _, batches = run({A: LOST_EVERYWHERE, B: LOST_EVERYWHERE}, everywhere=True)
    assert batches[-1] == {f"{A} real", f"{B} real"}


def test_what_is_known_to_fail_needs_nothing() -> None:
    failures, batches = run({A: LOST_EVERYWHERE, B: {}}, is_known=lambda one: one.outcome.milestone == "dhcp-ack")
    assert (states(failures), batches) == ({A: "known"}, [])


def test_outcomes_say_what_became_of_each_cell() -> None:
    traces = tuple(_boot(name, changes, VIRTUAL, VIRTUAL) for name, changes in ((A, LOST), (B, GOOD)))
    settled = Outcomes(traces, judge_failures(traces)).settled
    assert [(one.key.nic_model, state) for one, state in settled] == [
        ("e1000", OutcomeState.UNCONFIRMED),
        ("pcnet", OutcomeState.PASSED),
    ]
