"""Standard output and standard error on which nothing fails and nobody is fooled.

Whatever became of the terminal, pipe or file behind them, writing goes on, into nothing then: how a command ends is
decided by its work. Characters that terminals obey are escaped on the way (`make_legible`).
"""

import errno
import io
import os
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from bootrig.legible import make_legible

GONE = (errno.EPIPE, errno.ECONNRESET)


class Descriptor(io.RawIOBase):
    """An open file that is written until that fails, and then as if it were the null device.

    Attributes:
        failure: how writing failed, unless it is that nobody reads any more.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: "bytes | memoryview") -> int:  # type: ignore[override]
        """Write the beginning of `content`; returns how much that is."""
        while True:
            try:
                return os.write(self._descriptor, content)
            except BlockingIOError:  # whoever else has the terminal made it so
                select.select([], [self._descriptor], [])
            except OSError as error:
                hung_up = error.errno == errno.EIO and stat.S_ISCHR(os.fstat(self._descriptor).st_mode)
                self.failure = None if error.errno in GONE or hung_up else error
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._descriptor, inheritable=True)
                os.close(null)
                return len(content)


class LegibleStream(io.TextIOWrapper):
    """Text for people on a standard stream.

    Attributes:
        drawn: the same stream for what draws on a terminal, with colours and moves, and makes its texts legible itself.
        descriptor: what is below it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.descriptor = Descriptor(stream.fileno())
        buffer = io.BufferedWriter(self.descriptor)  # type: ignore[type-var]
        encoding, line_buffering = stream.encoding, getattr(stream, "line_buffering", False)
        super().__init__(buffer, encoding, "backslashreplace", line_buffering=line_buffering, write_through=True)
        self.drawn = io.TextIOWrapper(buffer, encoding, "backslashreplace", write_through=True)

    def write(self, text: str) -> int:
        """Write `text`, made legible."""
        return super().write(make_legible(text))


@contextmanager
def guard_standard_streams() -> Iterator[None]:
    """While inside, standard output and standard error are `LegibleStream`s, where a descriptor is below them."""
    before = {"stdout": sys.stdout, "stderr": sys.stderr}
    for name, stream in before.items():
        with suppress(io.UnsupportedOperation):  # what stands for it has no descriptor
            setattr(sys, name, LegibleStream(stream))
    try:
        yield
    finally:
        for name, stream in before.items():
            getattr(sys, name).flush()
            setattr(sys, name, stream)


def find_failure() -> OSError | None:
    """Return how standard output failed, after everything was written that is left; None if it did not."""
    sys.stdout.flush()
    return sys.stdout.descriptor.failure if isinstance(sys.stdout, LegibleStream) else None
