"""Cells that are disturbed at every clock, because the guest sends everything twice or fails in a transfer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bootrig.compare import Answer, Confirmation, Verdict
from bootrig.trace.names import CellKey
from tests.compare.factory import REAL, VIRTUAL, Boot
from tests.compare.loop import compare_and_boot

Changes = Mapping[str, Any]

GOOD: Changes = {}
LOST = {"passed": False, "milestone": "dhcp-ack", "nbp_s": None}
KEY = Boot().key


def states(verdict: Verdict, rule: str) -> dict[CellKey | None, tuple[Confirmation, str]]:
    """Return what became of the differences of one rule, by cell, and by what they were confirmed."""
    found = [entry for entry in (*verdict.differences, *verdict.refuted) if entry.rule == rule]
    return {entry.key: (entry.confirmation, entry.confirmed_by) for entry in found}


ALL = ("shift7", "shift7.2", "shift7.3", "real")


def compare_disturbed(candidate: Changes, baseline: Changes | None = None) -> Verdict:
    """Compare a candidate that sends everything twice, at every clock, as the baseline does where it is told."""

    def boot(side: str, changes: Changes, name: str) -> Boot:
        return replace(Boot(side=side, clock=REAL if name == "real" else VIRTUAL, **changes), attempt=name)

    goes = {"candidate": {**candidate, "disturbed": 1}, "baseline": baseline or GOOD}
    names = {side: ALL if "disturbed" in changes else ALL[:1] for side, changes in goes.items()}
    boots = [boot(side, goes[side], name) for side, some in names.items() for name in some]
    verdict, _ = compare_and_boot(boots, lambda wanted: Boot(**goes[wanted.side]))
    return verdict


@pytest.mark.parametrize("baseline", [GOOD, {"disturbed": 1}])
def test_a_boot_that_fails_and_is_disturbed_everywhere_is_a_regression(baseline: Changes) -> None:
    verdict = compare_disturbed(LOST, baseline)
    assert states(verdict, "outcome") == {KEY: (Confirmation.CONFIRMED, "again in real time; in real time")}
    assert verdict.answer is Answer.NOT_COMPATIBLE


@pytest.mark.parametrize("baseline", [GOOD, {"disturbed": 1}])
def test_times_of_boots_that_are_disturbed_everywhere_are_compared_in_real_time(baseline: Changes) -> None:
    start = {"first_packet_s": 4.0}
    verdict = compare_disturbed({"first_packet_s": 16.0}, {**start, **baseline})
    assert states(verdict, "start-time") == {KEY: (Confirmation.CONFIRMED, "again in real time; in real time")}
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert compare_disturbed(start, {**start, **baseline}).identical
