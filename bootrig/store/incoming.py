"""Files on their way into the store: written under a temporary name and hashed, then renamed or removed."""

import errno
import fcntl
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bootrig.store.errors import StoreError

logger = logging.getLogger(__name__)

STALE_S = 60.0

DownloadProgress = Callable[[str, int, int | None], None]
"""Called with the address, the bytes so far and the bytes in all."""


def store_error(root: Path, verb: str, error: OSError) -> StoreError:
    """Return the error for an operating system's refusal in the store `root`; `verb` is `read` or `written`."""
    remedy = "name another place with BOOTRIG_STORE"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = f"free some space on the file system of {root}, or {remedy}"
    return StoreError(f"the store {root} cannot be {verb}: {error.strerror}", remedy=remedy)


class Incoming:
    """A file on its way into the store `root`; a StoreError says that it cannot be written.

    Attributes:
        path: its temporary name.
        length: how many bytes have been written.
    """

    def __init__(self, root: Path, path: Path, stream: BinaryIO) -> None:
        self.path = path
        self.length = 0
        self._root = root
        self._stream = stream
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of what has been written so far."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> None:
        """Append bytes."""
        left = memoryview(content)
        try:
            while left:
                left = left[self._stream.write(left) :]
        except OSError as error:
            raise store_error(self._root, "written", error) from error
        self._digest.update(content)
        self.length += len(content)

    def restart(self) -> None:
        """Forget what has been written."""
        self._stream.seek(0)
        self._stream.truncate()
        self._digest = hashlib.sha256()
        self.length = 0

    def keep(self, target: Path) -> None:
        """Give the file its name in the store, durably; a second writer of the same bytes does no harm."""
        try:
            self.path.chmod(0o444)
            os.fsync(self._stream.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(target)
        except OSError as error:
            raise store_error(self._root, "written", error) from error


@contextmanager
def start_incoming(root: Path) -> Iterator[Incoming]:
    """Yield a new file on its way into the store `root`; it is removed in the end unless it was kept.

    Raises:
        StoreError: it cannot be made.
    """
    directory = root / "incoming"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _remove_stale(directory)
        handle, name = tempfile.mkstemp(dir=directory)
    except OSError as error:
        raise store_error(root, "written", error) from error
    path = Path(name)
    try:
        with os.fdopen(handle, "w+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield Incoming(root, path, stream)
    finally:
        path.unlink(missing_ok=True)


def _remove_stale(directory: Path) -> None:
    """Remove what a killed process left behind: old files without a lock."""
    for path in directory.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < STALE_S:
                continue
            with path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                logger.info("removed %s, which a killed process left", path)
