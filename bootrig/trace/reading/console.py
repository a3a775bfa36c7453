"""One reader of consoles: what a guest writes to its serial port becomes lines, and plain text to search.

The screen has 80 columns and 25 rows, as SeaBIOS and OVMF have it (`ESC [ = 3 h`). Source of the control functions:
ECMA-48, sections 7.2 and 8.3; of what firmware sends: SeaBIOS, src/sercon.c, and EDK II, TerminalDxe.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from bootrig.trace.trace import ConsoleLine

COLUMNS, ROWS = 80, 25
# Where a line goes on after a part of it was wiped out, that part is told from so many characters on, blanks not
# counted: those of `Press F2.`. The percentage of a transfer has fewer.
WIPED_MINIMUM = 8
LINE_LIMIT = 1 << 16
CONSOLE_LIMIT = 1 << 20
TAB_WIDTH = 8

# The standard gives a control sequence no limit; what is longer than this is text.
_SEQUENCE = r"\x1b(?:\[[0-?]{0,32}[ -/]{0,2}[@-~]|[ -/]{1,2}[0-~]|[0-Z\\-~])"
_BEGUN = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,2}|[ -/]{0,2})")
_BEGUN_MAXIMUM = 36
_PIECE = re.compile(rf"[^\x00-\x1f\x7f]+|{_SEQUENCE}|[\x00-\x1f\x7f]")
# What begins a string, which nothing shows: DCS, SOS, OSC, PM, APC. It ends with BEL, or before an escape sequence; of
# one that does not end so many characters are passed over.
_STRINGS = frozenset("\x1b" + character for character in "PX]^_")
_STRING_END = re.compile("[\a\x18\x1a\x1b]")
STRING_LIMIT = 1 << 12


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
        if self.text[column] != " ":
            self._remember()
        self.text = self.text[:column] + character + self.text[column + 1 :]

    def cut(self, column: int) -> None:
        """Wipe out what is from `column` to the end."""
        if self.text[column:].strip(" "):
            self._remember()
        self.text = self.text[:column]

    def blank(self, column: int) -> None:
        """Wipe out what is before `column`; the rest stays at its place."""
        if self.text[:column].strip(" "):
            self._remember()
        self.text = " " * min(column, len(self.text)) + self.text[column:]

    def _remember(self) -> None:
        """Keep the text before something of it is lost, where more than that kept has been written since."""
        if len(self.text) > len(self.before) and not self.wiped:
            self.before = self.text


# a place in no row
_NOWHERE: tuple[ScreenRow | None, int] = (None, 0)


def iter_lines(rows: Sequence[ScreenRow]) -> Iterator[ConsoleLine]:
    """Yield what was wiped out of a line, and the line; not what is blank."""
    for row in rows:
        if wiped := row.wiped:
            yield ConsoleLine(wiped, row.guest_s, wiped=True)
    if text := "".join(row.text for row in rows).rstrip(" "):
        yield ConsoleLine(text, rows[0].guest_s)


class ConsoleReader:
    """Reads a console as it comes, in work that is linear in what comes.

    Args:
        line_limit: characters of one line; a longer line is divided.
        limit: characters of all lines, full rows counted: the first half of them is kept, and the last.
    """

    def __init__(self, *, line_limit: int = LINE_LIMIT, limit: int = CONSOLE_LIMIT) -> None:
        self._line_rows = line_limit // COLUMNS
        self._half_rows = limit // (2 * COLUMNS)
        self._head: list[list[ScreenRow]] = []
        self._tail: deque[list[ScreenRow]] = deque()
        self._begun_rows = self._tail_rows = self._dropped_rows = self._divided_lines = 0
        self._screen: list[ScreenRow | None] = [None] * ROWS
        self._row = self._column = 0
        self._last: ScreenRow | None = None  # the row that was begun last
        self._new: list[str] = []
        self._told = _NOWHERE  # the place to which the plain text has come
        self._at_start = True  # of a line of the plain text
        self._rest = ""
        self._string_left = 0  # characters that the string may go on for, 0 outside of strings
        self._guest_s: float | None = None

    def feed(self, text: str, guest_s: float | None) -> None:
        """Take what the guest wrote next (bytes of its serial port, by code page 437), and its clock as last read."""
        self._guest_s = guest_s
        text = self._rest + text
        escape = text.rfind("\x1b", max(0, len(text) - _BEGUN_MAXIMUM))
        end = escape if escape >= 0 and _BEGUN.fullmatch(text, escape) else len(text)
        self._rest = text[end:]
        place = 0
        while (place := self._pass_string(text, place, end)) < end:
            for match in _PIECE.finditer(text, place, end):
                place = match.end()
                self._take_piece(match[0])
                if self._string_left:
                    break

    def _pass_string(self, text: str, place: int, end: int) -> int:
        """Return where the string ends that `place` is in, or `end`; `place` outside of strings."""
        if not self._string_left:
            return place
        end = min(end, place + self._string_left)
        match = _STRING_END.search(text, place, end)
        self._string_left = 0 if match else self._string_left - (end - place)
        return end if match is None else match.end() - (match[0] == "\x1b")

    def _take_piece(self, piece: str) -> None:
        """Print, obey, or begin a string."""
        if piece[0] >= " " and piece != "\x7f":
            self._print(piece)
        elif piece in _STRINGS:
            self._string_left = STRING_LIMIT
        elif len(piece) > 1:
            self._obey(piece)
        elif piece in _CONTROLS:
            _CONTROLS[piece](self)

    def take_new(self) -> str:
        """Return what was written since the last call, as plain text: wrapped lines joined, each ended by a line feed.

        What is drawn again at its place is left out; what is written over something else begins a new line.
        """
        new = "".join(self._new)
        self._new = []
        return new

    @property
    def lines(self) -> tuple[ConsoleLine, ...]:
        """The lines that hold something, in the order in which they were begun; the current one too."""
        return tuple(chain.from_iterable(iter_lines(line) for line in chain(self._head, self._tail)))

    @property
    def truncated(self) -> tuple[str, ...]:
        """Which limit cut what, in sentences; empty where all was kept."""
        said = []
        if self._dropped_rows:
            said.append(f"console: {self._dropped_rows} rows between its beginning and its end are not kept")
        if self._divided_lines:
            length = self._line_rows * COLUMNS
            said.append(f"console: lines are divided after {length} characters ({self._divided_lines} times)")
        return tuple(said)

    def _print(self, text: str) -> None:
        """Write printable characters at the cursor, row by row."""
        start = 0
        while start < len(text):
            if self._column == COLUMNS:
                self._feed_line()
                self._column = 0
            part = text[start : start + COLUMNS - self._column]
            start += len(part)
            self._write(part)

    def _write(self, text: str) -> None:
        """Write `text` into the row of the cursor, where it fits."""
        row = self._screen[self._row]
        if row is not None and row.is_wiped:
            written = text.lstrip(" ")
            self._write_into(row, text[: len(text) - len(written)])
            row, text = None, written
        if text:
            self._write_into(row or self._begin_row(), text)

    def _write_into(self, row: ScreenRow, text: str) -> None:
        """Write `text` into `row` at the cursor, and tell what is new of it."""
        there = row.text[self._column : self._column + len(text)]
        if there and (self._told[0] is row or not text.startswith(there)):
            for index, (character, was) in enumerate(zip(text, there, strict=False)):
                if character != " " and row.is_wiped:
                    self._write(text[index:])  # into a new row
                    return
                if character != was:
                    row.replace(self._column, character)
                self._tell_replaced(row, character, was)
                self._column += 1
        else:
            self._column += len(there)
        added = text[len(there) :]
        if there and row.is_wiped:
            self._write(added)
        elif added:
            self._tell_added(row, added)
            row.append(self._column, added)
            self._column += len(added)

    def _begin_row(self) -> ScreenRow:
        """Return a new row where the cursor is. It goes on with the line of the row above where that is full."""
        above = self._screen[self._row - 1] if self._row and self._column == 0 else None
        goes_on = above is not None and above is self._last and above.is_full
        if goes_on and above is not None and len(above.line) < self._line_rows:
            row = ScreenRow(self._guest_s, above.line)
        else:
            self._divided_lines += goes_on
            self._break()
            row = ScreenRow(self._guest_s, [])
            (self._head if self._begun_rows < self._half_rows else self._tail).append(row.line)
        self._begun_rows += 1
        self._tail_rows += bool(self._tail)
        while self._tail_rows > self._half_rows and len(self._tail) > 1:
            dropped = len(self._tail.popleft())
            self._tail_rows -= dropped
            self._dropped_rows += dropped
        self._screen[self._row] = self._last = row
        self._told = (row, self._column)
        return row

    def _tell_replaced(self, row: ScreenRow, character: str, was: str) -> None:
        """Add to the plain text what was written over `was`, at the cursor."""
        if self._told == (row, self._column) or (character not in (" ", was)):
            if self._told != (row, self._column):
                self._break()
            self._add(character)
            self._told = (row, self._column + 1)
        elif character != was:
            self._told = _NOWHERE

    def _tell_added(self, row: ScreenRow, text: str) -> None:
        """Add to the plain text what is written behind the end of a row, at the cursor."""
        end = self._column + len(text)
        if self._told[0] is row and len(row.text) <= self._told[1] <= self._column:
            self._add(" " * (self._column - self._told[1]) + text)
        elif written := text.lstrip(" "):
            self._break()
            self._add(written)
        else:
            return
        self._told = (row, end)

    def _add(self, text: str) -> None:
        self._new.append(text)
        self._at_start = False

    def _break(self) -> None:
        """End the line of the plain text, where it has begun."""
        if not self._at_start:
            self._new.append("\n")
            self._at_start = True

    def _feed_line(self) -> None:
        """Go to the next row, and scroll where there is none. What leaves a full row may go on in the next."""
        row = self._screen[self._row]
        if row is None or not row.is_full:
            self._new.append("\n")
            self._at_start = True
        if self._row == ROWS - 1:
            del self._screen[0]
            self._screen.append(None)
        else:
            self._row += 1

    def _return(self) -> None:
        self._column = 0

    def _step_back(self) -> None:
        self._column = max(0, min(self._column, COLUMNS - 1) - 1)

    def _tabulate(self) -> None:
        self._column = min(COLUMNS - 1, (self._column // TAB_WIDTH + 1) * TAB_WIDTH)

    def _obey(self, sequence: str) -> None:
        """Carry out an escape sequence; one that sets colours or modes is passed over."""
        words = sequence[2:-1].split(";")
        if sequence == "\x1bc":
            self._clear()
            self._go_to(1, 1)
        elif sequence[1] == "[" and all(word.isdecimal() or not word for word in words):
            first, second, *_ = (int(word or 0) for word in (*words, ""))
            self._obey_function(sequence[-1], first, second)

    def _obey_function(self, function: str, first: int, second: int) -> None:
        """Carry out a control function that moves the cursor or erases."""
        count = first or 1
        if function in "Hf":
            self._go_to(count, second or 1)
        elif function == "J" and first != 1:
            self._clear(self._row + 1 if first == 0 else 0)
            self._erase_row(first)
        elif function == "K":
            self._erase_row(first)
        elif function in "dAB":
            row = {"A": self._row - count, "B": self._row + count, "d": count - 1}[function]
            self._row = min(max(row, 0), ROWS - 1)
        elif function in "CDG":
            column = min(self._column, COLUMNS - 1)
            column = {"C": column + count, "D": column - count, "G": count - 1}[function]
            self._column = min(max(column, 0), COLUMNS - 1)

    def _go_to(self, row: int, column: int) -> None:
        self._row = min(row, ROWS) - 1
        self._column = min(column, COLUMNS) - 1

    def _clear(self, first_row: int = 0) -> None:
        """Empty the screen from a row on; the lines that were on it stay as they were."""
        self._screen[first_row:] = [None] * (ROWS - first_row)

    def _erase_row(self, what: int) -> None:
        """Wipe out the row of the cursor: 0 for what is from the cursor on, 1 for what is up to it, 2 for all of it."""
        row = self._screen[self._row]
        if row is None:
            return
        if what == 1:
            row.blank(self._column + 1)
        else:
            row.cut(0 if what else self._column)
        if self._told[0] is row and self._told != (row, len(row.text)):
            self._told = _NOWHERE


_CONTROLS: Mapping[str, Callable[[ConsoleReader], None]] = {
    "\b": ConsoleReader._step_back,
    "\t": ConsoleReader._tabulate,
    "\n": ConsoleReader._feed_line,
    "\v": ConsoleReader._feed_line,
    "\f": ConsoleReader._feed_line,
    "\r": ConsoleReader._return,
}
