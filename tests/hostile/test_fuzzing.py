"""Fuzzing finds what it looks for, and a sample of it finds nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ci.fuzzing.feeding import feed
from ci.fuzzing.inputs import make_input
from ci.fuzzing.target import Target, load_targets

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 10_000


def loop(_content: bytes) -> None:
    while True:
        pass


def take_memory(_content: bytes) -> bytes:
    return bytes(200 << 20)


def raise_one(content: bytes) -> int:
    return 1 // 0


def kill_itself(_content: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# the engine forks, which Python 3.12 and later warn of where there are threads
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("read", "documented", "found"),
    [
        (len, (), []),
        (raise_one, (), ["ZeroDivisionError: integer division or modulo by zero"] * 2),
        (raise_one, (ArithmeticError,), []),
        (take_memory, (), ["MemoryError: "] * 2),
        (loop, (), ["more than 1 s of processor time"] * 2),
        (kill_itself, (), ["it ended by SIGKILL"] * 2),
    ],
    ids=["right", "undocumented", "documented", "memory", "time", "crash"],
)
def test_what_is_found(
    read: Callable[[bytes], object], documented: tuple[type[Exception], ...], found: list[str]
) -> None:
    target = Target("target", 1, lambda: (b"seed",), read, documented)
    told = list(feed(target, 1, range(7, 9)))
    assert sum(batch.inputs for batch in told) == 2
    assert [one.what for batch in told for one in batch.found] == found
    if found:
        assert [one.number for batch in told for one in batch.found] == [7, 8]


def test_an_input_depends_on_its_number_alone() -> None:
    inputs = [make_input("x", (b"abc" * 20, b"def"), (b"word",), 1, number) for number in range(500)]
    assert inputs == [make_input("x", (b"abc" * 20, b"def"), (b"word",), 1, number) for number in range(500)]
    assert len(set(inputs)) > 400
    assert max(map(len, inputs)) <= 1 << 16
    assert inputs[:10] != [make_input("x", (b"abc" * 20, b"def"), (b"word",), 2, number) for number in range(10)]


@pytest.mark.rig
@pytest.mark.parametrize("name", load_targets())
def test_a_sample(name: str) -> None:
    """In a process of its own, as the command is."""
    inputs = SAMPLE * load_targets()[name].share // 1_000_000
    words = [sys.executable, "-m", "ci.fuzzing", "--only", name, "--inputs", str(inputs)]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert told.returncode == 0, told.stdout + told.stderr
