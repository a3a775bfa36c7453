"""Names of attempts."""

import pytest

from bootrig.trace.attempt import Attempt, AttemptError, parse_attempt
from bootrig.trace.trace import Clock, ClockKind


@pytest.mark.parametrize(
    ("name", "attempt"),
    [
        ("shift7", Attempt(Clock(ClockKind.VIRTUAL, 7))),
        ("shift10", Attempt(Clock(ClockKind.VIRTUAL, 10))),
        ("shift7.2", Attempt(Clock(ClockKind.VIRTUAL, 7), 2)),
        ("shift5.12", Attempt(Clock(ClockKind.VIRTUAL, 5), 12)),
        ("real", Attempt(Clock(ClockKind.REAL))),
        ("real.2", Attempt(Clock(ClockKind.REAL), 2)),
        ("kvm", Attempt(Clock(ClockKind.KVM))),
    ],
)
def test_an_attempt_is_its_name(name: str, attempt: Attempt) -> None:
    assert parse_attempt(name) == attempt
    assert str(attempt) == name


@pytest.mark.parametrize(
    "name", ["", "shift", "shift7x", "7", "virtual", "real.", "shift777", "../real", "shift7.1", "real.0", "kvm.02"]
)
def test_what_does_not_name_an_attempt(name: str) -> None:
    with pytest.raises(AttemptError, match="is not the name of an attempt"):
        parse_attempt(name)
