"""Screens of consoles at milestones, as a terminal emulator draws them from `console.cast`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ScreenView:
    """A screen, row by row, without the blank rows at its end."""

    rows: tuple[tuple[ScreenPart, ...], ...]


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """The screens of the sides at the same milestones, and the guests' clocks.

    A side that did not come so far has no screen (None) and no clock (empty).
    """

    milestones: tuple[str, ...]
    times: tuple[str, ...]
    screens: tuple[ScreenView | None, ...]


def hold_screens(casts: Sequence[Sequence[CastEvent]]) -> tuple[ScreenRow, ...]:
    """Return the screens of one boot or of two, beside each other: at each milestone at which one has changed."""
    sides = [dict(_iter_screens(events)) for events in casts]
    rows: list[ScreenRow] = []
    for name in _order_names(sides):
        found = [side.get(name) for side in sides]
        screens = tuple(None if one is None else one[1] for one in found)
        times = tuple("" if one is None else f"{one[0]:.1f} s" for one in found)
        if rows and rows[-1].screens == screens:
            rows[-1] = ScreenRow((*rows[-1].milestones, name), rows[-1].times, screens)
        elif any(screen is not None and screen.rows for screen in screens):
            rows.append(ScreenRow((name,), times, screens))
    return tuple(rows[-MOST:])


def _order_names(sides: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the milestones of all sides: each side's in its own order, where they have the same one."""
    names: list[str] = []
    for side in sides:
        place = 0
        for name in side:
            if name in names:
                place = names.index(name) + 1
            else:
                names.insert(place, name)
                place += 1
    return names


def _iter_screens(events: Sequence[CastEvent]) -> Iterator[tuple[str, tuple[float, ScreenView]]]:
    """Yield each milestone once, with the guest's clock and the screen as it was then."""
    # what has no screens to draw does not wait for it
    from pyte import Screen, Stream  # noqa: PLC0415

    if not events or sum(len(event.text) for event in events) > LONGEST:
        return
    screen = Screen(COLUMNS, ROWS)
    stream = Stream(screen)
    drawn = ScreenView(())
    has_changed = False
    for event in events:
        if event.kind is CastKind.OUTPUT:
            stream.feed(keep_known(event.text))
            has_changed = True
            continue
        if has_changed:
            drawn, has_changed = _draw(screen), False
        yield event.text, (event.guest_s, drawn)
    yield END, (events[-1].guest_s, _draw(screen))


def keep_known(text: str) -> str:
    """Return what an emulator can show of a console's text; what code page 437 does not have becomes `?`."""
    known = "".join(match[1] or "" for match in _TOKEN.finditer(text))
    return known.encode("cp437", "replace").decode("cp437")


def _draw(screen: "Screen") -> ScreenView:
    rows = [tuple(_iter_parts(screen, number)) for number in range(ROWS)]
    while rows and not rows[-1]:
        rows.pop()
    return ScreenView(tuple(rows))


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
