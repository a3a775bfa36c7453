"""Many cells at a time on this machine."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bootrig.cell.cell import host_error, load_error
from bootrig.cell.specification import TRACE_FILE, CellSpecification, write_specification
from bootrig.process import RunningProcess, small_environment, start_process
from bootrig.scenario.errors import CellError
from bootrig.schedule.errors import PoolError
from bootrig.trace.trace import Trace, load_trace
from bootrig.workdir import CACHE_VARIABLE, cache_directory

RECEIVE_LENGTH = 65536
LOG_FILE = "cells.log"


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a cell ended: with a trace, or with the error that says how the rig broke."""

    specification: CellSpecification
    trace: Trace | None
    error: CellError | None


def default_jobs() -> int:
    """Return how many cells run at a time by default: one a processor that this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Runs cells, at most `jobs` at a time, inside the `with` of `start_pool`."""

    def __init__(self, jobs: int, control: socket.socket, process: RunningProcess) -> None:
        self.jobs = jobs
        self._control = control
        self._process = process
        self._received = b""

    def run(
        self,
        specifications: Sequence[CellSpecification],
        *,
        on_start: Callable[[CellSpecification], None] | None = None,
    ) -> Iterator[CellResult]:
        """Run cells in their order and yield each result as it comes.

        Raises:
            PoolError: the process that forks the cells is gone.
        """
        waiting = list(reversed(specifications))
        running: dict[str, CellSpecification] = {}
        while waiting or running:
            while waiting and len(running) < self.jobs:
                specification = waiting.pop()
                try:
                    write_specification(specification)
                except OSError as error:
                    yield _unwritten(specification, error)
                    continue
                running[str(specification.directory)] = specification
                self._ask(specification.directory)
                if on_start is not None:
                    on_start(specification)
            for directory, status in self._receive() if running else ():
                yield _load_result(running.pop(directory), status)

    def _ask(self, directory: Path) -> None:
        try:
            self._control.sendall(json.dumps({"directory": str(directory)}).encode() + b"\n")
        except OSError as error:
            raise self._gone() from error

    def _receive(self) -> Iterator[tuple[str, int]]:
        """Wait for answers and yield directory and exit status of each."""
        try:
            content = self._control.recv(RECEIVE_LENGTH)
        except OSError as error:
            raise self._gone() from error
        if not content:
            raise self._gone()
        *lines, self._received = (self._received + content).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            yield answer["directory"], answer["status"]

    def _gone(self) -> PoolError:
        return PoolError(f"the process that forks the cells is gone\n{self._process.tail()}".rstrip())


def _load_result(specification: CellSpecification, status: int) -> CellResult:
    """Return what a cell that ended with `status` left in its run directory."""
    directory = specification.directory
    if status == 0:
        return CellResult(specification, load_trace(directory / TRACE_FILE), None)
    return CellResult(specification, None, load_error(directory, specification.key.label, status))


def _unwritten(specification: CellSpecification, error: OSError) -> CellResult:
    """Return what it means that a cell's specification cannot be written."""
    told = host_error(error, specification.directory)
    label = specification.key.label
    return CellResult(
        specification,
        None,
        CellError(str(told), label=label, directory=str(specification.directory), remedy=told.remedy),
    )


@contextmanager
def start_pool(jobs: int, run_directory: Path) -> Iterator[Pool]:
    """Start a pool for `jobs` cells at a time; all cells end with the `with`.

    Raises:
        ProcessError: it cannot be started.
    """
    near, far = socket.socketpair()
    with near:
        environment = small_environment(
            {
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                CACHE_VARIABLE: str(cache_directory().resolve()),
            }
        )
        argv = [sys.executable, "-m", "bootrig.schedule.zygote", str(far.fileno())]
        with start_process(
            argv, output=run_directory / LOG_FILE, environment=environment, pass_fds=[far.fileno()]
        ) as process:
            far.close()
            yield Pool(jobs, near, process)
