"""Screens at milestones: what an emulator draws of a console, and what it never gets."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bootrig.report.html.screens import LONGEST, MOST, ScreenPart, ScreenView, draw_screens, keep_known
from bootrig.trace.cast import CastEvent, CastKind


def say(text: str, guest_s: float = 1.0) -> CastEvent:
    return CastEvent(guest_s, CastKind.OUTPUT, text)


def mark(name: str, guest_s: float = 1.0) -> CastEvent:
    return CastEvent(guest_s, CastKind.MARKER, name)


def read(view: ScreenView) -> list[str]:
    return ["".join(part.text for part in row) for row in view.rows]


def test_a_screen_is_drawn_at_each_milestone_that_changed_it() -> None:
    text = [say("SeaBIOS\r\n"), mark("a", 1.5), mark("b", 2), say("\x1b[2J\x1b[HiPXE", 3), mark("c", 3)]
    assert [(view.time, view.milestones, read(view)) for view in draw_screens([mark("power"), *text])] == [
        ("1.5 s", ("a", "b"), ["SeaBIOS"]),
        ("3.0 s", ("c", "end"), ["iPXE"]),
    ]


def test_colours_and_bold_are_kept() -> None:
    (view,) = draw_screens([say("\x1b[0;1miPXE\x1b[0m -- \x1b[36mhttp\x1b[0;7mon\x1b[0m  ")])
    parts = [("iPXE", "bold"), (" -- ", ""), ("http", "cyan"), ("on", "on-white black")]
    assert view.rows == (tuple(ScreenPart(*part) for part in parts),)


def test_a_console_that_is_too_long_has_no_screens_and_many_milestones_few() -> None:
    assert draw_screens([say("x" * (LONGEST + 1))]) == ()
    many = [event for number in range(40) for event in (say(f"{number}\r\n"), mark(f"m{number}"))]
    assert [view.milestones[0] for view in draw_screens(many)] == [f"m{number}" for number in range(40 - MOST, 40)]
    assert draw_screens([]) == ()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[=3hb\x1b[?7lc", "abc"),
        ("\x1b]0;title\ax\x1bPstring\x1b\\y", "xy"),
        ("\x1b[5Jx\x1b[9Ky\x1b[1;2;3Az", "xyz"),
        ("\x0ea\x0f\x07\x9b5A\x7f", "a5A"),
        ("\x1b[2;5H\x1b[0;36m\x1b[K", "\x1b[2;5H\x1b[0;36m\x1b[K"),
        ("\u0300\u4e2d\U0001f600é", "???é"),
    ],
)
def test_only_what_the_emulator_knows_reaches_it(text: str, kept: str) -> None:
    assert keep_known(text) == kept


PIECES = [
    "a",
    "\x1b",
    "\x1b[",
    "?",
    "1;2;3",
    "999999",
    "m",
    "J",
    "K",
    "H",
    "A",
    "r",
    "@",
    "L",
    "h",
    "\x9b",
    "\x0e",
    "\r\n",
    "38;5;",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=40))
@example("\x1b[?5A\x1b[5J\x1b[38;2m\x1b[38;5;999m")
def test_any_console_has_screens_of_its_size(text: str) -> None:
    for view in draw_screens([say(text), mark("x")]):
        for line in read(view):
            assert len(line) <= 80
