"""Patterns looked for in a console as it comes, in work that is linear in what comes."""

import re
from dataclasses import dataclass

WINDOW = 1 << 16
OVERLAP = 1 << 12


@dataclass(frozen=True, slots=True)
class Found:
    """A match; `end` is where it ends, in characters from the beginning of the console's plain text."""

    text: str
    end: int


class Watch:
    """The last 64 KiB of a console's plain text, to look for patterns in.

    `add` what `ConsoleReader.take_new` gave, then look: with anything in `fresh`, or by `find` from a position on. A
    match that begins over 4 KiB before the text that completes it is not found.
    """

    def __init__(self) -> None:
        self._text = ""
        self._start = 0  # the position of the window's first character
        self._added = 0
        self._asked: tuple[re.Pattern[str] | None, int] = (None, 0)
        self._looked_to = 0

    @property
    def end(self) -> int:
        """The position behind what was added last."""
        return self._start + len(self._text)

    @property
    def fresh(self) -> str:
        """What was added last, and up to 4 KiB before it."""
        return self._text[-(self._added + OVERLAP) :]

    def add(self, text: str) -> None:
        """Take what the console showed next."""
        whole = self._text + text
        self._text = whole[-WINDOW:]
        self._start += len(whole) - len(self._text)
        self._added = len(text)

    def find(self, pattern: re.Pattern[str], start: int = 0) -> Found | None:
        """Return the first match of `pattern` from the position `start` on, None where it has not come.

        Asked the same again, it looks only at what was added since, and the 4 KiB before that.
        """
        begin = start
        if self._asked == (pattern, start):
            begin = max(start, self._looked_to - OVERLAP)
        self._asked, self._looked_to = (pattern, start), self.end
        match = pattern.search(self._text, max(0, begin - self._start))
        return None if match is None else Found(match[0], self._start + match.end())
