"""A row of the screen that a guest writes to, and the lines that rows read as."""

from collections.abc import Iterator, Sequence

from bootrig.trace.trace import ConsoleLine

COLUMNS = 80
# Where a line goes on after a part of it was wiped out, that part is told from so many characters on, blanks not
# counted: those of `Press F2.`. The percentage of a transfer has fewer.
WIPED_MINIMUM = 8


class ScreenRow:
    """A row of the screen.

    Attributes:
        text: what is written in it.
        before: what was written in it, with what was lost of it; empty where nothing was.
        guest_s: the guest's clock when it was begun.
        line: the rows that read as one line with it.
    """

    __slots__ = ("before", "guest_s", "line", "text")

    def __init__(self, guest_s: float | None, line: "list[ScreenRow]") -> None:
        self.text = ""
        self.before = ""
        self.guest_s = guest_s
        self.line = line
        line.append(self)

    @property
    def is_full(self) -> bool:
        """Whether its text may go on in the next row."""
        return len(self.text) == COLUMNS and not self.text.isspace()

    @property
    def is_wiped(self) -> bool:
        """Whether something was in it, and nothing is now."""
        return bool(self.before) and not self.text.strip(" ")

    @property
    def wiped(self) -> str:
        """What was wiped out, with what was around it; empty where it was nothing or too little to tell."""
        now = self.text.ljust(len(self.before))
        gone = sum(was not in (" ", is_) for was, is_ in zip(self.before, now, strict=False))
        return self.before.rstrip(" ") if gone >= WIPED_MINIMUM or self.is_wiped else ""

    def append(self, column: int, text: str) -> None:
        """Write `text` at `column`, which is not before the end."""
        self.text = self.text.ljust(column) + text

    def replace(self, column: int, character: str) -> None:
        """Write another character over the one at `column`."""
        self._remember(column)
        self.text = self.text[:column] + character + self.text[column + 1 :]

    def cut(self, column: int) -> None:
        """Wipe out what is from `column` to the end."""
        rest = self.text[column:]
        if lost := rest.lstrip(" "):
            self._remember(column + len(rest) - len(lost))
        self.text = self.text[:column]

    def _remember(self, column: int) -> None:
        """Keep the text before the character at `column` is lost, where more than that kept has been written since."""
        if self.text[column] != " " and len(self.text) > len(self.before) and not self.wiped:
            self.before = self.text


def iter_lines(rows: Sequence[ScreenRow]) -> Iterator[ConsoleLine]:
    """Yield what was wiped out of a line, and the line; not what is blank."""
    for row in rows:
        if wiped := row.wiped:
            yield ConsoleLine(wiped, row.guest_s, wiped=True)
    if text := "".join(row.text for row in rows).rstrip(" "):
        yield ConsoleLine(text, rows[0].guest_s)
