"""Readings that are asked for again and again: by every rule, of each trace anew."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from bootrig.trace.trace import Trace

REMEMBERED = 1024
R = TypeVar("R")


def recall(read: Callable[[Trace], R]) -> Callable[[Trace], R]:
    """Return `read` with a memory of what it returned for the last traces, which are told apart by identity.

    A trace does not change; what is returned is shared by all who ask.
    """
    known: dict[int, tuple[Trace, R]] = {}

    @wraps(read)
    def recalled(trace: Trace) -> R:
        # the trace is kept with the result, so that no other one can get its identity
        found = known.get(id(trace))
        if found is None:
            if len(known) >= REMEMBERED:
                del known[next(iter(known))]
            found = known[id(trace)] = trace, read(trace)
        return found[1]

    return recalled
