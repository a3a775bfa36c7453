"""Consoles with the guest's clock: the file `console.cast`, which any player of asciicasts plays.

Format: asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/). A header, then one event a line: `[time, "o",
text]` for what the guest wrote, `[time, "m", name]` for a milestone. The time is the guest's clock as last read, 0
before that; that of a milestone which a packet shows is the packet's own.
"""

import json
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from bootrig.trace.reading.console import COLUMNS, ROWS
from bootrig.trace.trace import Milestone

CAST_FILE = "console.cast"
# So many characters of a console are kept; those of known boots have some thousands.
CAST_LIMIT = 1 << 20


class CastKind(StrEnum):
    """What an event is."""

    OUTPUT = "o"
    MARKER = "m"


class CastEvent(msgspec.Struct, frozen=True, array_like=True):
    """What the guest wrote, or the name of a milestone, and the guest's clock."""

    guest_s: float
    kind: CastKind
    text: str


class CastError(ValueError):
    """A file is not an asciicast as bootrig writes it."""


class CastRecorder:
    """Takes a console as it comes; what is beyond `limit` characters is left out, which a marker tells."""

    def __init__(self, limit: int = CAST_LIMIT) -> None:
        self._limit = self._left = limit
        self._events: list[CastEvent] = []
        self._texts: list[str] = []
        self._guest_s = 0.0

    def add(self, text: str, guest_s: float | None) -> None:
        """Take what the guest wrote next, and its clock as last read."""
        if guest_s is not None and guest_s > self._guest_s:
            self._end_output()
            self._guest_s = guest_s
        if self._left:
            self._texts.append(text[: self._left])
            self._left = max(0, self._left - len(text))
            if not self._left:
                self.mark(f"only the first {self._limit} characters are here")

    def mark(self, name: str) -> None:
        """Note that what was written last shows a milestone."""
        self._end_output()
        self._events.append(CastEvent(self._guest_s, CastKind.MARKER, name))

    def find_events(self, milestones: Iterable[Milestone]) -> list[CastEvent]:
        """Return everything in the order of the guest's clock, with those milestones that packets show."""
        self._end_output()
        shown = [
            CastEvent(one.guest_s, CastKind.MARKER, one.name)
            for one in milestones
            if one.guest_s is not None and one.evidence.frame is not None
        ]
        return sorted([*self._events, *shown], key=lambda event: event.guest_s)

    def _end_output(self) -> None:
        if text := "".join(self._texts):
            self._events.append(CastEvent(self._guest_s, CastKind.OUTPUT, text))
        self._texts = []


def encode_cast(title: str, events: Iterable[CastEvent]) -> bytes:
    """Return the file of a console; nothing in it is obeyed by a terminal that shows the file itself."""
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": title}
    lines = [json.dumps(header), *(json.dumps([round(one.guest_s, 6), one.kind, one.text]) for one in events)]
    return "".join(f"{line}\n" for line in lines).replace("\x7f", "\\u007f").encode("ascii")


def parse_cast(content: bytes) -> list[CastEvent]:
    """Return the events of the file of a console.

    Raises:
        CastError: it is not one, or of another size than consoles have here.
    """
    header, *lines = content.splitlines() or [b""]
    try:
        told = msgspec.json.decode(header, type=dict[str, object])
        events = [msgspec.json.decode(line, type=CastEvent) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CastError(f"not an asciicast: {error}") from error
    if (told.get("version"), told.get("width"), told.get("height")) != (2, COLUMNS, ROWS):
        raise CastError(f"expected an asciicast of version 2 with {COLUMNS} columns and {ROWS} rows")
    return events
