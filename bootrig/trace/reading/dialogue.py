"""Dialogues with a console, led by pexpect: patterns that are looked for one after another in what comes.

pexpect reads programs and descriptors by itself; here an event loop reads, and pexpect's buffers, searchers and its
expecter are fed. A look goes over what is new and 4 KiB before it, the first one over the last 64 KiB.
"""

from io import StringIO
from typing import IO, TYPE_CHECKING

from pexpect.expect import Expecter, searcher_re
from pexpect.spawnbase import SpawnBase

from bootrig.trace.reading.pattern import UserPattern

if TYPE_CHECKING:
    _Spawn = SpawnBase[str]
else:
    _Spawn = SpawnBase

WINDOW = 1 << 16
OVERLAP = 1 << 12


class Dialogue(_Spawn):
    """The plain text of a console, in which each pattern is looked for behind what the one before it matched."""

    _buffer: IO[str]  # pexpect's: what it looks at
    _before: IO[str]  # pexpect's: all since the last match

    def __init__(self) -> None:
        super().__init__(timeout=None, encoding="utf-8")
        self._fresh = ""
        self._wanted: UserPattern | None = None
        self._expecter: Expecter[str] | None = None

    def feed(self, text: str) -> None:
        """Take what the console showed next."""
        self._fresh = (self._fresh + text)[-WINDOW:]

    def find(self, pattern: UserPattern) -> str | None:
        """Return the first match of a pattern behind the last match, None where it has not come.

        Asked the same again, it looks only at what was fed since, and the 4 KiB before that.

        Raises:
            PatternError: it ran past its limit.
        """
        fresh, self._fresh = self._fresh, ""
        if self._expecter is None or self._wanted is not pattern:
            is_found = self._begin(pattern, fresh)
        else:
            is_found = self._go_on(self._expecter, fresh)
        if not is_found:
            return None
        self._expecter = None
        return str(self.after)

    def _begin(self, pattern: UserPattern, fresh: str) -> bool:
        """Look for a pattern in all that was not matched yet, as far as it is kept."""
        self._before.seek(0)
        text = (self._before.read() + fresh)[-WINDOW:]
        self._buffer, self._before = StringIO(), StringIO()
        self._buffer.write(text)
        self._before.write(text)
        self._wanted = pattern
        # what it needs of a pattern is `search`
        searcher = searcher_re([pattern])  # type: ignore[list-item]
        self._expecter = Expecter(self, searcher, searchwindowsize=WINDOW)
        is_found = self._expecter.existing_data() is not None
        self._expecter.searchwindowsize = 2 * OVERLAP
        return is_found

    def _go_on(self, expecter: "Expecter[str]", fresh: str) -> bool:
        """Look for the same pattern in what is new, piece by piece, each with its overlap."""
        for start in range(0, len(fresh), OVERLAP):
            if expecter.new_data(fresh[start : start + OVERLAP]) is not None:
                self._fresh = fresh[start + OVERLAP :]
                return True
        return False
