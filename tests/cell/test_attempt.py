"""Names of attempts."""

import pytest

from bootrig.cell.attempt import AttemptError, parse_attempt
from bootrig.trace.trace import Clock, ClockKind


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("shift7", Clock(ClockKind.VIRTUAL, 7)),
        ("shift10", Clock(ClockKind.VIRTUAL, 10)),
        ("shift7.2", Clock(ClockKind.VIRTUAL, 7)),
        ("real", Clock(ClockKind.REAL)),
        ("kvm", Clock(ClockKind.KVM)),
    ],
)
def test_an_attempt_names_its_clock(name: str, clock: Clock) -> None:
    assert parse_attempt(name) == clock
    assert clock.attempt == name.partition(".")[0]


@pytest.mark.parametrize("name", ["", "shift", "shift7x", "7", "virtual", "real.", "shift777", "../real"])
def test_what_does_not_name_an_attempt(name: str) -> None:
    with pytest.raises(AttemptError, match="is not the name of an attempt"):
        parse_attempt(name)
