"""Times that differ: by which boots they are looked at again, and what becomes of them."""

from collections.abc import Mapping

import pytest

from bootrig.compare import STRICT, Answer, Confirmation, Policy, Verdict
from bootrig.compare.comparison import DEFAULT
from bootrig.compare.registry import Needs
from bootrig.compare.rules import RULES
from bootrig.trace.reading.attempts import Reason, WantedBoot
from tests.compare.deciding import (
    GOOD,
    SIDES,
    A,
    B,
    C,
    Changes,
    R,
    decide,
    find_name,
    make,
    states,
)
from tests.compare.factory import Boot
from tests.compare.loop import compare_and_boot

LATE = {"request_s": 17.6, "last_byte_s": 18.4, "nbp_s": 18.5}
LATER = {"request_s": 19.6, "last_byte_s": 20.4, "nbp_s": 20.5}
LESS_LATE = {"request_s": 11.6, "last_byte_s": 12.4, "nbp_s": 12.5}


def look_again(again: Changes, real: Changes) -> tuple[Verdict, list[dict[Reason, set[str]]]]:
    """Compare a candidate that asks for its file 14 s later at both clocks, and see how it goes then.

    Returns:
        The verdict, and the attempts' clocks that were wanted each time, by reason.
    """
    goes = {Reason.SECOND_CLOCK: LATE, Reason.SECOND_LOOK: again, Reason.REAL_TIME: real}

    def answer(wanted: WantedBoot) -> Boot:
        return make(A, goes[wanted.reason] if wanted.side == "candidate" else GOOD, wanted.side)

    boots = [make(A, GOOD, "baseline"), make(A, LATE, "candidate")]
    verdict, batches = compare_and_boot(boots, answer)
    told: list[dict[Reason, set[str]]] = []
    for batch in batches:
        told.append({})
        for boot in batch:
            told[-1].setdefault(boot.reason, set()).add(boot.clock.attempt)
    return verdict, told


def times(verdict: Verdict) -> set[tuple[Confirmation, str]]:
    found = (*verdict.differences, *verdict.refuted)
    return {(one.confirmation, one.confirmed_by) for one in found if RULES[one.rule].needs is Needs.LOOK}


def test_times_that_differ_are_looked_at_again_at_both_clocks() -> None:
    verdict, batches = look_again(LATE, LATE)
    assert batches == [
        {Reason.SECOND_CLOCK: {"shift5"}},
        {Reason.SECOND_LOOK: {"shift7", "shift5"}},
        {Reason.REAL_TIME: {"real"}},
    ]
    assert times(verdict) == {(C, "again at shifts 7 and 5; in real time")}


def test_a_cell_that_is_looked_at_anyway_is_asked_first() -> None:
    """The start is the later by a little in one cell, the file in another: one of them is booted again for both."""
    late = {A: {"first_packet_s": 6.0, "request_s": 5.5}, B: {"first_packet_s": 6.1, "request_s": 5.4}}
    late = {name: {**changes, "last_byte_s": 6.4, "nbp_s": 6.5} for name, changes in late.items()}

    def answer(wanted: WantedBoot) -> Boot:
        name = find_name(wanted.key)
        return make(name, late[name] if wanted.side == "candidate" else GOOD, wanted.side)

    boots = [make(name, late[name] if side == "candidate" else GOOD, side) for name in late for side in SIDES]
    verdict, batches = compare_and_boot(boots, answer)
    looks = {find_name(boot.key) for batch in batches for boot in batch if boot.reason is Reason.SECOND_LOOK}
    assert {one.rule for one in verdict.differences} >= {"start-time", "file-time"}
    assert {one.confirmation for one in verdict.differences if RULES[one.rule].needs is Needs.LOOK} == {C}
    assert len(looks) == 1


def test_ten_seconds_longer_come_back_however_much_they_vary() -> None:
    verdict, _ = look_again(LATER, LATE)
    assert times(verdict) == {(C, "again at shifts 7 and 5; in real time")}


@pytest.mark.parametrize("again", [GOOD, LESS_LATE])
def test_times_that_do_not_come_back_are_refuted(again: Changes) -> None:
    verdict, batches = look_again(again, LATE)
    assert times(verdict) == {(R, "")}
    assert Reason.REAL_TIME not in batches[-1]
    assert verdict.answer is Answer.COMPATIBLE


def start_later(by_s: float, in_real_time_s: float, policy: Policy = DEFAULT) -> Verdict:
    """Compare a candidate that starts later, by so much in virtual and in real time, where good starts take 12 s."""

    def late(real_s: float, virtual_s: float) -> Mapping[str, Changes]:
        real = {"first_packet_s": 12.0 + real_s}
        return {"real": real, **{f"shift{shift}": {"first_packet_s": 4.0 + virtual_s} for shift in (7, 6, 5)}}

    return decide({A: late(in_real_time_s, by_s)}, {A: late(0.0, 0.0)}, policy=policy)[0]


def test_a_long_wait_shows_in_real_time_though_starts_take_long_there() -> None:
    """Of all that a start takes in real time, 12 s are less than what load may make of it."""
    verdict = start_later(12.0, 9.0)
    assert times(verdict) == {(C, "again at shifts 7 and 6; in real time")}
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert start_later(12.0, 3.0).answer is Answer.COMPATIBLE


def test_a_time_that_only_a_policy_makes_a_regression_is_not_refuted_by_real_time() -> None:
    verdict = start_later(2.0, 0.0, STRICT)
    assert times(verdict) == {(C, "again at shifts 7 and 5")}
    assert verdict.answer is Answer.NOT_COMPATIBLE
    retries = {"messages": ((0.0, "discover"), (1.8, "discover"), (3.0, "request"))}
    verdict, _ = decide({A: {"shift7": retries, "shift5": retries, "real": retries}}, policy=STRICT)
    assert (states(verdict, "dhcp-retries"), verdict.answer) == ({A: (C, "at shift 5")}, Answer.NOT_COMPATIBLE)
