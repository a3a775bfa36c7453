"""The patterns that read what guests wrote: no repetition without an end, few within another one.

So each looks at a character a limited number of times, whatever a guest wrote.
"""

import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from re import _constants as codes
from re import _parser as parser
from types import ModuleType
from typing import Any

import pytest

ROOMS = ("bootrig.trace.reading", "bootrig.compare", "bootrig.compare.rules", "firmware.probe.boot")
ONCE_LIMIT, NESTED_LIMIT = 400, 64
# Patterns whose repetition without an end cannot be tried at each place of a run anew, or do not read guests' texts.
LINEAR = {
    r"\.{2,}": "one character alone",
    r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])": "begins where a run does",
    r"(?P<prefix>efi|pxe)-(?P<stem>[A-Za-z0-9_+.-]+)\.rom": "names of files, matched whole",
}
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def iter_repeats(tree: Iterable[Any], around: float = 1) -> Iterator[tuple[float, float]]:
    """Yield how often each repetition goes on at most, and how often all that it is in do."""
    for code, value in tree:
        if code in REPEATS:
            most = float("inf") if value[1] == codes.MAXREPEAT else float(value[1])
            yield most, around
            yield from iter_repeats(value[2], around * max(most, 1))
        elif code is codes.SUBPATTERN:
            yield from iter_repeats(value[3], around)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from iter_repeats(branch, around)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from iter_repeats(value[1], around)
        elif code is codes.ATOMIC_GROUP:
            yield from iter_repeats(value, around)


def find_faults(pattern: str, flags: int = 0) -> list[str]:
    repeats = list(iter_repeats(parser.parse(pattern, flags)))
    return [
        *(f"repeats {most:g} times" for most, _ in repeats if most > ONCE_LIMIT),
        *(
            f"repeats {most:g} times in {around:g}"
            for most, around in repeats
            if around > 1 and most * around > NESTED_LIMIT
        ),
    ]


def iter_patterns(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from iter_patterns(item)


def iter_modules() -> Iterator[ModuleType]:
    for room in map(import_module, ROOMS):
        for module in pkgutil.iter_modules(room.__path__):
            yield import_module(f"{room.__name__}.{module.name}")


FOUND = {
    pattern.pattern: pattern.flags
    for module in iter_modules()
    if module.__name__ != "bootrig.trace.reading.console"  # its work is counted
    for value in vars(module).values()
    for pattern in iter_patterns(value)
}


def test_there_are_patterns_and_no_exception_is_left_over() -> None:
    assert len(FOUND) > 30
    assert set(LINEAR) <= set(FOUND)


@pytest.mark.parametrize("pattern", [pattern for pattern in FOUND if pattern not in LINEAR])
def test_a_pattern_has_bounds(pattern: str) -> None:
    assert find_faults(pattern, FOUND[pattern]) == []


@pytest.mark.parametrize(
    ("pattern", "faults"),
    [
        ("a*", ["repeats inf times"]),
        ("(?:x|a+)b", ["repeats inf times"]),
        ("a{1,401}?", ["repeats 401 times"]),
        ("(a{1,9}){1,9}", ["repeats 9 times in 9"]),
        ("(?=(?:a?){65})", ["repeats 1 times in 65"]),
        ("(?>a+)", ["repeats inf times"]),
        ("(?:[0-9a-f]{2}:){5}[a-f]{0,400}", []),
    ],
)
def test_what_has_none_is_found(pattern: str, faults: list[str]) -> None:
    assert find_faults(pattern) == faults
