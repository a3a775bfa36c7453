"""Directories: caches that can be deleted, run directories that users read, work directories that are removed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bootrig.errors import InputError, RigError
from bootrig.shortage import find_remedy
from bootrig.temporary import start_temporary_directory, start_temporary_file

CACHE_VARIABLE = "BOOTRIG_CACHE"
# In a run directory: each side's ROM set as it was embedded.
ROMS_DIRECTORY = "roms"
# What names begin with while they are made: of directories for temporary files, and of files that are renamed then.
WORK_PREFIX, NEW_PREFIX = "bootrig-work-", ".bootrig-new-"


def cache_directory() -> Path:
    """Return the directory of all caches: `$BOOTRIG_CACHE`, else `bootrig` under the user's cache directory.

    Raises:
        RigError: there is none, as the user has no home directory.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bootrig"
    except RuntimeError as error:
        raise RigError(
            "there is no place for the cache: this user has no home directory",
            remedy=f"name one with {CACHE_VARIABLE}",
        ) from error


def make_run_directory(parent: Path | None, label: str) -> Path:
    """Create a new run directory, named by the time and `label`, under `parent` (default: `./bootrig-runs`).

    Raises:
        InputError: the directory cannot be created, or its path is not UTF-8.
    """
    parent = parent or Path("bootrig-runs")
    try:
        str(parent.absolute()).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{str(parent.absolute())!r} is not UTF-8, in which run directories are written down",
            remedy="name another directory with --runs DIR",
        ) from error
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(1000):
            candidate = parent / (f"{stamp}-{label}" if attempt == 0 else f"{stamp}-{label}-{attempt}")
            try:
                candidate.mkdir()
            except FileExistsError:
                continue
            return candidate.resolve()
    except OSError as error:
        raise InputError(
            f"cannot create a run directory in {parent}: {error.strerror}",
            remedy="name another directory with --runs DIR",
        ) from error
    raise InputError(f"{parent} already has 1000 run directories for this second")


@contextmanager
def start_work_directory(purpose: str) -> Iterator[Path]:
    """Yield a new directory that is removed at the end, whatever happens.

    Raises:
        RigError: it cannot be made.
    """
    with ExitStack() as stack:
        try:
            parent = Path(tempfile.gettempdir())
            path = stack.enter_context(start_temporary_directory(parent, f"{WORK_PREFIX}{purpose}-"))
        except OSError as error:
            raise RigError(
                f"cannot make a work directory: {error.filename or tempfile.tempdir}: {error.strerror}",
                remedy=find_remedy(error, "free some space there, or name another place with TMPDIR"),
            ) from error
        yield path


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Write `content` to `path` so that a reader sees either all of it or the previous content.

    A power cut changes nothing of that where it is `durable`.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _write_new(path, content, mode, durable=durable):
        with start_temporary_file(path.parent, NEW_PREFIX) as (new, stream):
            _write_all(stream.fileno(), content, mode, durable=durable)
            new.replace(path)
    if durable:
        sync_directory(path.parent)


def _write_new(path: Path, content: bytes, mode: int, *, durable: bool) -> bool:
    """Write a file that is not there yet, and has no name until it is whole: a killed process leaves nothing of it.

    Returns whether it has been written: not where there is one, or the file system has no files without names.
    """
    if path.exists() or path.is_symlink():
        return False
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        _write_all(handle, content, mode, durable=durable)
        with suppress(OSError):
            # only with a descriptor of a directory does Python have the kernel follow what leads to the file
            os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle)
            return True
    finally:
        os.close(handle)
    return False


def _write_all(handle: int, content: bytes, mode: int, *, durable: bool) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
    os.fchmod(handle, mode)
    if durable:
        os.fsync(handle)


def sync_directory(directory: Path) -> None:
    """Let names in a directory outlive a power cut, where its file system can do that."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
