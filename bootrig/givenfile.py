"""Files that people give: opened only if they are regular files of a length that such a file can have.

A named pipe would block, a device or a file of the kernel never end. Links are followed.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bootrig.errors import InputError

PROC = "/proc"
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is given for: its name in messages, and the most bytes that one has."""

    noun: str
    largest: int


class GivenFileError(InputError):
    """A file that somebody gave cannot be read, is not a regular file, or is too long.

    Attributes:
        reason: the message without the file's name.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}")
        self.reason = reason


def open_given(path: Path, kind: FileKind) -> BinaryIO:
    """Return the file `path`, open for reading.

    Raises:
        GivenFileError: there is none, it is something else than a regular file, or it is longer than `kind` allows.
    """
    try:
        _require_regular(path, path.stat(), kind)  # opening alone changes some devices
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise GivenFileError(path, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL in the name
        raise GivenFileError(repr(str(path)), str(error)) from error
    stream = os.fdopen(descriptor, "rb")
    try:
        _require_regular(path, os.fstat(descriptor), kind)
    except GivenFileError:
        stream.close()
        raise
    return stream


def read_given(path: Path, kind: FileKind) -> bytes:
    """Return the bytes of the file `path`.

    Raises:
        GivenFileError: as `open_given`, or the operating system refuses.
    """
    with open_given(path, kind) as stream:
        try:
            # a buffer of as many bytes as are asked for is made before any is read
            return stream.read(min(kind.largest, os.fstat(stream.fileno()).st_size))
        except OSError as error:
            raise GivenFileError(path, error.strerror or str(error)) from error


def require_given(path: Path, kind: FileKind) -> None:
    """Make sure that the file `path` can be read as `open_given` does.

    Raises:
        GivenFileError: it cannot.
    """
    open_given(path, kind).close()


def show_length(length: int) -> str:
    """Return a length for people."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if length >= 1 << shift and length % (1 << shift) == 0:
            return f"{length >> shift} {unit}"
    return f"{length} bytes"


def _require_regular(path: Path, status: os.stat_result, kind: FileKind) -> None:
    found = next((words for is_so, words in _KINDS if is_so(status.st_mode)), "")
    if not found and status.st_size == 0 and status.st_dev == Path(PROC).stat().st_dev:
        found = f"a file of the kernel in {PROC}"
    if found:
        raise GivenFileError(path, f"it is {found}, expected a regular file")
    if status.st_size > kind.largest:
        limit = show_length(kind.largest)
        raise GivenFileError(path, f"it has {status.st_size} bytes, and {kind.noun} has at most {limit}")
