"""Patterns that users write."""

import re

import pytest

from bootrig.trace.reading import pattern
from bootrig.trace.reading.pattern import PatternError, UserPattern, try_pattern

ENDLESS = "([^z]*[^z]*)*[^z]*z@"


def test_a_match() -> None:
    found = UserPattern(r"iPXE (\d)", "step[0].expect").search("gPXE 1, iPXE 2", 3)
    assert found is not None
    assert (found[0], found[1], found.end()) == ("iPXE 2", "2", 14)
    assert UserPattern("never", "step[0].expect").search("iPXE") is None


def test_one_that_does_not_end_is_stopped_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern, "SEARCH_LIMIT_S", 0.05)
    with pytest.raises(PatternError) as caught:
        UserPattern("(a|aa)+b", "mine: step[0].expect").search("a" * 100)
    assert str(caught.value) == (
        'mine: step[0].expect: "(a|aa)+b" did not end in 0.05 s with 100 characters of the console'
    )
    assert caught.value.exit_status == 2
    assert "repetition" in caught.value.remedy


@pytest.mark.parametrize("text", ["PXELINUX \\d", "[gi]PXE> ", ".*login: $", "(?i)error.*code", r"^\s*[A-Z]+ \d+\.\d+"])
def test_good_ones_pass_the_trial(text: str) -> None:
    try_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "(a|aa)+b",
        "(x+x+)+y",
        "([a-z]+)*=",
        r"(\w+\s?)+$@",
        r"(\d|\d\d)+=",
        "(?:abcab|ab|c|abc)+Z",
        r"(?:\w+ ?)+login: Q",
    ],
)
def test_the_trial_finds_what_does_not_end(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern, "TRIAL_LIMIT_S", 0.1)
    with pytest.raises(PatternError, match=re.escape(f'found "{text}", which does not end in 0.1 s with a megabyte')):
        try_pattern(text)


def test_what_cannot_end_in_re_may_end_here() -> None:
    assert UserPattern(ENDLESS, "console[0].pattern").search("x" * 8192) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a(", 'found "a(", which is not a regular expression: missing )'),
        ("(" * 450 + ")" * 450, "which is not a regular expression: maximum recursion"),
        ("(?:a{200}){100}", 'found "(?:a{200}){100}", whose repetitions multiply to 20000, expected 10000 at most'),
        ("a" * 1001, "found 1001 characters, expected at most 1000"),
    ],
)
def test_what_is_not_a_pattern(text: str, message: str) -> None:
    with pytest.raises(PatternError, match=re.escape(message)):
        try_pattern(text)


def test_the_trial_is_a_megabyte_with_every_character_in_every_piece() -> None:
    pieces = tuple(pattern._iter_trial("a|bc"))
    assert sum(map(len, pieces)) == pattern.TRIAL_LENGTH == 1 << 20
    assert all(set(map(chr, range(32, 127))) <= set(piece) and "a bc\n" in piece for piece in pieces)
