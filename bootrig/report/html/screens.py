"""Screens of consoles at milestones, as a terminal emulator draws them from `console.cast`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bootrig.trace.cast import CastEvent, CastKind
from bootrig.trace.reading.console import COLUMNS, ROWS

if TYPE_CHECKING:
    from pyte import Screen
    from pyte.screens import Char

MOST = 8
# A console with more than that is not drawn; those of known boots have some thousand characters.
LONGEST = 1 << 17
END = "end"
COLOURS: Mapping[str, str] = {
    **{name: name for name in ("black", "red", "green", "blue", "magenta", "cyan", "white")},
    "brown": "yellow",
}
BLANK = " "

# What the emulator gets: text, and the control functions that firmware uses, in the forms in which they have a meaning.
# Of all others it would print some, and fail of some.
_KNOWN = (
    r"[^\x00-\x1f\x7f-\x9f]+|[\b\t\n\v\f\r]|\x1bc"
    r"|\x1b\[(?:\d{0,4}(?:;\d{0,4})?[Hf]|[012]?[JK]|\d{0,4}[ABCDGd]|(?:\d{1,3}(?:;\d{1,3}){0,8})?m)"
)
_TOKEN = re.compile(
    rf"({_KNOWN})|\x1b[PX\]^_][^\a\x18\x1a\x1b]{{0,4096}}|\x1b\[[0-?]{{0,32}}[ -/]{{0,2}}[@-~]|\x1b[ -/]{{0,2}}[0-~]|.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ScreenPart:
    """Text of one look; `look` has classes of the style sheet."""

    text: str
    look: str


Rows = tuple[tuple[ScreenPart, ...], ...]


@dataclass(frozen=True, slots=True)
class ScreenView:
    """A screen without the blank rows at its end, the milestones at which it was so, and the clock at the first one."""

    time: str
    milestones: tuple[str, ...]
    rows: Rows


def draw_screens(events: Sequence[CastEvent]) -> tuple[ScreenView, ...]:
    """Return the screens of a boot at its milestones and its end, each that was not so before; at most `MOST`."""
    views: list[ScreenView] = []
    for guest_s, name, rows in _iter_screens(events):
        if views and views[-1].rows == rows:
            views[-1] = replace(views[-1], milestones=(*views[-1].milestones, name))
        elif rows:
            views.append(ScreenView(f"{guest_s:.1f} s", (name,), rows))
    return tuple(views[-MOST:])


def _iter_screens(events: Sequence[CastEvent]) -> Iterator[tuple[float, str, Rows]]:
    """Yield the guest's clock, the name of the milestone, and the screen as it was then."""
    # what has no screens to draw does not wait for it
    from pyte import Screen, Stream  # noqa: PLC0415

    if not events or sum(len(event.text) for event in events) > LONGEST:
        return
    screen = Screen(COLUMNS, ROWS)
    stream = Stream(screen)
    rows: Rows = ()
    has_changed = False
    for event in (*events, CastEvent(events[-1].guest_s, CastKind.MARKER, END)):
        if event.kind is CastKind.OUTPUT:
            stream.feed(keep_known(event.text))
            has_changed = True
            continue
        if has_changed:
            rows, has_changed = _draw(screen), False
        yield event.guest_s, event.text, rows


def keep_known(text: str) -> str:
    """Return what an emulator can show of a console's text; what code page 437 does not have becomes `?`."""
    known = "".join(match[1] or "" for match in _TOKEN.finditer(text))
    return known.encode("cp437", "replace").decode("cp437")


def _draw(screen: "Screen") -> Rows:
    rows = [tuple(_iter_parts(screen, number)) for number in range(ROWS)]
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


def _iter_parts(screen: "Screen", number: int) -> Iterator[ScreenPart]:
    """Yield the parts of a row, without the blanks at its end."""
    row = screen.buffer[number]
    text, look = "", ""
    end = max((column + 1 for column, one in row.items() if one.data != BLANK or _name_look(one)), default=0)
    for column in range(min(end, COLUMNS)):
        one = row[column]
        found = _name_look(one)
        if found != look and text:
            yield ScreenPart(text, look)
            text = ""
        text, look = text + one.data, found
    if text:
        yield ScreenPart(text, look)


def _name_look(one: "Char") -> str:
    front, back = COLOURS.get(one.fg, ""), COLOURS.get(one.bg, "")
    if one.reverse:
        front, back = back or "black", front or "white"
    words = [f"on-{back}" if back not in ("", "black") else "", front if front != "white" else ""]
    return " ".join(filter(None, [*words, "bold" if one.bold else ""]))
