"""A tree of real processes: who is in it, in which state, and that nothing of it survives being killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.process_tree import iter_tree, kill_tree

LIMIT_S = 10.0


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a child and a grandchild."""
    words = ["sh", "-c", "sh -c 'sleep 1000; :'; :"]
    with subprocess.Popen(words, start_new_session=True) as popen:
        await_tree(popen.pid, ["sh", "sh", "sleep"])
        yield popen
        kill_tree(popen.pid)


def await_tree(root: int, programs: list[str]) -> None:
    limit_s = time.monotonic() + LIMIT_S
    while [process.command.split()[0] for process in iter_tree(root)] != programs:
        assert time.monotonic() < limit_s
        time.sleep(0.01)


def await_state(root: int, state: str) -> None:
    limit_s = time.monotonic() + LIMIT_S
    while next(iter_tree(root)).state != state:
        assert time.monotonic() < limit_s
        time.sleep(0.01)


def test_parents_come_before_their_children(shell: subprocess.Popen[bytes]) -> None:
    tree = list(iter_tree(shell.pid))
    assert [process.generation for process in tree] == [0, 1, 2]
    assert tree[2].command == "sleep 1000"
    assert not any(process.is_stopped for process in tree)


def test_a_stopped_process_is_told_and_can_be_killed(shell: subprocess.Popen[bytes]) -> None:
    middle, last = (process.pid for process in list(iter_tree(shell.pid))[1:])
    for pid in (middle, last):
        os.kill(pid, signal.SIGSTOP)
        await_state(pid, "T")
    assert [process.is_stopped for process in iter_tree(shell.pid)] == [False, True, True]
    assert kill_tree(shell.pid)
    assert shell.wait(LIMIT_S) == -signal.SIGKILL
    assert [list(iter_tree(pid)) for pid in (shell.pid, middle, last)] == [[], [], []]


def test_a_process_that_has_ended_is_not_in_its_tree() -> None:
    with subprocess.Popen(["true"]) as popen:
        os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{popen.pid}/stat").read_text().split()[2] == "Z"
        assert list(iter_tree(popen.pid)) == []
        assert kill_tree(popen.pid)
