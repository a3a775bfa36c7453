"""Many cells at a time on this machine."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bootrig.cell.errors import CellError
from bootrig.cell.process import describe_host_error, load_error
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.jsonfile import load_json
from bootrig.process import RunningProcess, small_environment, start_process
from bootrig.schedule.campaign import CellResult
from bootrig.schedule.errors import PoolError
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import CACHE_VARIABLE, cache_directory

RECEIVE_LENGTH = 65536
LOG_FILE = "cells.log"


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
        on_start: Callable[[CellSpecification], None] = lambda _cell: None,
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
                    yield _report_unwritten(specification, error)
                    continue
                running[str(specification.directory)] = specification
                self._ask(specification)
                on_start(specification)
            for directory, status in self._receive() if running else ():
                yield _load_result(running.pop(directory), status)

    @contextmanager
    def start_console(self, specification: CellSpecification) -> Iterator[socket.socket]:
        """Run one cell with its console at the other end of the socket that is yielded; the cell ends with the `with`.

        Raises:
            PoolError: the process that forks the cells is gone.
        """
        write_specification(specification)
        near, far = socket.socketpair()
        with near:
            with far:
                self._ask(specification, far)
            yield near
            near.shutdown(socket.SHUT_RDWR)
            for _ in self._receive():
                pass

    def _ask(self, specification: CellSpecification, console: socket.socket | None = None) -> None:
        question = {"directory": str(specification.cell_directory), "attempt": specification.attempt}
        line = json.dumps({**question, "console": console is not None}).encode() + b"\n"
        try:
            socket.send_fds(self._control, [line], [console.fileno()] if console else [])
        except OSError as error:
            raise self._describe_end() from error

    def _receive(self) -> Iterator[tuple[str, int]]:
        """Wait for answers and yield attempt's directory and exit status of each."""
        try:
            content = self._control.recv(RECEIVE_LENGTH)
        except OSError as error:
            raise self._describe_end() from error
        if not content:
            raise self._describe_end()
        *lines, self._received = (self._received + content).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            yield str(Path(answer["directory"]) / answer["attempt"]), answer["status"]

    def _describe_end(self) -> PoolError:
        return PoolError(f"the process that forks the cells is gone\n{self._process.tail()}".rstrip())


def _load_result(specification: CellSpecification, status: int) -> CellResult:
    """Return what a cell that ended with `status` left in its directory."""
    directory = specification.directory
    if status == 0:
        return CellResult(specification, load_json(directory / TRACE_FILE, Trace), None)
    return CellResult(specification, None, load_error(directory, str(specification.key), status))


def _report_unwritten(specification: CellSpecification, error: OSError) -> CellResult:
    """Return what it means that a cell's specification cannot be written."""
    told = describe_host_error(error, specification.cell_directory)
    label, directory = str(specification.key), str(specification.directory)
    return CellResult(specification, None, CellError(str(told), label=label, directory=directory, remedy=told.remedy))


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
