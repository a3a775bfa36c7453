"""The command `bootrig` in a process of its own, as users and CI start it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from bootrig.jsonfile import load_json
from bootrig.trace.trace import Trace

WORDS = (sys.executable, "-m", "bootrig.cli.main")
LIMIT_S = 240.0
PERIOD_S = 0.01

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit status as a shell tells it (128 and the number of a signal), and what it printed.

    An interpreter that is interrupted while it makes a class (`exec`) ends by SIGINT even where the interruption was
    handled; a shell sees no difference.
    """

    status: int
    out: str
    err: str


class Command:
    """A command that runs inside the `with` of `start_command`.

    Attributes:
        runs: the directory in which it makes run directories.
        pid: its process id, and that of its process group.
    """

    def __init__(self, popen: subprocess.Popen[bytes], directory: Path) -> None:
        self._popen = popen
        self._directory = directory
        self.runs = directory / "runs"
        self.pid = popen.pid

    @property
    def run_directory(self) -> Path:
        """The run directory that it has made."""
        return find_run_directory(self.runs)

    @property
    def has_ended(self) -> bool:
        """Whether its process has ended."""
        return self._popen.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its process alone."""
        self._popen.send_signal(number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to its process group, as a terminal does."""
        os.killpg(self.pid, number)

    def wait(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end."""
        status = self._popen.wait(limit_s)
        status = status if status >= 0 else 128 - status
        out, err = ((self._directory / name).read_text(errors="replace") for name in ("out", "err"))
        return Ended(status, out, err)

    def await_file(self, pattern: str, count: int = 1) -> Path:
        """Wait until `count` files below its directory of runs match; returns one of them."""

        def look() -> Path | None:
            found = sorted(self.runs.glob(pattern))
            return found[-1] if len(found) >= count else None

        return self._await(look, f"no {pattern}")

    def await_descendant(self, name: str) -> int:
        """Wait until a process below it has this name; returns its process id."""
        return self._await(lambda: next(iter(find_descendants(self.pid, name)), None), f"no process {name}")

    def _await(self, look: Callable[[], Thing | None], what: str) -> Thing:
        limit_s = time.monotonic() + LIMIT_S
        while (found := look()) is None:
            if self.has_ended:
                pytest.fail(f"{what}, and the command has ended: {self.wait()}")
            if time.monotonic() > limit_s:
                pytest.fail(f"{what} after {LIMIT_S:g} s")
            time.sleep(PERIOD_S)
        return found

    def await_text(self, path: Path, text: str) -> None:
        """Wait until a file holds `text`."""

        def look() -> bool | None:
            return (path.exists() and text in path.read_text(errors="replace")) or None

        self._await(look, f"no {text!r} in {path.name}")


def find_descendants(pid: int, name: str) -> list[int]:
    """Return the processes called `name` below `pid`, in any namespace."""
    found = []
    for child in find_children(pid):
        try:
            if Path(f"/proc/{child}/comm").read_text().startswith(name[:15]):
                found.append(child)
        except OSError:
            continue
        found += find_descendants(child, name)
    return found


def find_children(pid: int) -> list[int]:
    """Return the children of a process."""
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        return [int(word) for task in tasks for word in task.read_text().split()]
    except OSError:
        return []


@contextmanager
def start_command(
    directory: Path, *words: str | Path, environment: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
) -> Iterator[Command]:
    """Start `bootrig` with `words`, in a session of its own; it is killed in the end if it still runs.

    Args:
        directory: its working directory, which gets its output.
        words: the verb and its arguments.
        environment: what it has beside this process's environment.
        before: words before the command: `unshare`, say.
    """
    directory.mkdir(exist_ok=True)
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        popen = subprocess.Popen(
            [*before, *WORDS, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200", **(environment or {})},
            start_new_session=True,
        )
    try:
        yield Command(popen, directory)
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()


def run_command(
    directory: Path,
    *words: str | Path,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
    limit_s: float = LIMIT_S,
) -> Ended:
    """Run `bootrig` to its end, which has to come within `limit_s`."""
    with start_command(directory, *words, environment=environment, before=before) as command:
        return command.wait(limit_s)


def find_run_directory(runs: Path) -> Path:
    """Return the only run directory in `runs`."""
    (found,) = (path for path in runs.iterdir() if path.is_dir() and not path.is_symlink())
    return found


def load_traces(run_directory: Path) -> list[Trace]:
    """Return all traces of a run; each has to be whole."""
    return [load_json(path, Trace) for path in sorted(run_directory.glob("cells/**/trace.json"))]
