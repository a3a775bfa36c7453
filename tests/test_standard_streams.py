"""Standard streams on which nothing fails and nobody is fooled."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bootrig.standard_streams import find_failure, guard_standard_streams


@contextmanager
def standard_output(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let an open file be standard output, guarded."""
    with open(descriptor, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with guard_standard_streams():
            yield
        assert sys.stdout is stream
        monkeypatch.undo()


def test_what_is_printed_is_legible_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with standard_output(writing, monkeypatch):
        print("one \x1b[31mtwo\udcff")
        sys.stdout.buffer.write(b"\x1b[1mthree\n")
        print("four\u202e")
        assert find_failure() is None
    assert os.read(reading, 999) == b"one \\x1b[31mtwo\\xff\n\x1b[1mthree\nfour\\u202e\n"
    os.close(reading)


def test_a_pipe_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with standard_output(writing, monkeypatch):
        for _ in range(3):
            print("x" * 99999, flush=True)
        assert find_failure() is None


def test_a_full_device(monkeypatch: pytest.MonkeyPatch) -> None:
    with standard_output(os.open("/dev/full", os.O_WRONLY), monkeypatch):
        print("x")
        failure = find_failure()
        print("x", flush=True)
    assert failure is not None and failure.strerror == "No space left on device"


def test_a_terminal_that_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, end = pty.openpty()
    with standard_output(end, monkeypatch):
        print("seen")
        assert sys.stdout.isatty()
        os.close(keeper)
        print("not seen", flush=True)
        assert find_failure() is None


def test_a_pipe_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that has it open may have made it so."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    child = os.fork()
    if child == 0:
        os.close(writing)
        count = 0
        while content := os.read(reading, 65536):
            count += len(content)
        os._exit(0 if count == 300000 else 1)
    os.close(reading)
    with standard_output(writing, monkeypatch):
        print("x" * 300000, end="")
    assert os.waitpid(child, 0)[1] == 0


def test_what_has_no_descriptor_stays(capsys: pytest.CaptureFixture[str]) -> None:
    with guard_standard_streams():
        print("kept")
        assert find_failure() is None
    assert capsys.readouterr().out == "kept\n"
