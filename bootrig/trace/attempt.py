"""Attempts: the boots of one cell, told apart by their clocks, and by numbers where the clock is the same."""

import re
from dataclasses import dataclass

from bootrig.errors import InputError
from bootrig.trace.trace import Clock, ClockKind

_NAME = re.compile(r"(?:shift(?P<shift>\d{1,2})|(?P<kind>real|kvm))(?:\.(?P<number>[2-9]|[1-9]\d+))?")


class AttemptError(InputError):
    """A text is not the name of an attempt."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One boot of a cell: how the guest's clock runs, and the boot's number among those with that clock, from 1."""

    clock: Clock
    number: int = 1

    def __str__(self) -> str:
        """Return its name: `shift7`, `shift7.2`, `real`, `kvm`."""
        return self.clock.attempt if self.number == 1 else f"{self.clock.attempt}.{self.number}"


def parse_attempt(name: str) -> Attempt:
    """Return the attempt `name`.

    Raises:
        AttemptError: it is not such a name.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise AttemptError(f'"{name}" is not the name of an attempt: expected shiftN, real or kvm')
    kind = ClockKind(found["kind"] or ClockKind.VIRTUAL)
    return Attempt(Clock(kind, int(found["shift"]) if found["shift"] else None), int(found["number"] or 1))
