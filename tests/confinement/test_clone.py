"""Starting a program by steps in Python that run in this process's memory."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootrig.confinement import clone
from bootrig.confinement.clone import Program, clone_program
from bootrig.confinement.errors import ConfinementError

INVALID = 0x00010000  # CLONE_THREAD, which the kernel refuses where signals are not shared
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "GREETING": "good day"}


@pytest.fixture
def output(tmp_path: Path) -> Iterator[int]:
    """A descriptor of the file `log`."""
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def do_nothing(_kinds: int) -> None:
    """Do nothing."""


def run(
    words: tuple[str, ...], output: int, steps: Callable[[int], None] = do_nothing, fds: tuple[int, ...] = ()
) -> int:
    """Return the exit status of a program."""
    child = clone_program(Program(words, ENVIRONMENT, output, fds), [0], steps)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_program_gets_what_it_was_given(output: int, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    other = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(other, True)
    group = "read -r stat < /proc/$$/stat && set -- ${stat##*) } && test $3 = $$"
    script = f"echo $0 $GREETING; ls /proc/$$/fd; {group}"
    assert run(("sh", "-c", script, "me"), output, fds=(writing,)) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    for descriptor in (reading, writing, other):
        os.close(descriptor)
    assert lines[0] == "me good day"
    assert set(lines[1:]) - {"255"} == {"0", "1", "2", str(writing)}


def test_no_signal_is_blocked(output: int, tmp_path: Path) -> None:
    # a shell would block them itself while it starts a command
    assert run(("grep", "SigBlk", "/proc/self/status"), output) == 0
    assert (tmp_path / "log").read_text() == "SigBlk:\t0000000000000000\n"


def test_steps_change_what_is_the_child_s_alone(output: int, tmp_path: Path) -> None:
    here = Path.cwd()
    seen: list[int] = []

    def steps(kinds: int) -> None:
        seen.append(kinds)
        os.chdir(tmp_path)
        os.close(output)

    handler = signal.getsignal(signal.SIGINT)
    assert run(("/bin/sh", "-c", "test $PWD = $(pwd); pwd"), output, steps) == 0
    assert ((tmp_path / "log").read_text().strip(), Path.cwd(), seen) == (str(tmp_path), here, [0])
    assert os.fstat(output)
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("/nowhere", FileNotFoundError),
        ("nowhere-at-all", FileNotFoundError),
        ("/etc/passwd", PermissionError),
        ("/etc", PermissionError),
    ],
)
def test_what_cannot_be_started(program: str, expected: type[OSError], output: int) -> None:
    with pytest.raises(expected) as caught:
        run((program,), output)
    assert caught.value.filename == program
    require_no_child()


def require_no_child() -> None:
    """Assert that nothing is left to wait for."""
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("error", [ValueError("no"), OSError(5, "no"), KeyboardInterrupt()])
def test_a_step_that_fails_starts_nothing(error: BaseException, output: int, tmp_path: Path) -> None:
    def steps(_kinds: int) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        run(("/bin/echo", "started"), output, steps)
    assert caught.value is error
    assert not (tmp_path / "log").read_text()
    require_no_child()


def test_a_signal_that_came_meanwhile_leaves_nothing(output: int) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, interrupt)
    parent = os.getpid()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(("/bin/sleep", "1000"), output, lambda _kinds: os.kill(parent, signal.SIGUSR1))
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert gc.isenabled()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    require_no_child()


def test_a_nul_starts_nothing(output: int) -> None:
    with pytest.raises(ValueError, match="has a NUL"):
        run(("/bin/true", "a\0b"), output)
    require_no_child()


def test_namespaces_that_are_refused(output: int) -> None:
    program, seen = Program(("/bin/true",), ENVIRONMENT, output), list[int]()
    with pytest.raises(ConfinementError, match="cannot make namespaces: Invalid argument"):
        clone_program(program, [INVALID, INVALID], seen.append)
    os.waitpid(clone_program(program, [INVALID, 0], seen.append), 0)
    assert seen == [0]


def test_other_threads_go_on_while_steps_run(output: int) -> None:
    asked, answered = threading.Event(), threading.Event()

    def answer() -> None:
        asked.wait()
        answered.set()

    def steps(_kinds: int) -> None:
        asked.set()
        assert answered.wait(60)

    thread = threading.Thread(target=answer)
    thread.start()
    assert run(("/bin/sh", "-c", "exit 7"), output, steps) == 7
    thread.join()


def test_any_thread_may_start_programs(output: int) -> None:
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.extend(run(("/bin/sh", "-c", "exit 7"), output) for _ in range(10)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [7] * 40


def test_many_starts_leave_nothing(output: int) -> None:
    def fail(_kinds: int) -> None:
        raise OSError(5, "no")

    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(200):
        assert run(("/bin/true",), output) == 0
    for _ in range(20):
        with pytest.raises(OSError, match="no"):
            run(("/bin/true",), output, fail)
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    require_no_child()


def test_machines_whose_stack_is_not_known(output: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clone, "_STACK_POINTERS", {})
    assert run(("/bin/sh", "-c", "exit 7"), output) == 7


def test_a_kill_in_the_middle_ends_both(output: int, tmp_path: Path) -> None:
    def steps(_kinds: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    parent = os.fork()
    if parent == 0:
        os.dup2(output, 2)
        run(("/bin/true",), output, steps)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1]) == 255
    assert (tmp_path / "log").read_text() == "a program was killed while it was being confined\n"
