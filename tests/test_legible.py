"""Text that no terminal obeys."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootrig.legible import make_legible


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        ("iPXE 1.21\t(äöü ☃)\n", "iPXE 1.21\t(äöü ☃)\n"),
        ("\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07"),
        ("a\rb\x7f\x9b31m\x0e", "a\\x0db\\x7f\\x9b31m\\x0e"),
        ("\u202etxt.exe\u2066\u200f", "\\u202etxt.exe\\u2066\\u200f"),
        ("bad\udcff\ud83d", "bad\\xff\\ud83d"),
        ("a\u2028b\ufffe", "a\\u2028b\\ufffe"),
    ],
)
def test_what_a_terminal_would_obey(text: str, legible: str) -> None:
    assert make_legible(text) == legible


@given(st.text(st.characters(), max_size=50))
def test_any_text(text: str) -> None:
    legible = make_legible(text)
    assert {unicodedata.category(character) for character in legible.replace("\n", "").replace("\t", "")} & {
        "Cc",
        "Cs",
    } == set()
    assert not {unicodedata.bidirectional(character) for character in legible} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    }
    assert make_legible(legible) == legible
    assert legible.encode().decode() == legible
