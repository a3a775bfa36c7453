"""Files that are written where the user says: nothing that is there is destroyed.

A regular file is replaced by a new one with its permissions, a link is followed. What else there is (a device, a pipe,
a descriptor such as /dev/stdout) is written into, never replaced; a disk is refused.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bootrig.errors import BootrigError, InputError, RigError
from bootrig.workdir import write_atomically

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
DESCRIPTORS = (Path("/dev/fd"), Path("/proc"))
STANDARD_DESCRIPTORS = (1, 2)


@dataclass(frozen=True, slots=True)
class Output:
    """A place that can be written.

    Attributes:
        path: as the user names it.
        descriptor: what is written into; None for a regular file, which is replaced, and its directories made.
    """

    path: Path
    descriptor: int | None = None

    def write(self, content: bytes) -> None:
        """Write the whole content, once. A reader at the other end of a pipe who goes away has seen enough.

        Raises:
            InputError: it cannot be written.
            RigError: nothing more fits there.
        """
        try:
            if self.descriptor is None:
                _replace(self.path.resolve(), content)
            else:
                _write_into(self.descriptor, content)
        except BrokenPipeError:
            return
        except OSError as error:
            raise describe_error(self.path, error) from error


def open_output(path: Path, inputs: Iterable[Path] = ()) -> Output:
    """Return the place `path`, after finding out that it can be written; what is not a regular file stays open for it.

    `inputs` are files that are read, which it may not replace.

    Raises:
        InputError: `path` cannot be written, is a pipe that nobody reads, a disk, or an input.
        RigError: nothing more fits there.
    """
    try:
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            _probe(path.resolve())
            return Output(path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if stat.S_ISBLK(status.st_mode):
            raise InputError(f"cannot write {path}: a disk is not overwritten", remedy="name another place")
        if any(file.is_file() and file.samefile(path) for file in inputs):
            raise InputError(f"cannot write {path}: it is also read", remedy="name another file")
        if stat.S_ISREG(status.st_mode):
            own = _find_own(path, status)
            if own is None:
                _probe(path.resolve())
            return Output(path, own)
        return Output(path, _open_special(path))
    except OSError as error:
        raise describe_error(path, error) from error


def write_output(path: Path, content: bytes, inputs: Iterable[Path] = ()) -> None:
    """Write `content` to the place `path`, making its directories; `inputs` are files that it may not replace.

    Raises:
        InputError: it cannot be written.
        RigError: nothing more fits there.
    """
    open_output(path, inputs).write(content)


def describe_error(path: Path, error: OSError) -> BootrigError:
    """Return what it means that `path` cannot be written: the host's fault where nothing more fits there."""
    message = f"cannot write {path}: {error.strerror}"
    if error.errno in FULL:
        return RigError(message, remedy="free some space there, or name another place")
    if error.errno == errno.ENXIO:
        return InputError(f"cannot write {path}: nobody reads this pipe", remedy="start its reader first")
    return InputError(message, remedy="name another place")


def _probe(path: Path) -> None:
    """Find out that a new file can be renamed to `path`."""
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    if not parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{parent} is not a directory")
    with tempfile.TemporaryFile(dir=parent):
        pass


def _find_own(path: Path, status: os.stat_result) -> int | None:
    """Return the descriptor by which a regular file is written into; None for one that is replaced."""
    for descriptor in STANDARD_DESCRIPTORS:
        try:
            if os.path.samestat(status, os.fstat(descriptor)):
                return os.dup(descriptor)
        except OSError:
            continue
    if any(place in path.absolute().parents for place in DESCRIPTORS):
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    return None


def _open_special(path: Path) -> int:
    """Open what is not a regular file; a pipe without a reader is refused (ENXIO)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def _replace(path: Path, content: bytes) -> None:
    if path.exists():
        write_atomically(path, content, mode=stat.S_IMODE(path.stat().st_mode))
    else:
        write_atomically(path, content)


def _write_into(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        rest = memoryview(content)
        while rest:
            rest = rest[stream.write(rest) :]
