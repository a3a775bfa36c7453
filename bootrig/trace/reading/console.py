"""One reader of consoles: bytes that a guest writes to its serial port become lines, and plain text to search."""

from bootrig.trace.trace import ConsoleLine

LINE_LIMIT = 1 << 16
CONSOLE_LIMIT = 1 << 20


class ConsoleReader:
    """Reads a console as it comes, in work that is linear in what comes.

    Args:
        line_limit: characters of one line; a longer line is divided.
        limit: characters of all lines; the first half of it is kept, and the last.
    """

    def __init__(self, *, line_limit: int = LINE_LIMIT, limit: int = CONSOLE_LIMIT) -> None:
        raise NotImplementedError

    def feed(self, text: str, guest_s: float | None) -> None:
        """Take what the guest wrote next (bytes of the serial port as code page 437), and its clock as last read."""
        raise NotImplementedError

    def take_new(self) -> str:
        """Return what was written since the last call, as plain text: wrapped lines joined, ended by line feeds.

        What is drawn again at its place is left out; what is written over something else begins a new line.
        """
        raise NotImplementedError

    @property
    def lines(self) -> tuple[ConsoleLine, ...]:
        """The lines that hold something, in the order in which they were begun; the current one too."""
        raise NotImplementedError

    @property
    def truncated(self) -> tuple[str, ...]:
        """Which limit cut what; empty where all was kept. For `Trace.truncated`."""
        raise NotImplementedError


def read_lines(text: str) -> tuple[ConsoleLine, ...]:
    """Return the lines of a whole console."""
    reader = ConsoleReader()
    reader.feed(text, None)
    return reader.lines
