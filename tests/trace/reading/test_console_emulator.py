"""The one reader of consoles beside a terminal emulator.

What the emulator shows in the end, with what has scrolled off, is what the reader has as rows that were not wiped out:
the same rows, each as often. Their order is that of the screen here, of their beginnings there. Of a screen that was
cleared the reader keeps what the emulator forgets.
"""

from collections import Counter
from collections.abc import Iterable

import pyte
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bootrig.trace.reading import console
from bootrig.trace.trace import ConsoleLine
from tests.trace.reading.conftest import RECORDED, read_lines

FULL = "a" * 80


def emulate(text: str) -> list[str]:
    """Return the rows of a terminal emulator that hold something, those scrolled off too."""
    screen = pyte.HistoryScreen(console.COLUMNS, console.ROWS, history=10_000)
    # pyte prints the end of the mode that OVMF sets; SeaBIOS needs no automatic wrap, and so sees no difference
    pyte.Stream(screen).feed(text.replace("\x1b[=3h", "").replace("\x1b[?7l", ""))
    above = ["".join(row[column].data for column in range(console.COLUMNS)) for row in screen.history.top]
    return [row.rstrip() for row in (*above, *screen.display) if row.strip()]


def divide(lines: Iterable[ConsoleLine]) -> list[str]:
    """Return the rows of the screen that lines came from."""
    texts = [line.text for line in lines if not line.wiped]
    return [text[at : at + 80].rstrip() for text in texts for at in range(0, len(text), 80)]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_console_reads_as_a_terminal_emulator_shows_it(name: str) -> None:
    assert divide(read_lines(RECORDED[name])) == emulate(RECORDED[name])


CORRECTIONS = ["a", "bc", "  ", FULL, "\b", "\r", "\n", "\r\n", "\x1b[K", "\x1b[0;1m"]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(CORRECTIONS), max_size=40).map("".join))
def test_text_and_its_corrections_read_as_a_terminal_emulator_shows_them(text: str) -> None:
    assert divide(read_lines(text)) == emulate(text)


# without column 80, where rows become one line
MOVES = [
    *("a", "bc", "defg", " ", "   ", "\b", "\r", "\n", "\t", "\x1b[0;1m"),
    *("\x1b[K", "\x1b[0K", "\x1b[1K", "\x1b[2K"),
    *("\x1b[A", "\x1b[3A", "\x1b[B", "\x1b[2B", "\x1b[C", "\x1b[D", "\x1b[4D", "\x1b[7G", "\x1b[G", "\x1b[2d"),
    *("\x1b[H", "\x1b[1;3H", "\x1b[2;5H", "\x1b[3;1f", "\x1b[24;2H", "\x1b[25;1H", "\x1b[99;4H"),
]
CLEARS = ["\x1b[J", "\x1b[0J", "\x1b[2J", "\x1bc"]


@example("a\r\n\x1b[1;1H  ")
@example("\x1b[25;1Ha\n\n\x1b[24;2Hb")
@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(MOVES), max_size=15).map("".join))
def test_moves_of_the_cursor_read_as_a_terminal_emulator_shows_them(text: str) -> None:
    assert Counter(divide(read_lines(text))) == Counter(emulate(text))


@example("a\x1b[2J\x1b[Hb")
@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from([*MOVES, *CLEARS]), max_size=15).map("".join))
def test_of_a_screen_that_was_cleared_the_reader_has_what_is_shown(text: str) -> None:
    assert Counter(divide(read_lines(text))) >= Counter(emulate(text))
