"""Patterns looked for in a console as it comes, in work that is linear in what comes."""

import re
from dataclasses import dataclass

WINDOW = 1 << 16
OVERLAP = 1 << 12


@dataclass(frozen=True, slots=True)
class Found:
    """A match: its text, and where in the whole console it ends."""

    text: str
    end: int


class Watch:
    """The last 64 KiB of a console's plain text. A match that has begun over 4 KiB before new text is not found.

    `add` what `ConsoleReader.take_new` gave, then look: with any pattern in `fresh`, or by `find` after a position.
    """

    def add(self, text: str) -> None:
        """Take what the console showed next."""
        raise NotImplementedError

    @property
    def fresh(self) -> str:
        """What was added last, and the 4 KiB before it."""
        raise NotImplementedError

    def find(self, pattern: re.Pattern[str], start: int = 0) -> Found | None:
        """Return the first match of `pattern` after the position `start` of the console, None where it has not come.

        Asked again, it looks only at what has come since, and the 4 KiB before.
        """
        raise NotImplementedError
