"""Times of boots: what is noise, and findings as wholes."""

from typing import Any

import pytest

from bootrig.compare import Finding, Severity, comes_back, needs_second_clock
from bootrig.compare.pairing import CellPair
from bootrig.compare.rules.stages import REAL_TOLERANCES, VIRTUAL_TOLERANCES, Tolerance
from bootrig.trace.reading.stages import Stage, StageTime
from bootrig.trace.trace import Clock, ClockKind
from tests.compare.conftest import Find
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, trace


def exceeds(tolerance: Tolerance, first_s: float, second_s: float, round_trips: tuple[int, int] = (0, 0)) -> bool:
    """Return whether times that the guest alone made differ, the same in both directions."""
    first, second = StageTime(first_s, first_s, round_trips[0]), StageTime(second_s, second_s, round_trips[1])
    exceeded = tolerance.exceeded(first, second)
    assert tolerance.exceeded(second, first) is exceeded
    return exceeded


BOUNDS = [
    # virtual time; seconds, share of the shorter time, seconds for each answer of a server
    (True, Stage.FIRST_PACKET, 10.0, 0.25, 0.0),
    (True, Stage.ADDRESS, 5.0, 0.25, 0.0),
    (True, Stage.REQUEST, 5.0, 0.25, 0.0),
    (True, Stage.TRANSFER, 5.0, 1.0, 0.1),
    (True, Stage.NBP, 8.0, 0.5, 0.1),
    (True, Stage.DISK, 8.0, 0.25, 0.1),
    (True, Stage.DISK_AFTER_FILE, 8.0, 0.25, 0.1),
    (False, Stage.FIRST_PACKET, 10.0, 1.5, 0.0),
    (False, Stage.ADDRESS, 4.0, 0.5, 0.0),
    (False, Stage.REQUEST, 4.0, 0.5, 0.0),
    (False, Stage.TRANSFER, 5.0, 1.5, 0.01),
    (False, Stage.NBP, 5.0, 1.0, 0.01),
    (False, Stage.DISK, 5.0, 1.0, 0.0),
    (False, Stage.DISK_AFTER_FILE, 5.0, 1.0, 0.0),
]


@pytest.mark.parametrize(("virtual", "stage", "absolute_s", "share", "round_trip_s"), BOUNDS)
def test_each_stage_has_its_noise(
    virtual: bool, stage: Stage, absolute_s: float, share: float, round_trip_s: float
) -> None:
    tolerance = (VIRTUAL_TOLERANCES if virtual else REAL_TOLERANCES)[stage]
    for short_s, bound_s in ((0.5, absolute_s), (512.0, 512.0 * share)):
        assert not exceeds(tolerance, short_s, short_s + bound_s)
        assert exceeds(tolerance, short_s, short_s + bound_s + 0.125)
    more_s = 100 * round_trip_s
    for round_trips in ((100, 0), (0, 100), (100, 99)):
        assert not exceeds(tolerance, 0.5, 0.5 + absolute_s + more_s, round_trips)
        assert exceeds(tolerance, 0.5, 0.5 + absolute_s + more_s + 0.125, round_trips)


def test_every_stage_is_judged_in_both_modes() -> None:
    assert set(VIRTUAL_TOLERANCES) == set(REAL_TOLERANCES) == set(Stage)


@pytest.mark.parametrize(
    ("total_s", "guest_made_s", "exceeded"), [(14.0, 14.0, True), (14.0, 8.0, False), (8.0, 14.0, False)]
)
def test_the_whole_time_and_the_guests_share_both_have_to_differ(
    total_s: float, guest_made_s: float, exceeded: bool
) -> None:
    tolerance = Tolerance(absolute_s=5.0, share=0.5)
    assert tolerance.exceeded(StageTime(4.0, 4.0, 0), StageTime(total_s, guest_made_s, 0)) is exceeded
    assert tolerance.exceeded(StageTime(total_s, guest_made_s, 0), StageTime(4.0, 4.0, 0)) is exceeded


WAIT, LONGER = "users wait, and a supervisor with a time limit for the start may give up", "boots take longer"


def took(stage: Stage, severity: Severity, baseline_s: float, candidate_s: float, why: str = "") -> Finding:
    statement = f"{stage} it takes {{candidate}}, it was {{baseline}}"
    return Finding(severity, stage.value, baseline_s, candidate_s, statement, why, "s")


def at(first_packet_s: float, ack_s: float, request_s: float, last_byte_s: float, nbp_s: float) -> dict[str, Any]:
    """Return the times of a boot, after the first packet counted from it."""
    return {
        "first_packet_s": first_packet_s,
        "messages": ((0.0, "discover"), (ack_s - 0.25, "request")),
        "ack_s": ack_s,
        "request_s": request_s,
        "last_byte_s": last_byte_s,
        "nbp_s": nbp_s,
    }


QUICK, SLOW = at(64.0, 3.0, 4.0, 5.0, 6.0), at(64.0, 23.0, 34.0, 55.0, 66.0)


