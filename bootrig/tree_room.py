"""Directories that are kept in the cache, each under a lock of its own while somebody uses it.

A room of trees is a directory in the cache directory, each of its entries a directory in it. The lock is that of the
entry's directory (flock(2)) and ends with whoever holds it, so what a killed process has left is not in use. What is in
use is never removed; what is removed loses its name first, so that nobody takes a part of it for the whole.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.cache import UNUSED_S, Entry, choose_unused, describe_cache_error
from bootrig.deadline import Deadline
from bootrig.lock import take_lock, try_lock
from bootrig.temporary import remove_abandoned, remove_path
from bootrig.workdir import NEW_PREFIX, cache_directory


@dataclass(frozen=True, slots=True)
class TreeRoom:
    """Directories of one sort.

    Attributes:
        name: the directory's that they are in.
        limit: how many bytes they may have together; None where they go only when somebody removes them.
    """

    name: str
    limit: int | None = None

    @property
    def directory(self) -> Path:
        """The directory of the entries, which need not be there."""
        return cache_directory() / self.name

    @contextmanager
    def hold(self, name: str, deadline: Deadline) -> Iterator[Path]:
        """Yield the directory of an entry, made where it is missing, which nobody else uses meanwhile.

        In the end what was not used for long leaves the room, and what was used least recently where it holds more than
        its limit.

        Raises:
            DeadlineError: another process still uses it at the deadline.
            CacheError: it cannot be made.
        """
        path = (self.directory / name).absolute()
        try:
            handle = None
            while handle is None:
                if path.is_symlink() or path.is_file():
                    remove_path(path)
                path.mkdir(parents=True, exist_ok=True)
                handle = _open_locked(path, deadline)
        except OSError as error:
            raise describe_cache_error(error) from error
        try:
            yield path
        finally:
            os.close(handle)
            with suppress(OSError):
                self._shorten()

    def share(self, name: str, deadline: Deadline) -> int | None:
        """Return a descriptor by which the entry is in use while it is open; None where there is no such entry.

        Raises:
            DeadlineError: another process still changes it at the deadline.
            CacheError: it cannot be read.
        """
        try:
            return _open_locked(self.directory / name, deadline, is_shared=True)
        except OSError as error:
            raise describe_cache_error(error) from error

    def entries(self) -> tuple[Entry, ...]:
        """Return what is in the room, used least recently first.

        Raises:
            OSError: it cannot be read.
        """
        found = []
        with suppress(FileNotFoundError):
            for path in self.directory.iterdir():
                if not path.name.startswith(NEW_PREFIX):
                    with suppress(FileNotFoundError):
                        found.append(Entry(path, _measure(path), path.lstat().st_mtime))
        return tuple(sorted(found, key=lambda entry: entry.used_s))

    def remove(self, entry: Entry) -> bool:
        """Remove an entry; return whether it is gone: not while somebody uses it.

        Raises:
            OSError: it cannot be removed.
        """
        if entry.path.is_symlink() or not entry.path.is_dir():
            remove_path(entry.path)
            return True
        handle = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if not try_lock(handle):
                return False
            gone = entry.path.with_name(NEW_PREFIX + entry.path.name)
            remove_path(gone)
            entry.path.rename(gone)
            remove_path(gone)
        finally:
            os.close(handle)
        return True

    def _shorten(self) -> None:
        remove_abandoned(self.directory, NEW_PREFIX)
        if self.limit is not None:
            for entry in choose_unused(self.entries(), self.limit, UNUSED_S):
                self.remove(entry)


def _open_locked(path: Path, deadline: Deadline, *, is_shared: bool = False) -> int | None:
    """Return the descriptor of a directory that is in use from now on; None where it is gone."""
    with ExitStack() as stack:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            stack.callback(os.close, handle)
            take_lock(handle, deadline, is_shared=is_shared)
            if not os.path.samestat(os.fstat(handle), path.lstat()):
                return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        with suppress(OSError):  # somebody else's cache
            os.utime(handle)
        stack.pop_all()
        return handle


def _measure(path: Path) -> int:
    """Return the bytes of a file, or of all files in a directory."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return status.st_size
    length = 0
    for place, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                length += Path(place, name).lstat().st_size
    return length
