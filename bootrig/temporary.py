"""Files and directories on their way, each locked by the process that makes it.

The lock ends with its process (flock(2)), so what a killed process left is told from what is still being made, and is
removed by the next one that makes something in the same place.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)


@contextmanager
def start_temporary_file(directory: Path, prefix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file and its unbuffered stream; the file is removed in the end unless it has another name by then.

    Raises:
        OSError: it cannot be made.
    """
    remove_abandoned(directory, prefix)
    while True:
        handle, name = tempfile.mkstemp(prefix=prefix, dir=directory)
        if _lock(handle):
            break
        os.close(handle)
    path = Path(name)
    try:
        with os.fdopen(handle, "w+b", buffering=0) as stream:
            yield path, stream
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def start_temporary_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield a new directory; it is removed in the end with all that is in it, unless it has another name by then.

    Raises:
        OSError: it cannot be made.
    """
    remove_abandoned(parent, prefix)
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            if _lock(handle):
                break
            os.close(handle)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock what was just made; return whether it is still there: before, another process may take it for abandoned."""
    with suppress(OSError):  # file systems without locks: there nothing is taken for abandoned
        fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_nlink > 0


def remove_abandoned(directory: Path, prefix: str) -> None:
    """Remove the files and directories of this user that killed processes left in `directory`.

    Root, whose cells run as somebody else, removes those of all users.
    """
    try:
        paths = [path for path in directory.iterdir() if path.name.startswith(prefix)]
    except OSError:
        return
    for path in paths:
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if os.geteuid() in (0, os.fstat(handle).st_uid):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_path(path)
                    logger.info("removed %s, which a killed process left", path)
            finally:
                os.close(handle)


def remove_path(path: Path) -> None:
    """Remove whatever has this name: a file, a link (not what it leads to), a directory with all that is in it.

    Raises:
        OSError: it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
