"""Patterns looked for in a console as it comes."""

import pytest

from bootrig.trace.reading.pattern import UserPattern
from bootrig.trace.reading.watch import OVERLAP, WINDOW, Found, Watch


def pattern_of(text: str) -> UserPattern:
    return UserPattern(text, "console[0].pattern")


NEVER = pattern_of("never")


def test_a_match_may_begin_in_what_was_read_before() -> None:
    watch = Watch()
    watch.add("one pro")
    assert watch.find(pattern_of("prompt")) is None
    watch.add("mpt")
    assert "prompt" in watch.fresh
    assert watch.find(pattern_of("prompt")) == Found("prompt", 10)
    assert watch.end == 10


def test_a_search_begins_where_it_is_told_to() -> None:
    watch = Watch()
    watch.add("iPXE> ifstat\niPXE> ")
    prompt = pattern_of("iPXE> ")
    first = watch.find(prompt)
    assert first == Found("iPXE> ", 6)
    assert watch.find(prompt, first.end) == Found("iPXE> ", 19)
    assert watch.find(prompt, 19) is None
    watch.add("iPXE> ")
    assert watch.find(prompt, 19) == Found("iPXE> ", 25)


def test_positions_are_those_of_the_whole_console() -> None:
    watch = Watch()
    for _ in range(3):
        watch.add("x" * WINDOW)
    watch.add("end")
    assert watch.find(pattern_of("end"), 5) == Found("end", 3 * WINDOW + 3)
    assert len(watch.fresh) == OVERLAP + 3


def test_what_began_too_long_ago_is_not_found() -> None:
    watch = Watch()
    watch.add("begin" + "x" * OVERLAP)
    pattern = pattern_of("begin.*end")
    assert watch.find(pattern) is None
    watch.add("end")
    assert watch.find(pattern) is None
    assert not pattern.search(watch.fresh)


@pytest.mark.parametrize("length", [1, 100])
def test_no_look_goes_over_more_than_the_new_text_and_its_overlap(length: int) -> None:
    watch, looked = Watch(), []

    class Counting:
        def search(self, text: str, start: int) -> None:
            looked.append(len(text) - start)

    pattern: UserPattern = Counting()  # type: ignore[assignment]
    for _ in range(3000):
        watch.add("x" * length)
        watch.find(pattern)
    assert max(looked) <= OVERLAP + length
    assert len(watch.fresh) <= OVERLAP + length


@pytest.mark.parametrize(("length", "found"), [(0, True), (WINDOW - 1, True), (WINDOW, False)])
def test_what_left_the_window_is_not_found(length: int, found: bool) -> None:
    assert (WINDOW, OVERLAP) == (64 * 1024, 4 * 1024)
    watch = Watch()
    watch.add("b")
    watch.add("x" * length)
    assert watch.find(pattern_of("b")) == (Found("b", 1) if found else None)
    assert watch.end == 1 + length


@pytest.mark.parametrize("length", [0, 1, OVERLAP - 1, OVERLAP, OVERLAP + 1])
def test_what_is_fresh_has_its_overlap(length: int) -> None:
    watch = Watch()
    assert watch.fresh == ""
    watch.add("x" * (OVERLAP + 1))
    watch.add("y" * length)
    assert watch.fresh == "x" * OVERLAP + "y" * length


@pytest.mark.parametrize(("length", "found"), [(OVERLAP - 1, False), (OVERLAP - 2, True)])
def test_the_same_question_looks_only_at_what_is_new_and_its_overlap(length: int, found: bool) -> None:
    watch, pattern = Watch(), pattern_of("ab.*c")
    watch.add("ab" + "x" * length)
    assert watch.find(pattern) is None
    watch.add("c")
    assert (watch.find(pattern) is not None) is found


def test_another_question_looks_at_all() -> None:
    watch = Watch()
    watch.add("ab" + "x" * 2 * OVERLAP)
    for pattern, start in ((NEVER, 0), (NEVER, 1), (pattern_of("b"), 1), (pattern_of("ab"), 1)):
        watch.find(pattern, start)
        assert watch.find(pattern_of("ab")) == Found("ab", 2)
