"""Which runs are under way: their directories are locked by the processes that make them.

The lock ends with its process (flock(2)), so a run that was killed is told from one that goes on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.lock import take_lock, try_lock

LOCK_S = 10.0


@contextmanager
def start_run(directory: Path) -> Iterator[None]:
    """Have a run count as under way; it ends with the `with`, and with this process.

    Where the file system has no locks, it counts so until `run.json` says that it has ended.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            take_lock(handle, Deadline.after(LOCK_S, "another process looks at the new run"), is_shared=True)
        yield
    finally:
        os.close(handle)


def is_under_way(directory: Path) -> bool:
    """Whether a process makes this run, which has not ended by its `run.json`; true where nobody can tell."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        return not try_lock(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
