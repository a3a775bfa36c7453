"""Patterns looked for in a console as it comes, in work that is linear in what comes."""

from dataclasses import dataclass

from bootrig.trace.reading.pattern import UserPattern

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

    Attributes:
        fresh: what was added last, and up to 4 KiB before it.
    """

    def __init__(self) -> None:
        self.fresh = ""
        self._text = ""
        self._start = 0  # the position of the window's first character
        self._looked_to: dict[tuple[UserPattern, int], int] = {}  # of the question that was asked last

    @property
    def end(self) -> int:
        """The position behind what was added last."""
        return self._start + len(self._text)

    def add(self, text: str) -> None:
        """Take what the console showed next."""
        whole = self._text + text
        self._text = whole[-WINDOW:]
        self._start += len(whole) - len(self._text)
        self.fresh = self._text[-(len(text) + OVERLAP) :]

    def find(self, pattern: UserPattern, start: int = 0) -> Found | None:
        """Return the first match of `pattern` from the position `start` on, None where it has not come.

        Asked the same again, it looks only at what was added since, and the 4 KiB before that.

        Raises:
            PatternError: it ran past its limit.
        """
        begin = max(start, self._looked_to.get((pattern, start), start) - OVERLAP)
        self._looked_to = {(pattern, start): self.end}
        match = pattern.search(self._text, max(begin - self._start, 0))
        return None if match is None else Found(match[0], self._start + match.end())
