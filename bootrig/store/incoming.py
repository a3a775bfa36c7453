"""Files on their way into the store: written under a temporary name and hashed, then renamed or removed."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from bootrig.store.errors import StoreError
from bootrig.temporary import start_temporary_file
from bootrig.workdir import CACHE_VARIABLE, sync_directory

STORE_VARIABLE = "BOOTRIG_STORE"
DownloadProgress = Callable[[str, int, int | None], None]
"""Called with the address, the bytes so far and the bytes in all."""


def store_error(root: Path, verb: str, error: OSError) -> StoreError:
    """Return the error for an operating system's refusal in the store `root`; `verb` is `read` or `written`."""
    remedy = f"name another place with {CACHE_VARIABLE}, or for the store alone with {STORE_VARIABLE}"
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
            sync_directory(target.parent)
        except OSError as error:
            raise store_error(self._root, "written", error) from error


@contextmanager
def start_incoming(root: Path) -> Iterator[Incoming]:
    """Yield a new file on its way into the store `root`; it is removed in the end unless it was kept.

    Raises:
        StoreError: it cannot be made.
    """
    directory = root / "incoming"
    with ExitStack() as stack:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path, stream = stack.enter_context(start_temporary_file(directory, ""))
        except OSError as error:
            raise store_error(root, "written", error) from error
        yield Incoming(root, path, stream)
