"""Logs of servers that run inside this process."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path


class ServiceLog:
    """Lines in a file. A full disk stops no server: the capture, and the cell's own writing, say the same."""

    def __init__(self, stream: FileIO) -> None:
        self._stream = stream

    def write_line(self, text: str) -> None:
        """Append a line; characters that are not UTF-8 are escaped."""
        with suppress(OSError, ValueError):  # ValueError: a last word after the end
            self._stream.write(text.encode("utf-8", "backslashreplace") + b"\n")


@contextmanager
def start_log(path: Path) -> Iterator[ServiceLog]:
    """Open a log for appending."""
    with path.open("ab", buffering=0) as stream:
        yield ServiceLog(stream)
