"""Consoles, line by line, with the guest's clock; of two boots side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bootrig.trace.reading.rom_lines import spell_line
from bootrig.trace.reading.wire import strip_varying
from bootrig.trace.trace import ConsoleLine, Trace

MOST = 400
LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class ConsoleText:
    """A line of one side: when it was begun, what it says, whether the guest wiped it out again."""

    time: str
    text: str
    is_wiped: bool


@dataclass(frozen=True, slots=True)
class ConsoleRow:
    """Lines beside each other, one a side (None for none).

    `state` is `same`, `varies` (but for addresses, names and versions the same), `changed`, `only`, or empty.
    """

    state: str
    lines: tuple[ConsoleText | None, ...]


@dataclass(frozen=True, slots=True)
class ConsoleView:
    """The consoles of the sides of a cell, and how many lines are left out."""

    rows: tuple[ConsoleRow, ...]
    left_out: int


def hold_consoles(traces: Sequence[Trace]) -> ConsoleView:
    """Return the consoles of one boot or of two."""
    consoles = [[line for line in trace.console if line.text.strip()] for trace in traces]
    left_out = sum(max(0, len(console) - MOST) for console in consoles)
    shown = [console[:MOST] for console in consoles]
    if len(shown) == 2:
        return ConsoleView(tuple(_iter_rows(shown[0], shown[1])), left_out)
    return ConsoleView(tuple(ConsoleRow("", (_show(line),)) for line in shown[0]), left_out)


def _iter_rows(first: Sequence[ConsoleLine], second: Sequence[ConsoleLine]) -> Iterator[ConsoleRow]:
    old, new = ([spell_line(line.text[:LONGEST_LINE]) for line in console] for console in (first, second))
    for tag, start, end, other_start, other_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = first[start:end], second[other_start:other_end]
        for place in range(max(len(left), len(right))):
            one = left[place] if place < len(left) else None
            other = right[place] if place < len(right) else None
            yield ConsoleRow(_find_state(tag, one, other), (_show(one), _show(other)))


def _find_state(tag: str, one: ConsoleLine | None, other: ConsoleLine | None) -> str:
    if one is None or other is None:
        return "only"
    if tag != "equal":
        return "changed"
    return "same" if strip_varying(one.text) == strip_varying(other.text) else "varies"


def _show(line: ConsoleLine | None) -> ConsoleText | None:
    if line is None:
        return None
    text = line.text if len(line.text) <= LONGEST_LINE else f"{line.text[:LONGEST_LINE]}..."
    return ConsoleText("" if line.guest_s is None else f"{line.guest_s:.0f}", text, line.wiped)
