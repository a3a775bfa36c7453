"""Whether two traces show the same boot, but for what is declared as varying and for times within limits.

So much a clone has in common with the cold boot, and a boot with another of the same guest.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from bootrig.trace.trace import Trace
from tests.trace.test_events import iter_marked_fields

# Numbers of frames are told apart by their order alone; the last of them may have come after the end.
UNCOMPARED = frozenset({"guest_s", "frame"})


def find_unlike(first: Trace, second: Trace, *, nonces: tuple[str, str] = ("", "")) -> list[str]:
    """Return what differs between two traces, times aside."""
    return [
        *_compare("console", _console(first, nonces[0]), _console(second, nonces[1])),
        *_compare("wire", _wire(first, nonces[0]), _wire(second, nonces[1])),
        *_compare("milestones", [one.name for one in first.milestones], [one.name for one in second.milestones]),
        *_compare("outcome", first.outcome, second.outcome),
        *_compare("rom", first.rom, second.rom),
        *_compare("reports", [one.kind for one in first.reports], [one.kind for one in second.reports]),
    ]


def find_latest_s(first: Trace, second: Trace) -> tuple[float, float]:
    """Return how far the first packets, and any two packets, of two alike traces are from each other."""
    times = [abs(one.guest_s - other.guest_s) for one, other in zip(first.wire, second.wire, strict=True)]
    return times[0], max(times)


def _compare(what: str, first: Any, second: Any) -> Iterator[str]:
    if first != second:
        if isinstance(first, list) and len(first) == len(second):
            first, second = next((a, b) for a, b in zip(first, second, strict=True) if a != b)
        yield f"{what}: {first!r} is not {second!r}"


def _console(trace: Trace, nonce: str) -> list[Any]:
    return [(line.text.replace(nonce, "@nonce@") if nonce else line.text, line.wiped) for line in trace.console]


def _wire(trace: Trace, nonce: str) -> list[Any]:
    return [_strip(event, nonce) for event in trace.wire]


def _strip(value: Any, nonce: str) -> Any:
    if isinstance(value, Struct):
        varying = {*iter_marked_fields(type(value), "varies"), *UNCOMPARED}
        kept = [name for name in value.__struct_fields__ if name not in varying]
        return type(value).__name__, {name: _strip(getattr(value, name), nonce) for name in kept}
    if isinstance(value, tuple | list):
        return [_strip(one, nonce) for one in value]
    return value.replace(nonce, "@nonce@") if nonce and isinstance(value, str) else value
