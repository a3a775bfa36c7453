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
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(handle, deadline)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, deadline: Deadline) -> None:
    try:
        run_process([require_tool("flock"), "--exclusive", str(handle)], deadline=deadline, pass_fds=(handle,))
    except ProcessError:
        deadline.require()
        raise
