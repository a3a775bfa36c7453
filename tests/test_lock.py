"""Locks between processes: they exclude, they end, and waiting has a deadline."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bootrig.deadline import Deadline, DeadlineError
from bootrig.lock import hold_lock, take_lock, try_lock
from bootrig.process import ToolMissingError

HOLDER = """
import sys
from pathlib import Path
from bootrig.deadline import Deadline
from bootrig.lock import hold_lock
with hold_lock(Path(sys.argv[1]), Deadline.after(20, "x")):
    print("held", flush=True)
    sys.stdin.readline()
"""


def soon() -> Deadline:
    return Deadline.after(0.2, "another process has the lock")


def long() -> Deadline:
    return Deadline.after(20.0, "another process has the lock")


@pytest.mark.parametrize("name", [".", "lock"])
def test_a_lock_excludes_others_until_it_ends(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with (
        hold_lock(path, soon()),
        pytest.raises(DeadlineError, match="deadline passed: another process has the lock"),
        hold_lock(path, soon()),
    ):
        pass
    with hold_lock(path, soon()):
        pass


def test_several_share_a_lock_that_excludes_others(tmp_path: Path) -> None:
    handles = [os.open(tmp_path, os.O_RDONLY) for _ in range(3)]
    for handle in handles[:2]:
        take_lock(handle, soon(), is_shared=True)
    assert not try_lock(handles[2])
    with pytest.raises(DeadlineError):
        take_lock(handles[2], soon())
    os.close(handles.pop(0))
    assert not try_lock(handles[1])
    os.close(handles.pop(0))
    assert try_lock(handles[0])
    threading.Timer(0.2, os.close, (handles[0],)).start()
    handle = os.open(tmp_path, os.O_RDONLY)
    take_lock(handle, long(), is_shared=True)
    os.close(handle)


def test_a_process_that_waits_gets_the_lock_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        threading.Timer(0.2, lambda: (holder.stdin.write(b"\n"), holder.stdin.flush())).start()  # type: ignore[union-attr]
        started_s = time.monotonic()
        with hold_lock(path, long()):
            assert time.monotonic() - started_s > 0.1
            handle = os.open(path, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(handle)


def test_a_holder_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        with hold_lock(path, long()):
            pass


def test_without_the_program_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_lock(tmp_path, soon()):
        monkeypatch.setenv("PATH", "/nothing")
        with pytest.raises(ToolMissingError) as caught, hold_lock(tmp_path, soon()):
            pass
    assert caught.value.remedy == "apt-get install util-linux"


def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), hold_lock(tmp_path / "none" / "lock", soon()):
        pass
