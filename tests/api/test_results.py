"""How a run ends: exit statuses."""

from pathlib import Path

import pytest

from bootrig.api.results import RunResult
from bootrig.compare import Failures, Outcomes
from bootrig.errors import BUG_WORDS, INPUT_WORDS, ExitStatus
from bootrig.trace.names import CellKey
from tests.compare.factory import Boot, trace

LOST = trace(Boot(passed=False))
BROKEN = ("set", CellKey("pxe-tftp", "e1000", "pc", "seabios"), "no space")
WRONG = (*BROKEN[:2], f"{INPUT_WORDS}: mine: console[0].pattern: does not end")
BUG = (*BROKEN[:2], f"{BUG_WORDS}: KeyError: 'x' (boot.py:1)")


@pytest.mark.parametrize(
    ("states", "errors", "status"),
    [
        ({}, (), ExitStatus.GOOD),
        ({"known": (LOST,)}, (), ExitStatus.GOOD),
        ({"refuted": (LOST,)}, (), ExitStatus.GOOD),
        ({"confirmed": (LOST,)}, (), ExitStatus.BAD),
        ({"unstable": ((LOST, "1 passed, 1 failed"),)}, (), ExitStatus.BAD),
        ({"unconfirmed": (LOST,)}, (), ExitStatus.BROKEN),
        ({}, (BROKEN,), ExitStatus.BROKEN),
        ({"confirmed": (LOST,)}, (BROKEN,), ExitStatus.BAD),
        ({"known": (LOST,)}, (BROKEN,), ExitStatus.BROKEN),
        ({}, (WRONG,), ExitStatus.INPUT),
        ({"unconfirmed": (LOST,)}, (BROKEN, WRONG), ExitStatus.INPUT),
        ({"confirmed": (LOST,)}, (WRONG,), ExitStatus.INPUT),
        ({"confirmed": (LOST,)}, (WRONG, BUG), ExitStatus.BROKEN),
        ({"confirmed": (LOST,)}, (BROKEN, BUG), ExitStatus.BROKEN),
    ],
)
def test_a_confirmed_failure_stands_whatever_broke(
    states: dict[str, tuple[object, ...]], errors: tuple[tuple[str, CellKey, str], ...], status: ExitStatus
) -> None:
    fields = {**dict.fromkeys(("known", "confirmed", "unconfirmed", "refuted", "wanted"), ()), **states}
    outcomes = Outcomes((), Failures(**fields), errors)  # type: ignore[arg-type]
    assert RunResult(outcomes=outcomes, directory=Path()).status is status
