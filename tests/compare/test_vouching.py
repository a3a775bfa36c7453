"""Who vouches for whom."""

from collections.abc import Mapping

import pytest

from bootrig.compare.vouching import Answer, Ways, vouch
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import REAL_TIME, Reason, WantedBoot

SEEN, NOT_SEEN, OPEN = Answer.SEEN, Answer.NOT_SEEN, Answer.OPEN


def want(member: str) -> tuple[WantedBoot, ...]:
    return (WantedBoot("candidate", CellKey(member, "e1000", "pc", "seabios"), REAL_TIME, Reason.REAL_TIME),)


def ask(asked: Mapping[str, bool], *, one_is_enough: bool = False) -> dict[str, tuple[Answer, str | None, bool]]:
    """Return of the members a, b and c the answer, the witness and whether boots are wanted."""
    told = vouch("abc", Ways(asked.get, want, want), one_is_enough=one_is_enough)
    return {name: (one.answer, one.witness, bool(one.wanted)) for name, one in told.items()}


@pytest.mark.parametrize("one_is_enough", [False, True])
def test_the_first_is_asked_and_speaks_for_all(one_is_enough: bool) -> None:
    told = ask({}, one_is_enough=one_is_enough)
    assert told == {"a": (OPEN, None, True), "b": (OPEN, None, False), "c": (OPEN, None, False)}
    told = ask({"a": True}, one_is_enough=one_is_enough)
    assert told == dict.fromkeys("abc", (SEEN, "a", False))


def test_one_that_does_not_see_it_has_each_asked() -> None:
    assert ask({"a": False}) == {"a": (NOT_SEEN, "a", False), "b": (OPEN, None, True), "c": (OPEN, None, True)}
    assert ask({"a": True, "b": False})["c"] == (OPEN, None, True)


def test_or_the_next_one_where_one_is_enough() -> None:
    told = ask({"a": False}, one_is_enough=True)
    assert told == {"a": (NOT_SEEN, "a", False), "b": (OPEN, None, True), "c": (OPEN, None, False)}
    told = ask({"a": False, "b": True}, one_is_enough=True)
    assert told == {"a": (NOT_SEEN, "a", False), "b": (SEEN, "b", False), "c": (SEEN, "b", False)}
    assert ask({"a": False, "b": False}, one_is_enough=True)["c"] == (OPEN, None, True)
