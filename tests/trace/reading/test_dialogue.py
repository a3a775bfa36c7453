"""Patterns that are looked for one after another in a console as it comes."""

import pytest

from bootrig.trace.reading.dialogue import OVERLAP, WINDOW, Dialogue
from bootrig.trace.reading.pattern import UserPattern


def pattern_of(text: str) -> UserPattern:
    return UserPattern(text, "step[0].expect")


def test_a_match_may_begin_in_what_was_read_before() -> None:
    dialogue, prompt = Dialogue(), pattern_of("prompt")
    dialogue.feed("one pro")
    assert dialogue.find(prompt) is None
    dialogue.feed("mpt")
    assert dialogue.find(prompt) == "prompt"
    assert dialogue.before == "one "


def test_a_search_begins_behind_the_last_match() -> None:
    dialogue, prompt = Dialogue(), pattern_of("iPXE> ")
    dialogue.feed("iPXE> ifstat\niPXE> ")
    assert [dialogue.find(prompt) for _ in range(3)] == ["iPXE> ", "iPXE> ", None]
    dialogue.feed("iPXE> and more")
    assert dialogue.find(prompt) == "iPXE> "
    assert dialogue.find(pattern_of("and")) == "and"


def test_what_comes_in_one_piece_is_found_one_after_another() -> None:
    dialogue, never = Dialogue(), pattern_of("never")
    dialogue.feed("a")
    assert dialogue.find(never) is None
    dialogue.feed("x" * 3 * OVERLAP + "one" + "y" * 3 * OVERLAP + "two")
    assert dialogue.find(never) is None
    assert dialogue.find(pattern_of("one")) == "one"
    assert dialogue.find(pattern_of("two")) == "two"


def test_a_match_in_the_middle_leaves_the_rest() -> None:
    dialogue, one = Dialogue(), pattern_of("one")
    assert dialogue.find(one) is None
    dialogue.feed("one" + "y" * 3 * OVERLAP + "one")
    assert [dialogue.find(one) for _ in range(3)] == ["one", "one", None]


@pytest.mark.parametrize(("length", "found"), [(OVERLAP - 2, True), (3 * OVERLAP, False)])
def test_the_same_question_looks_only_at_what_is_new_and_its_overlap(length: int, found: bool) -> None:
    dialogue, pattern = Dialogue(), pattern_of("ab.*c")
    dialogue.feed("ab" + "x" * length)
    assert dialogue.find(pattern) is None
    dialogue.feed("c")
    assert (dialogue.find(pattern) is not None) is found


def test_another_question_looks_at_all() -> None:
    dialogue = Dialogue()
    dialogue.feed("ab" + "x" * 2 * OVERLAP)
    assert dialogue.find(pattern_of("never")) is None
    assert dialogue.find(pattern_of("ab")) == "ab"


@pytest.mark.parametrize(("length", "found"), [(0, True), (WINDOW - 1, True), (WINDOW, False)])
def test_what_left_the_window_is_not_found(length: int, found: bool) -> None:
    assert (WINDOW, OVERLAP) == (64 * 1024, 4 * 1024)
    dialogue = Dialogue()
    dialogue.feed("b")
    dialogue.feed("x" * length)
    assert (dialogue.find(pattern_of("b")) == "b") is found


@pytest.mark.parametrize("length", [1, 100])
def test_no_look_goes_over_more_than_the_new_text_and_its_overlap(length: int) -> None:
    dialogue, looked = Dialogue(), []

    class Counting:
        def search(self, text: str, start: int) -> None:
            looked.append(len(text) - start)

    pattern: UserPattern = Counting()  # type: ignore[assignment]
    for _ in range(1000):
        dialogue.feed("x" * length)
        dialogue.find(pattern)
    assert max(looked) <= 2 * OVERLAP
