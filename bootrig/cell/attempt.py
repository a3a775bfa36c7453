"""Attempts: the boots of one cell, told apart by their clocks."""

import re

from bootrig.errors import InputError
from bootrig.trace.trace import Clock, ClockKind

_NAME = re.compile(r"(?:shift(?P<shift>\d{1,2})|(?P<kind>real|kvm))(?:\.\d+)?")


class AttemptError(InputError):
    """A text is not the name of an attempt."""


def parse_attempt(name: str) -> Clock:
    """Return the clock of the attempt `name`: `shift7`, `shift7.2`, `real`, `kvm`.

    Raises:
        AttemptError: it is not such a name.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise AttemptError(f'"{name}" is not the name of an attempt: expected shiftN, real or kvm')
    if found["shift"]:
        return Clock(ClockKind.VIRTUAL, int(found["shift"]))
    return Clock(ClockKind(found["kind"]))
