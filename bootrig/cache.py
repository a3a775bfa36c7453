"""Results that are kept in the cache directory, by the key that they depend on.

Each room is a directory in the cache directory, each entry a file in it that begins with the digest of what it is: of
the key and of the content. Whatever else has the entry's name (a damaged file, a directory, a link, a named pipe) is
removed, and the result is made anew. A key is any JSON value; it names everything from which the result is made, beside
the room's format and the version of bootrig, which belong to every key. Whenever something is kept, what was not used
for long leaves its room, and what was used least recently where the room holds more than its limit.
"""

import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from bootrig import __version__
from bootrig.errors import RigError
from bootrig.shortage import find_remedy
from bootrig.temporary import remove_path
from bootrig.workdir import CACHE_VARIABLE, NEW_PREFIX, cache_directory, write_atomically

MAGIC = b"bootrig-cache "
HEADER_LENGTH = len(MAGIC) + 64 + 1
LENGTH_LIMIT = 256 << 20
# What was not used for so long goes when something is kept in its room; a use is noted once an hour.
UNUSED_S, NOTED_S = 90 * 86400.0, 3600.0
ROOM_LIMIT = 64 << 20
FRESH_VARIABLE = "BOOTRIG_FRESH"


class CacheError(RigError):
    """The cache directory cannot be read or written."""


def choose_default_freshness() -> bool:
    """Whether boots that are kept are made again where nobody says so: where `$BOOTRIG_FRESH` is set to anything."""
    return bool(os.environ.get(FRESH_VARIABLE))


def digest_file(path: Path) -> str:
    """Return the SHA-256 digest of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_regular_file(path: Path) -> BufferedReader:
    """Open a file for reading that is a regular one; a link is not followed, and a named pipe not waited for.

    Raises:
        OSError: it cannot be opened, or is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return os.fdopen(handle, "rb")


def digest_key(key: Any) -> str:
    """Return the SHA-256 digest of a JSON value."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def describe_cache_error(error: OSError) -> CacheError:
    """Return the error for an operating system's refusal in the cache directory."""
    remedy = find_remedy(error, f"name another place with {CACHE_VARIABLE}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = f"free some space there, or {remedy}"
    place = cache_directory()
    where = "" if error.filename in (None, str(place)) else f" ({error.filename})"
    return CacheError(f"the cache {place} cannot be used: {error.strerror}{where}", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Entry:
    """The file of an entry, its length in bytes, and when it was last used, in seconds since 1970."""

    path: Path
    length: int
    used_s: float


@dataclass(frozen=True, slots=True)
class Room:
    """Results of one sort.

    Attributes:
        name: the directory's.
        format: another number whenever what is kept has another form, or is made otherwise from the same key.
        limit: how many bytes it holds.
    """

    name: str
    format: int
    limit: int = ROOM_LIMIT

    @property
    def directory(self) -> Path:
        """The directory of its entries, which need not be there."""
        return cache_directory() / self.name

    def path_of(self, key: Any) -> Path:
        """Return the entry's file, which need not be there."""
        return self.directory / digest_key([self.name, self.format, __version__, key])

    def find(self, key: Any) -> bytes | None:
        """Return what is kept under `key`, None where nothing is. What is damaged is removed.

        Raises:
            CacheError: it is damaged and cannot be removed.
        """
        path = self.path_of(key)
        try:
            content = _read(path)
            if content is None:
                remove_path(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise describe_cache_error(error) from error
        return content

    def keep(self, key: Any, content: bytes) -> None:
        """Keep `content` under `key`, in place of what was kept before.

        Raises:
            CacheError: it cannot be written.
        """
        path = self.path_of(key)
        try:
            # what a power cut leaves of it does not verify
            write_atomically(path, _make_header(path, content) + content, durable=False)
        except OSError as error:
            raise describe_cache_error(error) from error
        with suppress(OSError):
            for entry in choose_unused(self.entries(), self.limit, UNUSED_S):
                self.remove(entry)

    def remove(self, entry: Entry) -> bool:
        """Remove an entry; return whether it is gone, as it is.

        Raises:
            OSError: it cannot be removed.
        """
        remove_path(entry.path)
        return True

    def entries(self) -> tuple[Entry, ...]:
        """Return what is in the room, entries of earlier versions among it.

        Raises:
            OSError: it cannot be read.
        """
        found = []
        with suppress(FileNotFoundError), os.scandir(self.directory) as listed:
            for one in listed:
                if not one.name.startswith(NEW_PREFIX):
                    with suppress(FileNotFoundError):
                        status = one.stat(follow_symlinks=False)
                        found.append(Entry(Path(one.path), status.st_size, status.st_mtime))
        return tuple(found)

    def obtain(self, key: Any, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under `key`; where nothing is, what `make` returns, which is kept first.

        Raises:
            CacheError: it cannot be read or written.
        """
        content = self.find(key)
        if content is None:
            content = make()
            self.keep(key, content)
        return content

    def find_value(self, key: Any) -> Any:
        """Return the JSON value that is kept under `key` as `find` does."""
        content = self.find(key)
        return None if content is None else json.loads(content)

    def keep_value(self, key: Any, value: Any) -> None:
        """Keep a JSON value as `keep` does."""
        self.keep(key, _encode(value))

    def obtain_value(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return a JSON value as `obtain` does."""
        return json.loads(self.obtain(key, lambda: _encode(make())))


def choose_unused(entries: Sequence[Entry], limit: int, age_s: float) -> tuple[Entry, ...]:
    """Return what has to go, used least recently first.

    That is what was not used for longer than `age_s`, and what makes the rest longer than `limit` bytes.
    """
    in_order = sorted(entries, key=lambda entry: entry.used_s)
    oldest_s, left = time.time() - age_s, sum(entry.length for entry in entries)
    chosen = []
    for entry in in_order:
        if entry.used_s >= oldest_s and left <= limit:
            break
        chosen.append(entry)
        left -= entry.length
    return tuple(chosen)


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _make_header(path: Path, content: bytes) -> bytes:
    """Return what an entry's file begins with: its digest is that of its name, which is its key's, and its content."""
    return MAGIC + hashlib.sha256(path.name.encode() + b"\n" + content).hexdigest().encode() + b"\n"


def _read(path: Path) -> bytes | None:
    """Return an entry's content, None unless it is what its header says.

    Raises:
        FileNotFoundError: there is nothing of this name.
        NotADirectoryError: the room or the cache is a file.
    """
    try:
        with open_regular_file(path) as stream:
            status = os.fstat(stream.fileno())
            if status.st_size > LENGTH_LIMIT:
                return None
            header, content = stream.read(HEADER_LENGTH), stream.read()
            if header != _make_header(path, content):
                return None
            if status.st_mtime < time.time() - NOTED_S:
                with suppress(OSError):
                    os.utime(stream.fileno())
            return content
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError:
        return None
