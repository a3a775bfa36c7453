"""Directories: caches that can be deleted, run directories that users read, work directories that are removed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bootrig.errors import InputError

CACHE_VARIABLE = "BOOTRIG_CACHE"
# In a run directory: each side's ROM set as it was embedded.
ROMS_DIRECTORY = "roms"


def cache_directory() -> Path:
    """Return the directory of all caches: `$BOOTRIG_CACHE`, else `bootrig` under the user's cache directory."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bootrig"


def make_run_directory(parent: Path | None, label: str) -> Path:
    """Create a new run directory, named by the time and `label`, under `parent` (default: `./bootrig-runs`).

    Raises:
        InputError: the directory cannot be created.
    """
    parent = parent or Path("bootrig-runs")
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
    """Yield a new directory that is removed at the end, whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix=f"bootrig-{purpose}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees either all of it or the previous content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