@pytest.mark.parametrize("clock", [VIRTUAL, REAL, KVM])
def test_each_stage_after_the_first_packet_is_told(find: Find, clock: Clock) -> None:
    times = {
        Stage.ADDRESS: (3.0, 23.0),
        Stage.REQUEST: (1.0, 11.0),
        Stage.TRANSFER: (1.0, 21.0),
        Stage.NBP: (1.0, 11.0),
    }
    slower = [took(stage, Severity.REGRESSION, *both, WAIT) for stage, both in times.items()]
    assert find("stage-times", SLOW, **QUICK, clock=clock) == slower
    faster = [took(stage, Severity.IMPROVEMENT, both[1], both[0]) for stage, both in times.items()]
    assert find("stage-times", QUICK, **SLOW, clock=clock) == faster


@pytest.mark.parametrize(
    ("first_s", "second_s", "found"),
    [
        (16.0, 26.0, []),
        (16.0, 26.25, [took(Stage.FIRST_PACKET, Severity.REGRESSION, 16.0, 26.25, WAIT)]),
        (26.25, 16.0, [took(Stage.FIRST_PACKET, Severity.IMPROVEMENT, 26.25, 16.0)]),
        (16.0, 26.5678, [took(Stage.FIRST_PACKET, Severity.REGRESSION, 16.0, 26.57, WAIT)]),
        (26.5678, 16.0123, [took(Stage.FIRST_PACKET, Severity.IMPROVEMENT, 26.57, 16.01)]),
    ],
)
@pytest.mark.parametrize("disturbed", [0, 2])
def test_the_time_to_the_first_packet_is_told_in_disturbed_boots_too(
    find: Find, first_s: float, second_s: float, found: list[Finding], disturbed: int
) -> None:
    assert find("start-time", {"first_packet_s": second_s, "disturbed": disturbed}, first_packet_s=first_s) == found
    assert find("stage-times", {"first_packet_s": second_s}, first_packet_s=first_s) == []


@pytest.mark.parametrize(
    ("more_s", "severity", "why"),
    [(9.75, Severity.CHANGE, LONGER), (10.0, Severity.REGRESSION, WAIT), (10.25, Severity.REGRESSION, WAIT)],
)
def test_ten_seconds_are_the_bound_of_a_regression(find: Find, more_s: float, severity: Severity, why: str) -> None:
    late = at(64.0, 3.0, 4.0 + more_s, 5.0 + more_s, 6.0 + more_s)
    assert find("stage-times", late, **QUICK) == [took(Stage.REQUEST, severity, 1.0, 1.0 + more_s, why)]


@pytest.mark.parametrize(
    "changes", [{"clock": REAL}, {"disturbed": 1}, {"tftp": (), "messages": (), "answered": False}]
)
def test_times_of_mixed_disturbed_or_silent_boots_are_not_compared(find: Find, changes: dict[str, Any]) -> None:
    assert find("stage-times", {**SLOW, **changes}, **QUICK) == []
    back = {name: PLAIN[name] for name in changes}
    assert find("stage-times", {**SLOW, **back}, **{**QUICK, **changes}) == []


PLAIN: dict[str, Any] = {
    "clock": VIRTUAL,
    "disturbed": 0,
    "tftp": (("nbp.0", (("blksize", "1432"),), 42430),),
    "messages": SLOW["messages"],
    "answered": True,
}


def pair(candidate_s: float, *, second: bool = False, **baseline: Any) -> CellPair:
    first = trace(Boot(**{"first_packet_s": 64.0, "nbp_s": 4.5, **baseline}))
    other = trace(Boot(first_packet_s=candidate_s))
    return CellPair(first.key, first, other, (first, other) if second else None)


@pytest.mark.parametrize(
    ("cells", "needed"),
    [
        (pair(64.0), False),
        (pair(64.25), False),
        (pair(64.5), True),
        (pair(63.5), True),
        (pair(64.5, second=True), False),
        (pair(64.5, disturbed=1), False),
        (pair(64.5, clock=REAL), False),
        (pair(64.5, clock=Clock(ClockKind.VIRTUAL, 5)), False),
        (pair(64.5, messages=()), True),
    ],
)
def test_a_second_clock_is_needed_where_a_stage_takes_another_time(cells: CellPair, needed: bool) -> None:
    assert needs_second_clock(cells) is needed


def found(baseline: float | str | None, candidate: float | None, subject: str = "start", unit: str = "s") -> Finding:
    return Finding(Severity.CHANGE, subject, baseline, candidate, "it waits {candidate}, it was {baseline}", unit=unit)


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        (found(2.0, 10.0), found(2.5, 10.5), True),
        (found(2.0, 10.0), found(2.0, 10.25), True),
        (found(2.0, 10.0), found(2.0, 9.75), True),
        (found(2.0, 10.0), found(2.0, 10.5), False),
        (found(2.0, 10.0), found(10.0, 2.0), False),
        (found(2.0, 10.0), found(2.0, 10.0, "hand-over"), False),
        (found(2.0, 10.0), found(2.0, 10.0, unit="instructions"), False),
        (found(0.0, 40.0, unit="instructions"), found(0.0, 42.0, unit="instructions"), True),
        (found(0.0, 40.0, unit="instructions"), found(0.0, 37.5, unit="instructions"), False),
        (found("a", None), found("a", None), True),
        (found("a", None), found("b", None), False),
        (found("a", None), found(1.0, 2.0), False),
    ],
)
def test_a_second_look_has_to_find_the_same(first: Finding, again: Finding, same: bool) -> None:
    assert comes_back(first, again) is same
