"""Locks between processes: the second waits without polling, up to a deadline.

Source: flock(2): the lock belongs to the open file, not to the process, so flock(1) can wait for it in our place.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.process import ProcessError, require_tool, run_process


@contextmanager
def hold_lock(path: Path, deadline: Deadline) -> Iterator[None]:
    """Hold the lock of a directory, or of a file, which is made where it is missing.

    Another process's lock is waited for until the deadline, whose purpose says what that process does.

    Raises:
        DeadlineError: another process still holds the lock at the deadline.
        OSError: the path cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | (os.O_DIRECTORY if path.is_dir() else os.O_CREAT), 0o644)
    try:
        take_lock(handle, deadline)
        yield
    finally:
        os.close(handle)


def take_lock(handle: int, deadline: Deadline, *, is_shared: bool = False) -> None:
    """Take the lock of an open file or directory, for as long as it is open; several may share it.

    Raises:
        DeadlineError: another process still holds the lock at the deadline.
    """
    if not try_lock(handle, is_shared=is_shared):
        _wait(handle, deadline, "--shared" if is_shared else "--exclusive")


def try_lock(handle: int, *, is_shared: bool = False) -> bool:
    """Take the lock as `take_lock` does where nobody else has it; return whether it was taken."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(handle: int, deadline: Deadline, sort: str) -> None:
    try:
        run_process([require_tool("flock"), sort, str(handle)], deadline=deadline, pass_fds=(handle,))
    except ProcessError:
        deadline.require()
        raise
